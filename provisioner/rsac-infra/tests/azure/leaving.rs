//! `down` where it goes otherwise than on the main road: a deletion that nobody waited for,
//! nodes that outlive their cluster, a group that two stacks made at once.

use crate::cloud::Cloud;
use rsac_azure_simulator::{Effect, Fault, Settings, WatcherCreation, When};
use serde_json::json;

const NODES: &str = "MC_rsac-azure_rsac_uksouth";

fn without_watchers() -> Cloud {
    Cloud::with(Settings {
        watchers: WatcherCreation::Never,
        ..Settings::default()
    })
}

#[test]
fn a_deletion_that_nobody_waited_for_is_waited_for_by_the_next_down() {
    for (group, begun) in [
        ("rsac-azure", "DELETE .*/rsac-azure"),
        ("mine", "DELETE .*Clusters/"),
    ] {
        let cloud = without_watchers();
        if group == "mine" {
            cloud.azure.make_group(group, "uksouth", json!({}));
        }
        cloud.up(&["--resource-group", group]).must(0, &[]);
        let slow = Effect::SlowOperation(60);
        cloud
            .azure
            .fault(Fault::once(When::matching(begun).unwrap(), slow));
        cloud
            .run(&["down", "--yes", "--no-wait"])
            .must(0, &["confirms its end"]);
        cloud
            .run(&["down", "--yes", "--no-wait"])
            .must(0, &["confirms its end"]);
        assert!(cloud.azure.busy());
        let stacks = cloud.run(&["stacks"]);
        assert!(stacks.out.contains("deleting"), "{}", stacks.out);
        cloud
            .run(&["down", "--yes"])
            .must(0, &["Removed stack azure"]);
        assert!(!cloud.azure.busy());
        assert_eq!(cloud.azure.clusters(), Vec::<String>::new());
        assert!(!cloud.path("state/stacks").exists());
    }
}

#[test]
fn nodes_that_outlive_their_cluster_go_with_the_stack() {
    let cloud = without_watchers();
    cloud.up(&[]).must(0, &[]);
    cloud.azure.remove("/resourceGroups/rsac-azure");
    assert_eq!(cloud.azure.groups(), [NODES]);
    cloud
        .run(&["down", "--yes"])
        .must(0, &["Deleted", NODES, "Removed stack azure"]);
    cloud.must_be_empty();
}

#[test]
fn nodes_of_a_lost_stack_are_adopted_once_their_cluster_is_gone() {
    let cloud = without_watchers();
    cloud.up_as("lost", &[]).must(0, &[]);
    cloud.run(&["down", "--yes", "--adopt", NODES]).must(
        5,
        &["holds the nodes of cluster rsac", "--adopt rsac-azure"],
    );
    assert_eq!(cloud.azure.clusters().len(), 1);
    cloud.azure.remove("/resourceGroups/rsac-azure");
    let found = cloud.run(&["orphans"]);
    assert!(found.out.contains(NODES), "{}", found.out);
    cloud
        .run(&["down", "--yes", "--adopt", NODES])
        .must(0, &["Deleted", NODES]);
    cloud.must_be_empty();
}

#[test]
fn nodes_past_their_time_are_reaped_though_their_cluster_is_gone() {
    let cloud = without_watchers();
    cloud.up_as("lost", &["--ttl", "5s"]).must(0, &[]);
    cloud.azure.remove("/resourceGroups/rsac-azure");
    std::thread::sleep(std::time::Duration::from_secs(6));
    cloud.run(&["reap", "--yes"]).must(0, &["Deleted", NODES]);
    cloud.must_be_empty();
}

#[test]
fn anothers_cluster_in_a_group_that_two_made_at_once_is_not_deleted() {
    let cloud = without_watchers();
    cloud.up_as("first", &[]).must(0, &[]);
    let theirs = cloud.azure.group("rsac-azure").unwrap()["tags"].clone();
    // The second has looked before the first made the group, and makes it after: the tags of
    // the last are on it.
    cloud.azure.tag_group("rsac-azure", json!({}));
    cloud
        .up_as("second", &["--kubeconfig", "-"])
        .must(5, &["it belongs to stack azure"]);
    let second = std::fs::read_to_string(cloud.path("second/stacks/azure/stack.json")).unwrap();
    let second: serde_json::Value = serde_json::from_str(&second).unwrap();
    cloud
        .azure
        .tag_group("rsac-azure", json!({"rsac-stack": second["id"]}));
    cloud
        .run_as("second", &["down", "--yes"])
        .must(5, &["did not make", "managedClusters/rsac"]);
    assert_eq!(cloud.azure.clusters().len(), 1);
    cloud.azure.tag_group("rsac-azure", theirs);
    cloud.run_as("first", &["down", "--yes"]).must(0, &[]);
    cloud.must_be_empty();
}
