//! The whole of it, with the real Kubernetes of the tests behind the simulator: `up` solves
//! the example, the words work, `down` leaves nothing.

use crate::cloud::Cloud;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams};
use rsac_api::names;
use rsac_azure_simulator::Settings;
use rsac_provisioner::cluster::{Cluster, Target};
use rsac_provisioner::deploy::look;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Only ends a hang.
const HANG: Duration = Duration::from_secs(240);

async fn cluster(kubeconfig: PathBuf) -> Cluster {
    let target = Target {
        files: vec![kubeconfig],
        context: None,
    };
    let cluster = Cluster::open(&target).await.unwrap();
    let namespaces: Api<Namespace> = Api::all(cluster.client.clone());
    let marks = namespaces
        .get("kube-system")
        .await
        .unwrap()
        .metadata
        .annotations;
    let marks = marks.unwrap_or_default();
    assert_eq!(
        marks.get("rsac/disposable").map(String::as_str),
        Some("true")
    );
    cluster
}

/// Azure deletes a cluster with all that is in it; this one stays, so it is emptied here.
async fn empty(cluster: &Cluster) {
    let namespaces: Api<Namespace> = Api::all(cluster.client.clone());
    let _ = namespaces
        .delete(names::OPERATOR_NAMESPACE, &DeleteParams::default())
        .await;
    use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
    let crds: Api<CustomResourceDefinition> = Api::all(cluster.client.clone());
    let _ = crds.delete(names::CRD, &DeleteParams::default()).await;
    let roles: Api<ClusterRole> = Api::all(cluster.client.clone());
    for name in ["rsac-operator", "rsac-viewer", "rsac-editor"] {
        let _ = roles.delete(name, &DeleteParams::default()).await;
    }
    let bindings: Api<ClusterRoleBinding> = Api::all(cluster.client.clone());
    let _ = bindings
        .delete("rsac-operator", &DeleteParams::default())
        .await;
    let begun = Instant::now();
    loop {
        let there = look::look(&cluster.client).await.unwrap();
        let namespace = namespaces.get_opt(names::OPERATOR_NAMESPACE).await.unwrap();
        if there.definition.is_none() && there.operator.is_none() && namespace.is_none() {
            return;
        }
        assert!(begun.elapsed() < HANG, "the cluster does not get empty");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// A job of some seconds gets another worker while it computes, and is watched to its end.
async fn is_scaled_and_watched(cloud: &Cloud, real: &Cluster) {
    let [method, workers] = [["--method", "trial-division"], ["--workers", "1"]];
    let crack = ["crack", "295147903152128265301", "--name", "longer"];
    cloud
        .run(&[&crack[..], &method, &workers].concat())
        .must(0, &["Applied longer (created)"]);
    cloud.run(&["scale", "longer", "2"]).must(0, &["longer"]);
    let deployments: Api<Deployment> = Api::namespaced(real.client.clone(), "rsac");
    let begun = Instant::now();
    while deployments
        .get_opt(&names::workers("longer"))
        .await
        .unwrap()
        .is_none_or(|workers| workers.spec.unwrap().replicas != Some(2))
    {
        assert!(begun.elapsed() < HANG, "it is never scaled");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let watched = cloud.run(&["watch", "longer"]).must(0, &["Solved longer"]);
    assert!(
        watched.out.contains("295147903152128265301 = "),
        "{}",
        watched.out
    );
    let units = cloud.run(&["units", "longer"]).must(0, &[]);
    assert!(units.out.contains("longer-workers-"), "{}", units.out);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants a bare cluster in RSAC_TEST_KUBECONFIG, and its registry in RSAC_TEST_REGISTRY"]
async fn the_example_is_solved_on_azure_and_down_leaves_nothing() {
    let path = PathBuf::from(std::env::var("RSAC_TEST_KUBECONFIG").unwrap());
    let real = cluster(path.clone()).await;
    empty(&real).await;
    let cloud = Cloud::with(Settings {
        kubeconfig: Some(std::fs::read_to_string(&path).unwrap()),
        registry: Some(std::env::var("RSAC_TEST_REGISTRY").unwrap()),
        ..Settings::default()
    });
    let example = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../deploy/example/01-rsac.yaml"
    );
    let up = ["up", "--provider", "azure", "-f", example, "--wait"];
    let said = cloud
        .run(&up)
        .must(0, &["Pushing the image", "Installing the operator"]);
    assert!(
        said.out.contains("804556097 = 15581 × 51637"),
        "{}",
        said.out
    );
    // The words know their stack, and the user's kubectl the cluster.
    assert!(cloud.run(&["status"]).must(0, &[]).out.contains("my-rsac"));
    assert!(cloud.run(&["result"]).must(0, &[]).out.contains("15581"));
    let user = std::fs::read_to_string(cloud.path("kubeconfig")).unwrap();
    assert!(user.contains("current-context: rsac"), "{user}");
    // Pods pull with the job's own copy of the Secret.
    use k8s_openapi::api::core::v1::{Pod, Secret};
    let secrets: Api<Secret> = Api::namespaced(real.client.clone(), "rsac");
    let copy = secrets.get(&names::pull_secret("my-rsac")).await.unwrap();
    assert_eq!(
        copy.type_.as_deref(),
        Some("kubernetes.io/dockerconfigjson")
    );
    let pods: Api<Pod> = Api::namespaced(real.client.clone(), "rsac");
    let master = pods
        .get(&names::master_pod("my-rsac"))
        .await
        .unwrap()
        .spec
        .unwrap();
    assert_eq!(
        master.image_pull_secrets.unwrap()[0].name,
        names::pull_secret("my-rsac")
    );
    is_scaled_and_watched(&cloud, &real).await;
    // No word tells the registry's password, and the right to push is gone.
    let password = Settings::default().registry_password.0;
    assert!(!said.out.contains(&password) && !said.err.contains(&password));
    let revoked =
        |change: &String| change.starts_with("DELETE") && change.ends_with("/tokens/rsac-push");
    assert!(
        cloud.changes().iter().any(revoked),
        "the token to push is not revoked"
    );
    let down = ["down", "--yes", "--with-network-watcher"];
    cloud
        .run(&down)
        .must(0, &["registries/rsac", "nothing of it is left"]);
    cloud.must_be_empty();
    assert!(!cloud.path("state").exists());
    let namespaces: Api<Namespace> = Api::all(real.client.clone());
    assert!(namespaces.get_opt("rsac").await.unwrap().is_none());
    empty(&real).await;
}
