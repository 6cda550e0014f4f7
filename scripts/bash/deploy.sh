#!/usr/bin/env bash
# Makes the cluster on Azure, and nothing on it: `rsac-infra up --provider azure --only
# cluster`, or the same with az where there is no rsac-infra.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=lib/common.sh
source "$here/lib/common.sh"
# shellcheck source=lib/az.sh
source "$here/lib/az.sh"
# shellcheck source=lib/watcher.sh
source "$here/lib/watcher.sh"

usage() {
  cat <<'END'
usage: scripts/bash/deploy.sh [OPTIONS]

Makes the cluster that bicep/main.bicep declares, with rsac-infra where it is on the PATH (or
RSAC_INFRA names it), else with az (and jq). teardown.sh takes it down.

  --resource-group NAME   the group to make it in [default: rsac-azure]
  --location REGION       the region [default: the parameters']
  --parameters FILE       values for the template [default: bicep/parameters.json]
  --ssh-public-key FILE   for the nodes, RSA [default: one that is made and kept]
  --overwrite-existing    replace an entry of the same name in the kubeconfig
  --az                    use az although rsac-infra is there
  --yes                   nothing is asked; deploy asks nothing but what az does
  --help
END
}

group='' location='' parameters=$root/bicep/parameters.json ssh_key='' overwrite=no use_az=no yes=no
while [[ $# -gt 0 ]]; do
  case $1 in
    --resource-group) need_value "$1" $# && group=$2 && shift ;;
    --location) need_value "$1" $# && location=$2 && shift ;;
    --parameters) need_value "$1" $# && parameters=$2 && shift ;;
    --ssh-public-key) need_value "$1" $# && ssh_key=$2 && shift ;;
    --overwrite-existing) overwrite=yes ;;
    --az) use_az=yes ;;
    --yes | -y) yes=yes ;;
    --help | -h) usage && exit ;;
    *) unknown_option "$1" ;;
  esac
  shift
done
[[ -r $parameters ]] ||
  fail 3 "--parameters $parameters cannot be read" "bicep/parameters.json is one to copy"

choose_tool
if [[ -n $tool ]]; then
  words=(up --provider azure --only cluster --parameters "$parameters")
  [[ -z $group ]] || words+=(--resource-group "$group")
  [[ -z $location ]] || words+=(--location "$location")
  [[ -z $ssh_key ]] || words+=(--ssh-public-key "$ssh_key")
  [[ $overwrite == no ]] || words+=(--overwrite-existing)
  exec "$tool" "${words[@]}"
fi

need_az
state=$(state_dir)
group=${group:-$default_group}
value_of() { jq -r --arg name "$1" '.parameters[$name].value // empty' "$parameters"; }
location=$(plain_region "${location:-$(value_of location)}")
location=${location:-uksouth}
cluster=$(value_of clusterName)
cluster=${cluster:-rsac}
kept=$(deployment_dir "$group")

# The group is ours or not there: teardown deletes it whole.
id=
[[ ! -f $kept/deployment.json ]] || id=$(jq -r '.id // empty' "$kept/deployment.json")
if group_exists "$group"; then
  there=$(az group show --name "$group" --subscription "$subscription" --output json) ||
    fail "$provider_error" "resource group $group cannot be read" "see az's error"
  owner=$(tag_of "$there" rsac-stack)
  [[ -n $owner && $owner == "$id" ]] ||
    fail "$conflict" "resource group $group is there, and was not made by this script from here" \
      "take another --resource-group"
fi
id=${id:-$(random_id)}
run=$(random_id)

say "Noting the network watchers of subscription $subscription"
note_watchers "$location" "$run"
# Before the first request that costs: what it makes is found again.
write_private "$kept/deployment.json" "$(jq -n --arg id "$id" --arg group "$group" \
  --arg cluster "$cluster" --arg location "$location" --arg subscription "$subscription" \
  '{version: 1, id: $id, resourceGroup: $group, clusterName: $cluster, location: $location,
    subscription: $subscription}')" ||
  fail "$state_error" "$kept cannot be written" "see that the folder is yours, and has space left"

if [[ -n $ssh_key ]]; then
  [[ -r $ssh_key ]] || fail 3 "--ssh-public-key $ssh_key cannot be read" "give an RSA key's FILE.pub"
  key=$(<"$ssh_key")
elif key=$(value_of sshRSAPublicKey) && [[ -n $key ]]; then
  :
else
  [[ -f $kept/ssh-key.pub ]] ||
    ssh-keygen -q -t rsa -b 3072 -N '' -C rsac -f "$kept/ssh-key" >/dev/null ||
    fail "$provider_error" "an SSH key for the nodes cannot be made" "--ssh-public-key FILE"
  key=$(<"$kept/ssh-key.pub")
fi
[[ $key == "ssh-rsa "* ]] || fail 3 "the SSH key is none of AKS's: ${key%% *}" "an ssh-rsa public key"

failed() {
  fail "$provider_error" "$1" "deploy.sh again goes on; teardown.sh --resource-group $group removes what there is"
}
say "Making resource group $group in $location"
az group create --name "$group" --location "$location" --subscription "$subscription" --output none \
  --tags "rsac-stack=$id" "rsac-stack-name=$stack" "rsac-run=$run" ||
  failed "resource group $group cannot be made"
say "Making cluster $cluster; this takes some minutes"
tags=$(jq -n -c --arg id "$id" --arg name "$stack" --arg run "$run" \
  '{"rsac-stack": $id, "rsac-stack-name": $name, "rsac-run": $run}')
az deployment group create --resource-group "$group" --subscription "$subscription" \
  --name "rsac-$id" --output none --template-file "$root/bicep/main.bicep" \
  --parameters "@$parameters" --parameters "location=$location" "sshRSAPublicKey=$key" "tags=$tags" ||
  failed "the cluster cannot be made"
say "Adding $cluster to the kubeconfig"
words=(aks get-credentials --resource-group "$group" --name "$cluster" --subscription "$subscription")
[[ $overwrite == no ]] || words+=(--overwrite-existing)
az "${words[@]}" || failed "the cluster is there, and its kubeconfig cannot be had"
say "Made cluster $cluster in resource group $group; kubectl's current context is $cluster"
