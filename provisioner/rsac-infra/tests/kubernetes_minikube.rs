//! The provider minikube against a stand-in that speaks minikube's command line
//! (tests/stand-in/minikube) on the cluster of the tests.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests: a failure is the test's"
)]

mod kubernetes;

use kubernetes::bare_cluster;
use kubernetes::machine::Machine;
use rsac_provisioner::deploy::look;

/// The README's second command, whole: profile, image, operator, job, factors; and away.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants a cluster in RSAC_TEST_KUBECONFIG"]
async fn the_example_is_solved_on_minikube_and_down_leaves_nothing() {
    let cluster = bare_cluster().await;
    let machine = Machine::new();
    let said = machine
        .run(&["up", "--provider", "minikube", "--wait"])
        .must(
            0,
            &[
                "Making minikube profile minikube",
                "Loading the image of this program into profile minikube",
                "Installing the operator",
                "this was the bundled example",
            ],
        );
    assert!(
        said.out.contains("804556097 = 15581 × 51637"),
        "{}",
        said.out
    );
    assert!(
        machine
            .run(&["status"])
            .must(0, &[])
            .out
            .contains("my-rsac")
    );
    machine
        .run(&["down", "--yes"])
        .must(0, &["nothing of it is left"]);
    assert!(
        machine
            .asked()
            .ends_with("delete --profile minikube\nprofile list --output json\n")
    );
    // Before the profile went, what was in it did, as in a profile that stays.
    let there = look::look(&cluster.client).await.unwrap();
    assert!(there.definition.is_none() && there.operator.is_none());
    assert!(!machine.path("state").exists());
}

#[test]
#[ignore = "wants a cluster in RSAC_TEST_KUBECONFIG"]
fn a_profile_that_up_made_is_deleted_and_one_that_was_there_is_not() {
    let machine = Machine::new();
    let up = ["up", "--provider", "minikube", "--only", "cluster"];
    machine
        .run(
            &[
                &up[..],
                &["--profile", "own", "--nodes", "2", "--memory", "4g"],
            ]
            .concat(),
        )
        .must(
            0,
            &["make minikube profile own", "Making minikube profile own"],
        );
    let start = "start --profile own --keep-context --interactive=false --memory=4g --nodes=2";
    let asked = machine.asked();
    let dry = asked.find(&format!("{start} --dry-run\n")).unwrap();
    let real = asked.find(&format!("{start}\n")).unwrap();
    assert!(dry < real, "the driver is tried first: {asked}");
    // Again: it is there.
    let again = machine.run(&up).must(0, &["(is there)"]);
    assert!(!again.err.contains("Starting"), "{again:?}");
    machine
        .run(&["down", "--yes"])
        .must(0, &["nothing of it is left"]);
    assert!(
        machine
            .asked()
            .ends_with("delete --profile own\nprofile list --output json\n")
    );

    machine.profile("minikube", Some("Stopped"));
    machine
        .run(&up)
        .must(0, &["start minikube profile minikube"]);
    machine
        .run(&["down", "--yes"])
        .must(0, &["nothing of it is left"]);
    assert!(!machine.asked().contains("delete --profile minikube"));
}

#[test]
#[ignore = "wants a cluster in RSAC_TEST_KUBECONFIG"]
fn a_driver_that_does_not_run_is_found_before_anything_is_made() {
    let machine = Machine::new();
    let up = [
        "up",
        "--provider",
        "minikube",
        "--only",
        "cluster",
        "--driver",
        "broken",
    ];
    machine.run(&up).must(
        7,
        &[
            "PROVIDER_BROKEN_NOT_RUNNING",
            "start broken, or take another --driver",
        ],
    );
    assert!(!machine.path("stand-in/profiles").exists());
    machine
        .run(&["down", "--yes"])
        .must(0, &["nothing of it is left"]);
    assert!(!machine.asked().contains("delete"), "nothing was made");
}

#[test]
#[ignore = "wants a cluster in RSAC_TEST_KUBECONFIG"]
fn down_succeeds_when_the_profile_is_gone_already() {
    let machine = Machine::new();
    machine
        .run(&["up", "--provider", "minikube", "--only", "cluster"])
        .must(0, &[]);
    machine.profile("minikube", None);
    machine
        .run(&["down", "--yes"])
        .must(0, &["nothing of it is left"]);
    assert!(!machine.path("state").exists());
}

#[test]
fn without_minikube_the_remedy_is_said() {
    let machine = Machine::new();
    let said = std::process::Command::new(env!("CARGO_BIN_EXE_rsac-infra"))
        .args(["up", "--provider", "minikube"])
        .env("RSAC_STATE_DIR", machine.path("state"))
        .env("KUBECONFIG", machine.path("kubeconfig"))
        .env("PATH", machine.path("empty"))
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&said.stderr);
    assert_eq!(said.status.code(), Some(7), "{err}");
    assert!(err.contains("minikube is not installed"), "{err}");
    assert!(err.contains("https://minikube.sigs.k8s.io"), "{err}");
}
