# shellcheck shell=bash
# A node: containerd, kubelet and kube-proxy in a machine of its own; how it is started,
# given images, killed, and started again.

# The machine and its containers' runtime; needs no API server yet.
prepare_node() { # node
  local name=$1 image
  start_machine "$name"
  connect_node "$name"
  make_node_cgroup "$name"
  write_containerd_config "$name"
  daemon "$name" containerd containerd --config "$dir/$name/containerd.toml"
  wait_for 20 "containerd on $name" in_machine "$name" ctr version ||
    die "$(tail -n 20 "$dir/logs/$name-containerd.log")"
  for image in "$images"/*.tar; do import_image "$name" "$image"; done
}

join_node() { # node
  local name=$1
  write_kubelet_config "$name"
  daemon "$name" kubelet "$bin/kubelet" --config="$dir/$name/kubelet.yaml" \
    --kubeconfig="$dir/kubeconfigs/$name" --hostname-override="$name" \
    --node-ip="$(node_ip "$name")"
  daemon "$name" kube-proxy "$bin/kube-proxy" --config="$dir/$name/kube-proxy.yaml"
}

import_image() { # node tar
  in_machine "$1" ctr --namespace k8s.io images import "$2" >>"$dir/logs/$1-images.log" 2>&1
}

load_image() { # tar
  local name file
  file=$(readlink -f "$1")
  [[ -r $file ]] || die "cannot read $1"
  for name in $(node_names); do
    machine_pid "$name" >/dev/null || continue
    in_machine "$name" ctr --namespace k8s.io images import - <"$file"
  done
}

kill_node() { # node
  local name=$1 pid
  node_number "$name" >/dev/null
  pid=$(machine_pid "$name") || die "$name does not run"
  kill -KILL "$pid"
  wait_for 20 "the end of $name" machine_is_gone "$name" "$pid"
}

# Every process that carries the node's folder is gone (the kernel needs a moment).
machine_is_gone() { # name pid
  [[ ! -d /proc/$2 ]] && [[ -z $(pids_with "TMPDIR=$dir/$1/tmp") ]]
}

restart_node() { # node
  local name=$1
  node_number "$name" >/dev/null
  [[ -d $dir/$name ]] || die "this cluster never had a node $name"
  ! machine_pid "$name" >/dev/null || die "$name runs"
  remove_cgroup "$cgroup/$name"
  prepare_node "$name"
  join_node "$name"
  # The API server may not have noticed yet that the node was away.
  wait_for 60 "the kubelet of $name" \
    in_machine "$name" "$bin/tools" get http://127.0.0.1:10248/healthz ||
    die "$(tail -n 20 "$dir/logs/$name-kubelet.log")"
  wait_for 60 "$name to be Ready" node_is_ready "$name"
}

node_is_ready() {
  [[ $(kubectl get node "$1" \
    -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') == True ]]
}

# A root for the node's pods in each hierarchy: two kubelets under one root delete each
# other's pods.
make_node_cgroup() { # node
  local hierarchy parent file
  if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
    mkdir -p "/sys/fs/cgroup/$cgroup/$1"
    for parent in /sys/fs/cgroup "/sys/fs/cgroup/$cgroup" "/sys/fs/cgroup/$cgroup/$1"; do
      echo '+cpuset +cpu +io +memory +pids' >"$parent/cgroup.subtree_control"
    done
    return
  fi
  for hierarchy in /sys/fs/cgroup/*/; do
    [[ -e $hierarchy/cgroup.procs ]] || continue
    mkdir -p "$hierarchy/$cgroup/$1"
    # A new cpuset is empty, and nothing can run in it.
    [[ -e $hierarchy/cpuset.cpus ]] || continue
    for file in cpuset.cpus cpuset.mems; do
      cat "$hierarchy/$file" >"$hierarchy/$cgroup/$file"
      cat "$hierarchy/$file" >"$hierarchy/$cgroup/$1/$file"
    done
  done
}

write_containerd_config() { # node
  local name=$1 home=$dir/$1 registry
  registry=127.0.0.1:$(<"$dir/registry.port")
  mkdir -p "$home/cni" "$home/registries/$registry"
  cat >"$home/registries/$registry/hosts.toml" <<EOF
server = "http://$control_ip:$registry_port"
[host."http://$control_ip:$registry_port"]
EOF
  # restrict_oom_score_adj: without it containers fail where the capability to lower
  # the score is missing ("can't get final child's PID from pipe: EOF").
  cat >"$home/containerd.toml" <<EOF
version = 2
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$pause_image"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$(cni_bin_dir)"
    conf_dir = "$home/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$home/registries"
EOF
  # A cable a pod, not a bridge: what a pod sends to a Service that leads back to its
  # own node passes the node's address translation without br_netfilter.
  cat >"$home/cni/10-pods.conflist" <<EOF
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "ptp", "ipam": {"type": "host-local",
    "ranges": [[{"subnet": "10.244.$(node_number "$name").0/24"}]],
    "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
EOF
}

write_kubelet_config() { # node
  local name=$1 home=$dir/$1
  # failCgroupV1: Kubernetes 1.35 refuses version 1 otherwise. evictionHard: a share of a
  # large disk is gigabytes; below it a node takes no pods, and nobody sees why.
  cat >"$home/kubelet.yaml" <<EOF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: "$dir/pki/cluster-ca.crt"}
authorization: {mode: Webhook}
tlsCertFile: "$dir/pki/$name.crt"
tlsPrivateKeyFile: "$dir/pki/$name.key"
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$cgroup/$name
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
clusterDNS: [$dns_ip]
clusterDomain: cluster.local
resolvConf: ""
volumePluginDir: /var/lib/kubelet/volume-plugins
nodeStatusUpdateFrequency: 2s
nodeLeaseDurationSeconds: 8
serializeImagePulls: false
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: {memory.available: 50Mi, nodefs.available: 100Mi, nodefs.inodesFree: 1%, imagefs.available: 100Mi}
EOF
  cat >"$home/kube-proxy.yaml" <<EOF
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
hostnameOverride: $name
clusterCIDR: $pod_cidr
clientConnection: {kubeconfig: "$dir/kubeconfigs/kube-proxy"}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
oomScoreAdj: 0
EOF
}
