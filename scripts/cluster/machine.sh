# shellcheck shell=bash
# A machine of the cluster (the control plane, or a node) is a set of namespaces of its
# own: network, mounts, processes, names, IPC. Its first process holds them; when that
# is killed, the kernel ends every other process in it and drops its mounts and network,
# as when a computer loses its power. Sourced for `up`; also run as a program, being the
# first process until it becomes `tools pause`.

# What programs of a node write to places that cannot be set goes to the machine's own
# folder instead of the host's /run, /var/lib and /var/log.
own_places=(run:/run lib:/var/lib log:/var/log)

start_machine() { # name
  local name=$1 home=$dir/$1 place
  for place in "${own_places[@]}"; do mkdir -p "$home/${place%%:*}"; done
  mkdir -p "$home/lib/shared-volumes" "$home/tmp" "$dir/logs" "$dir/shared-volumes"
  rm -rf "$home/init.pid" "$home/run" "$home/tmp"
  mkdir "$home/run" "$home/tmp"
  env "$mark=$dir" TMPDIR="$home/tmp" setsid \
    unshare --mount --uts --ipc --net --pid --fork --kill-child --propagation private \
    bash "$here/machine.sh" "$name" "$dir" "$bin/tools" \
    >"$dir/logs/$name-machine.log" 2>&1 </dev/null &
  disown
  wait_for 20 "starting the machine $name" test -s "$home/init.pid" ||
    die "$(<"$dir/logs/$name-machine.log")"
}

# The host's number of the machine's first process, if it lives.
machine_pid() { # name
  local pid
  pid=$(cat "$dir/$1/init.pid" 2>/dev/null) || return 1
  [[ -n $pid ]] && is_ours "$pid" && printf '%s' "$pid"
}

# Whether a process carries this cluster's mark (numbers are used again by others).
is_ours() { # pid
  grep -qzxF "$mark=$dir" "/proc/$1/environ" 2>/dev/null
}

# ip netns exec would mount /sys anew, and the kubelet then finds no cgroups.
in_machine() { # name command…
  local pid name=$1
  shift
  pid=$(machine_pid "$name") || die "$name does not run"
  nsenter --target "$pid" --mount --uts --ipc --net --pid -- "$@"
}

# daemon MACHINE LABEL COMMAND…: started in the machine, its output in logs/.
daemon() {
  local name=$1 label=$2 pid
  shift 2
  pid=$(machine_pid "$name") || die "$name does not run"
  mkdir -p "$dir/$name/daemons"
  env "$mark=$dir" TMPDIR="$dir/$name/tmp" HOME="$dir/$name/tmp" setsid \
    nsenter --target "$pid" --mount --uts --ipc --net --pid -- "$@" \
    >>"$dir/logs/$name-$label.log" 2>&1 </dev/null &
  printf '%s\n' "$!" >"$dir/$name/daemons/$label"
  disown
}

# Fails if a daemon is gone.
daemon_lives() { # machine label
  local pid
  pid=$(cat "$dir/$1/daemons/$2" 2>/dev/null) && is_ours "$pid"
}

# Inside: give the machine its places, then be its first process.
become_first_process() { # name dir tools
  local name=$1 dir=$2 tools=$3 home=$2/$1 place pid rest
  # The host's /proc is still here: it shows our number as the host sees it.
  # shellcheck disable=SC2034 # only the number is wanted
  read -r pid rest </proc/self/stat
  mount -t proc proc /proc
  hostname "$name"
  # What a pod asks to be propagated needs shared mounts; they end at this machine.
  mount --make-rshared /
  mount --bind "$dir/shared-volumes" "$home/lib/shared-volumes"
  for place in "${own_places[@]}"; do
    mount --rbind "$home/${place%%:*}" "${place#*:}"
  done
  printf '%s\n' "$pid" >"$home/init.pid"
  exec "$tools" pause
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  set -euo pipefail
  become_first_process "$@"
fi
