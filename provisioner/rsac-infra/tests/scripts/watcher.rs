//! teardown-nw with az: the rule that rsac-infra has, reason for reason.

use crate::machine::{Machine, SUBSCRIPTION};
use serde_json::{Value, json};

pub(crate) const NW: [&str; 1] = ["--yes"];

fn id(rest: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{rest}")
}

fn watcher(region: &str) -> Value {
    json!({
        "group": "NetworkWatcherRG", "kind": "watcher", "location": region, "tags": {},
        "id": id(&format!("NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_{region}")),
    })
}

fn add(world: &mut Value, resource: &Value) {
    world["resources"]
        .as_array_mut()
        .unwrap()
        .push(resource.clone());
}

fn child(kind: &str) -> Value {
    let of = watcher("uksouth")["id"].as_str().unwrap().to_owned();
    json!({"kind": kind, "id": format!("{of}/{kind}/theirs")})
}

/// As deploy and teardown leave it: a record, and Azure's watcher of uksouth.
pub(crate) fn torn_down() -> Machine {
    let machine = Machine::new();
    machine.change(|world| {
        world["groups"]["NetworkWatcherRG"] = json!({"location": "uksouth", "tags": {}});
        add(world, &watcher("uksouth"));
    });
    machine.keep_record(&[], false, true);
    machine
}

pub(crate) fn watchers(machine: &Machine) -> usize {
    let world = machine.world();
    let all = world["resources"].as_array().unwrap();
    all.iter()
        .filter(|resource| resource["kind"] == "watcher")
        .count()
}

#[test]
fn ours_goes_with_its_group() {
    let machine = torn_down();
    machine.run("teardown-nw.sh", &[]).must(2, &["--yes"]);
    assert_eq!(watchers(&machine), 1);
    machine.run("teardown-nw.sh", &NW).must(
        0,
        &["NetworkWatcher_uksouth", "resourceGroups/NetworkWatcherRG"],
    );
    assert_eq!(machine.groups(), [""; 0]);
    assert!(!machine.path("state").exists());
    machine
        .run("teardown-nw.sh", &NW)
        .must(4, &["no record of network watchers"]);
}

#[test]
fn one_that_was_there_before_stays_and_so_does_another_regions() {
    let machine = torn_down();
    let before = watcher("uksouth")["id"].as_str().unwrap().to_uppercase();
    machine.keep_record(&[&before], true, true);
    machine.run("teardown-nw.sh", &NW).must(
        0,
        &[
            "before the cluster",
            "az network watcher configure --locations uksouth",
        ],
    );
    assert_eq!(watchers(&machine), 1);
    assert!(!machine.record().exists());

    let machine = torn_down();
    let theirs = watcher("westeurope");
    machine.change(|world| add(world, &theirs));
    machine.keep_record(&[theirs["id"].as_str().unwrap()], true, true);
    machine.run("teardown-nw.sh", &NW).must(0, &["Deleted"]);
    assert_eq!(machine.groups(), ["NetworkWatcherRG"]);
    assert_eq!(machine.world()["resources"], json!([theirs]));
}

#[test]
fn whatever_is_not_certain_keeps_it_until_it_is() {
    type Change = fn(&mut Value);
    let networks: Change = |w| {
        let all = w["resources"].as_array_mut().unwrap();
        all.retain(|resource| resource["kind"] == "watcher");
    };
    let granted: Change = |w| {
        let enough = ["Microsoft.Network/*", "Microsoft.Authorization/*/read"];
        w["permissions"] = json!([{"actions": enough}]);
    };
    let cases: [(&str, Change, Option<Change>); 7] = [
        (
            "networks are left in the region",
            |w| {
                add(
                    w,
                    &json!({"kind": "network", "location": "UK South", "id": id("theirs/v")}),
                )
            },
            Some(networks),
        ),
        ("in use", |w| add(w, &child("flowLogs")), None),
        ("in use", |w| add(w, &child("connectionMonitors")), None),
        ("in use", |w| add(w, &child("packetCaptures")), None),
        (
            "locked",
            |w| {
                let all = format!("/subscriptions/{SUBSCRIPTION}");
                let lock = |at: &str| json!({"id": format!("{at}/providers/Microsoft.Authorization/locks/l")});
                w["locks"] = json!([lock(&id("elsewhere")), lock(&all)]);
            },
            None,
        ),
        (
            "locked",
            |w| {
                w["locks"] = json!([{"id": id("networkwatcherrg/providers/microsoft.authorization/locks/g")}])
            },
            None,
        ),
        (
            "this caller may not Microsoft.Network/networkWatchers/flowLogs/read in",
            |w| {
                w["permissions"] =
                    json!([{"actions": ["*"], "notActions": ["microsoft.network/*/flowLogs/*"]}])
            },
            Some(granted),
        ),
    ];
    for (why, used, unused) in cases {
        let machine = torn_down();
        machine.change(used);
        machine.run("teardown-nw.sh", &NW).must(
            0,
            &[
                "Kept the network watcher of uksouth",
                why,
                "az network watcher",
            ],
        );
        assert_eq!(watchers(&machine), 1, "{why}");
        assert!(machine.record().exists(), "{why}");
        let Some(unused) = unused else { continue };
        machine.change(unused);
        machine.run("teardown-nw.sh", &NW).must(0, &["Deleted"]);
        assert_eq!(watchers(&machine), 0, "{why}");
    }
}

#[test]
fn somebodys_own_watcher_stays() {
    let machine = torn_down();
    machine.change(|world| {
        let theirs = id("mine/providers/Microsoft.Network/networkWatchers/w");
        world["resources"][0]["id"] = json!(theirs);
    });
    machine
        .run("teardown-nw.sh", &NW)
        .must(0, &["somebody made it"]);
    assert_eq!(watchers(&machine), 1);
}

#[test]
fn a_group_that_is_not_empty_or_locked_stays() {
    for locked in [false, true] {
        let machine = torn_down();
        machine.change(|world| {
            if !locked {
                add(world, &json!({"group": "NetworkWatcherRG", "kind": "x", "id": id("NetworkWatcherRG/x"), "tags": {}}));
            }
        });
        if locked {
            // Seen only at the group: the watcher itself may go.
            machine.write(
                "fails",
                "resourceGroups/NetworkWatcherRG/providers/Microsoft.Authorization/locks",
            );
            machine
                .run("teardown-nw.sh", &NW)
                .must(7, &["cannot be listed: it stays"]);
        } else {
            machine.run("teardown-nw.sh", &NW).must(0, &["Deleted"]);
        }
        assert_eq!(watchers(&machine), 0);
        assert_eq!(machine.groups(), ["NetworkWatcherRG"]);
    }
}

#[test]
fn a_list_that_cannot_be_read_is_not_an_empty_one() {
    let lists = [
        "permissions",
        "networkWatchers\\?",
        "virtualNetworks",
        "flowLogs",
        "connectionMonitors",
        "packetCaptures",
        "locks",
    ];
    for list in lists {
        let machine = torn_down();
        machine.write("fails", &format!("^rest .*{list}"));
        machine
            .run("teardown-nw.sh", &NW)
            .must(7, &["cannot be seen: it stays"]);
        assert_eq!(watchers(&machine), 1, "{list}");
    }
}

#[test]
fn one_that_comes_late_is_waited_for_and_one_that_never_comes_is_not() {
    let machine = torn_down();
    machine.change(|world| world["resources"] = json!([]));
    machine.keep_record(&[], false, false);
    let said = machine
        .run("teardown-nw.sh", &NW)
        .must(0, &["uksouth has no network watcher"]);
    assert!(!said.err.contains("late"), "{}", said.err);
    assert!(!machine.path("state").exists());

    let machine = torn_down();
    let late = machine.world()["resources"][0].clone();
    machine.change(|world| {
        world["resources"] = json!([]);
        world["comes"] = late.clone();
        world["late"] = json!(2);
    });
    machine
        .run("teardown-nw.sh", &NW)
        .must(0, &["one can appear late", "Deleted"]);
    assert_eq!(watchers(&machine), 0);
    // Looked for without end it is not.
    let machine = torn_down();
    machine.change(|world| world["resources"] = json!([]));
    machine
        .run("teardown-nw.sh", &NW)
        .must(0, &["uksouth has no network watcher"]);
}

#[test]
fn only_after_the_cluster_and_only_by_a_record_that_can_be_read() {
    let machine = torn_down();
    let group = json!({"location": "uksouth", "tags": {}});
    machine.change(|world| world["groups"]["rsac-azure"] = group.clone());
    machine
        .run("teardown-nw.sh", &NW)
        .must(5, &["rsac-azure is still there", "teardown.sh first"]);
    machine.change(|world| {
        world["groups"]
            .as_object_mut()
            .unwrap()
            .remove("rsac-azure");
    });
    machine
        .run("teardown-nw.sh", &["--yes", "--location", "westeurope"])
        .must(4, &["no record"]);
    let whole = std::fs::read_to_string(machine.record()).unwrap();
    for damaged in [
        "{",
        "{}",
        r#"{"version": 2}"#,
        &whole.replace("false", "null"),
    ] {
        std::fs::write(machine.record(), damaged).unwrap();
        machine
            .run("teardown-nw.sh", &NW)
            .must(7, &["cannot be read", "uksouth.json"]);
        assert_eq!(watchers(&machine), 1);
    }
    std::fs::write(machine.record(), &whole).unwrap();
    machine.change(|world| world["cloud"] = json!("AzureUSGovernment"));
    machine
        .run("teardown-nw.sh", &NW)
        .must(5, &["another cloud"]);
    machine.change(|world| world["cloud"] = json!("AzureCloud"));
    machine
        .run("teardown-nw.sh", &["--yes", "--location", "UK South"])
        .must(0, &["Deleted"]);
}
