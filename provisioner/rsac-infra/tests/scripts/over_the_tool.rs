//! Where there is rsac-infra, the scripts are its words.

use crate::machine::{Machine, said};

fn with_the_tool() -> Machine {
    let machine = Machine::new();
    machine.has("rsac-infra");
    machine
}

#[test]
fn each_script_is_a_word_of_it() {
    let parameters =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bicep/parameters.json");
    let parameters = parameters.canonicalize().unwrap();
    let up = format!(
        "rsac-infra up --provider azure --only cluster --parameters {}",
        parameters.display()
    );
    let cases: [(&str, &[&str], String); 7] = [
        ("deploy.sh", &[], up.clone()),
        (
            "deploy.sh",
            &[
                "--resource-group",
                "g",
                "--location",
                "ukwest",
                "--overwrite-existing",
                "--yes",
            ],
            format!("{up} --resource-group g --location ukwest --overwrite-existing"),
        ),
        ("teardown.sh", &[], "rsac-infra --stack azure down".into()),
        (
            "teardown.sh",
            &["--yes", "--force"],
            "rsac-infra --stack azure down --force --yes".into(),
        ),
        (
            "teardown.sh",
            &["--resource-group", "g", "--yes"],
            "rsac-infra down --adopt g --yes".into(),
        ),
        (
            "teardown-nw.sh",
            &[],
            "rsac-infra down --with-network-watcher".into(),
        ),
        (
            "teardown-nw.sh",
            &["--yes"],
            "rsac-infra down --with-network-watcher --yes".into(),
        ),
    ];
    for (script, words, expected) in cases {
        let machine = with_the_tool();
        machine.run(script, words).must(0, &[]);
        let asked = machine.asked();
        assert_eq!(asked.last(), Some(&expected), "{script} {words:?}");
        assert!(
            !asked.iter().any(|line| line.starts_with("az ")),
            "{asked:?}"
        );
        // Its end is the script's.
        machine.write("code", "7");
        machine.run(script, words).must(7, &[]);
    }
}

#[test]
fn a_cluster_that_stands_is_not_taken_down_with_its_watcher() {
    let machine = with_the_tool();
    machine.write(
        "stacks",
        r#"{"type":"stack","name":"azure","provider":"azure"}"#,
    );
    machine
        .run("teardown-nw.sh", &["--yes"])
        .must(5, &["still there", "teardown.sh first"]);
    machine.write(
        "stacks",
        r#"{"type":"stack","name":"local","provider":"local"}"#,
    );
    machine.run("teardown-nw.sh", &["--yes"]).must(0, &[]);
}

#[test]
fn the_tool_is_the_one_that_is_named_and_az_the_one_that_is_wanted() {
    let machine = Machine::new();
    let named =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand-in/azure/rsac-infra");
    let mut command = machine.command("teardown.sh", &["--yes"]);
    command.env("RSAC_INFRA", &named);
    said(command).must(0, &[]);
    assert_eq!(machine.asked(), ["rsac-infra --stack azure down --yes"]);
    let mut command = machine.command("teardown.sh", &["--yes"]);
    command.env("RSAC_INFRA", "/nowhere/rsac-infra");
    said(command).must(2, &["RSAC_INFRA /nowhere/rsac-infra"]);
    let machine = with_the_tool();
    machine
        .run("teardown.sh", &["--yes", "--az"])
        .must(4, &["no resource group rsac-azure"]);
    assert!(machine.asked().iter().all(|line| line.starts_with("az ")));
}

#[test]
fn help_is_given_and_bad_options_are_named() {
    let machine = with_the_tool();
    for script in ["deploy.sh", "teardown.sh", "teardown-nw.sh"] {
        let help = machine.run(script, &["--help"]).must(0, &[]);
        for option in ["--resource-group", "--yes", "--az", "--help"] {
            assert!(help.out.contains(option), "{script}: {}", help.out);
        }
        machine
            .run(script, &["--sudo"])
            .must(2, &["--sudo: there is no such option"]);
        machine
            .run(script, &["--resource-group"])
            .must(2, &["--resource-group wants a value"]);
    }
    assert_eq!(machine.asked(), [""; 0]);
}
