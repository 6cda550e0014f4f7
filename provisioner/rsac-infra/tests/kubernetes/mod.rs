//! The cluster of the tests `kubernetes_*.rs`: the one of RSAC_TEST_KUBECONFIG, and only if
//! its namespace kube-system is marked disposable. Never the user's own.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests, of which each file uses a part"
)]

pub(crate) mod machine;

use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, DeleteParams, ObjectMeta, PostParams};
use rsac_provisioner::cluster::{Cluster, Target};
use rsac_provisioner::deploy::marks::Marks;
use rsac_provisioner::deploy::{look, remove};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Only ends a hang.
pub(crate) const HANG: Duration = Duration::from_secs(240);

/// The kubeconfig of the tests. Those that need it are ignored unless asked for.
pub(crate) fn kubeconfig() -> PathBuf {
    let path = std::env::var_os("RSAC_TEST_KUBECONFIG").filter(|path| !path.is_empty());
    PathBuf::from(path.expect("RSAC_TEST_KUBECONFIG must name a cluster"))
}

/// The cluster of the tests.
pub(crate) async fn cluster() -> Cluster {
    let target = Target {
        files: vec![kubeconfig()],
        context: None,
    };
    let cluster = Cluster::open(&target).await.unwrap();
    let namespaces: Api<Namespace> = Api::all(cluster.client.clone());
    let system = namespaces.get("kube-system").await.unwrap();
    let mark = system.metadata.annotations.unwrap_or_default();
    assert_eq!(
        mark.get("rsac/disposable").map(String::as_str),
        Some("true"),
        "the cluster of RSAC_TEST_KUBECONFIG is not marked disposable"
    );
    cluster
}

/// What the tests install themselves bears this.
pub(crate) fn marks() -> Marks {
    Marks {
        stack: "0123456789abcdef".into(),
        run: "fedcba9876543210".into(),
    }
}

/// The cluster of the tests without rsac: what other tests left of their own is removed,
/// and what is anybody else's must not be there.
pub(crate) async fn bare_cluster() -> Cluster {
    let cluster = cluster().await;
    let begun = Instant::now();
    // Their namespaces may still be going away.
    while let Some(why) = remove::definition(&cluster.client, &marks()).await.unwrap() {
        assert!(begun.elapsed() < HANG, "{why}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let there = look::look(&cluster.client).await.unwrap();
    assert!(
        there.definition.is_none() && there.operator.is_none(),
        "the cluster has rsac already, and is somebody's"
    );
    cluster
}

/// A namespace of a test's own, deleted with all that is in it when the test ends well.
pub(crate) struct Room {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl Room {
    pub(crate) async fn new(client: Client, prefix: &str) -> Self {
        let name = format!("{prefix}-{}", &rsac_provisioner::stack::random_id()[..8]);
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let namespace = Namespace {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                ..ObjectMeta::default()
            },
            ..Namespace::default()
        };
        namespaces
            .create(&PostParams::default(), &namespace)
            .await
            .unwrap();
        Self { client, name }
    }

    pub(crate) async fn remove(self) {
        let namespaces: Api<Namespace> = Api::all(self.client);
        let params = DeleteParams::default();
        namespaces.delete(&self.name, &params).await.unwrap();
    }
}
