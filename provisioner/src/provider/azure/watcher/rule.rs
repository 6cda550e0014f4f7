//! When the network watcher may go: the whole rule, without a request. Whatever is not
//! known for certain keeps it, because a watcher that is kept costs nothing, and one that is
//! deleted takes the flow logs of others with it.

use super::record::Record;
use crate::provider::azure::id::{self, same};

/// The group in which Azure keeps the watchers that it makes.
pub(crate) const GROUP: &str = "NetworkWatcherRG";

/// What must be readable in the whole subscription before "there is none" means anything:
/// lists answer what the caller may see, and say nothing of the rest.
pub(crate) const MUST_READ: [&str; 6] = [
    "Microsoft.Network/virtualNetworks/read",
    "Microsoft.Network/networkWatchers/read",
    "Microsoft.Network/networkWatchers/flowLogs/read",
    "Microsoft.Network/networkWatchers/connectionMonitors/read",
    "Microsoft.Network/networkWatchers/packetCaptures/read",
    "Microsoft.Authorization/locks/read",
];

/// A watcher, as the subscription's list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watcher {
    pub(crate) id: String,
    pub(crate) location: String,
}

/// What is known when the watcher is to go.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// What the caller may not read at the subscription, of [`MUST_READ`].
    pub(crate) unreadable: Vec<String>,
    /// All watchers of the subscription.
    pub(crate) watchers: Vec<Watcher>,
    /// Virtual networks that are left in the region, by id.
    pub(crate) networks: Vec<String>,
    /// Flow logs, connection monitors and packet captures of the region's watcher, by id.
    pub(crate) children: Vec<String>,
    /// Locks on the watcher, its group, or the subscription, by id.
    pub(crate) locks: Vec<String>,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is none that could be ours.
    Nothing,
    /// This watcher goes.
    Delete(String),
    /// It stays.
    Keep {
        /// Its id, where there is one.
        watcher: String,
        /// Why.
        why: String,
    },
}

/// Decides about the watcher of a region.
pub(crate) fn judge(record: Option<&Record>, location: &str, facts: &Facts) -> Verdict {
    let here: Vec<&Watcher> = facts
        .watchers
        .iter()
        .filter(|watcher| same_region(&watcher.location, location))
        .collect();
    let Some(watcher) = here.first() else {
        return Verdict::Nothing;
    };
    let keep = |why: String| Verdict::Keep {
        watcher: watcher.id.clone(),
        why,
    };
    let Some(record) = record else {
        return keep("there is no record of how network watchers stood before the cluster".into());
    };
    if record.watchers.iter().any(|known| same(known, &watcher.id)) {
        return keep("it was there before the cluster".into());
    }
    if !id::group(&watcher.id).is_some_and(|group| same(group, GROUP)) {
        return keep(format!("somebody made it: it is not in {GROUP}"));
    }
    if !facts.unreadable.is_empty() {
        return keep(format!(
            "what else uses it cannot be seen: this caller may not {} in the whole subscription",
            facts.unreadable.join(", ")
        ));
    }
    for (what, found) in [
        ("networks are left in the region", &facts.networks),
        ("it is in use", &facts.children),
        ("it is locked", &facts.locks),
    ] {
        if !found.is_empty() {
            return keep(format!("{what}: {}", found.join(", ")));
        }
    }
    Verdict::Delete(watcher.id.clone())
}

/// Whether the group of the watchers goes too, once the watcher is gone: `left` is what is
/// in it then.
pub(crate) fn group_goes(record: &Record, left: &[String], locks: &[String]) -> bool {
    !record.group_existed && left.is_empty() && locks.is_empty()
}

/// Regions are written "uksouth" and "UK South".
pub(crate) fn same_region(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.replace(' ', "").to_lowercase();
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::azure::watcher::record::{Before, Place, Records};

    const OURS: &str = "/subscriptions/s/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_uksouth";

    fn record(watchers: &[&str], group_existed: bool) -> Record {
        let folder = tempfile::tempdir().unwrap();
        let place = Place {
            cloud: "public",
            subscription: "s",
            location: "uksouth",
        };
        let before = Before {
            watchers: watchers.iter().map(|&id| id.to_owned()).collect(),
            group_existed,
            made_by_azure: Some(true),
        };
        Records::beside(folder.path())
            .write_unless_open(place, ("azure", "r"), before)
            .unwrap()
    }

    fn facts() -> Facts {
        let watcher = |id: &str, location: &str| Watcher {
            id: id.to_owned(),
            location: location.to_owned(),
        };
        Facts {
            watchers: vec![
                watcher(&OURS.replace("uksouth", "westeurope"), "westeurope"),
                watcher(OURS, "UK South"),
            ],
            ..Facts::default()
        }
    }

    fn why(verdict: Verdict) -> String {
        match verdict {
            Verdict::Keep { why, .. } => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_one_that_appeared_in_our_region_goes() {
        let verdict = judge(Some(&record(&[], false)), "uksouth", &facts());
        assert_eq!(verdict, Verdict::Delete(OURS.to_owned()));
        let elsewhere = judge(Some(&record(&[], false)), "northeurope", &facts());
        assert_eq!(elsewhere, Verdict::Nothing);
    }

    #[test]
    fn whatever_is_not_certain_keeps_it() {
        let own = record(&[], false);
        let kept = |change: fn(&mut Facts)| {
            let mut facts = facts();
            change(&mut facts);
            why(judge(Some(&own), "uksouth", &facts))
        };
        assert!(kept(|f| f.networks.push("/vnet".into())).contains("networks are left"));
        assert!(kept(|f| f.children.push("/flowLogs/a".into())).contains("in use"));
        assert!(kept(|f| f.locks.push("/locks/l".into())).contains("locked"));
        assert!(
            kept(|f| f
                .unreadable
                .push("Microsoft.Network/virtualNetworks/read".into()))
            .contains("cannot be seen")
        );
        assert!(
            kept(|f| f.watchers[1].id = OURS.replace("NetworkWatcherRG", "mine"))
                .contains("somebody made it")
        );
        assert!(why(judge(None, "uksouth", &facts())).contains("no record"));
        // Ids vary in case.
        let before = record(&[&OURS.to_uppercase()], true);
        assert!(why(judge(Some(&before), "uksouth", &facts())).contains("before the cluster"));
    }

    #[test]
    fn the_group_goes_only_if_it_was_not_there_and_is_empty() {
        assert!(group_goes(&record(&[], false), &[], &[]));
        assert!(!group_goes(&record(&[], true), &[], &[]));
        assert!(!group_goes(&record(&[], false), &["/other".into()], &[]));
        assert!(!group_goes(&record(&[], false), &[], &["/lock".into()]));
    }
}
