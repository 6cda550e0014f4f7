# shellcheck shell=bash
# etcd, API server, controller manager and scheduler, in the machine "control".

start_control_plane() {
  local pki=$dir/pki configs=$dir/kubeconfigs
  # Unsynced: its data needs to outlive no crash.
  daemon control etcd etcd --name control --data-dir "$dir/control/lib/etcd" --unsafe-no-fsync \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
    --initial-cluster control=http://127.0.0.1:2380
  # The kubelet is asked by address: nothing resolves the nodes' names.
  # Aggregator routing: Services of webhooks are resolved here, without a kube-proxy.
  # Tolerations of 5 s instead of 300: pods leave a lost node while a test waits.
  daemon control kube-apiserver "$bin/kube-apiserver" \
    --etcd-servers=http://127.0.0.1:2379 --advertise-address="$control_ip" \
    --cert-dir="$dir/control/tmp" --allow-privileged=true \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
    --client-ca-file="$pki/cluster-ca.crt" \
    --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
    --kubelet-certificate-authority="$pki/cluster-ca.crt" \
    --kubelet-client-certificate="$pki/apiserver-kubelet-client.crt" \
    --kubelet-client-key="$pki/apiserver-kubelet-client.key" \
    --kubelet-preferred-address-types=InternalIP \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --service-account-key-file="$pki/service-account.pub" \
    --service-account-signing-key-file="$pki/service-account.key" \
    --service-cluster-ip-range="$service_cidr" \
    --requestheader-client-ca-file="$pki/front-proxy-ca.crt" \
    --requestheader-allowed-names=front-proxy-client \
    --requestheader-username-headers=X-Remote-User \
    --requestheader-group-headers=X-Remote-Group \
    --requestheader-extra-headers-prefix=X-Remote-Extra- \
    --proxy-client-cert-file="$pki/front-proxy-client.crt" \
    --proxy-client-key-file="$pki/front-proxy-client.key" \
    --enable-aggregator-routing=true \
    --default-not-ready-toleration-seconds=5 --default-unreachable-toleration-seconds=5 \
    --audit-policy-file="$here/manifests/audit-policy.yaml" --audit-log-path="$dir/logs/audit.log"
  wait_for 60 "the API server" kubectl get --raw /readyz ||
    die "$(tail -n 20 "$dir/logs/control-kube-apiserver.log")"

  # Pod networks are fixed by the nodes' numbers, not handed out. A node is lost after
  # 12 s of silence instead of 40.
  daemon control kube-controller-manager "$bin/kube-controller-manager" \
    --kubeconfig="$configs/kube-controller-manager" --leader-elect=false \
    --bind-address=127.0.0.1 --use-service-account-credentials=true \
    --service-account-private-key-file="$pki/service-account.key" \
    --root-ca-file="$pki/cluster-ca.crt" \
    --cluster-signing-cert-file="$pki/cluster-ca.crt" \
    --cluster-signing-key-file="$pki/cluster-ca.key" \
    --allocate-node-cidrs=false --node-monitor-period=2s --node-monitor-grace-period=12s
  daemon control kube-scheduler "$bin/kube-scheduler" \
    --kubeconfig="$configs/kube-scheduler" --leader-elect=false --bind-address=127.0.0.1
}
