//! deploy and teardown where there is az and no rsac-infra.

use crate::machine::{Machine, SUBSCRIPTION};
use serde_json::{Value, json};

fn position(asked: &[String], text: &str) -> usize {
    let found = asked.iter().position(|line| line.contains(text));
    found.unwrap_or_else(|| panic!("{text:?} was not asked: {asked:#?}"))
}

#[test]
fn deploy_makes_the_cluster_and_teardown_leaves_nothing_of_it() {
    let machine = Machine::new();
    machine.run("deploy.sh", &[]).must(
        0,
        &["Making cluster rsac", "kubectl's current context is rsac"],
    );
    assert_eq!(
        machine.groups(),
        ["MC_rsac-azure_rsac", "NetworkWatcherRG", "rsac-azure"]
    );
    let tags = &machine.world()["groups"]["rsac-azure"]["tags"];
    let id = tags["rsac-stack"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 16);
    assert_eq!(tags["rsac-stack-name"], "azure");
    // Watchers are noted before anything is made.
    let asked = machine.asked();
    let noted = position(&asked, "DisableNetworkWatcherAutocreation");
    assert!(
        noted
            < position(
                &asked,
                "az group create --name rsac-azure --location uksouth"
            )
    );
    position(&asked, &format!("--name rsac-{id} "));
    position(
        &asked,
        "az aks get-credentials --resource-group rsac-azure --name rsac",
    );
    let record: Value = serde_json::from_slice(&std::fs::read(machine.record()).unwrap()).unwrap();
    assert_eq!(record["watchers"], json!([]));
    assert_eq!(record["groupExisted"], false);
    assert_eq!(record["madeByAzure"], true);

    // Again: the same stack, and the record as it was.
    machine
        .run("deploy.sh", &["--overwrite-existing"])
        .must(0, &[]);
    assert_eq!(
        machine.world()["groups"]["rsac-azure"]["tags"]["rsac-stack"],
        id.as_str()
    );
    let again: Value = serde_json::from_slice(&std::fs::read(machine.record()).unwrap()).unwrap();
    assert_eq!(again, record);
    position(
        &machine.asked(),
        "--subscription 11111111-2222-4333-8444-555555555555 --overwrite-existing",
    );

    // Nobody is there to ask.
    machine.run("teardown.sh", &[]).must(2, &["--yes"]);
    assert_eq!(machine.groups().len(), 3);
    machine.write(
        "kubeconfig.json",
        r#"{"contexts": [
        {"name": "rsac", "context": {"user": "clusterUser_rsac-azure_rsac"}}]}"#,
    );
    machine
        .run("teardown.sh", &["--yes"])
        .must(0, &["Deleted resource group rsac-azure", "teardown-nw.sh"]);
    assert_eq!(machine.groups(), ["NetworkWatcherRG"]);
    position(
        &machine.asked(),
        "kubectl config delete-user clusterUser_rsac-azure_rsac",
    );
    assert!(!machine.path("state/az").exists());
    assert!(machine.record().exists());
    machine
        .run("teardown.sh", &["--yes"])
        .must(4, &["no resource group rsac-azure"]);
}

#[test]
fn files_that_are_nobody_elses_business_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new();
    machine.run("deploy.sh", &[]).must(0, &[]);
    let kept = machine.path(&format!("state/az/public_{SUBSCRIPTION}_rsac-azure"));
    for file in [
        machine.record(),
        kept.join("deployment.json"),
        kept.join("ssh-key"),
    ] {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o77, 0, "{}", file.display());
    }
}

#[test]
fn another_kubeconfig_entry_of_that_name_stays() {
    let machine = Machine::new();
    machine.run("deploy.sh", &[]).must(0, &[]);
    machine.write(
        "kubeconfig.json",
        r#"{"contexts": [{"name": "rsac", "context": {"user": "me"}}]}"#,
    );
    machine.run("teardown.sh", &["--yes"]).must(0, &[]);
    assert!(
        !machine
            .asked()
            .iter()
            .any(|line| line.contains("config delete-"))
    );
}

#[test]
fn deploy_takes_no_group_that_is_not_its_own() {
    for tags in [json!({}), Value::Null, json!({"RSAC-stack": "another"})] {
        let machine = Machine::new();
        machine.change(|world| {
            world["groups"]["rsac-azure"] = json!({"location": "uksouth", "tags": tags})
        });
        machine.run("deploy.sh", &[]).must(
            5,
            &["resource group rsac-azure is there", "--resource-group"],
        );
        machine
            .run("deploy.sh", &["--resource-group", "mine"])
            .must(0, &[]);
    }
}

#[test]
fn teardown_deletes_no_group_that_is_not_its_own() {
    let machine = Machine::new();
    machine.change(|world| {
        world["groups"]["theirs"] = json!({"location": "uksouth", "tags": {"a": "b"}})
    });
    machine
        .run(
            "teardown.sh",
            &["--resource-group", "theirs", "--yes", "--force", "--adopt"],
        )
        .must(5, &["resource group theirs was not made by rsac"]);
    // Made by rsac, elsewhere.
    let tags = json!({"rsac-stack": "elsewhere", "rsac-stack-name": "prod"});
    machine.change(|world| world["groups"]["theirs"]["tags"] = tags.clone());
    machine
        .run("teardown.sh", &["--resource-group", "theirs", "--yes"])
        .must(5, &["for stack prod (elsewhere)", "--adopt"]);
    assert_eq!(machine.groups(), ["theirs"]);
    machine
        .run(
            "teardown.sh",
            &["--resource-group", "theirs", "--yes", "--adopt"],
        )
        .must(0, &[]);
    assert_eq!(machine.groups(), [""; 0]);
    assert!(
        !machine
            .asked()
            .iter()
            .any(|line| line.contains("lock delete"))
    );
}

#[test]
fn a_stack_that_the_tool_made_here_is_known() {
    let machine = Machine::new();
    std::fs::create_dir_all(machine.path("state/stacks/azure")).unwrap();
    machine.write(
        "state/stacks/azure/stack.json",
        r#"{"version": 1, "id": "known"}"#,
    );
    let group = json!({"location": "uksouth", "tags": {"rsac-stack": "known"}});
    machine.change(|world| world["groups"]["rsac-azure"] = group.clone());
    machine
        .run("teardown.sh", &["--yes"])
        .must(0, &["Deleted resource group rsac-azure"]);
}

#[test]
fn locks_and_what_others_put_into_the_group_are_respected() {
    let machine = Machine::new();
    machine.run("deploy.sh", &[]).must(0, &[]);
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rsac-azure");
    let disk = json!({"group": "rsac-azure", "id": format!("{group}/providers/x/disks/theirs"), "tags": null});
    machine.change(|world| {
        world["resources"]
            .as_array_mut()
            .unwrap()
            .push(disk.clone());
        world["locks"] =
            json!([{"id": format!("{group}/providers/Microsoft.Authorization/locks/held")}]);
    });
    machine
        .run("teardown.sh", &["--yes", "--force"])
        .must(5, &["locks forbid", "locks/held"]);
    machine.change(|world| world["locks"] = json!([]));
    let said = machine
        .run("teardown.sh", &["--yes"])
        .must(5, &["what rsac did not make", "disks/theirs"]);
    assert!(!said.err.contains("managedClusters"), "{}", said.err);
    assert!(machine.groups().contains(&"rsac-azure".to_owned()));
    machine
        .run("teardown.sh", &["--yes", "--force"])
        .must(0, &[]);
    assert_eq!(machine.groups(), ["NetworkWatcherRG"]);
}

#[test]
fn whatever_az_refuses_ends_it_with_the_way_on() {
    let cases = [
        ("^rest .*networkWatchers", 7, "watchers cannot be listed"),
        (
            "^group create",
            7,
            "teardown.sh --resource-group rsac-azure",
        ),
        ("^deployment group create", 7, "the cluster cannot be made"),
        ("^aks get-credentials", 7, "the cluster is there"),
    ];
    // Each time it goes on from where it stopped, as the same stack.
    let machine = Machine::new();
    for (fails, code, text) in cases {
        machine.write("fails", fails);
        machine.run("deploy.sh", &[]).must(code, &[text]);
    }
    machine.write("fails", "^nothing");
    let id =
        |machine: &Machine| machine.world()["groups"]["rsac-azure"]["tags"]["rsac-stack"].clone();
    let before = id(&machine);
    machine.run("deploy.sh", &[]).must(0, &[]);
    assert!(before.is_string() && before == id(&machine));
    for fails in [
        "^group exists",
        "^group show",
        "locks",
        "/resources",
        "^aks list",
        "^group delete",
    ] {
        machine.write("fails", fails);
        machine.run("teardown.sh", &["--yes"]).must(7, &[]);
        assert_eq!(before, id(&machine), "{fails}");
    }
    machine.write("fails", "^nothing");
    machine.run("teardown.sh", &["--yes"]).must(0, &[]);
}

#[test]
fn what_is_missing_is_said() {
    let machine = Machine::new();
    machine.change(|world| world["signedIn"] = json!(false));
    machine
        .run("deploy.sh", &[])
        .must(7, &["az is not signed in", "az login"]);
    std::fs::remove_file(machine.path("bin/jq")).unwrap();
    machine
        .run("deploy.sh", &[])
        .must(7, &["jq is not installed"]);
    std::fs::remove_file(machine.path("bin/az")).unwrap();
    machine
        .run("deploy.sh", &[])
        .must(7, &["neither rsac-infra nor az"]);
    machine
        .run("deploy.sh", &["--parameters", "nowhere.json"])
        .must(3, &["nowhere.json"]);
}
