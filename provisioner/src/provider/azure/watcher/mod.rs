//! The network watcher that Azure makes behind the user's back: recorded as it stood before
//! the cluster, and deleted by `down --with-network-watcher` where that is safe.

pub(crate) mod neighbour;
pub(crate) mod record;
pub(super) mod rule;

use super::group::{Group, ids, locks_at};
use super::id;
use super::session::Session;
use super::versions::{AUTHORIZATION, FEATURES, NETWORK, RESOURCES};
use crate::provider::{ProviderError, Say};
use record::{Before, Place, Record, Records};
use rsac_arm::Call;
pub(crate) use rule::same_region;
use rule::{Facts, GROUP, MUST_READ, Verdict, Watcher, judge};
use serde_json::Value;
use std::time::Duration;

/// A watcher can appear late: so long is looked for it.
const LATE: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// How the removal of a watcher ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There was none that could be ours.
    Nothing,
    /// These are gone.
    Deleted(Vec<String>),
    /// It stays: why, and what a person who may can run.
    Kept {
        /// Why.
        why: String,
        /// The command.
        command: String,
    },
}

impl Outcome {
    /// What is gone, and what stays with its reason: for the report, a line each.
    pub(crate) fn told(self, location: &str) -> (Vec<String>, Vec<String>) {
        match self {
            Self::Nothing => {
                let none = "no network watcher: there is none that Azure made for it";
                (Vec::new(), vec![none.to_owned()])
            }
            Self::Deleted(ids) => (ids, Vec::new()),
            Self::Kept { why, command } => {
                let kept = format!(
                    "the network watcher of {location}: {why}; whoever knows better can run \
                     `{command}`"
                );
                (Vec::new(), vec![kept])
            }
        }
    }
}

/// Records how watchers stand, unless an open record says how they stood earlier.
pub(crate) async fn note(
    session: &Session,
    records: &Records,
    location: &str,
    (stack, run): (&str, &str),
) -> Result<Record, ProviderError> {
    let place = place(session, location);
    if let Some(open) = records.open(place)? {
        return Ok(open);
    }
    let group = Group::of(session, GROUP);
    let is_there = session.arm.get(&group.id, RESOURCES).await?.is_some();
    let before = Before {
        watchers: watchers(session).await?.into_iter().map(|w| w.id).collect(),
        // What came with the first of our regions was there before none of them: who is the
        // last deletes it.
        group_existed: is_there && !records.know_no_group(place),
        made_by_azure: made_by_azure(session).await,
    };
    records.write_unless_open(place, (stack, run), before)
}

/// Whose record it is.
pub(crate) fn place<'a>(session: &'a Session, location: &'a str) -> Place<'a> {
    Place {
        cloud: &session.cloud,
        subscription: &session.subscription,
        location,
    }
}

async fn watchers(session: &Session) -> Result<Vec<Watcher>, ProviderError> {
    let path = session.provider_path("Microsoft.Network/networkWatchers");
    let text = |value: &Value, key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let all = session.arm.list(&path, NETWORK).await?;
    Ok(all
        .iter()
        .map(|watcher| Watcher {
            id: text(watcher, "id"),
            location: text(watcher, "location"),
        })
        .collect())
}

/// Whether Azure makes watchers by itself in this subscription: a feature turns that off.
async fn made_by_azure(session: &Session) -> Option<bool> {
    let path = session.provider_path(
        "Microsoft.Features/providers/Microsoft.Network/features/DisableNetworkWatcherAutocreation",
    );
    let feature = session.arm.get(&path, FEATURES).await.ok()??;
    let state = feature.pointer("/properties/state")?.as_str()?;
    Some(!state.eq_ignore_ascii_case("Registered"))
}

/// Removes the watcher of a region, if that is safe; closes the record where nothing is left
/// to decide. The caller has seen to it that the cluster's groups are gone.
pub(crate) async fn remove(
    session: &Session,
    records: &Records,
    location: &str,
    say: Say<'_>,
) -> Result<Outcome, ProviderError> {
    let place = place(session, location);
    let record = records.open(place)?;
    let mut waited = Duration::ZERO;
    loop {
        let facts = facts(session, location).await?;
        match judge(record.as_ref(), location, &facts) {
            Verdict::Nothing => {
                // Azure says that it makes none here: nothing can come late.
                let never = record.as_ref().and_then(|r| r.made_by_azure) == Some(false);
                if record.is_none() || never || waited >= LATE {
                    // An earlier run may have been cut short between watcher and group.
                    let record = record.filter(|_| !never && facts.unreadable.is_empty());
                    let gone = match &record {
                        Some(record) => remove_group(session, record, say).await?,
                        None => None,
                    };
                    records.close(place)?;
                    return Ok(match gone {
                        Some(group) => Outcome::Deleted(vec![group]),
                        None => Outcome::Nothing,
                    });
                }
                say("no network watcher yet; one can appear late");
                session.pause(LOOK_AGAIN).await;
                waited += LOOK_AGAIN;
            }
            Verdict::Keep { watcher, why } => {
                let known_before = record
                    .as_ref()
                    .is_some_and(|r| r.watchers.iter().any(|known| id::same(known, &watcher)));
                if known_before {
                    records.close(place)?;
                }
                return Ok(Outcome::Kept {
                    why,
                    command: format!(
                        "az network watcher configure --locations {location} --enabled false --subscription {}",
                        session.subscription
                    ),
                });
            }
            Verdict::Delete(watcher) => {
                say("deleting the network watcher");
                let mut gone = vec![watcher.clone()];
                session
                    .finish(&Call::delete(&watcher, NETWORK), say)
                    .await?;
                if let Some(record) = &record {
                    gone.extend(remove_group(session, record, say).await?);
                }
                records.close(place)?;
                return Ok(Outcome::Deleted(gone));
            }
        }
    }
}

/// The group of the watchers, if Azure made it after the record and nothing is in it.
async fn remove_group(
    session: &Session,
    record: &Record,
    say: Say<'_>,
) -> Result<Option<String>, ProviderError> {
    let group = Group::of(session, GROUP);
    if session.arm.get(&group.id, RESOURCES).await?.is_none() {
        return Ok(None);
    }
    let left = ids(&group.resources(session).await?);
    let locks = group.locks(session).await?;
    if !rule::group_goes(record, &left, &locks) {
        return Ok(None);
    }
    say(&format!("deleting {GROUP}, which is empty"));
    if let Some(operation) = group.delete(session).await? {
        session.follow(&operation, say).await?;
    }
    Ok(Some(group.id))
}

async fn facts(session: &Session, location: &str) -> Result<Facts, ProviderError> {
    let path = session.provider_path("Microsoft.Authorization/permissions");
    let permissions = session.arm.list(&path, AUTHORIZATION).await?;
    let unreadable = super::rights::missing(&permissions, &MUST_READ);
    let watchers = watchers(session).await?;
    let here = watchers.iter().find(|w| same_region(&w.location, location));
    let mut facts = Facts {
        unreadable,
        watchers: watchers.clone(),
        ..Facts::default()
    };
    let Some(watcher) = here.filter(|_| facts.unreadable.is_empty()) else {
        return Ok(facts);
    };
    let networks = session.provider_path("Microsoft.Network/virtualNetworks");
    let networks = session.arm.list(&networks, NETWORK).await?;
    let in_region = |network: &&Value| {
        let place = network.get("location").and_then(Value::as_str);
        place.is_some_and(|place| same_region(place, location))
    };
    facts.networks = ids(&networks
        .iter()
        .filter(in_region)
        .cloned()
        .collect::<Vec<_>>());
    for kind in ["flowLogs", "connectionMonitors", "packetCaptures"] {
        let path = format!("{}/{kind}", watcher.id);
        facts
            .children
            .extend(ids(&session.arm.list(&path, NETWORK).await?));
    }
    // Of the subscription itself, the group, or the watcher: any of them would refuse.
    let locks = locks_at(session, &session.subscription_path()).await?;
    let concerns = |lock: &String| {
        let scope = lock.to_lowercase();
        let scope = scope
            .split("/providers/microsoft.authorization/locks")
            .next();
        scope.is_some_and(|scope| id::is_within(&watcher.id, scope))
    };
    facts.locks = locks.into_iter().filter(concerns).collect();
    Ok(facts)
}
