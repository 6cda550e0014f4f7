# shellcheck shell=bash
# Azure by way of az: who is signed in, lists read to their last page, and what this machine
# remembers of a cluster that deploy made. Sourced after common.sh.
#
# Every answer that a deletion depends on is checked by hand (`|| return`): `set -e` does not
# hold within $(…), and a list that could not be read must never pass for an empty one.

need_az() {
  command -v az >/dev/null 2>&1 ||
    fail "$provider_error" "neither rsac-infra nor az is installed" \
      "cargo install --path provisioner/rsac-infra, or https://learn.microsoft.com/cli/azure/install-azure-cli"
  command -v jq >/dev/null 2>&1 ||
    fail "$provider_error" "jq is not installed" "install jq, or rsac-infra, which needs none of both"
  local account
  account=$(az account show --output json 2>/dev/null) ||
    fail "$provider_error" "az is not signed in" "az login"
  subscription=${AZURE_SUBSCRIPTION_ID:-$(jq -r '.id // empty' <<<"$account")}
  [[ -n $subscription ]] ||
    fail "$provider_error" "az has no current subscription" "az account set --subscription ID"
  case $(jq -r '.environmentName // empty' <<<"$account") in
    AzureCloud) cloud=public ;;
    AzureUSGovernment) cloud=government ;;
    AzureChinaCloud) cloud=china ;;
    *) fail "$provider_error" "az is set to a cloud that rsac does not know" "az cloud set --name AzureCloud" ;;
  esac
}

# list PATH API-VERSION: all items of a list, as one JSON array.
list() {
  local url="$1?api-version=$2" page pages=''
  while [[ -n $url ]]; do
    page=$(az rest --method get --url "$url" --output json) || return
    pages+=$page$'\n'
    url=''
    if [[ $page == *'"nextLink"'* ]]; then
      url=$(jq -r '.nextLink // empty' <<<"$page") || return
    fi
  done
  # What is no list is an error, not an empty one.
  jq -c -s 'map(if (.value | type) == "array" then .value else error("no list: \(.)") end)
    | if . == [] then error("no answer") else add end' <<<"$pages"
}

# group_exists NAME: succeeds or not; an answer that is neither ends the script.
group_exists() {
  local answer
  answer=$(az group exists --name "$1" --subscription "$subscription" --output tsv) ||
    fail "$provider_error" "az does not say whether resource group $1 exists" "see az's error"
  case $answer in
    true) return 0 ;;
    false) return 1 ;;
    *) fail "$provider_error" "az group exists --name $1: $answer is neither true nor false" "see to az" ;;
  esac
}

# part TEXT: as a part of a file's name.
part() {
  printf '%s' "$1" | LC_ALL=C tr '[:upper:]' '[:lower:]' | LC_ALL=C sed 's/[^a-z0-9-]/_/g'
}

# The folder of what deploy made by way of az: its stack's id and SSH key.
deployment_dir() {
  printf '%s/az/%s_%s_%s\n' "$state" "$(part "$cloud")" "$(part "$subscription")" "$(part "$1")"
}

# is_known ID: whether the stack of that id was made from this machine, here or by rsac-infra.
is_known() {
  local file
  for file in "$state"/az/*/deployment.json "$state"/stacks/*/stack.json; do
    [[ -f $file ]] || continue
    [[ $(jq -r '.id // empty' "$file") == "$1" ]] && return 0
  done
  return 1
}

# tag_of RESOURCE NAME: tags' names vary in case.
tag_of() {
  jq -r --arg name "$2" '
    (.tags // {}) | to_entries | map(select((.key | ascii_downcase) == $name)) | .[0].value // empty' <<<"$1"
}
