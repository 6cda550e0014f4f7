//! Several clusters of one machine, in one region and in two: when the watcher goes, and its
//! group.

use crate::machine::{Machine, SUBSCRIPTION};
use crate::watcher::{NW, torn_down, watchers};
use serde_json::{Value, json};

/// A stack of the tool's, or a cluster of the scripts', which has no network yet.
#[test]
fn while_another_is_being_made_in_the_region_it_stays() {
    let stack = |name: &str, azure: Value| {
        let whole = json!({"version": 1, "madeBy": "0", "name": name, "id": name,
            "provider": "azure", "createdAt": 0, "place": {"azure": azure}});
        (format!("state/stacks/{name}/stack.json"), whole.to_string())
    };
    let deployed = |cloud: &str, location: &str, subscription: &str| {
        let note = json!({"version": 1, "id": "i", "resourceGroup": "other", "clusterName": "c",
            "location": location, "subscription": subscription});
        let folder = format!("state/az/{cloud}_{subscription}_other");
        (format!("{folder}/deployment.json"), note.to_string())
    };
    let upper = SUBSCRIPTION.to_uppercase();
    let near = [
        (
            stack("second", json!({"subscription": upper, "cloud": "public"})),
            "stack second",
        ),
        (
            stack(
                "second",
                json!({"subscription": SUBSCRIPTION, "parameters": {"location": "UK South"}}),
            ),
            "stack second",
        ),
        (
            ("state/stacks/odd/stack.json".to_owned(), "{".to_owned()),
            "odd/stack.json, which cannot be read,",
        ),
        (
            deployed("public", "uksouth", SUBSCRIPTION),
            "resource group other of deploy.sh",
        ),
    ];
    let write = |machine: &Machine, (path, text): &(String, String)| {
        std::fs::create_dir_all(machine.path(path).parent().unwrap()).unwrap();
        machine.write(path, text);
    };
    for (file, who) in &near {
        let machine = torn_down();
        write(&machine, file);
        machine.run("teardown-nw.sh", &NW).must(
            0,
            &[
                "Kept the network watcher of uksouth",
                who,
                "is in that region too",
            ],
        );
        assert_eq!(watchers(&machine), 1, "{who}");
        assert!(machine.record().exists(), "{who}");
        std::fs::remove_dir_all(machine.path(&file.0).parent().unwrap()).unwrap();
        machine.run("teardown-nw.sh", &NW).must(0, &["Deleted"]);
        assert_eq!(watchers(&machine), 0, "{who}");
    }
    let far = [
        stack(
            "a",
            json!({"subscription": SUBSCRIPTION, "parameters": {"location": "westeurope"}}),
        ),
        stack("b", json!({"subscription": "another"})),
        stack("c", json!({"subscription": SUBSCRIPTION, "cloud": "china"})),
        stack("d", Value::Null),
        deployed("public", "westeurope", SUBSCRIPTION),
        deployed("public", "uksouth", "another"),
        deployed("china", "uksouth", SUBSCRIPTION),
    ];
    let machine = torn_down();
    far.iter().for_each(|file| write(&machine, file));
    machine.run("teardown-nw.sh", &NW).must(0, &["Deleted"]);
}

/// The scripts' own story: the first cluster goes while the second is being made.
#[test]
fn of_two_clusters_in_a_region_the_last_takes_the_watcher() {
    let machine = Machine::new();
    machine.run("deploy.sh", &[]).must(0, &[]);
    machine.write("fails", "^deployment group create");
    let other = ["--resource-group", "other"];
    machine
        .run("deploy.sh", &other)
        .must(7, &["the cluster cannot be made"]);
    machine.write("fails", "^nothing");
    machine.run("teardown.sh", &["--yes"]).must(0, &[]);
    machine.run("teardown-nw.sh", &NW).must(
        0,
        &["resource group other of deploy.sh is in that region too"],
    );
    assert_eq!(watchers(&machine), 1);
    machine.run("deploy.sh", &other).must(0, &[]);
    machine
        .run("teardown.sh", &[&other[..], &NW].concat())
        .must(0, &[]);
    machine.run("teardown-nw.sh", &NW).must(0, &["Deleted"]);
    assert_eq!(machine.groups(), [""; 0]);
    assert!(!machine.path("state").exists());
}

#[test]
fn of_two_regions_the_last_takes_the_group_that_came_with_the_first() {
    let other = ["--resource-group", "other"];
    let elsewhere = [&other[..], &["--location", "westeurope"]].concat();
    let machine = Machine::new();
    machine.run("deploy.sh", &[]).must(0, &[]);
    machine.run("deploy.sh", &elsewhere).must(0, &[]);
    machine.run("teardown.sh", &["--yes"]).must(0, &[]);
    machine
        .run("teardown-nw.sh", &["--yes", "--location", "uksouth"])
        .must(0, &["NetworkWatcher_uksouth"]);
    assert_eq!(watchers(&machine), 1);
    machine
        .run("teardown.sh", &[&other[..], &NW].concat())
        .must(0, &[]);
    machine.run("teardown-nw.sh", &NW).must(
        0,
        &[
            "NetworkWatcher_westeurope",
            "resourceGroups/NetworkWatcherRG\n",
        ],
    );
    assert_eq!(machine.groups(), [""; 0]);
    assert!(!machine.path("state").exists());
}
