# shellcheck shell=bash
# The commands that the cluster needs and does not build: says which are missing, and
# installs them where it can (Debian and its like, as root).

# command or file → Debian package
needed_commands=(
  etcd:etcd-server
  containerd:containerd
  ctr:containerd
  runc:runc
  iptables:iptables
  socat:socat
  conntrack:conntrack
  ethtool:ethtool
  modprobe:kmod
  busybox:busybox-static
  ip:iproute2
  nsenter:util-linux
  unshare:util-linux
  openssl:openssl
)

# Where the network plugins are: Debian's place, then everybody else's.
cni_bin_dir() {
  local path
  for path in /usr/lib/cni /opt/cni/bin; do
    [[ -x $path/ptp && -x $path/host-local && -x $path/portmap ]] || continue
    printf '%s' "$path"
    return
  done
  return 1
}

# Prints each missing package once.
missing_packages() {
  local entry
  {
    for entry in "${needed_commands[@]}"; do
      command -v "${entry%%:*}" >/dev/null || printf '%s\n' "${entry#*:}"
    done
    cni_bin_dir >/dev/null || printf '%s\n' containernetworking-plugins
    busybox_is_static || printf '%s\n' busybox-static
  } | sort -u
}

busybox_is_static() {
  local path
  path=$(command -v busybox) && ! ldd "$path" >/dev/null 2>&1
}

go_is_missing() { ! command -v go >/dev/null; }

# Everything at hand, or an end that names what is not.
ensure_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    die "missing: ${missing[*]} (Debian's names). As root: apt-get install --no-install-recommends ${missing[*]}"
  fi
  say "installing ${missing[*]}"
  install_packages "${missing[@]}" || die "could not install ${missing[*]}"
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]} == 0)) || die "still missing after the installation: ${missing[*]}"
}

# The packages' services are not started: the cluster runs its own copies.
install_packages() {
  local policy=/usr/sbin/policy-rc.d made_policy='' status=0
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    made_policy=yes
  fi
  apt_install "$@" || { apt-get update -qq && apt_install "$@"; } || status=$?
  [[ -z $made_policy ]] || rm -f "$policy"
  return "$status"
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
