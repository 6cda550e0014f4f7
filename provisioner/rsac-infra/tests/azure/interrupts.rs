//! Ctrl-C while Azure makes the cluster: leave it running, or abort and undo.

use crate::asking::at_terminal;
use crate::cloud::Cloud;
use crate::pty::{CTRL_C, Terminal};
use crate::screens::Machine;
use rsac_azure_simulator::{Effect, Fault, Seen, When};
use std::time::{Duration, Instant};

const INTERRUPTED: i32 = 130;
/// Only ends a hang.
const HANG: Duration = Duration::from_secs(60);
const QUESTION: &str = "Leave stack azure as it is, or undo what was done? [leave/undo]";

/// `up` at a terminal, in the middle of the cluster's creation, which does not end by itself.
fn making(cloud: &Cloud, machine: &Machine) -> Terminal {
    let when = When::matching("PUT .*managedClusters").unwrap();
    let slow = Effect::SlowOperation(1_000_000);
    cloud.azure.fault(Fault::once(when, slow));
    let mut terminal = at_terminal(cloud, machine, &cloud.up_words(&[]));
    // Azure's own words for how far it is.
    terminal.until("Making cluster rsac with 2 × Standard_B2s in uksouth: ");
    terminal.types(CTRL_C);
    terminal.until(QUESTION);
    terminal
}

#[test]
fn left_running_it_goes_on_in_azure_and_up_goes_on_with_it() {
    let (cloud, machine) = (Cloud::new(), Machine::new());
    let mut terminal = making(&cloud, &machine);
    terminal.types("leave\r");
    terminal.until("`rsac-infra up --stack azure` goes on with it");
    assert_eq!(terminal.ends(), INTERRUPTED);
    assert_eq!(cloud.azure.clusters().len(), 1);
    assert!(cloud.azure.busy(), "it was aborted");
    cloud
        .run(&["plan"])
        .must(0, &["wait for cluster rsac, which is"]);
    cloud.azure.settle();
    cloud.up(&[]).must(0, &[]);
    let puts = cloud.changes().into_iter();
    let puts =
        puts.filter(|change| change.starts_with("PUT") && change.contains("/managedClusters/"));
    assert_eq!(puts.count(), 1, "it was made twice");
}

#[test]
fn undone_it_is_aborted_and_nothing_that_costs_is_left() {
    let (cloud, machine) = (Cloud::new(), Machine::new());
    let mut terminal = making(&cloud, &machine);
    terminal.types("undo\r");
    // What stays is said as `down` says it.
    terminal.until("the network watcher that Azure may have made");
    terminal.until("stack azure is undone, nothing is left but what is said above");
    assert_eq!(terminal.ends(), INTERRUPTED);
    assert_eq!(cloud.azure.clusters(), Vec::<String>::new());
    assert!(!cloud.azure.groups().contains(&"rsac-azure".to_owned()));
    assert!(
        cloud
            .changes()
            .iter()
            .any(|change| change.ends_with("/abort"))
    );
    cloud
        .run(&["down", "--yes", "--with-network-watcher"])
        .must(0, &["network watcher"]);
    cloud.must_be_empty();
}

/// The looks of a `down` at the group, and whether each was answered.
fn looks(cloud: &Cloud) -> Vec<bool> {
    let is_look =
        |seen: &&Seen| seen.method == "GET" && seen.path.ends_with("/resourceGroups/rsac-azure");
    let requests = cloud.azure.requests();
    let looks = requests.iter().filter(is_look);
    looks.map(|seen| seen.status.is_some()).collect()
}

/// From its nth look on the group gives no answer.
fn be_silent(cloud: &Cloud, nth: u64) {
    let When::Matching(looks, _) = When::matching("GET .*/resourceGroups/rsac-azure\\?").unwrap()
    else {
        panic!("it is no pattern");
    };
    let silent = Fault::once(When::Matching(looks, nth), Effect::HangBefore);
    cloud.azure.fault(silent.times(100));
}

#[test]
fn a_down_that_gets_no_answer_ends_at_ctrl_c_whenever_it_comes() {
    let all = {
        let cloud = Cloud::new();
        cloud.up(&[]).must(0, &[]);
        cloud.azure.forget_requests();
        cloud.run(&["down", "--yes"]).must(0, &[]);
        looks(&cloud).len()
    };
    for nth in 1..=all {
        let (cloud, machine) = (Cloud::new(), Machine::new());
        cloud.up(&[]).must(0, &[]);
        cloud.azure.forget_requests();
        be_silent(&cloud, nth as u64);
        let mut terminal = at_terminal(&cloud, &machine, &["down", "--yes"]);
        let begun = Instant::now();
        while looks(&cloud).len() < nth {
            assert!(begun.elapsed() < HANG, "look {nth} of {all} does not come");
            std::thread::sleep(Duration::from_millis(20));
        }
        terminal.types(CTRL_C);
        assert_eq!(terminal.ends(), INTERRUPTED, "at look {nth} of {all}");
        assert_eq!(looks(&cloud).last(), Some(&false));
        cloud.azure.forget_faults();
        cloud.run(&["down", "--yes"]).must(0, &["Removed"]);
    }
}
