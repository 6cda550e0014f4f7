//! The agent pools of a cluster that is there, as against those that are declared: which of ours
//! is not wanted any more, and what of a pool cannot be changed. `steps`, `check` and `making`
//! ask it.

use super::difference::Difference;
use super::session::Session;
use crate::provider::{ProviderError, Say};
use rsac_arm::Call;
use rsac_arm::managed_clusters::ClusterId;
use serde_json::Value;

const POOLS: &str = "properties/agentPoolProfiles";
/// The pool of the spot nodes: the one that the template declares for some settings only. Other
/// pools that are not declared are somebody else's.
const SPOT: &str = "spot";
/// What Azure does not change of a pool that is there.
const FIXED: [&str; 6] = [
    "vmSize",
    "osDiskSizeGB",
    "osType",
    "type",
    "scaleSetPriority",
    "scaleSetEvictionPolicy",
];

fn of<'v>(body: &'v Value, name: &str) -> Option<&'v Value> {
    let pools = body.pointer(&format!("/{POOLS}"))?.as_array()?;
    pools
        .iter()
        .find(|pool| pool.get("name").and_then(Value::as_str) == Some(name))
}

/// The pool of ours that is there and not declared: Azure leaves it as it is when a cluster is
/// put without it.
pub(super) fn unwanted(declared: &Value, there: &Value) -> Option<Difference> {
    let pool = of(there, SPOT).filter(|_| of(declared, SPOT).is_none())?;
    Some(Difference {
        path: format!("{POOLS}/{SPOT}"),
        declared: Value::Null,
        there: pool.clone(),
    })
}

/// The name of a pool that a difference takes away.
pub(super) fn taken_away(difference: &Difference) -> Option<&str> {
    let pool = difference.path.strip_prefix(POOLS)?.strip_prefix('/')?;
    (difference.declared.is_null() && !pool.contains('/')).then_some(pool)
}

/// Whether a difference is one of a pool that cannot be changed.
pub(super) fn is_fixed(difference: &Difference) -> bool {
    let field = difference.path.strip_prefix(POOLS).and_then(|rest| {
        let (_, field) = rest.strip_prefix('/')?.split_once('/')?;
        Some(field)
    });
    field.is_some_and(|field| FIXED.contains(&field))
}

/// Deletes pools that are not wanted any more.
pub(super) async fn take_away(
    session: &Session,
    (cluster, api): (&ClusterId, &str),
    changes: &[Difference],
    say: Say<'_>,
) -> Result<(), ProviderError> {
    for pool in changes.iter().filter_map(taken_away) {
        say(&format!("taking agent pool {pool} away"));
        let path = format!("{}/agentPools/{pool}", cluster.path());
        session.finish(&Call::delete(path, api), say).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::azure::difference::differences;
    use serde_json::json;

    #[test]
    fn only_a_pool_of_ours_is_unwanted() {
        let body = |pools: Value| json!({"properties": {"agentPoolProfiles": pools}});
        let system = json!({"name": "agentpool", "count": 2});
        let declared = body(json!([system]));
        let there = body(json!([system, {"name": "theirs"}]));
        assert_eq!(unwanted(&declared, &there), None);
        let there = body(json!([system, {"name": "spot"}]));
        let found = unwanted(&declared, &there).unwrap();
        assert_eq!(taken_away(&found), Some("spot"));
        assert_eq!(unwanted(&there, &there), None);
    }

    #[test]
    fn sizes_are_fixed_and_counts_are_not() {
        let body = |spot: Value| json!({"properties": {"agentPoolProfiles": [spot]}});
        let there = body(json!({"name": "spot", "count": 1, "vmSize": "A"}));
        let fixed = |declared: Value| {
            let all = differences(&body(declared), &there);
            all.iter().map(is_fixed).collect::<Vec<_>>()
        };
        assert_eq!(
            fixed(json!({"name": "spot", "count": 2, "vmSize": "A"})),
            [false]
        );
        assert_eq!(
            fixed(json!({"name": "spot", "count": 1, "vmSize": "B"})),
            [true]
        );
        // One that is new has nothing to be changed yet.
        assert_eq!(
            fixed(json!({"name": "new", "count": 1, "vmSize": "B"})),
            [false]
        );
    }
}
