//! The main road: plan, up, up again, down.

use crate::cloud::{Cloud, said};
use rsac_azure_simulator::{Effect, Fault, Go, Settings, WatcherCreation, When};
use serde_json::json;
use std::time::Duration;

/// Only ends a hang.
const HANG: Duration = Duration::from_secs(60);

#[test]
fn plan_touches_nothing_here_or_there() {
    let cloud = Cloud::new();
    cloud.run(&["plan", "--provider", "azure"]).must(
        0,
        &[
            "make resource group rsac-azure in uksouth",
            "make cluster rsac with 2 × Standard_B2s in uksouth",
            "from environment variable AZURE_SUBSCRIPTION_ID",
        ],
    );
    assert_eq!(cloud.changes(), Vec::<String>::new());
    assert!(!cloud.path("state").exists());
    assert!(!cloud.path("kubeconfig").exists());
}

#[test]
fn up_makes_what_is_declared_and_down_leaves_nothing() {
    let cloud = Cloud::new();
    let before = "apiVersion: v1\nkind: Config\ncurrent-context: mine\ncontexts:\n- name: mine\n  context: {cluster: c, user: u}\nclusters: []\nusers: []\n";
    std::fs::write(cloud.path("kubeconfig"), before).unwrap();
    cloud
        .up(&["--agent-count", "3", "--tag", "team=red"])
        .must(0, &["make cluster rsac with 3 × Standard_B2s in uksouth"]);
    let clusters = cloud.azure.clusters();
    assert_eq!(clusters.len(), 1);
    let cluster = cloud.azure.resource(&clusters[0]).unwrap();
    let pools = &cluster["properties"]["agentPoolProfiles"];
    assert_eq!(pools[0]["name"], "agentpool");
    assert_eq!(pools[0]["count"], 3);
    assert_eq!(pools[0]["mode"], "System");
    assert_eq!(cluster["tags"]["team"], "red");
    assert_eq!(
        cluster["properties"]["networkProfile"]["networkPolicy"],
        "calico"
    );
    let merged = std::fs::read_to_string(cloud.path("kubeconfig")).unwrap();
    assert!(merged.contains("current-context: rsac"), "{merged}");

    // Again: nothing is to be done, and nothing is.
    cloud.azure.forget_requests();
    cloud.up(&[]).must(0, &["(is there)"]);
    assert_eq!(cloud.changes(), Vec::<String>::new());

    let removed = cloud
        .run(&["down", "--yes", "--with-network-watcher"])
        .must(
            0,
            &["Deleted", "NetworkWatcher_uksouth", "nothing of it is left"],
        );
    assert!(
        removed.err.contains("MC_rsac-azure_rsac_uksouth"),
        "{}",
        removed.err
    );
    cloud.must_be_empty();
    assert!(!cloud.path("state").exists());
    let after = std::fs::read_to_string(cloud.path("kubeconfig")).unwrap();
    assert!(after.contains("current-context: mine"), "{after}");
    assert!(!after.contains("rsac"), "{after}");
}

#[test]
fn a_key_is_made_where_none_is_given_and_kept_with_the_stack() {
    let cloud = Cloud::new();
    let up = ["up", "--provider", "azure", "--only", "cluster"];
    let said = cloud.run(&up).must(0, &[]);
    let key = || {
        let cluster = cloud.azure.resource(&cloud.azure.clusters()[0]).unwrap();
        let ssh = &cluster["properties"]["linuxProfile"]["ssh"];
        ssh["publicKeys"][0]["keyData"].as_str().unwrap().to_owned()
    };
    let made = key();
    let mine = |name: &str| std::fs::read_to_string(cloud.path("state/stacks/azure").join(name));
    assert!(made.starts_with("ssh-rsa AAAA"), "{made}");
    assert_eq!(mine("ssh-key.pub").unwrap().trim(), made.trim());
    let private = mine("ssh-key").unwrap();
    let line = private.lines().nth(1).unwrap();
    assert!(!said.err.contains(line) && !said.out.contains(line));
    // It is no reason for a change later.
    cloud.azure.forget_requests();
    cloud.run(&up).must(0, &["(is there)"]);
    assert_eq!(cloud.changes(), Vec::<String>::new());
    cloud
        .run(&["down", "--yes", "--with-network-watcher"])
        .must(0, &[]);
    cloud.must_be_empty();
    assert!(!cloud.path("state").exists());
}

#[test]
fn a_kubeconfig_that_up_made_goes_with_down() {
    let cloud = Cloud::new();
    cloud.up(&[]).must(0, &[]);
    assert!(cloud.path("kubeconfig").exists());
    cloud.run(&["down", "--yes"]).must(0, &[]);
    assert!(!cloud.path("kubeconfig").exists());
}

#[test]
fn a_kubeconfig_can_go_to_stdout_and_to_no_file() {
    let cloud = Cloud::new();
    let said = cloud
        .up(&["--kubeconfig", "-"])
        .must(0, &["ask for the kubeconfig of rsac"]);
    assert!(said.out.contains("current-context: rsac"), "{}", said.out);
    assert!(!cloud.path("kubeconfig").exists());
    // Again: nothing is to be done, and it is shown.
    let again = cloud.up(&["--kubeconfig", "-"]).must(0, &["(is there)"]);
    assert_eq!(again.out, said.out);
    assert_eq!(cloud.up(&[]).must(0, &[]).out, "");
    cloud
        .up(&["--kubeconfig", "-", "--output", "json"])
        .must(2, &["both write to stdout"]);
    cloud
        .run(&[
            "up",
            "--provider",
            "kubeconfig",
            "--kubeconfig",
            "-",
            "--stack",
            "k",
        ])
        .must(2, &["--kubeconfig - is not for provider kubeconfig"]);
    cloud
        .run(&["down", "--yes", "--with-network-watcher"])
        .must(0, &[]);
    cloud.must_be_empty();
}

#[test]
fn anothers_entry_of_the_same_name_is_not_overwritten_unasked() {
    let cloud = Cloud::new();
    let theirs = "apiVersion: v1\nkind: Config\ncontexts:\n- name: rsac\n  context: {cluster: x, user: x}\nclusters:\n- name: rsac\n  cluster: {server: 'https://else.example'}\nusers: []\n";
    std::fs::write(cloud.path("kubeconfig"), theirs).unwrap();
    // It is told before anything is made.
    cloud.up(&[]).must(5, &["\"rsac\"", "--overwrite-existing"]);
    cloud.must_be_empty();
    assert_eq!(
        std::fs::read_to_string(cloud.path("kubeconfig")).unwrap(),
        theirs
    );
    cloud.up(&["--overwrite-existing"]).must(0, &[]);
    cloud
        .run(&["down", "--yes", "--with-network-watcher"])
        .must(0, &[]);
    cloud.must_be_empty();
}

#[test]
fn a_changed_count_is_sent_and_what_cannot_change_is_refused_before() {
    let cloud = Cloud::new();
    cloud.up(&[]).must(0, &[]);
    cloud
        .up(&["--agent-count", "4"])
        .must(0, &["agentPoolProfiles/0/count 2 to 4"]);
    let cluster = cloud.azure.resource(&cloud.azure.clusters()[0]).unwrap();
    assert_eq!(cluster["properties"]["agentPoolProfiles"][0]["count"], 4);
    cloud.azure.forget_requests();
    cloud
        .up(&["--dns-prefix", "other"])
        .must(5, &["dnsPrefix", "cannot be changed", "rsac-infra down"]);
    assert_eq!(cloud.changes(), Vec::<String>::new());
}

#[test]
fn the_same_comes_of_a_deployment() {
    let direct = Cloud::new();
    direct.up(&[]).must(0, &[]);
    let deployed = Cloud::new();
    deployed.up(&["--via", "deployment"]).must(0, &[]);
    let body = |cloud: &Cloud| {
        let mut body = cloud.azure.resource(&cloud.azure.clusters()[0]).unwrap();
        // What tells the two stacks and their clusters apart.
        for key in ["tags", "etag", "systemData", "identity"] {
            body.as_object_mut().unwrap().remove(key);
        }
        for key in [
            "fqdn",
            "azurePortalFQDN",
            "resourceUID",
            "identityProfile",
            "networkProfile",
        ] {
            body["properties"].as_object_mut().unwrap().remove(key);
        }
        body
    };
    assert_eq!(body(&direct), body(&deployed));
    deployed.run(&["plan"]).must(0, &["(is there)"]);
    deployed
        .run(&["down", "--yes", "--with-network-watcher"])
        .must(0, &[]);
    deployed.must_be_empty();
}

#[test]
fn a_group_that_stays_keeps_no_record_of_the_deployment() {
    let cloud = Cloud::new();
    cloud.azure.make_group("mine", "uksouth", json!({}));
    let flags = ["--via", "deployment", "--resource-group", "mine"];
    cloud.up(&flags).must(0, &[]);
    let deployments = || {
        let mut all = cloud.azure.resources();
        all.retain(|id| id.contains("/deployments/"));
        all
    };
    assert_eq!(deployments().len(), 1);
    cloud
        .run(&["down", "--yes", "--with-network-watcher"])
        .must(0, &["deployments/rsac-", "Kept resource group mine"]);
    assert_eq!(deployments(), Vec::<String>::new());
    assert_eq!(cloud.azure.groups(), ["mine"]);
    assert_eq!(cloud.azure.resources(), Vec::<String>::new());
}

#[test]
fn down_that_does_not_wait_is_confirmed_by_a_later_one() {
    let cloud = Cloud::with(Settings {
        polls: 4,
        watchers: WatcherCreation::Never,
        ..Settings::default()
    });
    cloud.up(&[]).must(0, &[]);
    cloud
        .run(&["down", "--yes", "--no-wait"])
        .must(0, &["confirms its end"]);
    assert!(cloud.path("state/stacks/azure/stack.json").exists());
    cloud.run(&["down", "--yes"]).must(0, &["Removed"]);
    cloud.must_be_empty();
    cloud
        .run(&["down", "--no-wait", "--with-network-watcher"])
        .must(2, &["--with-network-watcher"]);
}

#[test]
fn two_at_once_on_one_stack_are_one() {
    let cloud = Cloud::new();
    let words = cloud.up_words(&[]);
    // The first waits in its middle until the second has been told.
    let (is_there, reached) = std::sync::mpsc::channel();
    let (go_on, told) = std::sync::mpsc::channel();
    let told = std::sync::Mutex::new(told);
    cloud.azure.before(move |seen| {
        if seen.method == "PUT" && seen.path.contains("/managedClusters/") {
            is_there.send(()).unwrap();
            told.lock().unwrap().recv_timeout(HANG).unwrap();
        }
        Go::On
    });
    let first = cloud.command_of("state", &words);
    let first = std::thread::spawn(move || said(first));
    reached.recv_timeout(HANG).unwrap();
    cloud.up(&[]).must(5, &["in use"]);
    go_on.send(()).unwrap();
    first.join().unwrap().must(0, &[]);
    assert_eq!(cloud.azure.clusters().len(), 1);
}

#[test]
fn a_failed_operation_says_whose_error_it_is_and_up_goes_on() {
    let cloud = Cloud::new();
    let when = When::matching("PUT .*managedClusters").unwrap();
    let failed = Effect::FailOperation(
        "QuotaExceeded".to_owned(),
        "Operation could not be completed as it results in exceeding approved Total Regional Cores quota.".to_owned(),
    );
    cloud.azure.fault(Fault::once(when, failed));
    cloud.up(&[]).must(
        7,
        &[
            "make cluster rsac",
            "quota or capacity exhausted",
            "--agent-count",
            "`rsac-infra up --stack azure` goes on",
            "`rsac-infra down --stack azure` takes back",
        ],
    );
    // What failed is there, and is made whole.
    cloud.up(&[]).must(0, &["anew, which is Failed"]);
    assert_eq!(cloud.azure.clusters().len(), 1);
    cloud
        .run(&["down", "--yes", "--with-network-watcher"])
        .must(0, &[]);
    cloud.must_be_empty();
}

#[test]
fn spot_nodes_are_a_pool_beside_the_systems() {
    let cloud = Cloud::new();
    cloud.up(&["--spot-workers", "2"]).must(0, &["and 2 × "]);
    let cluster = cloud.azure.resource(&cloud.azure.clusters()[0]).unwrap();
    let pools = cluster["properties"]["agentPoolProfiles"]
        .as_array()
        .unwrap();
    let spot = pools.iter().find(|pool| pool["name"] == "spot").unwrap();
    assert_eq!(spot["scaleSetPriority"], "Spot");
    assert_eq!(spot["mode"], "User");
    assert_eq!(
        spot["nodeTaints"],
        json!(["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"])
    );
}

#[test]
fn spot_nodes_have_a_quota_of_their_own() {
    let cloud = Cloud::with(Settings {
        cores: 4,
        family_cores: [("lowPriorityCores".to_owned(), 8)].into(),
        ..Settings::default()
    });
    cloud.up(&["--spot-workers", "5"]).must(
        7,
        &["the quota of lowPriorityCores in uksouth is 8, 0 are used, and the cluster needs 10"],
    );
    assert_eq!(cloud.changes(), Vec::<String>::new());
    cloud
        .up(&["--spot-workers", "4"])
        .must(0, &["4 cores of 4 that", "8 cores of spot machines of 8"]);
    let plan = ["plan", "--stack", "other", "--provider", "azure"];
    cloud
        .run(&[&plan[..], &["--cluster-name", "other"]].concat())
        .must(7, &["the quota of cores in uksouth is 4, 4 are used"]);
}

#[test]
fn providers_that_are_not_registered_are_registered_first() {
    let cloud = Cloud::with(Settings {
        registered: vec!["Microsoft.Network".to_owned()],
        ..Settings::default()
    });
    cloud.up(&[]).must(
        0,
        &["register resource providers Microsoft.ContainerService"],
    );
    cloud
        .run(&["down", "--yes", "--with-network-watcher"])
        .must(0, &[]);
    cloud.must_be_empty();
}

#[test]
fn another_kubeconfig_gets_the_entry_and_the_first_loses_it() {
    let cloud = Cloud::new();
    cloud.up(&[]).must(0, &[]);
    assert!(cloud.path("kubeconfig").exists());
    let other = cloud.path("other");
    let flags = ["--kubeconfig", other.to_str().unwrap()];
    cloud.azure.forget_requests();
    cloud.up(&flags).must(0, &["Adding rsac to"]);
    assert!(!cloud.path("kubeconfig").exists());
    let text = std::fs::read_to_string(&other).unwrap();
    assert!(text.contains("current-context: rsac"), "{text}");
    // What somebody took out is put in again.
    std::fs::remove_file(&other).unwrap();
    cloud.up(&[]).must(0, &["Adding rsac to"]);
    assert!(other.exists());
    cloud.up(&["--kubeconfig", "-"]).must(0, &[]);
    assert!(!other.exists());
    cloud.up(&flags).must(0, &["Adding rsac to"]);
    // Its entry is no conflict for a cluster that is made anew.
    cloud.azure.remove(
        "/resourceGroups/rsac-azure/providers/Microsoft.ContainerService/managedClusters/rsac",
    );
    cloud.up(&[]).must(0, &["Making cluster rsac"]);
    cloud
        .run(&["down", "--yes", "--with-network-watcher"])
        .must(0, &[]);
    cloud.must_be_empty();
    assert!(!other.exists());
}
