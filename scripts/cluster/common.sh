# shellcheck shell=bash
# What every part of the test cluster shares: names, addresses, paths, the record of
# the one cluster there can be, and how to say, fail and wait. Sourced first.
# shellcheck disable=SC2034 # read by the files sourced after this one

# The record of the cluster that is up or coming up: a file that holds its folder.
# It is created exclusively, so a second `up` finds it and is refused.
record=/run/rsac-test-cluster
default_dir=/var/tmp/rsac-test-cluster
# Each process of the cluster carries this variable, holding the cluster's folder, in
# its environment: that is how `down` finds them all, whatever happened before.
mark=RSAC_TEST_CLUSTER
cgroup=rsac-test-cluster

# Addresses exist only inside the cluster's own network namespaces.
control_ip=10.89.0.1
node_prefix=10.89.0.1        # node nK is 10.89.0.1K
pod_cidr=10.244.0.0/16       # pods of nK are 10.244.K.0/24
service_cidr=10.96.0.0/16
api_service_ip=10.96.0.1
dns_ip=10.96.0.10
registry_port=5000
max_nodes=9
needed_mib=2048

pause_image=rsac.test/pause:1
tools_image=rsac.test/tools:1

say() { printf '%s\n' "$*"; }
die() {
  printf 'test-cluster: %s\n' "$*" >&2
  exit 1
}

# seconds_since START, where START is $EPOCHREALTIME then: with one decimal.
seconds_since() {
  local now=$EPOCHREALTIME
  local tenths=$(((${now/./} - ${1/./}) / 100000))
  printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# wait_for SECONDS WHAT COMMAND…: until COMMAND succeeds. The limit only ends a hang.
wait_for() {
  local limit=$1 what=$2 end=$((SECONDS + $1))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= end)); then
      printf 'test-cluster: %s: not within %s s\n' "$what" "$limit" >&2
      return 1
    fi
    sleep 0.1
  done
}

free_mib() { # folder
  df --output=avail -BM "$1" | tail -n 1 | tr -dc 0-9
}

# Sets dir to the recorded cluster's, or fails.
read_record() {
  dir=''
  [[ -s $record ]] && IFS= read -r dir <"$record" && [[ -n $dir ]]
}

need_cluster() {
  read_record || die "no cluster is up (scripts/test-cluster up)"
}

need_root() {
  ((EUID == 0)) || die "$1 makes namespaces, mounts and cgroups: run it as root"
}

node_number() { # nK → K
  [[ $1 =~ ^n[1-9]$ ]] || die "no such node: $1 (nodes are n1 … n$max_nodes)"
  printf '%s' "${1#n}"
}
node_ip() { printf '%s%s' "$node_prefix" "$(node_number "$1")"; }

# The nodes of this cluster, dead ones too.
node_names() {
  local path
  for path in "$dir"/n[1-9]; do
    [[ -d $path ]] && printf '%s\n' "${path##*/}"
  done
  return 0
}

kubectl() {
  "$bin/kubectl" --kubeconfig "$dir/kubeconfig" --cache-dir "$dir/kubectl-cache" "$@"
}
