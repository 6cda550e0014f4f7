//! Who else of this machine has a cluster in a region, or is making one: while it has no
//! network yet, nothing in Azure would keep the region's watcher for it. `down` asks before the
//! rule is asked, with a stack or without one.

use super::record::{Place, part};
use super::same_region;
use crate::provider::azure::declaration;
use crate::stack::Store;
use serde_json::Value;
use std::path::Path;

/// Another than the stack of that id, in words. What cannot be read may be there.
pub(crate) fn neighbour(state: &Path, place: Place<'_>, own: Option<&str>) -> Option<String> {
    stack(state, place, own).or_else(|| deployment(state, place))
}

/// Why the watcher stays.
pub(crate) fn kept_for(other: &str, location: &str) -> String {
    format!(
        "the network watcher of {location}: {other} is in that region too; `rsac-infra down \
         --with-network-watcher` of the last one sees to it"
    )
}

fn stack(state: &Path, place: Place<'_>, own: Option<&str>) -> Option<String> {
    let store = Store::new(state.to_owned());
    let names = match store.names() {
        Ok(names) => names,
        Err(error) => return Some(format!("a stack that cannot be read ({error})")),
    };
    names.into_iter().find_map(|name| {
        let Ok(stack) = store.open(&name) else {
            return Some(format!("stack {name}, which cannot be read,"));
        };
        let azure = stack.record.place.azure.as_ref()?;
        let is_there = own != Some(stack.record.id.as_str())
            && azure.cloud.as_deref().unwrap_or("public") == place.cloud
            && is_same(azure.subscription.as_deref(), place.subscription)
            && declaration::location(azure).is_ok_and(|there| same_region(&there, place.location));
        is_there.then(|| format!("stack {name}"))
    })
}

/// What the scripts made by way of az: a folder each beside the stacks.
fn deployment(state: &Path, place: Place<'_>) -> Option<String> {
    let of_cloud = format!("{}_", part(place.cloud));
    let entries = std::fs::read_dir(state.join("az")).ok()?;
    entries.filter_map(Result::ok).find_map(|entry| {
        let path = entry.path().join("deployment.json");
        let folder = entry.file_name();
        if !folder.to_string_lossy().starts_with(&of_cloud) || !path.exists() {
            return None;
        }
        let text = std::fs::read_to_string(&path).ok();
        let read: Option<Value> = text.and_then(|text| serde_json::from_str(&text).ok());
        let field = |name: &str| read.as_ref()?.get(name)?.as_str();
        let (Some(group), Some(there)) = (field("resourceGroup"), field("location")) else {
            return Some(format!("{}, which cannot be read,", path.display()));
        };
        let is_there = is_same(field("subscription"), place.subscription)
            && same_region(there, place.location);
        is_there.then(|| format!("resource group {group} of deploy.sh"))
    })
}

fn is_same(there: Option<&str>, here: &str) -> bool {
    there.is_some_and(|there| there.eq_ignore_ascii_case(here))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place {
        cloud: "public",
        subscription: "S-1",
        location: "uksouth",
    };

    fn write(state: &Path, name: &str, text: &str) {
        let path = state.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn a_stack_of_the_same_region_is_one_whatever_it_has_made() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        assert_eq!(neighbour(state, PLACE, None), None);
        let record = |name: &str, azure: &str| {
            let text = format!(
                r#"{{"version":1,"madeBy":"0","name":"{name}","id":"id-{name}","provider":"azure",
                    "createdAt":0,"place":{{"azure":{azure}}}}}"#
            );
            write(state, &format!("stacks/{name}/stack.json"), &text);
        };
        record(
            "elsewhere",
            r#"{"subscription":"s-1","parameters":{"location":"westeurope"}}"#,
        );
        record("others", r#"{"subscription":"s-2"}"#);
        record("china", r#"{"subscription":"s-1","cloud":"china"}"#);
        assert_eq!(neighbour(state, PLACE, None), None);
        // The region is the template's own where none was named.
        record("near", r#"{"subscription":"s-1","cloud":"public"}"#);
        assert_eq!(neighbour(state, PLACE, None).unwrap(), "stack near");
        assert_eq!(neighbour(state, PLACE, Some("id-near")), None);
        write(state, "stacks/odd/stack.json", "{");
        let odd = neighbour(state, PLACE, Some("id-near")).unwrap();
        assert!(odd.contains("stack odd, which cannot be read"), "{odd}");
    }

    #[test]
    fn what_the_scripts_made_is_one_too() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        let deploy = |folder: &str, location: &str, subscription: &str| {
            let text = format!(
                r#"{{"version":1,"id":"i","resourceGroup":"g","clusterName":"c",
                    "location":"{location}","subscription":"{subscription}"}}"#
            );
            write(state, &format!("az/{folder}/deployment.json"), &text);
        };
        deploy("public_s-1_a", "westeurope", "S-1");
        deploy("public_s-2_a", "uksouth", "S-2");
        deploy("china_s-1_a", "uksouth", "S-1");
        assert_eq!(neighbour(state, PLACE, None), None);
        deploy("public_s-1_g", "UK South", "s-1");
        let found = neighbour(state, PLACE, None).unwrap();
        assert_eq!(found, "resource group g of deploy.sh");
        write(state, "az/public_s-1_g/deployment.json", "{}");
        assert!(
            neighbour(state, PLACE, None)
                .unwrap()
                .contains("cannot be read")
        );
    }
}
