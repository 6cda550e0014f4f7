//! What is looked at before the first request that costs: whether the subscription, its
//! providers, the region, the size and the quota let the declared cluster be made. What the
//! caller may not read is said, and refuses nothing.

use super::session::Session;
use super::versions::{COMPUTE, RESOURCES, SKUS, SUBSCRIPTIONS};
use super::watcher;
use crate::provider::ProviderError;
use rsac_arm::{ArmError, Call, Class, Method};
use serde_json::Value;

/// Resource providers that a stack needs.
pub(crate) const PROVIDERS: [&str; 4] = [
    "Microsoft.ContainerService",
    "Microsoft.Compute",
    "Microsoft.Network",
    "Microsoft.ContainerRegistry",
];

/// What the declared cluster needs.
#[derive(Debug, Clone)]
pub(crate) struct Needs {
    /// The region.
    pub(crate) location: String,
    /// The nodes of each pool.
    pub(crate) nodes: Vec<Nodes>,
}

/// Nodes of a pool.
#[derive(Debug, Clone)]
pub(crate) struct Nodes {
    /// Their size.
    pub(crate) size: String,
    /// How many.
    pub(crate) count: u64,
    /// Whether they are spot machines: these have a quota of their own, for all sizes together.
    pub(crate) is_spot: bool,
}

/// The quota of all cores of a region, save those of spot machines.
const CORES: &str = "cores";
/// The quota of the cores of spot machines.
/// Source: <https://learn.microsoft.com/azure/quotas/spot-quota>.
const SPOT_CORES: &str = "lowPriorityCores";

/// Lines for people about what was looked at; an error where the cluster cannot be made.
pub(crate) async fn check(session: &Session, needs: &Needs) -> Result<Vec<String>, ProviderError> {
    let mut lines = Vec::new();
    subscription(session, &mut lines).await?;
    region(session, &needs.location, &mut lines).await?;
    sizes(session, needs, &mut lines).await?;
    Ok(lines)
}

/// An answer, or that the caller may not have it.
fn readable<T>(
    what: &str,
    answer: Result<T, ArmError>,
    lines: &mut Vec<String>,
) -> Result<Option<T>, ProviderError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.class() == Class::Permission => {
            lines.push(format!("{what}: not checked, this caller may not read it"));
            Ok(None)
        }
        // A step registers it.
        Err(error) if error.class() == Class::NotRegistered => {
            lines.push(format!(
                "{what}: not checked, its provider is not registered yet"
            ));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

async fn subscription(session: &Session, lines: &mut Vec<String>) -> Result<(), ProviderError> {
    let path = session.subscription_path();
    let answer = session.arm.get(&path, SUBSCRIPTIONS).await;
    let Some(found) = readable("the subscription", answer, lines)? else {
        return Ok(());
    };
    let text = |key: &str| {
        found
            .as_ref()
            .and_then(|s| s.get(key))
            .and_then(Value::as_str)
    };
    match (&found, text("state")) {
        (None, _) => Err(ProviderError::Setting {
            what: format!(
                "subscription {:?} is none that this caller sees",
                session.subscription
            ),
            remedy: super::errors::NO_SUBSCRIPTION.to_owned(),
        }),
        (_, Some(state)) if !["Enabled", "Warned"].contains(&state) => {
            Err(ProviderError::Setting {
                what: format!("subscription {:?} is {state}", session.subscription),
                remedy: "enable it in the portal, or take another --subscription".to_owned(),
            })
        }
        _ => {
            if let Some(name) = text("displayName") {
                lines.push(format!("subscription {name} ({})", session.subscription));
            }
            Ok(())
        }
    }
}

async fn region(
    session: &Session,
    location: &str,
    lines: &mut Vec<String>,
) -> Result<(), ProviderError> {
    let path = format!("{}/locations", session.subscription_path());
    let answer = session.arm.list(&path, SUBSCRIPTIONS).await;
    let Some(found) = readable("the region", answer, lines)? else {
        return Ok(());
    };
    let names: Vec<&str> = found
        .iter()
        .filter_map(|region| region.get("name").and_then(Value::as_str))
        .collect();
    let is_there = names
        .iter()
        .any(|name| watcher::same_region(name, location));
    if is_there || names.is_empty() {
        return Ok(());
    }
    let close = crate::words::closest(location, names.iter().copied());
    Err(ProviderError::Setting {
        what: format!("--location {location:?}: this subscription has no such region"),
        remedy: match close {
            Some(close) => format!("did you mean --location {close}?"),
            None => "`az account list-locations --output table` shows them".to_owned(),
        },
    })
}

async fn sizes(
    session: &Session,
    needs: &Needs,
    lines: &mut Vec<String>,
) -> Result<(), ProviderError> {
    let region = needs.location.replace(' ', "").to_lowercase();
    let skus = session.provider_path("Microsoft.Compute/skus");
    let filter = format!("location eq '{region}'");
    let call = Call::new(Method::Get, skus, SKUS).with_query("$filter", filter);
    let answer = session.arm.list_call(&call).await;
    let Some(skus) = readable("the nodes' size", answer, lines)? else {
        return Ok(());
    };
    let mut cores: Vec<(String, u64)> = Vec::new();
    for Nodes {
        size,
        count,
        is_spot,
    } in &needs.nodes
    {
        let Some(sku) = skus.iter().find(|sku| is_size(sku, size)) else {
            // Lists of sizes are not complete for everyone: AKS has the last word.
            lines.push(format!(
                "size {size} is not listed in {region}; Azure may refuse it"
            ));
            continue;
        };
        if let Some(why) = restriction(sku) {
            lines.push(format!(
                "size {size} is restricted in {region} ({why}); Azure may refuse it"
            ));
        }
        let family = sku
            .get("family")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let Some(each) = cores_of(sku) else {
            continue;
        };
        let quotas = match is_spot {
            true => &[SPOT_CORES][..],
            false => &[CORES, family],
        };
        cores.extend(quotas.iter().map(|&name| (name.to_owned(), each * count)));
    }
    quota(session, &region, &cores, lines).await
}

fn is_size(sku: &Value, size: &str) -> bool {
    let text = |key: &str| sku.get(key).and_then(Value::as_str).unwrap_or_default();
    text("resourceType") == "virtualMachines" && text("name").eq_ignore_ascii_case(size)
}

fn restriction(sku: &Value) -> Option<String> {
    let restrictions = sku.get("restrictions")?.as_array()?;
    let of_region = restrictions
        .iter()
        .find(|r| r.get("type") == Some(&"Location".into()))?;
    let code = of_region.get("reasonCode").and_then(Value::as_str);
    Some(code.unwrap_or("no reason given").to_owned())
}

fn cores_of(sku: &Value) -> Option<u64> {
    let capabilities = sku.get("capabilities")?.as_array()?;
    let cores = capabilities
        .iter()
        .find(|c| c.get("name") == Some(&"vCPUs".into()))?;
    cores.get("value")?.as_str()?.parse().ok()
}

async fn quota(
    session: &Session,
    region: &str,
    cores: &[(String, u64)],
    lines: &mut Vec<String>,
) -> Result<(), ProviderError> {
    let path = session.provider_path(&format!("Microsoft.Compute/locations/{region}/usages"));
    let answer = session.arm.list(&path, COMPUTE).await;
    let Some(usages) = readable("the quota of cores", answer, lines)? else {
        return Ok(());
    };
    let mut wanted: Vec<(String, u64)> = Vec::new();
    for (quota, count) in cores {
        match wanted.iter_mut().find(|(name, _)| name == quota) {
            Some((_, sum)) => *sum += count,
            None => wanted.push((quota.clone(), *count)),
        }
    }
    for (name, needed) in wanted {
        let Some((used, limit)) = usage(&usages, &name) else {
            continue;
        };
        if used + needed > limit {
            return Err(ProviderError::Setting {
                what: format!(
                    "the quota of {name} in {region} is {limit}, {used} are used, and the cluster needs {needed}"
                ),
                remedy: "fewer or smaller nodes (--agent-count, --agent-vm-size), another \
                         --location, or ask Azure for more: https://aka.ms/ProdportalCRP"
                    .to_owned(),
            });
        }
        let what = match name.as_str() {
            CORES => "cores",
            SPOT_CORES => "cores of spot machines",
            _ => continue,
        };
        lines.push(format!(
            "{needed} {what} of {} that are free in {region}",
            limit - used
        ));
    }
    Ok(())
}

fn usage(usages: &[Value], name: &str) -> Option<(u64, u64)> {
    let named = |usage: &&Value| {
        let found = usage.pointer("/name/value").and_then(Value::as_str);
        found.is_some_and(|found| found.eq_ignore_ascii_case(name))
    };
    let usage = usages.iter().find(named)?;
    let number = |key: &str| usage.get(key).and_then(Value::as_u64);
    Some((number("currentValue")?, number("limit")?))
}

/// Those of [`PROVIDERS`] that are not registered in the subscription.
pub(crate) async fn unregistered(session: &Session) -> Result<Vec<&'static str>, ProviderError> {
    let mut missing = Vec::new();
    for provider in PROVIDERS {
        let path = session.provider_path(provider);
        let found = match session.arm.get(&path, RESOURCES).await {
            // Who may not look cannot register either: the first request will say it.
            Err(error) if error.class() == Class::Permission => continue,
            other => other?,
        };
        let state = found.as_ref().and_then(|p| p.get("registrationState"));
        if state.and_then(Value::as_str) != Some("Registered") {
            missing.push(provider);
        }
    }
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_size_is_read_off_its_sku() {
        let sku = json!({
            "resourceType": "virtualMachines", "name": "Standard_B2s", "family": "standardBSFamily",
            "capabilities": [{"name": "vCPUs", "value": "2"}],
            "restrictions": [{"type": "Location", "reasonCode": "NotAvailableForSubscription"}],
        });
        assert!(is_size(&sku, "standard_b2s"));
        assert_eq!(cores_of(&sku), Some(2));
        assert_eq!(
            restriction(&sku).as_deref(),
            Some("NotAvailableForSubscription")
        );
        assert_eq!(cores_of(&json!({})), None);
        let usages = [json!({"name": {"value": "cores"}, "currentValue": 4, "limit": 10})];
        assert_eq!(usage(&usages, "Cores"), Some((4, 10)));
        assert_eq!(usage(&usages, "other"), None);
    }
}
