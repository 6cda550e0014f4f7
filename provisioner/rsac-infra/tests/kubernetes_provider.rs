//! `up` and `down` on a real cluster: what is installed, shared, refused and left. The
//! cluster must be without rsac; tests take turns.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests: a failure is the test's"
)]

mod kubernetes;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use kubernetes::machine::Machine;
use kubernetes::{HANG, bare_cluster, kubeconfig};
use rsac_api::names;
use rsac_provisioner::deploy::{install, look, marks::Marks, remove};
use tokio::sync::Mutex;

/// One at a time: they install and remove what the cluster has one of.
static TURN: Mutex<()> = Mutex::const_new(());

/// An image that no node can pull.
const NO_IMAGE: &str = "127.0.0.1:1/no/such-image:1";

fn up<'a>(kubeconfig: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let words = ["up", "--provider", "kubeconfig", "--kubeconfig", kubeconfig];
    [&words[..], more].concat()
}

/// Nothing of rsac is in the cluster.
async fn assert_clean(client: &Client) {
    let there = look::look(client).await.unwrap();
    assert!(there.definition.is_none() && there.operator.is_none());
    let namespaces: Api<Namespace> = Api::all(client.clone());
    for name in ["rsac", names::OPERATOR_NAMESPACE] {
        assert!(namespaces.get_opt(name).await.unwrap().is_none(), "{name}");
    }
    let roles: Api<ClusterRole> = Api::all(client.clone());
    for name in ["rsac-operator", "rsac-viewer", "rsac-editor"] {
        assert!(roles.get_opt(name).await.unwrap().is_none(), "{name}");
    }
    let bindings: Api<ClusterRoleBinding> = Api::all(client.clone());
    assert!(bindings.get_opt("rsac-operator").await.unwrap().is_none());
}

#[tokio::test]
#[ignore = "wants a cluster in RSAC_TEST_KUBECONFIG"]
async fn an_operator_that_cannot_start_is_explained_and_down_leaves_nothing() {
    let _turn = TURN.lock().await;
    let cluster = bare_cluster().await;
    let config = kubeconfig().display().to_string();
    let machine = Machine::new();
    machine.run(&up(&config, &["--image", NO_IMAGE])).must(
        7,
        &["does not become available", "ImagePull", "--image REF"],
    );
    // The plan of another go knows what is there, and the stack where it lives.
    machine
        .run(&up(&config, &["--namespace", "elsewhere"]))
        .must(
            5,
            &["--namespace elsewhere: stack kubeconfig lives in rsac"],
        );
    machine
        .run(&["list"])
        .must(7, &["stack kubeconfig is not complete"]);
    machine
        .run(&["down", "--yes"])
        .must(0, &["nothing of it is left"]);
    assert_clean(&cluster.client).await;
    assert!(!machine.path("state").exists());
}

#[tokio::test]
#[ignore = "wants a cluster in RSAC_TEST_KUBECONFIG"]
async fn only_cluster_installs_nothing() {
    let _turn = TURN.lock().await;
    let cluster = bare_cluster().await;
    let config = kubeconfig().display().to_string();
    let machine = Machine::new();
    let said = machine
        .run(&up(&config, &["--only", "cluster"]))
        .must(0, &["reach Kubernetes v1.", "installs the operator"]);
    assert!(!said.err.contains("CRD"), "{said:?}");
    assert_clean(&cluster.client).await;
    machine
        .run(&["down", "--yes"])
        .must(0, &["nothing of it is left"]);
}

#[tokio::test]
#[ignore = "wants a cluster in RSAC_TEST_KUBECONFIG"]
async fn a_cluster_that_is_gone_for_good_is_forgotten_by_force_alone() {
    let _turn = TURN.lock().await;
    bare_cluster().await;
    let machine = Machine::new();
    let config = machine.path("config");
    std::fs::copy(kubeconfig(), &config).unwrap();
    let config_text = config.display().to_string();
    machine
        .run(&up(&config_text, &["--only", "cluster"]))
        .must(0, &[]);
    // Nobody listens on the discard port.
    let text = std::fs::read_to_string(&config).unwrap();
    let lines = text.lines().map(|line| match line.split_once("server:") {
        Some((before, _)) => format!("{before}server: https://127.0.0.1:9"),
        None => line.to_owned(),
    });
    std::fs::write(&config, lines.collect::<Vec<_>>().join("\n")).unwrap();
    machine
        .run(&["down", "--yes"])
        .must(7, &["does not answer"]);
    machine.run(&["down", "--yes", "--force"]).must(
        0,
        &[
            "Kept whatever rsac has in the cluster of context",
            "Removed",
        ],
    );
    assert!(!machine.path("state").exists());
}

/// Changes the definition of this version, and applies it as another's.
async fn give(client: &Client, change: impl FnOnce(&mut CustomResourceDefinition)) {
    let mut crd = rsac_api::crd();
    change(&mut crd);
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let params = PatchParams::apply("somebody").force();
    let patch = Patch::Apply(&crd);
    api.patch(names::CRD, &params, &patch).await.unwrap();
}

fn without_suspend(crd: &mut CustomResourceDefinition) {
    let schema = crd.spec.versions[0].schema.as_mut().unwrap();
    let root = schema.open_api_v3_schema.as_mut().unwrap();
    let spec = root.properties.as_mut().unwrap().get_mut("spec").unwrap();
    spec.properties.as_mut().unwrap().remove("suspend");
}

fn version(crd: &mut CustomResourceDefinition, version: &str) {
    let labels = crd.metadata.labels.as_mut().unwrap();
    labels.insert(names::VERSION_LABEL.to_owned(), version.to_owned());
}

#[tokio::test]
#[ignore = "wants a cluster in RSAC_TEST_KUBECONFIG"]
async fn a_definition_that_others_installed_is_refused_upgraded_or_used_and_kept() {
    let _turn = TURN.lock().await;
    let cluster = bare_cluster().await;
    let client = &cluster.client;
    let config = kubeconfig().display().to_string();
    let machine = Machine::new();
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let image = ["--image", NO_IMAGE];

    give(client, |crd| {
        without_suspend(crd);
        version(crd, "99.0.0");
    })
    .await;
    machine.run(&up(&config, &image)).must(
        7,
        &[
            "newer version 99.0.0",
            "does not serve suspend",
            "use rsac-infra 99.0.0",
        ],
    );

    give(client, |crd| {
        without_suspend(crd);
        version(crd, "0.0.1");
    })
    .await;
    machine.run(&up(&config, &image)).must(
        7,
        &[
            "of version 0.0.1",
            "does not serve suspend",
            "--upgrade-operator",
        ],
    );
    // The upgrade goes through, and the operator after it fails for want of an image.
    machine
        .run(&up(
            &config,
            &[&image[..], &["--upgrade-operator"]].concat(),
        ))
        .must(7, &["ImagePull"]);
    let there = look::look(client).await.unwrap();
    let found = there.found_definition().unwrap();
    assert_eq!(found.version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(found.installer, None, "an upgrade does not make it ours");
    machine.run(&["down", "--yes"]).must(0, &[]);
    assert!(
        api.get_opt(names::CRD).await.unwrap().is_some(),
        "it was not ours"
    );

    let gone = DeleteParams::default();
    api.delete(names::CRD, &gone).await.unwrap();
    until_gone(&api).await;
    give(client, |crd| crd.metadata.labels = None).await;
    machine
        .run(&up(&config, &image))
        .must(7, &["not rsac's", "--adopt"]);
    machine
        .run(&up(&config, &[&image[..], &["--adopt"]].concat()))
        .must(7, &["ImagePull"]);
    machine
        .run(&["down", "--yes"])
        .must(0, &["nothing of it is left"]);
    assert_clean(client).await;
}

async fn until_gone(api: &Api<CustomResourceDefinition>) {
    let begun = std::time::Instant::now();
    while api.get_opt(names::CRD).await.unwrap().is_some() {
        assert!(begun.elapsed() < HANG);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

#[tokio::test]
#[ignore = "wants a cluster in RSAC_TEST_KUBECONFIG"]
async fn what_others_use_stays_and_is_named() {
    let _turn = TURN.lock().await;
    let cluster = bare_cluster().await;
    let client = &cluster.client;
    let marks = |stack: &str| Marks {
        stack: stack.to_owned(),
        run: "r".to_owned(),
    };
    let own = marks("own");
    install::definition(client, &own, Default::default())
        .await
        .unwrap();
    install::namespace(client, "rsac", &own).await.unwrap();
    let jobs: Api<rsac_api::RSACracker> = Api::namespaced(client.clone(), "rsac");
    let job: rsac_api::RSACracker = serde_json::from_value(serde_json::json!({
        "apiVersion": rsac_api::API_VERSION, "kind": rsac_api::KIND,
        "metadata": {"name": "theirs"},
        "spec": {"numberToFactor": "15", "suspend": true},
    }))
    .unwrap();
    jobs.create(&Default::default(), &job).await.unwrap();

    let stays = remove::definition(client, &own).await.unwrap();
    assert_eq!(stays.as_deref(), Some("the CRD stays: rsac/theirs uses it"));
    let stays = remove::namespace(client, "rsac", &own).await.unwrap();
    assert_eq!(
        stays.as_deref(),
        Some("namespace rsac stays: rsac/theirs uses it")
    );
    // Another stack removes nothing of this one's, used or not.
    jobs.delete("theirs", &Default::default()).await.unwrap();
    assert_eq!(
        remove::definition(client, &marks("other")).await.unwrap(),
        None
    );
    assert_eq!(
        remove::namespace(client, "rsac", &marks("other"))
            .await
            .unwrap(),
        None
    );
    assert!(look::look(client).await.unwrap().definition.is_some());
    assert_eq!(remove::namespace(client, "rsac", &own).await.unwrap(), None);
    assert_eq!(remove::definition(client, &own).await.unwrap(), None);
    // Once more does no harm.
    assert_eq!(remove::definition(client, &own).await.unwrap(), None);
    assert_clean(client).await;
}

#[tokio::test]
async fn a_wrong_setting_is_named_before_anything_is_made() {
    let machine = Machine::new();
    machine
        .run(&["up", "--provider", "kubeconfig"])
        .must(7, &["there is no kubeconfig", "--kubeconfig FILE"]);
    machine.run(&["up", "--context", "c"]).must(
        2,
        &[
            "--context is not for provider local",
            "--provider kubeconfig",
        ],
    );
    machine
        .run(&["up", "--provider", "kubeconfig", "--nodes", "2"])
        .must(2, &["--nodes is not for provider kubeconfig"]);
    let config = machine.path("kubeconfig");
    std::fs::write(
        &config,
        "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n\
         users: [{name: u, user: {token: t}}]\ncontexts: [{name: nowhere, context: {cluster: c, user: u}}]\n",
    )
    .unwrap();
    machine
        .run(&["up", "--provider", "kubeconfig", "--context", "nowher"])
        .must(
            7,
            &["--context \"nowher\"", "did you mean --context nowhere?"],
        );
    machine
        .run(&["up", "--provider", "kubeconfig", "--context", "nowhere"])
        .must(7, &["does not answer", "Connection refused"]);
    // None of these left a stack behind.
    assert!(!machine.path("state").exists());
}

#[tokio::test]
#[ignore = "wants a cluster in RSAC_TEST_KUBECONFIG"]
async fn a_right_that_the_user_lacks_is_named() {
    let _turn = TURN.lock().await;
    bare_cluster().await;
    let machine = Machine::new();
    let config = std::fs::read_to_string(kubeconfig()).unwrap();
    let nobody = config.replacen("  user:\n", "  user:\n    as: nobody\n", 1);
    assert_ne!(nobody, config);
    std::fs::write(machine.path("kubeconfig"), nobody).unwrap();
    machine
        .run(&["up", "--provider", "kubeconfig", "--image", NO_IMAGE])
        .must(
            7,
            &[
                "\"nobody\" cannot get resource \"customresourcedefinitions\"",
                "cluster administrator",
            ],
        );
}
