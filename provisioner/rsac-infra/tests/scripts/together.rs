//! Where the scripts over az stop the real rsac-infra goes on, and the other way round: they
//! keep one record of network watchers.

use crate::machine::{Machine, SUBSCRIPTION, Said, said};
use crate::watcher::torn_down;
use rsac_azure_simulator::{Settings, Simulator};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

const WATCHER: &str = "/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_uksouth";

/// rsac-infra on that machine, in the simulator's subscription, which is the stand-in's too.
fn rsac_infra(machine: &Machine, azure: &Simulator, words: &[&str]) -> Said {
    std::fs::write(machine.path("ca.pem"), &azure.ca_pem).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rsac-infra"));
    command
        .args(words)
        .env_clear()
        .envs(azure.environment())
        .env("PATH", machine.path("bin"))
        .env("HOME", machine.path("home"))
        .env("KUBECONFIG", machine.path("kubeconfig"))
        .env("RSAC_ARM_CA_FILE", machine.path("ca.pem"))
        .env("RSAC_ARM_PATIENCE", "0")
        .env("RSAC_STATE_DIR", machine.path("state"))
        .stdin(Stdio::null());
    said(command)
}

fn simulator() -> Simulator {
    let settings = Settings::default();
    assert_eq!(settings.subscription, SUBSCRIPTION);
    Simulator::start(settings).unwrap()
}

#[test]
fn the_tool_goes_on_with_the_scripts_record() {
    let machine = Machine::new();
    machine.run("deploy.sh", &[]).must(0, &[]);
    machine.run("teardown.sh", &["--yes"]).must(0, &[]);
    let azure = simulator();
    azure.make_group("NetworkWatcherRG", "uksouth", json!({}));
    azure.make(WATCHER, json!({"location": "uksouth"}));
    let down = ["down", "--with-network-watcher", "--yes"];
    rsac_infra(&machine, &azure, &down).must(0, &["NetworkWatcher_uksouth"]);
    assert_eq!(azure.groups(), [""; 0]);
    assert!(!machine.path("state").exists());
}

#[test]
fn the_scripts_go_on_with_the_tools_record() {
    let (machine, azure) = (torn_down(), simulator());
    std::fs::remove_dir_all(machine.path("state")).unwrap();
    let up = ["up", "--provider", "azure", "--only", "cluster"];
    rsac_infra(&machine, &azure, &up).must(0, &[]);
    let record: Value = serde_json::from_slice(&std::fs::read(machine.record()).unwrap()).unwrap();
    assert_eq!(record["groupExisted"], false);
    // A later deploy by script keeps it as it is.
    let other = ["--resource-group", "other"];
    machine.run("deploy.sh", &other).must(0, &[]);
    let after: Value = serde_json::from_slice(&std::fs::read(machine.record()).unwrap()).unwrap();
    assert_eq!(after, record);
    machine
        .run("teardown.sh", &[&other[..], &["--yes"]].concat())
        .must(0, &[]);
    rsac_infra(&machine, &azure, &["down", "--yes"]).must(0, &[]);
    machine
        .run("teardown-nw.sh", &["--yes"])
        .must(0, &["Deleted", "NetworkWatcher_uksouth"]);
    assert_eq!(machine.groups(), [""; 0]);
    assert!(!machine.path("state").exists());
}
