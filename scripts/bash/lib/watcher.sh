# shellcheck shell=bash
# The network watcher that Azure makes behind one's back, by way of az: the record of how
# watchers stood before, in rsac-infra's own form and place, so that either of both goes on
# where the other stopped; and its removal by the same rule. Sourced after az.sh.

network_api=2024-05-01
watchers_group=NetworkWatcherRG

record_file() { # SUBSCRIPTION LOCATION
  printf '%s/network-watchers/%s_%s_%s.json\n' "$state" "$(part "$cloud")" "$(part "$1")" "$(part "$2")"
}

# read_record FILE: the record, or the end.
read_record() {
  jq -e 'select(.version == 1 and (.watchers | type) == "array"
    and (.groupExisted | type) == "boolean" and (.location | type) == "string")' "$1" 2>/dev/null ||
    fail "$provider_error" "the record of network watchers $1 cannot be read" \
      "look at it; without it the watcher stays"
}

# is_known_absent: whether an open record of this subscription, of any region, says that the
# watchers' group was not there before. One that cannot be read says nothing.
is_known_absent() {
  local file
  for file in "$state"/network-watchers/*.json; do
    [[ -f $file ]] || continue
    jq -e --arg cloud "$cloud" --arg subscription "$subscription" '.version == 1 and .cloud == $cloud
      and (.subscription | ascii_downcase) == ($subscription | ascii_downcase)
      and .groupExisted == false' "$file" >/dev/null 2>&1 && return 0
  done
  return 1
}

# note_watchers LOCATION RUN: records how watchers stand, unless an open record says how they
# stood earlier.
note_watchers() {
  local file watchers existed=false made record
  file=$(record_file "$subscription" "$1")
  if [[ -e $file ]]; then
    read_record "$file" >/dev/null
    return
  fi
  watchers=$(list "/subscriptions/$subscription/providers/Microsoft.Network/networkWatchers" "$network_api") ||
    fail "$provider_error" "the network watchers cannot be listed" "see az's error"
  # What came with the first of our regions was there before none of them: who is the last
  # deletes it.
  if group_exists "$watchers_group" && ! is_known_absent; then existed=true; fi
  # A feature turns their making off; who may not read it does not know.
  made=$(az rest --method get --output json --url \
    "/subscriptions/$subscription/providers/Microsoft.Features/providers/Microsoft.Network/features/DisableNetworkWatcherAutocreation?api-version=2021-07-01" \
    2>/dev/null) || made=null
  record=$(printf '%s\n%s\n' "$watchers" "$made" | jq -s \
    --arg cloud "$cloud" --arg subscription "$subscription" --arg location "$1" \
    --arg stack "$stack" --arg run "$2" --argjson existed "$existed" '{
      version: 1, cloud: $cloud, subscription: $subscription, location: $location,
      stack: $stack, run: $run, recordedAt: (now | floor), watchers: (.[0] | map(.id)),
      groupExisted: $existed,
      madeByAzure: (.[1].properties.state // null | if . == null then null
        else (ascii_downcase != "registered") end)
    }') || fail "$provider_error" "az's answers cannot be read" "see to az"
  write_private "$file" "$record" ||
    fail "$state_error" "$file cannot be written" "see that the folder is yours, and has space left"
}

# judge SUBSCRIPTION RECORD LOCATION: what the rule says. The lists that need rights to read are
# asked for only where the rule gets so far.
judge() {
  local root=/subscriptions/$1 record=$2 location=$3 rule watchers permissions answer id kind
  local networks='[]' children='[]' locks='[]' more
  rule=$(dirname "${BASH_SOURCE[0]}")/watcher-rule.jq
  permissions=$(list "$root/providers/Microsoft.Authorization/permissions" 2022-04-01) || return
  watchers=$(list "$root/providers/Microsoft.Network/networkWatchers" "$network_api") || return
  answer=$(asked) || return
  if [[ $(jq -r .verdict <<<"$answer") == delete ]]; then
    id=$(jq -r .watcher <<<"$answer")
    networks=$(list "$root/providers/Microsoft.Network/virtualNetworks" "$network_api") || return
    for kind in flowLogs connectionMonitors packetCaptures; do
      more=$(list "$id/$kind" "$network_api") || return
      children=$(printf '%s\n%s\n' "$children" "$more" | jq -c -s add) || return
    done
    locks=$(list "$root/providers/Microsoft.Authorization/locks" 2020-05-01) || return
    answer=$(asked) || return
  fi
  printf '%s\n' "$answer"
}

# For judge alone: the rule over its variables.
asked() {
  printf '%s\n' "$record" "$watchers" "$permissions" "$networks" "$children" "$locks" |
    jq -s --arg location "$location" '{record: .[0], watchers: .[1], permissions: .[2],
      networks: .[3], children: .[4], locks: .[5], location: $location}' |
    jq -c -f "$rule"
}

# neighbour SUBSCRIPTION LOCATION: another stack of this machine in that region, in words, and
# nothing where there is none. While it is being made, nothing in Azure would keep the watcher for
# it. What cannot be read may be there. (provisioner/src/provider/azure/watcher/neighbour.rs)
neighbour() {
  local file found
  for file in "$state"/stacks/*/stack.json "$state/az/$(part "$cloud")"_*/deployment.json; do
    [[ -f $file ]] || continue
    found=$(jq -r --arg cloud "$cloud" --arg subscription "$1" --arg location "$2" '
      def region: gsub(" "; "") | ascii_downcase;
      def is_here($of; $at): ($of | ascii_downcase) == ($subscription | ascii_downcase)
        and ($at | region) == ($location | region);
      if has("provider") then
        .name as $name | .place.azure | select(. != null and (.cloud // "public") == $cloud
          and is_here(.subscription // ""; .parameters.location // "uksouth")) | "stack \($name)"
      else
        select(is_here(.subscription; .location)) | "resource group \(.resourceGroup) of deploy.sh"
      end' "$file" 2>/dev/null) || found="$file, which cannot be read,"
    [[ -z $found ]] || {
      printf '%s\n' "$found"
      return
    }
  done
}

# RSAC_ARM_PATIENCE is what waits are multiplied by, for tests and simulators.
pause() { sleep "$(jq -n --arg scale "${RSAC_ARM_PATIENCE:-1}" '10 * ($scale | tonumber)')"; }

close_record() {
  rm -f "$1"
  rmdir "$state/network-watchers" "$state" 2>/dev/null || true
}

# remove_watcher FILE: deletes the watcher of a record, if that is safe.
remove_watcher() {
  local record location owner of made existed answer id why before verdict other looks=0
  record=$(read_record "$1") || exit
  IFS=$'\t' read -r location owner of made existed < <(
    jq -r '[.location, .subscription, .cloud, .madeByAzure, .groupExisted] | map(tostring) | @tsv' <<<"$record"
  )
  [[ $of == "$cloud" ]] ||
    fail "$conflict" "the record $1 is of another cloud than az is set to" "az cloud set --name NAME"
  other=$(neighbour "$owner" "$location")
  if [[ -n $other ]]; then
    say "Kept the network watcher of $location: $other is in that region too; teardown-nw.sh after the last one sees to it"
    return
  fi
  while true; do
    answer=$(judge "$owner" "$record" "$location") ||
      fail "$provider_error" "how the network watcher of $location stands cannot be seen: it stays" "see az's error"
    IFS=$'\t' read -r verdict before id why < <(
      jq -r '[.verdict, .before, .watcher, .why] | map(tostring) | @tsv' <<<"$answer"
    )
    case $verdict in
      nothing)
        if [[ $made == false ]] || ((looks >= 12)); then
          close_record "$1"
          say "Kept nothing: $location has no network watcher"
          return
        fi
        say "no network watcher yet in $location; one can appear late"
        pause
        looks=$((looks + 1))
        ;;
      keep)
        if [[ $before == true ]]; then close_record "$1"; fi
        say "Kept the network watcher of $location: $why; whoever knows better can run" \
          "\`az network watcher configure --locations $location --enabled false --subscription $owner\`"
        return
        ;;
      delete)
        az resource delete --ids "$id" --api-version "$network_api" --output none ||
          fail "$provider_error" "the network watcher $id cannot be deleted" "see az's error"
        say "Deleted $id"
        [[ $existed == true ]] || remove_watchers_group "$owner"
        close_record "$1"
        return
        ;;
      *) fail "$provider_error" "the network watcher of $location: no verdict" "see to jq" ;;
    esac
  done
}

# The group, which was not there before, goes if nothing is in it.
remove_watchers_group() {
  local left locks subscription=$1 id=/subscriptions/$1/resourceGroups/$watchers_group
  group_exists "$watchers_group" || return 0
  left=$(list "$id/resources" 2021-04-01) || fail "$provider_error" "$watchers_group cannot be listed: it stays" "see az's error"
  locks=$(list "$id/providers/Microsoft.Authorization/locks" 2020-05-01) ||
    fail "$provider_error" "the locks of $watchers_group cannot be listed: it stays" "see az's error"
  [[ $left == '[]' && $locks == '[]' ]] || return 0
  az group delete --name "$watchers_group" --subscription "$subscription" --yes --output none ||
    fail "$provider_error" "$watchers_group, which is empty, cannot be deleted" "see az's error"
  say "Deleted $id"
}
