# shellcheck shell=bash
# The two images of our own, as docker-archive tars that containerd imports: one that
# holds a pod's namespaces (pause), one with a shell and small tools (the volume
# provisioner's helper pods, pods of the tests). Both hold static programs only.

make_images() {
  local root=$build/root
  rm -rf "$root"

  mkdir -p "$root"
  cp "$bin/tools" "$root/tools"
  make_image "$root" "$pause_image" '["/tools","pause"]' "$images/pause.tar"

  mkdir -p "$root/bin" "$root/tmp" "$root/etc"
  chmod 1777 "$root/tmp"
  cp "$(command -v busybox)" "$root/bin/busybox"
  local applet
  for applet in sh cat cp date echo env false grep hostname id ls mkdir mv nslookup ps rm sleep \
    sync test touch true; do
    ln -s busybox "$root/bin/$applet"
  done
  printf 'root:x:0:0:root:/:/bin/sh\n' >"$root/etc/passwd"
  make_image "$root" "$tools_image" '["/tools","pause"]' "$images/tools.tar"
  rm -rf "$root"
}

# make_image ROOT REFERENCE ENTRYPOINT_JSON TAR
make_image() {
  local root=$1 reference=$2 entrypoint=$3 tar=$4 stage=$build/stage digest config
  rm -rf "$stage"
  mkdir "$stage"
  tar -C "$root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner \
    -cf "$stage/layer.tar" .
  digest=$(sha256sum "$stage/layer.tar" | cut -d' ' -f1)
  cat >"$stage/config.json" <<EOF
{"architecture":"$(go env GOARCH)","os":"linux",
 "config":{"Entrypoint":$entrypoint,"Env":["PATH=/bin:/"],"User":"65532:65532"},
 "rootfs":{"type":"layers","diff_ids":["sha256:$digest"]}}
EOF
  config=$(sha256sum "$stage/config.json" | cut -d' ' -f1)
  mv "$stage/config.json" "$stage/$config.json"
  cat >"$stage/manifest.json" <<EOF
[{"Config":"$config.json","RepoTags":["$reference"],"Layers":["layer.tar"]}]
EOF
  tar -C "$stage" --sort=name --mtime=@0 --owner=0 --group=0 -cf "$tar" .
  rm -rf "$stage"
}
