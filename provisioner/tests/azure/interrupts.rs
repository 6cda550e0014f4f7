//! Ctrl-C while Azure makes the cluster: leave it running, or abort and undo.

use crate::asking::at_terminal;
use crate::cloud::Cloud;
use crate::pty::{CTRL_C, Terminal};
use crate::screens::Machine;
use rsac_azure_simulator::{Effect, Fault, When};

const INTERRUPTED: i32 = 130;
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
    terminal.until("stack azure is undone");
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
