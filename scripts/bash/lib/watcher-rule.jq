# When a region's network watcher may go: the rule of
# provisioner/src/provider/azure/watcher/rule.rs. In: {record, location, watchers,
# permissions, networks, children, locks}, lists as Azure answers them, record null where
# there is none. Out: {verdict: "nothing"|"delete"|"keep", watcher, why, before}.

def must_read: [
  "Microsoft.Network/virtualNetworks/read",
  "Microsoft.Network/networkWatchers/read",
  "Microsoft.Network/networkWatchers/flowLogs/read",
  "Microsoft.Network/networkWatchers/connectionMonitors/read",
  "Microsoft.Network/networkWatchers/packetCaptures/read",
  "Microsoft.Authorization/locks/read"
];

def region: gsub(" "; "") | ascii_downcase;
def plain: rtrimstr("/") | ascii_downcase;
# Whether the scope holds what is in $id: the same, or above.
def holds($id): plain as $scope | ($id | plain) | . == $scope or startswith($scope + "/");
def scope_of_lock: ascii_downcase | split("/providers/microsoft.authorization/locks")[0];
def names: map(.id) | join(", ");

# An action's pattern, in which * stands for anything.
def covers($action):
  (ascii_downcase | gsub("(?<c>[^a-z0-9/*])"; "\\\(.c)") | gsub("\\*"; ".*")) as $pattern
  | $action | ascii_downcase | test("^" + $pattern + "$");
def gives($action):
  ((.actions // []) | any(.[]; covers($action)))
  and ((.notActions // []) | any(.[]; covers($action)) | not);

. as $in
| ($in.location | region) as $here
| ([$in.watchers[] | select((.location // "" | region) == $here)][0]) as $watcher
| if $watcher == null then {verdict: "nothing"}
  else
    ($in.permissions as $p | [must_read[] | . as $action | select($p | any(.[]; gives($action)) | not)])
      as $unreadable
    | [$in.networks[] | select((.location // "" | region) == $here)] as $networks
    | [$in.locks[] | select(.id | scope_of_lock | holds($watcher.id))] as $locks
    | ($in.record != null and ($in.record.watchers | any(.[]; plain == ($watcher.id | plain))))
      as $before
    | def keep($why): {verdict: "keep", watcher: $watcher.id, why: $why, before: $before};
      if $in.record == null then
        keep("there is no record of how network watchers stood before the cluster")
      elif $before then keep("it was there before the cluster")
      elif ($watcher.id | ascii_downcase | test("/resourcegroups/networkwatcherrg/") | not) then
        keep("somebody made it: it is not in NetworkWatcherRG")
      elif $unreadable != [] then
        keep("what else uses it cannot be seen: this caller may not \($unreadable | join(", ")) in the whole subscription")
      elif $networks != [] then keep("networks are left in the region: \($networks | names)")
      elif $in.children != [] then keep("it is in use: \($in.children | names)")
      elif $locks != [] then keep("it is locked: \($locks | names)")
      else {verdict: "delete", watcher: $watcher.id, before: $before}
      end
  end
