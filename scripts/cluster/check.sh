# shellcheck shell=bash
# The cluster's own test: everything that the tests of rsac rely on, tried on a cluster
# of two nodes. Its last line is 'N passed, N failed, N skipped'.

cluster_check() {
  passed=0 failed=0 skipped=0
  local reason
  if reason=$(cannot_run); then
    say "skipped: $reason"
    skipped=1
    check_summary
    return
  fi
  dir=''
  trap cluster_down EXIT
  try "a cluster of 2 nodes comes up" bash "$here/../test-cluster" up --nodes 2
  if ((failed)); then
    trap - EXIT
    check_summary
    return
  fi
  read_record
  kubectl create namespace check >/dev/null
  wait_for 20 "the namespace's service account" kubectl -n check get serviceaccount default
  try "a second cluster is refused" second_up_is_refused
  try "it says that it is disposable" is_disposable
  kubectl apply -f "$here/manifests/check.yaml" >/dev/null
  try "a Deployment of 3 is ready" kubectl -n check rollout status deployment/web --timeout=60s
  try "a StatefulSet with a volume is ready" kubectl -n check rollout status statefulset/data --timeout=60s
  try "a volume bound to its node" kubectl -n check wait pod/local --for=condition=Ready --timeout=60s
  try "a pod resolves a Service's name" kubectl -n check exec data-0 -- nslookup web.check.svc.cluster.local
  try "a Service answers by its name, from both nodes" service_answers
  try "logs" pod_logs
  try "port-forward" port_forward
  try "an image pushed to the registry is pulled by a pod" push_and_pull
  try "status finds everything running" cluster_status
  try "a killed node's pods move, with their volume" lose_node
  try "a killed node starts again" bash "$here/../test-cluster" start-node n2
  trap - EXIT
  local was=$dir
  try "down leaves nothing" cluster_down
  try "down again is no error" cluster_down
  try "its files are gone" test ! -e "$was"
  check_summary
}

check_summary() {
  say "$passed passed, $failed failed, $skipped skipped"
  ((failed == 0))
}

# Prints why the check cannot run here, or fails.
cannot_run() {
  local missing
  if ((EUID != 0)); then
    say "namespaces, mounts and cgroups need root"
  elif read_record; then
    say "a cluster is up in $dir, and the check wants one of its own"
  elif ! is_built && go_is_missing; then
    say "the cluster's parts are not built, and Go 1.26 or later is not installed (https://go.dev/dl)"
  elif missing=$(missing_packages | tr '\n' ' ') && [[ -n $missing ]] && ! command -v apt-get >/dev/null; then
    say "missing: $missing(Debian's names)"
  elif ! unshare --mount --net --pid --fork true 2>/dev/null; then
    say "this machine does not let root make namespaces"
  else
    return 1
  fi
}

# try WHAT COMMAND…
try() {
  local what=$1 start=$EPOCHREALTIME output
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
    say "ok: $what ($(seconds_since "$start") s)"
  else
    failed=$((failed + 1))
    say "FAILED: $what"
    say "  ${output//$'\n'/$'\n'  }"
  fi
}

second_up_is_refused() {
  local output
  ! output=$(bash "$here/../test-cluster" up --dir "$dir-2" 2>&1) && [[ $output == *"is up"* ]]
}

is_disposable() {
  [[ $(kubectl get namespace kube-system -o 'jsonpath={.metadata.annotations.rsac/disposable}') == true ]]
}

# One pod a node asks often enough that each of the three, its neighbours too, answers.
service_answers() {
  local pod answers
  for pod in data-0 local; do
    answers=$(for _ in {1..24}; do
      kubectl -n check exec "$pod" -- /tools get http://web || return
    done | sort | uniq -c)
    printf '%s:\n%s\n' "$pod" "$answers"
    (($(wc -l <<<"$answers") == 3)) || return
  done
}

pod_logs() {
  kubectl -n check logs -l app=web --tail=100 | grep -F 'GET /'
}

port_forward() {
  local forward status=0
  # The program itself, not the function: it is to be killed, and must not hold try's pipe.
  "$bin/kubectl" --kubeconfig "$dir/kubeconfig" --cache-dir "$dir/kubectl-cache" -n check port-forward service/web 18080:80 \
    >"$dir/logs/port-forward.log" 2>&1 &
  forward=$!
  wait_for 10 "an answer through port-forward" "$bin/tools" get http://127.0.0.1:18080/ || status=$?
  kill "$forward" 2>/dev/null || true
  return "$status"
}

push_and_pull() {
  local registry image ctr=(in_machine n1 ctr --namespace k8s.io images)
  registry=127.0.0.1:$(<"$dir/registry.port")
  image=$registry/check/tools:1
  "$bin/tools" get "http://$registry/v2/" || return
  "${ctr[@]}" tag "$tools_image" "$image" || return
  "${ctr[@]}" push --hosts-dir "$dir/n1/registries" "$image" || return
  "${ctr[@]}" rm "$image" || return
  kubectl -n check run pulled --image="$image" --image-pull-policy=Always || return
  kubectl -n check wait pod/pulled --for=condition=Ready --timeout=30s
}

# The StatefulSet's node goes for good, its Node object too, as a cloud does; what its
# pod wrote is there when it is back. n2 is where the check wants it.
lose_node() {
  [[ $(kubectl -n check get pod data-0 -o 'jsonpath={.spec.nodeName}') == n2 ]] || return
  kubectl -n check exec data-0 -- sh -c 'echo kept >/data/file' || return
  kill_node n2
  wait_for 40 "n2 to be NotReady" node_is_lost n2 || return
  wait_for 60 "the Deployment whole on n1" whole_on_n1 || return
  kubectl delete node n2 || return
  wait_for 120 "data-0 on n1" data_on_n1 || return
  [[ $(kubectl -n check exec data-0 -- cat /data/file) == kept ]]
}

node_is_lost() { ! node_is_ready "$1"; }

whole_on_n1() {
  local nodes
  nodes=$(kubectl -n check get pods -l app=web --field-selector=status.phase=Running \
    -o 'jsonpath={range .items[?(@.status.containerStatuses[0].ready==true)]}{.spec.nodeName}{"\n"}{end}')
  (($(grep -cxF n1 <<<"$nodes") == 3))
}

data_on_n1() {
  [[ $(kubectl -n check get pod data-0 -o \
    'jsonpath={.spec.nodeName} {.status.containerStatuses[0].ready}') == "n1 true" ]]
}
