# shellcheck shell=bash
# Brings a cluster up, in the order in which its parts need each other, and says what
# of it lives. A failed `up` takes down what it made.

cluster_up() {
  local nodes=2
  dir=$default_dir
  while (($#)); do
    case $1 in
      --nodes) nodes=${2:?--nodes N} ;;
      --dir) dir=${2:?--dir DIR} ;;
      *) die "up does not know $1" ;;
    esac
    shift 2
  done
  [[ $nodes =~ ^[1-9]$ ]] || die "--nodes is $nodes: it must be 1 to $max_nodes"
  need_root up
  dir=$(readlink -m "$dir")
  check_dir
  ensure_packages
  build_all
  claim_record
  # Anew with the mark, so that `down` finds an `up` that is still at work.
  exec env "$mark=$dir" bash "$here/../test-cluster" bring-up "$nodes"
}

bring_up() { # nodes
  local nodes=$1 name start=$EPOCHREALTIME
  need_cluster
  [[ ${!mark:-} == "$dir" ]] || die "bring-up is the second half of up"
  trap 'up_failed' EXIT
  mkdir -m 700 "$dir"
  make_control_plane_certs
  make_kubeconfig admin "https://127.0.0.1:0" "$dir/kubeconfig"
  start_machine control
  make_control_network
  open_door api 6443
  make_kubeconfig admin "https://127.0.0.1:$(<"$dir/api.port")" "$dir/kubeconfig"
  start_registry
  # Nodes' machines and images while the API server starts.
  start_control_plane &
  local control_plane=$!
  for ((name = 1; name <= nodes; name++)); do
    make_node_certs "n$name"
    prepare_node "n$name"
  done
  wait "$control_plane"
  for ((name = 1; name <= nodes; name++)); do join_node "n$name"; done
  start_addons
  for ((name = 1; name <= nodes; name++)); do
    wait_for 60 "n$name to be Ready" node_is_ready "n$name" ||
      die "$(tail -n 20 "$dir/logs/n$name-kubelet.log")"
  done
  wait_for 30 "CoreDNS" in_machine control "$bin/tools" get "http://$control_ip:8181/ready" ||
    die "$(tail -n 20 "$dir/logs/control-coredns.log")"
  trap - EXIT
  say "up in $(seconds_since "$start") s: $nodes nodes, KUBECONFIG=$dir/kubeconfig"
}

# UNIX sockets' paths are short; images are layered by overlayfs, which cannot lie on
# itself; machines cover some of the host's folders with their own.
check_dir() {
  [[ ! -e $dir ]] || die "$dir exists: name another folder with --dir, or remove it"
  ((${#dir} <= 60)) || die "$dir: the path must not be longer than 60 characters"
  local parent=${dir%/*} covered
  for covered in "${own_places[@]}"; do
    [[ $dir/ != "${covered#*:}"/* ]] || die "$dir: must not lie under ${covered#*:}"
  done
  parent=${parent:-/}
  [[ -d $parent ]] || die "$parent does not exist"
  [[ $(stat -f -c %T "$parent") != overlayfs ]] ||
    die "$parent lies on overlayfs, images cannot: name a folder on a disk or tmpfs with --dir"
  # Images, pods and the API server's log; a node that finds its disk full takes no pods.
  local free
  free=$(free_mib "$parent")
  ((free >= needed_mib)) ||
    die "$parent has $free MiB free: a cluster needs $needed_mib, free some or name another folder with --dir"
}

claim_record() {
  if ! (set -o noclobber && printf '%s\n' "$dir" >"$record") 2>/dev/null; then
    local wanted=$dir
    read_record || true
    die "a cluster is up or coming up in ${dir:-?}, there can be one: scripts/test-cluster down, then up in $wanted"
  fi
}

# shellcheck disable=SC2317 # called by a trap
up_failed() {
  trap - EXIT
  printf 'test-cluster: up failed; taking down what there is\n' >&2
  # Without the mark, or it would end itself.
  # shellcheck disable=SC2016 # expanded by the inner shell
  exec env -u "$mark" bash -c '"$0" down >&2; exit 1' "$here/../test-cluster"
}

cluster_status() {
  need_cluster
  local machine path label state failed=0
  for machine in control $(node_names); do
    if ! machine_pid "$machine" >/dev/null; then
      say "$machine: does not run"
      failed=1
      continue
    fi
    state=''
    for path in "$dir/$machine/daemons"/*; do
      label=${path##*/}
      daemon_lives "$machine" "$label" && continue
      state+=" $label is gone (see $dir/logs/$machine-$label.log)"
      failed=1
    done
    say "$machine: ${state:-runs}"
  done
  kubectl get nodes || failed=1
  say "KUBECONFIG=$dir/kubeconfig, registry 127.0.0.1:$(cat "$dir/registry.port")"
  return "$failed"
}
