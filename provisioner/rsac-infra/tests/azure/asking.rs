//! At a terminal: `down` shows what goes, and asks.

use crate::cloud::Cloud;
use crate::pty::Terminal;
use crate::screens::Machine;
use std::ffi::OsStr;

/// Words of a user at a terminal.
pub(crate) fn at_terminal(
    cloud: &Cloud,
    machine: &Machine,
    words: &[impl AsRef<OsStr>],
) -> Terminal {
    let path = |name: &str| cloud.path(name).to_str().unwrap().to_owned();
    let mut environment: Vec<(&str, String)> = cloud.azure.environment();
    environment.extend([
        ("HOME", path("home")),
        ("RSAC_ARM_CA_FILE", path("ca.pem")),
        ("RSAC_ARM_PATIENCE", "0.01".to_owned()),
        ("RSAC_STATE_DIR", path("state")),
        ("KUBECONFIG", path("kubeconfig")),
    ]);
    let environment: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    Terminal::of(machine, words, &environment)
}

#[test]
fn down_shows_what_goes_and_does_nothing_unless_told_yes() {
    let (cloud, machine) = (Cloud::new(), Machine::new());
    cloud.up(&[]).must(0, &[]);
    let cluster = cloud.azure.clusters()[0].clone();
    cloud.azure.forget_requests();
    cloud.run(&["down"]).must(2, &["--yes"]);
    for (answer, code) in [("n\r", 1), ("y\r", 0)] {
        assert_eq!(cloud.changes(), Vec::<String>::new());
        assert_eq!(cloud.azure.clusters(), std::slice::from_ref(&cluster));
        let words = ["down", "--with-network-watcher"];
        let mut terminal = at_terminal(&cloud, &machine, &words);
        for going in [
            "resource group rsac-azure",
            "managedClusters/rsac",
            "resource group MC_rsac-azure_rsac_uksouth with",
            "the network watcher of uksouth, where that is safe",
            "[y/N]",
        ] {
            terminal.until(going);
        }
        terminal.types(answer);
        assert_eq!(terminal.ends(), code);
    }
    cloud.must_be_empty();
}
