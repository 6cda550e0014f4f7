# shellcheck shell=bash
# Builds what Debian does not package, from Go modules whose versions and checksums
# modules/*/go.{mod,sum} pin, once: into a cache outside the repository, under a key
# made from those files. Called by `test-cluster build`, and by `up` when it must.

# modules/<name> → the commands built from it
declare -A module_commands=(
  [kubernetes]="k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kube-controller-manager
    k8s.io/kubernetes/cmd/kube-scheduler k8s.io/kubernetes/cmd/kubelet
    k8s.io/kubernetes/cmd/kube-proxy k8s.io/kubernetes/cmd/kubectl"
  [coredns]=github.com/coredns/coredns
  [local-path-provisioner]=github.com/rancher/local-path-provisioner
  [registry]=github.com/distribution/distribution/v3/cmd/registry
  [tools]=rsac.test/cluster/tools
)

kubernetes_version() {
  sed -n 's/^require k8s\.io\/kubernetes \(v.*\)$/\1/p' "$here/modules/kubernetes/go.mod"
}

# The cache's folder for exactly these versions; sets bin and images.
locate_build() {
  local key
  key=$(cat "$here"/modules/*/go.mod "$here"/modules/*/go.sum "$here"/modules/tools/*.go \
    "$here/images.sh" | sha256sum)
  build="${RSAC_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/rsac}/kubernetes/$(kubernetes_version)-${key:0:12}"
  bin=$build/bin
  images=$build/images
}

is_built() { [[ -e $build/complete ]]; }

# Waits for another build of the same versions; leaves a finished one alone.
build_all() {
  is_built && return
  go_is_missing && die "building the cluster's parts needs Go 1.26 or later: https://go.dev/dl"
  mkdir -p "$bin" "$images"
  local start=$SECONDS module
  exec {build_lock}>"$build/lock"
  flock "$build_lock"
  if ! is_built; then
    say "building Kubernetes $(kubernetes_version) and its companions into $build"
    for module in tools registry local-path-provisioner coredns kubernetes; do
      build_module "$module"
    done
    make_images
    : >"$build/complete"
    say "built in $((SECONDS - start)) s"
  fi
  exec {build_lock}>&-
}

# One module's commands; they appear in bin/ only when all of them are whole.
build_module() {
  local module=$1 start=$SECONDS version flags='-s -w' partial=$build/partial
  local -a commands
  read -ra commands <<<"${module_commands[$module]//$'\n'/ }"
  [[ -e $build/$module.built ]] && return
  if [[ $module == kubernetes ]]; then
    # Without these the version reads v0.0.0, and clients that check it are misled.
    version=$(kubernetes_version)
    local key=k8s.io/component-base/version
    flags+=" -X $key.gitVersion=$version -X $key.gitMajor=1 -X $key.gitTreeState=clean"
    flags+=" -X $key.gitMinor=$(cut -d. -f2 <<<"$version")"
  fi
  rm -rf "$partial"
  mkdir "$partial"
  (cd "$here/modules/$module" &&
    CGO_ENABLED=0 go build -buildvcs=false -trimpath -mod=readonly -ldflags "$flags" \
      -o "$partial/" "${commands[@]}") || die "building $module failed"
  mv -f "$partial"/* "$bin/"
  rmdir "$partial"
  : >"$build/$module.built"
  say "  $module: $((SECONDS - start)) s"
}
