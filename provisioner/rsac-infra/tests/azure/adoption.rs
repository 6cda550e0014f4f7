//! A lost laptop: stacks that are remembered nowhere are found by their tags, adopted, and
//! taken down; those past their time are reaped.

use crate::cloud::Cloud;
use rsac_azure_simulator::{Effect, Fault, Settings, When};
use serde_json::json;

#[test]
fn a_stack_of_a_lost_laptop_is_found_and_taken_down() {
    let cloud = Cloud::new();
    cloud.up_as("lost", &[]).must(0, &[]);
    let found = cloud.run(&["orphans"]).must(0, &["down --adopt"]);
    assert!(
        found.out.contains("/resourceGroups/rsac-azure"),
        "{}",
        found.out
    );
    cloud
        .run(&["down", "--yes", "--adopt", "rsac-azure"])
        .must(0, &["adopted stack azure", "nothing of it is left"]);
    assert_eq!(cloud.azure.clusters(), Vec::<String>::new());
    assert!(!cloud.azure.groups().contains(&"rsac-azure".to_owned()));
    cloud
        .run(&["orphans"])
        .must(0, &["nothing that rsac-infra made"]);
    // The watcher is not deleted without the record, which the laptop had.
    assert_eq!(cloud.azure.groups(), ["NetworkWatcherRG"]);
}

#[test]
fn what_is_not_ours_is_not_adopted() {
    let cloud = Cloud::new();
    cloud
        .azure
        .make_group("theirs", "uksouth", json!({"a": "b"}));
    for group in ["theirs", "nowhere"] {
        let words = ["down", "--yes", "--adopt", group];
        cloud
            .run(&words)
            .must(7, &[&format!("--adopt {group}"), "rsac-infra orphans"]);
    }
    assert_eq!(cloud.azure.groups(), ["theirs"]);
    assert!(!cloud.path("state").exists());
}

#[test]
fn an_adopted_stack_in_a_group_of_somebodys_leaves_the_group() {
    let cloud = Cloud::new();
    cloud.azure.make_group("mine", "uksouth", json!({}));
    cloud
        .up_as("lost", &["--resource-group", "mine"])
        .must(0, &[]);
    cloud
        .run(&["down", "--yes", "--adopt", "mine"])
        .must(0, &["Kept resource group mine"]);
    assert_eq!(cloud.azure.clusters(), Vec::<String>::new());
    assert!(cloud.azure.groups().contains(&"mine".to_owned()));
}

#[test]
fn a_cluster_that_failed_is_adopted_with_its_registry() {
    let cloud = Cloud::new();
    cloud.azure.make_group("mine", "uksouth", json!({}));
    let when = When::matching("PUT .*managedClusters").unwrap();
    let failed = Effect::FailOperation("QuotaExceeded".to_owned(), "no cores".to_owned());
    cloud.azure.fault(Fault::once(when, failed));
    cloud
        .up_as("lost", &["--resource-group", "mine"])
        .must(7, &[]);
    let words = ["down", "--yes", "--adopt", "mine", "--with-network-watcher"];
    cloud.run(&words).must(
        0,
        &[
            "Kept resource group mine",
            "Kept the network watcher of uksouth: there is no record",
            "Removed stack azure",
        ],
    );
    assert_eq!(cloud.azure.clusters(), Vec::<String>::new());
    assert!(!cloud.path("state").exists());
}

#[test]
fn only_stacks_past_their_time_are_reaped() {
    let cloud = Cloud::new();
    cloud
        .up_as("one", &["--ttl", "3h"])
        .must(0, &["enforced only where `rsac-infra reap` runs"]);
    cloud
        .up_as(
            "two",
            &["--stack", "other", "--cluster-name", "other", "--ttl", "1h"],
        )
        .must(0, &[]);
    let mut tags = cloud.azure.group("rsac-other").unwrap()["tags"].clone();
    tags["rsac-expires"] = json!("1");
    cloud.azure.tag_group("rsac-other", tags);
    cloud.run(&["reap"]).must(2, &["--yes"]);
    cloud
        .run(&["reap", "--yes"])
        .must(0, &["Removed stack other"]);
    let groups = cloud.azure.groups();
    assert!(groups.contains(&"rsac-azure".to_owned()), "{groups:?}");
    assert!(!groups.contains(&"rsac-other".to_owned()), "{groups:?}");
    cloud.run(&["reap", "--yes"]).must(0, &["is past its time"]);
}

/// Each looks through one subscription, says which, and names what it does not see.
#[test]
fn of_several_subscriptions_one_is_looked_through_and_it_is_said_which() {
    let cloud = Cloud::new();
    cloud.up(&["--ttl", "3h"]).must(0, &[]);
    let here = Settings::default().subscription;
    let other = "22222222-2222-4333-8444-555555555555";
    let folder = cloud.path("state/stacks/other");
    std::fs::create_dir_all(&folder).unwrap();
    let record = json!({"version": 1, "madeBy": "0", "name": "other", "id": "i",
        "provider": "azure", "createdAt": 0, "place": {"azure": {"subscription": other}}});
    std::fs::write(folder.join("stack.json"), record.to_string()).unwrap();
    let elsewhere = format!("stack other is in another: --subscription {other}");
    let which = format!("subscription {here} (from environment variable AZURE_SUBSCRIPTION_ID)");
    for words in [&["orphans"][..], &["reap", "--yes"]] {
        cloud.run(words).must(0, &[&which, &elsewhere]);
    }
    // A flag wins. The caller sees nothing there, and is told so.
    let flag = ["orphans", "--subscription", other];
    let which = format!("subscription {other} (from --subscription)");
    let azures = format!("stack azure is in another: --subscription {here}");
    cloud
        .run(&flag)
        .must(7, &[&which, &azures, "SubscriptionNotFound"]);
    let json = cloud.run(&["orphans", "--output", "json"]).must(0, &[]);
    assert!(
        json.out
            .lines()
            .all(|line| line.starts_with("{\"type\":\"orphan\"")),
        "{}",
        json.out
    );
}

#[test]
fn a_stack_that_is_known_here_keeps_its_name() {
    let cloud = Cloud::new();
    cloud.up(&["--stack", "here"]).must(0, &[]);
    let found = cloud.run(&["orphans", "--output", "json"]).must(0, &[]);
    assert!(found.out.contains("\"isKnown\":true"), "{}", found.out);
    cloud
        .run(&["down", "--yes", "--adopt", "rsac-here"])
        .must(0, &["Removed stack here"]);
    assert!(!cloud.path("state/stacks").exists());
}

#[test]
fn a_stack_whose_name_cannot_be_used_here_is_adopted_under_its_id() {
    let cloud = Cloud::new();
    for tag in ["", "No Name!", "azure"] {
        cloud
            .up_as("lost", &["--resource-group", "left"])
            .must(0, &[]);
        let lost = std::fs::read_to_string(cloud.path("lost/stacks/azure/stack.json")).unwrap();
        let lost: serde_json::Value = serde_json::from_str(&lost).unwrap();
        let id = lost["id"].as_str().unwrap();
        cloud
            .azure
            .tag_group("left", json!({"rsac-stack": id, "rsac-stack-name": tag}));
        // A stack of the adopter's own, which stays as it is.
        if tag == "azure" {
            let own = ["--cluster-name", "own", "--resource-group", "own"];
            cloud.up(&own).must(0, &[]);
        }
        let name = format!("adopted-{}", &id[..8]);
        cloud
            .run(&["down", "--yes", "--adopt", "left"])
            .must(0, &[&format!("Removed stack {name}")]);
        assert!(!cloud.azure.groups().contains(&"left".to_owned()));
        std::fs::remove_dir_all(cloud.path("lost")).unwrap();
        let _ = std::fs::remove_file(cloud.path("kubeconfig"));
    }
    assert!(cloud.azure.groups().contains(&"own".to_owned()));
}
