//! The cluster of the tests `kubernetes_*.rs`: the one of RSAC_TEST_KUBECONFIG, and only if
//! its namespace kube-system is marked disposable. Never the user's own.

#![allow(
    dead_code,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "helpers of tests, of which each file uses a part"
)]

pub(crate) mod machine;

use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, DeleteParams, ObjectMeta, PostParams};
use rsac_infra::cluster::{Cluster, Target};
use rsac_infra::deploy::look;
use std::path::PathBuf;
use std::time::Duration;

/// Only ends a hang.
pub(crate) const HANG: Duration = Duration::from_secs(240);

/// The kubeconfig of the tests; none where there is none, and the test is skipped.
pub(crate) fn kubeconfig() -> Option<PathBuf> {
    let path = std::env::var_os("RSAC_TEST_KUBECONFIG").filter(|path| !path.is_empty());
    if path.is_none() {
        eprintln!("skipped: RSAC_TEST_KUBECONFIG names no cluster");
    }
    path.map(PathBuf::from)
}

/// The cluster of the tests.
pub(crate) async fn cluster() -> Option<Cluster> {
    let target = Target {
        files: vec![kubeconfig()?],
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
    Some(cluster)
}

/// The cluster of the tests, if nobody has installed rsac there: for tests that do.
pub(crate) async fn bare_cluster() -> Option<Cluster> {
    let cluster = cluster().await?;
    let there = look::look(&cluster.client).await.unwrap();
    if there.definition.is_some() || there.operator.is_some() {
        eprintln!("skipped: the cluster has rsac already, and is somebody's");
        return None;
    }
    Some(cluster)
}

/// A namespace of a test's own, deleted with all that is in it when the test ends well.
pub(crate) struct Room {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl Room {
    pub(crate) async fn new(client: Client, prefix: &str) -> Self {
        let name = format!("{prefix}-{}", &rsac_infra::stack::random_id()[..8]);
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
