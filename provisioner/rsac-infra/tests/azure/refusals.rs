//! What is refused, and that nothing was done then; what others have is left alone.

use crate::cloud::Cloud;
use rsac_azure_simulator::{Effect, Fault, Grant, Settings, When, fault_answers};
use serde_json::json;

const NETWORK: &str =
    "/resourceGroups/rsac-azure/providers/Microsoft.Network/virtualNetworks/theirs";

/// A group's name that is fit itself, and makes the nodes' group's too long.
const LONG: &str = "a-group-whose-name-is-longer-than-the-name-of-the-nodes-group-can-hold";

fn nothing_was_sent(cloud: &Cloud) {
    assert_eq!(cloud.changes(), Vec::<String>::new());
    assert!(
        !cloud.path("state").exists(),
        "a stack that never lived is remembered"
    );
}

#[test]
fn bad_settings_are_named_before_anything_is_sent() {
    for (flags, code, said) in [
        (&["--agent-count", "51"][..], 3, "agentCount"),
        (&["--agent-count", "0"], 3, "agentCount"),
        (&["--os-disk-size-gb", "1024"], 3, "osDiskSizeGB"),
        (&["--location", "mars"], 7, "--location \"mars\""),
        (&["--cloud", "mars"], 3, "mars"),
        (&["--resource-group", "a b"], 3, "a b"),
        (&["--tag", "novalue"], 2, "novalue"),
        (
            &["--tag", "Rsac-Stack=mine"],
            3,
            "rsac-infra sets it itself",
        ),
        (&["--cluster-name", "a_b"], 3, "--dns-prefix"),
        (&["--cluster-name=-a"], 3, "clusterName \"-a\""),
        (&["--admin-username", "1"], 3, "linuxAdminUsername \"1\""),
        (&["--resource-group", LONG], 3, "Azure takes 80"),
        (&["--parameters", "/nowhere/p.json"], 3, "/nowhere/p.json"),
        (&["--subscription", "no-guid"], 7, "no-guid"),
        (
            &["--registry", "a/b", "--attach-acr", "c"],
            2,
            "--attach-acr",
        ),
    ] {
        let cloud = Cloud::new();
        cloud.up(flags).must(code, &[said]);
        nothing_was_sent(&cloud);
    }
    let cloud = Cloud::new();
    let words = ["up", "--provider", "local", "--agent-count", "2"];
    cloud
        .run(&words)
        .must(2, &["--agent-count is not for provider local"]);
    let words = ["down", "--with-network-watcher", "--yes"];
    cloud
        .run(&words)
        .must(4, &["no record of network watchers"]);
}

#[test]
fn a_wrong_secret_says_what_each_credential_answered() {
    let cloud = Cloud::new();
    let mut command = cloud.command_of("state", &["plan", "--provider", "azure"]);
    command
        .env("AZURE_CLIENT_SECRET", "m1staken-s3cret")
        .env("PATH", "/nowhere");
    let said = crate::cloud::said(command).must(7, &["AADSTS7000215", "az login"]);
    assert!(!said.err.contains("m1staken-s3cret"), "{}", said.err);
    nothing_was_sent(&cloud);
}

#[test]
fn the_quota_is_looked_at_before_the_first_request() {
    let cloud = Cloud::with(Settings {
        cores: 3,
        ..Settings::default()
    });
    cloud
        .up(&[])
        .must(7, &["the quota of cores in uksouth is 3", "--agent-count"]);
    nothing_was_sent(&cloud);
}

#[test]
fn a_policy_is_told_from_a_quota() {
    for (answer, class) in [
        (
            fault_answers::policy("rsac", "only-tagged"),
            "forbidden by policy",
        ),
        (
            fault_answers::quota(4, 1, "standardBSFamily", "uksouth"),
            "quota or capacity exhausted",
        ),
    ] {
        let cloud = Cloud::new();
        let when = When::matching("PUT .*managedClusters").unwrap();
        cloud.azure.fault(Fault::once(when, Effect::Answer(answer)));
        cloud.up(&[]).must(7, &[class, "make cluster rsac"]);
        cloud
            .run(&["down", "--yes", "--with-network-watcher"])
            .must(0, &[]);
        cloud.must_be_empty();
    }
}

#[test]
fn a_group_of_another_stack_is_refused_and_nobodys_is_used_and_stays() {
    let cloud = Cloud::new();
    let tags = json!({"rsac-stack": "0123", "rsac-stack-name": "theirs"});
    cloud.azure.make_group("rsac-azure", "uksouth", tags);
    cloud
        .up(&[])
        .must(5, &["belongs to stack theirs", "down --adopt rsac-azure"]);
    nothing_was_sent(&cloud);

    cloud
        .azure
        .make_group("mine", "uksouth", json!({"cost": "7"}));
    cloud
        .up(&["--resource-group", "mine"])
        .must(0, &["use resource group mine, which stays"]);
    cloud
        .run(&["down", "--yes", "--with-network-watcher"])
        .must(0, &["Kept resource group mine"]);
    assert_eq!(cloud.azure.clusters(), Vec::<String>::new());
    assert!(cloud.azure.groups().contains(&"mine".to_owned()));
    assert_eq!(
        cloud.azure.group("mine").unwrap()["tags"],
        json!({"cost": "7"})
    );
}

#[test]
fn what_others_put_into_the_group_is_listed_and_only_force_deletes_it() {
    let cloud = Cloud::new();
    cloud.up(&[]).must(0, &[]);
    cloud.azure.make(NETWORK, json!({"location": "uksouth"}));
    cloud.azure.forget_requests();
    cloud
        .run(&["down", "--yes"])
        .must(5, &["did not make", "virtualNetworks/theirs", "--force"]);
    assert_eq!(cloud.changes(), Vec::<String>::new());
    assert_eq!(cloud.azure.clusters().len(), 1);
    cloud
        .run(&["down", "--yes", "--force"])
        .must(0, &["virtualNetworks/theirs"]);
    assert!(!cloud.azure.groups().contains(&"rsac-azure".to_owned()));
}

#[test]
fn a_lock_is_named_and_never_removed() {
    for scope in [
        "/resourceGroups/rsac-azure",
        "/resourceGroups/MC_rsac-azure_rsac_uksouth",
    ] {
        let cloud = Cloud::new();
        cloud.up(&[]).must(0, &[]);
        cloud.azure.lock(scope, "keep-this", "CanNotDelete");
        cloud.azure.forget_requests();
        for force in [&[][..], &["--force"]] {
            let words = [&["down", "--yes"][..], force].concat();
            cloud
                .run(&words)
                .must(7, &["locks/keep-this", "removes none"]);
        }
        assert_eq!(cloud.changes(), Vec::<String>::new());
        assert_eq!(cloud.azure.clusters().len(), 1);
        cloud.azure.remove(&format!(
            "{scope}/providers/Microsoft.Authorization/locks/keep-this"
        ));
        cloud
            .run(&["down", "--yes", "--with-network-watcher"])
            .must(0, &[]);
        cloud.must_be_empty();
    }
}

#[test]
fn a_stack_on_azure_does_not_move() {
    let cloud = Cloud::new();
    cloud.up(&[]).must(0, &[]);
    cloud.up(&["--resource-group", "elsewhere"]).must(
        5,
        &["--resource-group elsewhere: stack azure lives in rsac-azure"],
    );
    let subscription = Settings::default().subscription.to_uppercase();
    cloud.azure.forget_requests();
    let same = [
        "--resource-group",
        "RSAC-Azure",
        "--subscription",
        &subscription,
    ];
    cloud.up(&same).must(0, &["(is there)"]);
    assert_eq!(cloud.changes(), Vec::<String>::new());
    cloud
        .run(&["down", "--yes", "--with-network-watcher"])
        .must(0, &["Deleted"]);
    cloud.must_be_empty();
}

#[test]
fn a_right_that_is_missing_is_named_and_what_may_not_be_read_is_said() {
    let cloud = Cloud::new();
    let subscription = Settings::default().subscription;
    cloud.azure.change(|settings| {
        let scope = format!("/subscriptions/{subscription}");
        settings.callers[0].grants = vec![Grant::reader(&scope)];
    });
    cloud.up(&[]).must(
        7,
        &["permission missing", "AuthorizationFailed", "Contributor"],
    );
    cloud.must_be_empty();
    // Of one group alone: what is of the subscription cannot be looked at, and stops nothing.
    cloud.azure.make_group("mine", "uksouth", json!({}));
    cloud.azure.change(|settings| {
        let group = format!("/subscriptions/{subscription}/resourceGroups/mine");
        settings.callers[0].grants = vec![Grant::contributor(&group)];
    });
    cloud
        .up(&["--stack", "small", "--resource-group", "mine"])
        .must(0, &["not checked, this caller may not read it"]);
    cloud
        .run(&["down", "--yes", "--stack", "small"])
        .must(0, &["Kept resource group mine"]);
    assert_eq!(cloud.azure.clusters(), Vec::<String>::new());
}

#[test]
fn anothers_cluster_of_the_same_name_in_a_shared_group_is_neither_changed_nor_deleted() {
    for via in ["requests", "deployment"] {
        let cloud = Cloud::new();
        cloud.azure.make_group("shared", "uksouth", json!({}));
        let flags = ["--resource-group", "shared", "--via", via];
        cloud.up_as("first", &flags).must(0, &[]);
        let theirs = cloud.azure.clusters();
        let body = cloud.azure.resource(&theirs[0]).unwrap();
        cloud.azure.forget_requests();
        let other = [&flags[..], &["--kubeconfig", "-"]].concat();
        cloud
            .up_as("second", &other)
            .must(5, &["it belongs to stack azure", "--cluster-name"]);
        cloud
            .run_as("second", &["down", "--yes"])
            .must(0, &["Kept resource group shared"]);
        assert_eq!(cloud.changes(), Vec::<String>::new());
        assert!(!cloud.path("second/stacks").exists());
        assert_eq!(cloud.azure.resource(&theirs[0]), Some(body));
    }
}
