//! Another `up` of a stack that is there: what is changed, what is refused before anything is
//! sent, and that a refusal leaves the stack as it was.

use crate::cloud::Cloud;
use serde_json::{Value, json};

const SPOT: &str = "/resourceGroups/rsac-azure/providers/Microsoft.ContainerService/managedClusters/rsac/agentPools/spot";

fn tags_of_group(cloud: &Cloud) -> Value {
    cloud.azure.group("rsac-azure").unwrap()["tags"].clone()
}

#[test]
fn new_tags_and_a_longer_life_come_to_the_group_too_and_others_tags_stay() {
    let cloud = Cloud::new();
    cloud.up(&["--ttl", "1h"]).must(0, &[]);
    let before = tags_of_group(&cloud);
    let mut more = before.clone();
    more["cost"] = json!("7");
    cloud.azure.tag_group("rsac-azure", more);
    cloud
        .up(&["--ttl", "9h", "--tag", "team=red"])
        .must(0, &["renew the tags of resource group rsac-azure"]);
    let after = tags_of_group(&cloud);
    let expires = |tags: &Value| -> u64 { tags["rsac-expires"].as_str().unwrap().parse().unwrap() };
    assert!(expires(&after) >= expires(&before) + 8 * 3600, "{after}");
    assert_eq!(
        (&after["team"], &after["cost"]),
        (&json!("red"), &json!("7"))
    );
    assert_eq!(after["rsac-run"], before["rsac-run"]);
    let cluster = cloud.azure.resource(&cloud.azure.clusters()[0]).unwrap();
    assert_eq!(cluster["tags"]["rsac-expires"], after["rsac-expires"]);
    cloud.azure.forget_requests();
    cloud.up(&[]).must(0, &["(is there)"]);
    assert_eq!(cloud.changes(), Vec::<String>::new());
}

#[test]
fn what_was_refused_is_not_kept() {
    let cloud = Cloud::new();
    cloud.up(&[]).must(0, &[]);
    cloud.azure.forget_requests();
    for refused in [
        ["--dns-prefix", "other"],
        ["--location", "westeurope"],
        ["--admin-username", "other"],
    ] {
        cloud.up(&refused).must(5, &["cannot be changed"]);
        cloud.up(&[]).must(0, &["(is there)"]);
    }
    assert_eq!(cloud.changes(), Vec::<String>::new());
    cloud
        .run(&["down", "--yes", "--with-network-watcher"])
        .must(0, &["NetworkWatcher_uksouth"]);
    cloud.must_be_empty();
}

#[test]
fn what_the_stack_keeps_wins_over_the_environment_and_that_over_a_file() {
    let cloud = Cloud::new();
    let up = |more: &[&str]| {
        let mut command = cloud.command_of("state", &cloud.up_words(more));
        command.env("RSAC_AGENT_COUNT", "3");
        crate::cloud::said(command).must(0, &[]);
        let cluster = cloud.azure.resource(&cloud.azure.clusters()[0]).unwrap();
        cluster["properties"]["agentPoolProfiles"][0]["count"].clone()
    };
    assert_eq!(up(&["--agent-count", "2"]), 2);
    for more in [&[][..], &["--tag", "a=b"]] {
        assert_eq!(up(more), 2, "{more:?}");
    }
    let file = cloud.path("p.json");
    let text = json!({"parameters": {"agentCount": {"value": 4}}});
    std::fs::write(&file, text.to_string()).unwrap();
    assert_eq!(up(&["--parameters", file.to_str().unwrap()]), 3);
}

#[test]
fn a_stack_has_one_cluster() {
    let cloud = Cloud::new();
    cloud.azure.make_group("shared", "uksouth", json!({}));
    let flags = ["--resource-group", "shared"];
    cloud.up(&flags).must(0, &[]);
    cloud.azure.forget_requests();
    for word in ["up", "plan"] {
        let words = [word, "--cluster-name", "second"];
        cloud
            .run(&words)
            .must(5, &["--cluster-name second", "its cluster is rsac"]);
    }
    assert_eq!(cloud.changes(), Vec::<String>::new());
    // Once it is gone, another may take its place.
    let there = "/resourceGroups/shared/providers/Microsoft.ContainerService/managedClusters/rsac";
    cloud.azure.remove(there);
    cloud
        .up(&["--cluster-name", "second"])
        .must(0, &["make cluster second"]);
    cloud
        .run(&["down", "--yes", "--with-network-watcher"])
        .must(0, &[]);
    assert_eq!(cloud.azure.groups(), ["shared"]);
}

#[test]
fn spot_nodes_that_are_not_wanted_any_more_go() {
    let cloud = Cloud::new();
    cloud.up(&["--spot-workers", "2"]).must(0, &[]);
    cloud.azure.forget_requests();
    cloud
        .up(&["--spot-workers", "0"])
        .must(0, &["take agent pool spot away"]);
    let cluster = cloud.azure.resource(&cloud.azure.clusters()[0]).unwrap();
    let pools = &cluster["properties"]["agentPoolProfiles"];
    assert_eq!(pools.as_array().unwrap().len(), 1, "{pools}");
    assert_eq!(cloud.changes(), [format!("DELETE {SPOT}")]);
    cloud.up(&[]).must(0, &["(is there)"]);
    // Pools that others added are theirs.
    cloud.up(&["--spot-workers", "1"]).must(0, &[]);
    cloud
        .run(&["down", "--yes", "--with-network-watcher"])
        .must(0, &[]);
    cloud.must_be_empty();
}

#[test]
fn a_pool_and_a_key_that_cannot_change_are_refused_before() {
    let cloud = Cloud::new();
    cloud.up(&["--spot-workers", "1"]).must(0, &[]);
    cloud.azure.forget_requests();
    let sized = cloud.path("sized.json");
    let text = json!({"spotVMSize": {"value": "Standard_D4s_v3"}, "spotWorkers": {"value": 1}});
    std::fs::write(&sized, json!({"parameters": text}).to_string()).unwrap();
    cloud
        .up(&["--parameters", sized.to_str().unwrap()])
        .must(5, &["agentPoolProfiles/1/vmSize", "cannot be changed"]);
    let other = cloud.path("other.pub");
    std::fs::write(
        &other,
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDother somebody",
    )
    .unwrap();
    let words = ["up", "--ssh-public-key", other.to_str().unwrap()];
    cloud
        .run(&[&words[..], &["--only", "cluster"]].concat())
        .must(5, &["keyData", "cannot be changed"]);
    assert_eq!(cloud.changes(), Vec::<String>::new());
    // Another comment is no other key.
    std::fs::write(&other, format!("{} renamed", crate::cloud::SSH_KEY)).unwrap();
    let same = cloud.run(&[&words[..], &["--only", "cluster"]].concat());
    same.must(0, &["(is there)"]);
}

#[test]
fn a_stack_whose_time_is_over_is_not_made() {
    let cloud = Cloud::new();
    cloud.up(&["--ttl", "1h"]).must(0, &[]);
    let record = cloud.path("state/stacks/azure/stack.json");
    let mut kept: Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    kept["place"]["azure"]["expiresAt"] = json!(1);
    std::fs::write(&record, kept.to_string()).unwrap();
    cloud.azure.remove("/resourceGroups/rsac-azure");
    cloud.azure.forget_requests();
    cloud.up(&[]).must(7, &["its time was over", "--ttl"]);
    assert_eq!(cloud.changes(), Vec::<String>::new());
    cloud.up(&["--ttl", "1h"]).must(0, &[]);
}
