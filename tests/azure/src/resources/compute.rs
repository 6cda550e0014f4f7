//! VM sizes, their quota and its usage. Clusters ask here before they take cores; preflight
//! checks read `usages` and `skus`.

use super::{listing, not_allowed};
use crate::answer::{Answer, Reply};
use crate::fault_answers;
use crate::gateway::Call;
use crate::needs::normal;
use crate::world::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The type that counts against the quota.
pub(crate) const SCALE_SETS: &str = "Microsoft.Compute/virtualMachineScaleSets";

/// A VM size: name, family, vCPUs, GiB of memory.
pub(crate) struct Size(&'static str, &'static str, u32, &'static str);

const SIZES: &[Size] = &[
    Size("Standard_B2s", "standardBSFamily", 2, "4"),
    Size("Standard_B2ms", "standardBSFamily", 2, "8"),
    Size("Standard_B4ms", "standardBSFamily", 4, "16"),
    Size("Standard_B8ms", "standardBSFamily", 8, "32"),
    Size("Standard_B2s_v2", "standardBsv2Family", 2, "8"),
    Size("Standard_B4s_v2", "standardBsv2Family", 4, "16"),
    Size("Standard_B2as_v2", "standardBasv2Family", 2, "8"),
    Size("Standard_DS2_v2", "standardDSv2Family", 2, "7"),
    Size("Standard_DS3_v2", "standardDSv2Family", 4, "14"),
    Size("Standard_D2s_v3", "standardDSv3Family", 2, "8"),
    Size("Standard_D4s_v3", "standardDSv3Family", 4, "16"),
    Size("Standard_D8s_v3", "standardDSv3Family", 8, "32"),
    Size("Standard_D2s_v5", "standardDSv5Family", 2, "8"),
    Size("Standard_D4s_v5", "standardDSv5Family", 4, "16"),
    Size("Standard_D8s_v5", "standardDSv5Family", 8, "32"),
    Size("Standard_D2as_v5", "standardDASv5Family", 2, "8"),
    Size("Standard_D4as_v5", "standardDASv5Family", 4, "16"),
    Size("Standard_D4ds_v5", "standardDDSv5Family", 4, "16"),
    Size("Standard_E2s_v5", "standardESv5Family", 2, "16"),
    Size("Standard_F2s_v2", "standardFSv2Family", 2, "4"),
    Size("Standard_F4s_v2", "standardFSv2Family", 4, "8"),
    Size("Standard_F8s_v2", "standardFSv2Family", 8, "16"),
    Size("Standard_F16s_v2", "standardFSv2Family", 16, "32"),
];

/// A size by its name, without case.
pub(crate) fn size(name: &str) -> Option<&'static Size> {
    SIZES.iter().find(|size| size.0.eq_ignore_ascii_case(name))
}

/// The sizes a subscription may use.
pub(crate) fn names(restricted: &[String]) -> Vec<&'static str> {
    let free = |name: &str| !restricted.iter().any(|one| one.eq_ignore_ascii_case(name));
    SIZES
        .iter()
        .map(|size| size.0)
        .filter(|name| free(name))
        .collect()
}

/// The quota of spot machines: one for all sizes, apart from the others'.
const SPOT: &str = "lowPriorityCores";

/// The quotas that machines of a size count against; `""` is that of all cores.
fn quotas(size: &Size, is_spot: bool) -> Vec<&'static str> {
    match is_spot {
        true => vec![SPOT],
        false => vec!["", size.1],
    }
}

/// Cores by family that scale sets of a region use; `""` holds the sum. Scale sets below
/// `except` are left out.
fn used(world: &World, location: &str, except: &str) -> BTreeMap<&'static str, u32> {
    let mut used: BTreeMap<&'static str, u32> = BTreeMap::new();
    let root = world.root();
    for set in world.state.of_kind(SCALE_SETS, &root) {
        let below = !except.is_empty() && crate::request::within(&set.id, except);
        if below || set.body["location"].as_str() != Some(location) {
            continue;
        }
        let Some(size) = set.body["sku"]["name"].as_str().and_then(size) else {
            continue;
        };
        let count = set.body["sku"]["capacity"].as_u64().unwrap_or(0);
        let cores = size.2 * u32::try_from(count).unwrap_or(u32::MAX / 64);
        let is_spot = set.body["properties"]["virtualMachineProfile"]["priority"] == "Spot";
        for quota in quotas(size, is_spot) {
            *used.entry(quota).or_default() += cores;
        }
    }
    used
}

/// Refuses a cluster whose pools need more cores than the quota leaves.
pub(crate) fn enough_cores(
    world: &World,
    cluster: &str,
    body: &Value,
    location: &str,
) -> Result<(), Answer> {
    let group = body["properties"]["nodeResourceGroup"]
        .as_str()
        .unwrap_or_default();
    let own = world
        .state
        .group(group)
        .map_or(cluster, |group| group.id.as_str());
    let used = used(world, location, own);
    let mut needed: BTreeMap<&str, u32> = BTreeMap::new();
    for pool in body["properties"]["agentPoolProfiles"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let Some(size) = pool["vmSize"].as_str().and_then(size) else {
            continue;
        };
        let count = u32::try_from(pool["count"].as_u64().unwrap_or(0)).unwrap_or(1000);
        for quota in quotas(size, pool["scaleSetPriority"] == "Spot") {
            *needed.entry(quota).or_default() += size.2 * count;
        }
    }
    for (family, needed) in needed.iter().rev() {
        let limit = limit(world, family);
        let left = limit.saturating_sub(used.get(*family).copied().unwrap_or(0));
        if *needed > left {
            let family = if family.is_empty() { "cores" } else { family };
            return Err(fault_answers::quota(*needed, left, family, location));
        }
    }
    Ok(())
}

fn limit(world: &World, family: &str) -> u32 {
    let settings = &world.settings;
    settings
        .family_cores
        .get(family)
        .copied()
        .unwrap_or(settings.cores)
}

/// `GET …/locations/{location}/usages`.
pub(crate) fn usages(call: &mut Call<'_>) -> Reply {
    if call.request.method != "GET" {
        return Err(not_allowed(call));
    }
    call.need_registered()?;
    let location = normal(call.target.names.first().map_or("", String::as_str));
    if !call.world.settings.locations.contains(&location) {
        return Err(Answer::service(
            400,
            "NoRegisteredProviderFound",
            format!("No registered resource provider found for location '{location}'."),
        ));
    }
    // Quota shows to readers of the subscription alone: this list is not filtered.
    let root = call.world.root();
    crate::access::require(
        &call.caller,
        "Microsoft.Compute/locations/usages/read",
        &root,
    )?;
    let used = used(call.world, &location, "");
    let mut families: Vec<&str> = SIZES.iter().map(|size| size.1).collect();
    families.dedup();
    let entry = |name: &str, shown: &str, key: &str| {
        json!({
            "limit": limit(call.world, key), "unit": "Count",
            "currentValue": used.get(key).copied().unwrap_or(0),
            "name": {"value": name, "localizedValue": shown}
        })
    };
    let mut items = vec![
        entry("cores", "Total Regional vCPUs", ""),
        entry(SPOT, "Total Regional Spot vCPUs", SPOT),
    ];
    for family in families {
        items.push(entry(family, &format!("Standard {family} vCPUs"), family));
    }
    listing::answer(call, items)
}

/// `GET …/skus`, with `$filter=location eq '…'` alone.
pub(crate) fn skus(call: &mut Call<'_>) -> Reply {
    if call.request.method != "GET" {
        return Err(not_allowed(call));
    }
    call.need_registered()?;
    let root = call.world.root();
    crate::access::require(&call.caller, "Microsoft.Compute/skus/read", &root)?;
    let filter = call.request.query("$filter").unwrap_or_default();
    let asked = filter
        .strip_prefix("location eq '")
        .and_then(|rest| rest.strip_suffix('\''));
    if !filter.is_empty() && asked.is_none() {
        return Err(Answer::service(
            400,
            "InvalidFilter",
            format!("The filter '{filter}' is not supported. Filter by location alone."),
        ));
    }
    let mut items = Vec::new();
    let settings = &call.world.settings;
    for location in &settings.locations {
        if asked.is_some_and(|asked| normal(asked) != *location) {
            continue;
        }
        for size in SIZES {
            let forbidden = settings
                .restricted_sizes
                .iter()
                .any(|one| one.eq_ignore_ascii_case(size.0));
            let restrictions = if forbidden {
                json!([{
                    "type": "Location", "values": [location],
                    "restrictionInfo": {"locations": [location]},
                    "reasonCode": "NotAvailableForSubscription"
                }])
            } else {
                json!([])
            };
            items.push(json!({
                "resourceType": "virtualMachines", "name": size.0, "tier": "Standard",
                "size": size.0.trim_start_matches("Standard_"), "family": size.1,
                "locations": [location],
                "locationInfo": [{"location": location, "zones": [], "zoneDetails": []}],
                "capabilities": [
                    {"name": "vCPUs", "value": size.2.to_string()},
                    {"name": "MemoryGB", "value": size.3},
                    {"name": "CpuArchitectureType", "value": "x64"}
                ],
                "restrictions": restrictions
            }));
        }
    }
    listing::answer(call, items)
}
