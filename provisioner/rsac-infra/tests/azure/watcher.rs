//! The network watcher: deleted only where it is surely Azure's answer to our cluster, and
//! nobody uses it.

use crate::cloud::Cloud;
use rsac_azure_simulator::{Effect, Fault, Settings, WatcherCreation, When, fault_answers};
use serde_json::json;

const GROUP: &str = "/resourceGroups/NetworkWatcherRG";
const OURS: &str = "/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_uksouth";
const DOWN: [&str; 3] = ["down", "--yes", "--with-network-watcher"];

fn watchers(cloud: &Cloud) -> usize {
    let all = cloud.azure.resources();
    let is_one = |id: &&String| {
        let id = id.to_lowercase();
        id.contains("/networkwatchers/networkwatcher_") && id.matches('/').count() == 8
    };
    all.iter().filter(is_one).count()
}

#[test]
fn plain_down_keeps_it_and_a_later_one_takes_it_without_a_stack() {
    let cloud = Cloud::new();
    cloud.up(&[]).must(0, &[]);
    cloud.run(&["down", "--yes"]).must(
        0,
        &["Kept the network watcher", "down --with-network-watcher"],
    );
    assert_eq!(watchers(&cloud), 1);
    cloud.run(&["stacks"]).must(0, &["there is no stack here"]);
    // Another stack in between does not take the record for its own.
    cloud
        .up(&["--stack", "second"])
        .must(0, &["note the network watchers (is there)"]);
    cloud.run(&["down", "--yes"]).must(0, &[]);
    cloud
        .run(&DOWN)
        .must(0, &["Deleted", "NetworkWatcher_uksouth"]);
    cloud.must_be_empty();
    assert!(!cloud.path("state").exists());
    cloud.run(&DOWN).must(4, &["no record of network watchers"]);
}

#[test]
fn while_another_stack_is_being_made_in_the_region_it_stays() {
    let cloud = Cloud::new();
    cloud.up(&[]).must(0, &[]);
    let put = When::matching("PUT .*managedClusters").unwrap();
    let refused = Effect::Answer(fault_answers::policy("rsac", "not-now"));
    cloud.azure.fault(Fault::once(put, refused));
    let second = ["--stack", "second", "--cluster-name", "second"];
    cloud.up(&second).must(7, &["forbidden by policy"]);
    let down = |stack: &'static str| [&DOWN[..], &["--stack", stack]].concat();
    cloud
        .run(&down("azure"))
        .must(0, &["stack second is in that region too"]);
    assert_eq!(watchers(&cloud), 1);
    cloud.up(&second).must(0, &[]);
    cloud
        .run(&down("second"))
        .must(0, &["Deleted", "NetworkWatcher_uksouth"]);
    cloud.must_be_empty();
    assert!(!cloud.path("state").exists());
}

#[test]
fn a_stack_that_is_being_made_keeps_the_watcher_of_one_that_is_gone_too() {
    let cloud = Cloud::new();
    cloud.up(&[]).must(0, &[]);
    cloud.run(&["down", "--yes"]).must(0, &[]);
    let put = When::matching("PUT .*managedClusters").unwrap();
    let refused = Effect::Answer(fault_answers::policy("rsac", "not-now"));
    cloud.azure.fault(Fault::once(put, refused));
    let second = ["--stack", "second", "--cluster-name", "second"];
    cloud.up(&second).must(7, &["forbidden by policy"]);
    // By the name of the one whose record is left.
    let gone = [&DOWN[..], &["--stack", "azure"]].concat();
    cloud.run(&gone).must(
        0,
        &["Kept the network watcher", "stack second is in that region"],
    );
    assert_eq!(watchers(&cloud), 1);
    // What the scripts made by az is a neighbour as well.
    cloud.run(&["down", "--yes"]).must(0, &[]);
    let folder = cloud.path("state/az/public_x_other");
    std::fs::create_dir_all(&folder).unwrap();
    let subscription = Settings::default().subscription;
    let note = json!({"version": 1, "id": "i", "resourceGroup": "other", "clusterName": "c",
        "location": "uksouth", "subscription": subscription});
    std::fs::write(folder.join("deployment.json"), note.to_string()).unwrap();
    cloud
        .run(&DOWN)
        .must(0, &["resource group other of deploy.sh is in that region"]);
    assert_eq!(watchers(&cloud), 1);
    std::fs::remove_dir_all(cloud.path("state/az")).unwrap();
    cloud
        .run(&DOWN)
        .must(0, &["Deleted", "NetworkWatcher_uksouth"]);
    cloud.must_be_empty();
    assert!(!cloud.path("state").exists());
}

#[test]
fn of_two_regions_the_last_takes_the_group_that_came_with_the_first() {
    let second = [
        "--stack",
        "second",
        "--cluster-name",
        "second",
        "--location",
        "westeurope",
    ];
    let down = |stack: &'static str| [&DOWN[..], &["--stack", stack]].concat();
    for order in [["azure", "second"], ["second", "azure"]] {
        let cloud = Cloud::new();
        cloud.up(&[]).must(0, &[]);
        cloud.up(&second).must(0, &[]);
        cloud.run(&down(order[0])).must(0, &["Deleted"]);
        assert_eq!(watchers(&cloud), 1);
        cloud
            .run(&down(order[1]))
            .must(0, &["resourceGroups/NetworkWatcherRG\n"]);
        cloud.must_be_empty();
        assert!(!cloud.path("state").exists());
    }
    // A group that was there before the first stays.
    let cloud = Cloud::new();
    cloud
        .azure
        .make_group("NetworkWatcherRG", "uksouth", json!({}));
    cloud.up(&[]).must(0, &[]);
    cloud.up(&second).must(0, &[]);
    for stack in ["azure", "second"] {
        cloud.run(&down(stack)).must(0, &["Deleted"]);
    }
    assert_eq!(watchers(&cloud), 0);
    assert_eq!(cloud.azure.groups(), ["NetworkWatcherRG"]);
    // So does one that came while no record was open: whose it is nobody knows.
    let cloud = Cloud::new();
    cloud.azure.make_group("theirs", "westeurope", json!({}));
    let network = "/resourceGroups/theirs/providers/Microsoft.Network/virtualNetworks/v";
    cloud.up(&[]).must(0, &[]);
    cloud.azure.make(network, json!({"location": "westeurope"}));
    cloud.run(&DOWN).must(0, &["Deleted"]);
    assert!(
        cloud
            .azure
            .groups()
            .contains(&"NetworkWatcherRG".to_owned())
    );
    cloud.up(&second).must(0, &[]);
    cloud.azure.remove("/resourceGroups/theirs");
    cloud
        .run(&DOWN)
        .must(0, &["it was there before the cluster"]);
    assert_eq!(cloud.azure.groups(), ["NetworkWatcherRG"]);
}

#[test]
fn a_stack_elsewhere_does_not_hide_the_record() {
    let cloud = Cloud::new();
    cloud.up(&[]).must(0, &[]);
    cloud.run(&["down", "--yes"]).must(0, &[]);
    let local = cloud.path("state/stacks/local");
    std::fs::create_dir_all(&local).unwrap();
    let record = json!({
        "version": 1, "madeBy": "0", "name": "local", "id": "i", "provider": "local",
        "createdAt": 0,
    });
    std::fs::write(local.join("stack.json"), record.to_string()).unwrap();
    cloud
        .run(&[&DOWN[..], &["--stack", "local"]].concat())
        .must(2, &["stack local lives on local"]);
    cloud
        .run(&[&DOWN[..], &["--stack", "other"]].concat())
        .must(4, &["other"]);
    assert_eq!(watchers(&cloud), 1);
    cloud
        .run(&[&DOWN[..], &["--stack", "azure"]].concat())
        .must(0, &["Deleted"]);
    cloud.must_be_empty();
    assert!(local.join("stack.json").exists());
}

#[test]
fn one_that_was_there_before_stays() {
    let cloud = Cloud::new();
    cloud
        .azure
        .make_group("NetworkWatcherRG", "uksouth", json!({}));
    cloud.azure.make(OURS, json!({"location": "uksouth"}));
    cloud.up(&[]).must(0, &[]);
    cloud
        .run(&DOWN)
        .must(0, &["it was there before the cluster"]);
    assert_eq!(watchers(&cloud), 1);
    assert!(!cloud.path("state").exists());
}

#[test]
fn another_regions_watcher_and_the_group_that_was_there_stay() {
    let cloud = Cloud::new();
    cloud
        .azure
        .make_group("NetworkWatcherRG", "westeurope", json!({}));
    let theirs = OURS.replace("uksouth", "westeurope");
    cloud.azure.make(&theirs, json!({"location": "westeurope"}));
    cloud.up(&[]).must(0, &[]);
    assert_eq!(watchers(&cloud), 2);
    cloud
        .run(&DOWN)
        .must(0, &["Deleted", "NetworkWatcher_uksouth"]);
    assert_eq!(watchers(&cloud), 1);
    assert_eq!(cloud.azure.groups(), ["NetworkWatcherRG"]);
}

#[test]
fn one_in_use_stays_until_it_is_not() {
    let network = "/resourceGroups/theirs/providers/Microsoft.Network/virtualNetworks/v";
    let uses: [(&str, &str, &str); 3] = [
        ("in use", "flowLogs/f", ""),
        ("networks are left", "", network),
        ("locked", "", ""),
    ];
    for (why, child, other) in uses {
        let cloud = Cloud::new();
        cloud.up(&[]).must(0, &[]);
        cloud.azure.make_group("theirs", "uksouth", json!({}));
        let used = match (child, other) {
            ("", "") => {
                cloud.azure.lock(GROUP, "theirs", "CanNotDelete");
                format!("{GROUP}/providers/Microsoft.Authorization/locks/theirs")
            }
            ("", other) => other.to_owned(),
            (child, _) => format!("{OURS}/{child}"),
        };
        if !used.contains("/locks/") {
            cloud.azure.make(&used, json!({"location": "uksouth"}));
        }
        cloud
            .run(&DOWN)
            .must(0, &["Kept the network watcher of uksouth", why]);
        assert_eq!(watchers(&cloud), 1, "{why}");
        // The record is open: once nothing uses it any more, the word works.
        cloud.azure.remove(&used);
        cloud.run(&DOWN).must(0, &["Deleted"]);
        assert_eq!(watchers(&cloud), 0, "{why}");
    }
}

#[test]
fn without_a_record_it_stays_and_the_command_is_said() {
    let cloud = Cloud::new();
    cloud.up(&[]).must(0, &[]);
    std::fs::remove_dir_all(cloud.path("state/network-watchers")).unwrap();
    cloud.run(&DOWN).must(
        0,
        &[
            "there is no record",
            "az network watcher configure --locations uksouth --enabled false",
        ],
    );
    assert_eq!(watchers(&cloud), 1);
}

#[test]
fn a_caller_who_sees_one_group_alone_keeps_it() {
    let cloud = Cloud::new();
    cloud.up(&[]).must(0, &[]);
    let subscription = Settings::default().subscription;
    cloud.azure.change(|settings| {
        settings.callers[0] = limited(&settings.callers[0], &subscription);
    });
    let said = cloud
        .run(&DOWN)
        .must(0, &["cannot be seen", "virtualNetworks/read"]);
    assert!(said.err.contains("az network watcher"), "{}", said.err);
    assert_eq!(watchers(&cloud), 1);
}

/// A caller who may do all, in the stack's own groups and the watchers' only.
fn limited(
    caller: &rsac_azure_simulator::Caller,
    subscription: &str,
) -> rsac_azure_simulator::Caller {
    let mut caller = caller.clone();
    let whole = caller.grants.remove(0);
    caller.grants = [
        "rsac-azure",
        "MC_rsac-azure_rsac_uksouth",
        "NetworkWatcherRG",
    ]
    .map(|group| rsac_azure_simulator::Grant {
        scope: format!("/subscriptions/{subscription}/resourceGroups/{group}"),
        ..whole.clone()
    })
    .to_vec();
    caller
}

#[test]
fn one_that_appears_late_is_waited_for() {
    let cloud = Cloud::with(Settings {
        watchers: WatcherCreation::AfterRequests(40),
        ..Settings::default()
    });
    cloud.up(&[]).must(0, &[]);
    assert_eq!(watchers(&cloud), 0);
    cloud.run(&DOWN).must(0, &["NetworkWatcher_uksouth"]);
    cloud.must_be_empty();
}

#[test]
fn where_azure_makes_none_none_is_waited_for() {
    let cloud = Cloud::with(Settings {
        watchers: WatcherCreation::Never,
        ..Settings::default()
    });
    cloud.up(&[]).must(0, &[]);
    cloud.run(&DOWN).must(0, &["no network watcher"]);
    cloud.must_be_empty();
    assert!(!cloud.path("state").exists());
}
