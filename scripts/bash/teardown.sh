#!/usr/bin/env bash
# Takes down the cluster that deploy.sh or `rsac-infra up` made: `rsac-infra down`, or with az
# the deletion of its resource group, if that is ours.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
source "$here/lib/common.sh"
# shellcheck source=lib/az.sh
source "$here/lib/az.sh"

usage() {
  cat <<'END'
usage: scripts/bash/teardown.sh [OPTIONS]

Deletes the resource group with the cluster, with rsac-infra where it is on the PATH (or
RSAC_INFRA names it), else with az (and jq). A group that rsac did not make, or that is locked,
is refused. teardown-nw.sh sees to the network watcher afterwards.

  --resource-group NAME   the group [default: rsac-azure, or the stack's]
  --force                 although others have things in the group
  --adopt                 with az: although the group was made from another machine
  --az                    use az although rsac-infra is there
  --yes                   do not ask
  --help
END
}

group='' force=no adopt=no use_az=no yes=no
while [[ $# -gt 0 ]]; do
  case $1 in
    --resource-group) need_value "$1" $# && group=$2 && shift ;;
    --force) force=yes ;;
    --adopt) adopt=yes ;;
    --az) use_az=yes ;;
    --yes | -y) yes=yes ;;
    --help | -h) usage && exit ;;
    *) unknown_option "$1" ;;
  esac
  shift
done

choose_tool
if [[ -n $tool ]]; then
  words=(--stack "$stack" down)
  # A group may be of a stack that is not remembered here, and of one that is.
  [[ -z $group ]] || words=(down --adopt "$group")
  [[ $force == no ]] || words+=(--force)
  [[ $yes == no ]] || words+=(--yes)
  exec "$tool" "${words[@]}"
fi

need_az
state=$(state_dir)
group=${group:-$default_group}
kept=$(deployment_dir "$group")

forget() {
  rm -f "$kept/deployment.json" "$kept/ssh-key" "$kept/ssh-key.pub"
  rmdir "$kept" "$state/az" "$state" 2>/dev/null || true
}

if ! group_exists "$group"; then
  [[ -f $kept/deployment.json ]] ||
    fail "$not_found" "there is no resource group $group in subscription $subscription" \
      "--resource-group NAME; az group list --tag rsac-stack shows rsac's"
  forget
  say "Resource group $group is gone"
  exit
fi

there=$(az group show --name "$group" --subscription "$subscription" --output json) ||
  fail "$provider_error" "resource group $group cannot be read" "see az's error"
id=$(tag_of "$there" rsac-stack)
[[ -n $id ]] ||
  fail "$conflict" "resource group $group was not made by rsac: it stays" "take another --resource-group"
if [[ $adopt == no ]] && ! is_known "$id"; then
  fail "$conflict" "resource group $group was made from another machine, for stack $(tag_of "$there" rsac-stack-name) ($id)" \
    "--adopt, if it is yours"
fi
scope=/subscriptions/$subscription/resourceGroups/$group
locks=$(list "$scope/providers/Microsoft.Authorization/locks" 2020-05-01) ||
  fail "$provider_error" "the locks of resource group $group cannot be listed" "see az's error"
[[ $locks == '[]' ]] ||
  fail "$conflict" "locks forbid the deletion: $(jq -r 'map(.id) | join(", ")' <<<"$locks")" \
    "whoever set them may remove them"
resources=$(list "$scope/resources" 2021-04-01) ||
  fail "$provider_error" "what is in resource group $group cannot be listed" "see az's error"
foreign=$(jq -r --arg id "$id" '.[] | select((.tags // {}) | to_entries
  | any(.[]; (.key | ascii_downcase) == "rsac-stack" and .value == $id) | not) | .id' <<<"$resources")
[[ -z $foreign || $force == yes ]] ||
  fail "$conflict" "resource group $group has what rsac did not make: $foreign" \
    "move it away; or --force deletes it with the group"

say "resource group $group"
jq -r '.[] | "  \(.id)"' <<<"$resources" >&2
clusters=$(az aks list --resource-group "$group" --subscription "$subscription" --output json) ||
  fail "$provider_error" "the clusters of resource group $group cannot be listed" "see az's error"
confirm "Delete resource group $group with all that is in it?"

say "Deleting; this takes some minutes"
az group delete --name "$group" --subscription "$subscription" --yes --output none ||
  fail "$provider_error" "resource group $group cannot be deleted" "see az's error, and try again"
left=
while IFS= read -r name; do
  [[ -n $name ]] && group_exists "$name" && left+=" $name"
done < <(printf '%s\n' "$group" && jq -r '.[].nodeResourceGroup // empty' <<<"$clusters")
[[ -z $left ]] || fail "$provider_error" "still there:$left" "teardown.sh again, after some minutes"
say "Deleted resource group $group"

# What az added to the kubeconfig, by the names that it gives.
if command -v kubectl >/dev/null 2>&1; then
  while IFS= read -r name; do
    [[ -n $name ]] || continue
    user=clusterUser_${group}_$name
    used=$(kubectl config view --output json | jq -r --arg name "$name" \
      '.contexts // [] | .[] | select(.name == $name) | .context.user') || used=
    [[ $used == "$user" ]] || continue
    kubectl config delete-context "$name" >&2 || true
    kubectl config delete-cluster "$name" >&2 || true
    kubectl config delete-user "$user" >&2 || true
  done < <(jq -r '.[].name' <<<"$clusters")
else
  say "Kept the entry of the kubeconfig: there is no kubectl to take it out"
fi
forget
[[ ! -d $state/network-watchers ]] ||
  say "Kept the network watcher that Azure may have made: teardown-nw.sh sees to it"
