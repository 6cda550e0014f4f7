# shellcheck shell=bash
# Takes a cluster down, whatever state it is in, and verifies that nothing of it is
# left: no process, mount, cgroup, file. Its networks and mounts lie in namespaces that
# end with their processes. Doing it twice is no error.

cluster_down() {
  if ! read_record; then
    rm -f "$record"
    say "no cluster is up"
    return
  fi
  need_root down
  local pid path
  wait_for 30 "the end of the cluster's processes" kill_processes || true
  wait_for 10 "removing the cgroups" remove_cgroup "$cgroup" || true
  wait_for 10 "removing $dir" rm -rf --one-file-system "$dir" || true

  local left=0
  for pid in $(pids_with "$mark=$dir"); do
    say "left: process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
    left=1
  done
  for path in $(cgroup_dirs "$cgroup"); do
    say "left: cgroup $path"
    left=1
  done
  while read -r path; do
    say "left: mount $path"
    left=1
  done < <(awk -v dir="$dir" 'index($5, dir) == 1 {print $5}' /proc/self/mountinfo)
  if [[ -e $dir ]]; then
    say "left: $dir"
    left=1
  fi
  ((left == 0)) || die "not everything is gone; try scripts/test-cluster down again"
  rm -f "$record"
  say "down: no process, mount, cgroup or file of the cluster is left"
}

# The host's numbers of all processes whose environment holds the entry.
pids_with() { # VARIABLE=value
  local path
  grep -lszxF "$1" /proc/[0-9]*/environ | while IFS=/ read -r _ _ path _; do
    printf '%s\n' "$path"
  done
}

# An `up` still at work is among them, and goes on making things until it is killed.
# Machines' first processes take everything in them along, pods included.
kill_processes() {
  local pids
  mapfile -t pids < <(pids_with "$mark=$dir")
  ((${#pids[@]})) || return 0
  kill -KILL "${pids[@]}" 2>/dev/null || true
  return 1
}

# Deepest first.
cgroup_dirs() { # name
  local root
  for root in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [[ -d $root/$1 ]] && find "$root/$1" -depth -type d
  done
  return 0
}

remove_cgroup() { # name
  local path
  for path in $(cgroup_dirs "$1"); do
    rmdir "$path" 2>/dev/null || true
  done
  [[ -z $(cgroup_dirs "$1") ]]
}
