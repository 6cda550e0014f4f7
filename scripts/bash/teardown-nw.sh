#!/usr/bin/env bash
# Deletes the network watcher that Azure made because of the cluster, where that is safe:
# `rsac-infra down --with-network-watcher`, or the same with az.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
source "$here/lib/common.sh"
# shellcheck source=lib/az.sh
source "$here/lib/az.sh"
# shellcheck source=lib/watcher.sh
source "$here/lib/watcher.sh"

usage() {
  cat <<'END'
usage: scripts/bash/teardown-nw.sh [OPTIONS]

After teardown.sh: deletes the network watcher that appeared in the cluster's region since
deploy.sh noted how watchers stood, if no network is left in that region and nothing uses the
watcher; and NetworkWatcherRG, if it was not there before and is empty. Else it says why the
watcher stays. With rsac-infra where it is on the PATH (or RSAC_INFRA names it), else with az.

  --location REGION       with az: only this region's [default: each that was noted]
  --resource-group NAME   the cluster's group, which must be gone [default: rsac-azure]
  --az                    use az although rsac-infra is there
  --yes                   do not ask
  --help
END
}

group='' location='' use_az=no yes=no
while [[ $# -gt 0 ]]; do
  case $1 in
    --resource-group) need_value "$1" $# && group=$2 && shift ;;
    --location) need_value "$1" $# && location=$2 && shift ;;
    --az) use_az=yes ;;
    --yes | -y) yes=yes ;;
    --help | -h) usage && exit ;;
    *) unknown_option "$1" ;;
  esac
  shift
done

choose_tool
if [[ -n $tool ]]; then
  [[ -z $location ]] ||
    fail "$usage_error" "--location $location: rsac-infra sees to each region that was noted" "leave it out, or --az"
  # The word would take the cluster down as well; here the two are apart.
  stacks=$("$tool" --quiet --output json stacks) || exit
  case $stacks in
    *'"provider":"azure"'*)
      fail "$conflict" "the cluster is still there" "teardown.sh first; \`rsac-infra stacks\` shows it"
      ;;
  esac
  words=(down --with-network-watcher)
  [[ $yes == no ]] || words+=(--yes)
  exec "$tool" "${words[@]}"
fi

need_az
state=$(state_dir)
group=${group:-$default_group}
if group_exists "$group"; then
  fail "$conflict" "resource group $group is still there" "teardown.sh first"
fi
records=()
for file in "$state"/network-watchers/*.json; do
  [[ -f $file ]] || continue
  region=$(read_record "$file" | jq -r .location)
  [[ -z $location || $(plain_region "$location") == $(plain_region "$region") ]] || continue
  records+=("$file")
done
[[ ${#records[@]} -gt 0 ]] ||
  fail "$not_found" "there is no record of network watchers in $state/network-watchers: none is deleted" \
    "az network watcher list shows those there are; az network watcher configure --locations REGION --enabled false deletes one"
for file in "${records[@]}"; do
  region=$(read_record "$file" | jq -r .location)
  confirm "Delete the network watcher of $region, where that is safe?"
  remove_watcher "$file"
done
