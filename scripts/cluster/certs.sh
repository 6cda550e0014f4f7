# shellcheck shell=bash
# The cluster's certificate authorities, certificates and kubeconfigs, by openssl, for
# one cluster's life: in <dir>/pki, readable by root alone.

make_authority() { # name
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
    -subj "/CN=$1" -keyout "$dir/pki/$1.key" -out "$dir/pki/$1.crt" 2>/dev/null
}

# make_cert AUTHORITY NAME SUBJECT [ALTERNATIVE_NAMES]
make_cert() {
  local authority=$1 name=$2 subject=$3 names=${4:-} extension
  extension='extendedKeyUsage=clientAuth,serverAuth'
  [[ -z $names ]] || extension+=$'\n'"subjectAltName=$names"
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -subj "$subject" -keyout "$dir/pki/$name.key" 2>/dev/null |
    openssl x509 -req -days 30 -CA "$dir/pki/$authority.crt" -CAkey "$dir/pki/$authority.key" \
      -set_serial "0x$(openssl rand -hex 8)" -extfile <(printf '%s\n' "$extension") \
      -out "$dir/pki/$name.crt" 2>/dev/null
}

# make_kubeconfig NAME SERVER FILE: for the client certificate NAME.
make_kubeconfig() {
  local name=$1 server=$2 file=$3
  cat >"$file" <<EOF
apiVersion: v1
kind: Config
clusters:
- name: rsac-test
  cluster:
    server: $server
    certificate-authority-data: $(base64 -w0 "$dir/pki/cluster-ca.crt")
users:
- name: $name
  user:
    client-certificate-data: $(base64 -w0 "$dir/pki/$name.crt")
    client-key-data: $(base64 -w0 "$dir/pki/$name.key")
contexts:
- name: rsac-test
  context: {cluster: rsac-test, user: $name}
current-context: rsac-test
EOF
}

# Everything the control plane needs; a node's own come with the node.
make_control_plane_certs() {
  mkdir -p "$dir/pki" "$dir/kubeconfigs"
  make_authority cluster-ca
  make_authority front-proxy-ca
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 \
    -out "$dir/pki/service-account.key" 2>/dev/null
  openssl pkey -in "$dir/pki/service-account.key" -pubout -out "$dir/pki/service-account.pub"

  local service=kubernetes.default
  make_cert cluster-ca apiserver /CN=kube-apiserver \
    "IP:127.0.0.1,IP:$control_ip,IP:$api_service_ip,DNS:localhost,DNS:kubernetes,DNS:$service,DNS:$service.svc,DNS:$service.svc.cluster.local"
  make_cert cluster-ca apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client
  make_cert front-proxy-ca front-proxy-client /CN=front-proxy-client
  make_cert cluster-ca admin /O=system:masters/CN=admin

  local part
  for part in kube-controller-manager kube-scheduler kube-proxy coredns local-path-provisioner; do
    make_cert cluster-ca "$part" "/CN=system:$part"
    make_kubeconfig "$part" "https://$control_ip:6443" "$dir/kubeconfigs/$part"
  done
}

make_node_certs() { # node
  make_cert cluster-ca "$1" "/O=system:nodes/CN=system:node:$1" "DNS:$1,IP:$(node_ip "$1")"
  make_kubeconfig "$1" "https://$control_ip:6443" "$dir/kubeconfigs/$1"
}
