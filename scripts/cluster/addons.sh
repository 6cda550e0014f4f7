# shellcheck shell=bash
# What a cluster has beside Kubernetes itself, as processes of the control plane: names
# (CoreDNS), volumes (local-path-provisioner, two StorageClasses), an image registry.

# Before nodes: their containerd is told the registry's port.
start_registry() {
  cat >"$dir/registry.yaml" <<EOF
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: "$dir/registry"}
  delete: {enabled: true}
http: {addr: "$control_ip:$registry_port"}
EOF
  daemon control registry "$bin/registry" serve "$dir/registry.yaml"
  open_door registry "$registry_port"
}

start_addons() {
  local manifest
  mkdir -p "$dir/manifests"
  for manifest in dns volumes; do
    sed -e "s|@CONTROL_IP@|$control_ip|g" -e "s|@DNS_IP@|$dns_ip|g" \
      -e "s|@TOOLS_IMAGE@|$tools_image|g" \
      "$here/manifests/$manifest.yaml" >"$dir/manifests/$manifest.yaml"
  done
  kubectl apply -f "$dir/manifests" >"$dir/logs/addons.log"
  # Tests change only a cluster that says it may be thrown away.
  kubectl annotate namespace kube-system rsac/disposable=true >>"$dir/logs/addons.log"

  cat >"$dir/Corefile" <<EOF
.:53 {
  bind $control_ip
  errors
  ready $control_ip:8181
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $dir/kubeconfigs/coredns
  }
  cache 5
  loadbalance
}
EOF
  daemon control coredns "$bin/coredns" -conf "$dir/Corefile"
  daemon control local-path-provisioner "$bin/local-path-provisioner" start \
    --kubeconfig "$dir/kubeconfigs/local-path-provisioner" \
    --namespace local-path-storage --provisioner-name rsac.test/local-path \
    --helper-image "$tools_image" --configmap-name local-path-config \
    --service-account-name default
}
