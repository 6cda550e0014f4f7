//! The words' access to jobs on a real API server: the same rules as on this machine alone.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests: a failure is the test's"
)]

mod kubernetes;
mod writers;

use async_trait::async_trait;
use futures_util::StreamExt;
use kube::api::{Api, Patch as Body, PatchParams};
use kubernetes::{HANG, Room, cluster, marks};
use rsac_api::RSACracker;
use rsac_provisioner::access::{Access, AccessError, KubernetesAccess, LogQuery, WatchEvent};
use rsac_provisioner::deploy::compat::Consent;
use rsac_provisioner::deploy::{install, look};
use serde_json::json;
use tokio::time::timeout;
use writers::{Writer, manifest};

/// A namespace with its jobs, on a cluster that has the CRD.
async fn room(prefix: &str) -> (Room, KubernetesAccess) {
    let cluster = cluster().await;
    let marks = marks();
    // One that is there already does as well.
    let there = look::look(&cluster.client).await.unwrap();
    if there.definition.is_none() {
        let consent = Consent::default();
        let installed = install::definition(&cluster.client, &marks, consent).await;
        installed.unwrap();
    }
    let room = Room::new(cluster.client, prefix).await;
    let access = KubernetesAccess::new(room.client.clone(), room.name.clone(), marks);
    (room, access)
}

/// `kubectl edit`, `kubectl scale` and `kubectl apply --server-side`, by their field
/// managers and requests.
enum Kubectl {
    Edit(Api<RSACracker>),
    Scale(Api<RSACracker>),
    ServerSideApply(Api<RSACracker>),
}

#[async_trait]
impl Writer for Kubectl {
    fn name(&self) -> &'static str {
        match self {
            Self::Edit(_) => "kubectl edit",
            Self::Scale(_) => "kubectl scale",
            Self::ServerSideApply(_) => "kubectl apply --server-side --force-conflicts",
        }
    }
    async fn set(&self, _: &dyn Access, job: &str, workers: u32) {
        let by = |manager: &str| PatchParams {
            field_manager: Some(manager.to_owned()),
            ..PatchParams::default()
        };
        match self {
            Self::Edit(api) => {
                let patch = json!({"spec": {"workerCount": workers}});
                let patch = Body::Merge(&patch);
                api.patch(job, &by("kubectl-edit"), &patch).await.unwrap();
            }
            Self::Scale(api) => {
                let patch = json!({"spec": {"replicas": workers}});
                let patch = Body::Merge(&patch);
                api.patch_scale(job, &by("kubectl"), &patch).await.unwrap();
            }
            Self::ServerSideApply(api) => {
                let spec = json!({"numberToFactor": "15", "suspend": true, "workerCount": workers});
                let patch = json!({
                    "apiVersion": rsac_api::API_VERSION, "kind": rsac_api::KIND,
                    "metadata": {"name": job}, "spec": spec,
                });
                let params = PatchParams::apply("kubectl").force();
                api.patch(job, &params, &Body::Apply(&patch)).await.unwrap();
            }
        }
    }
}

#[tokio::test]
#[ignore = "wants a cluster in RSAC_TEST_KUBECONFIG"]
async fn one_rule_for_every_pair_of_writers() {
    let (room, access) = room("writers").await;
    let api: Api<RSACracker> = Api::namespaced(room.client.clone(), &room.name);
    let kubectl = [
        Kubectl::Edit(api.clone()),
        Kubectl::Scale(api.clone()),
        Kubectl::ServerSideApply(api),
    ];
    let mut all: Vec<&dyn Writer> = vec![&writers::Apply, &writers::Scale, &writers::Patch];
    all.extend(kubectl.iter().map(|writer| writer as &dyn Writer));
    timeout(HANG, writers::every_pair(&access, &all))
        .await
        .unwrap();
    timeout(HANG, writers::parts(&access)).await.unwrap();
    room.remove().await;
}

#[tokio::test]
#[ignore = "wants a cluster in RSAC_TEST_KUBECONFIG"]
async fn what_is_refused_names_the_field() {
    let (room, access) = room("refused").await;
    let job = manifest("job", json!({"numberToFactor": "15", "suspend": true}));
    let made = access.create(&job).await.unwrap();
    assert!(access.is_own(&made));
    let again = access.create(&job).await;
    assert_eq!(again, Err(AccessError::AlreadyExists("job".into())));

    let refused = async |patch| match access.patch("job", &patch, None).await {
        Err(AccessError::Invalid(lines)) => lines.join("\n"),
        other => panic!("{patch}: {other:?}"),
    };
    assert!(
        refused(json!({"wrkerCount": 2}))
            .await
            .contains("wrkerCount")
    );
    assert!(
        refused(json!({"workerCount": -1}))
            .await
            .contains("spec.workerCount")
    );
    assert!(
        refused(json!({"numberToFactor": null}))
            .await
            .contains("numberToFactor")
    );
    let stale = made.metadata.resource_version.as_deref();
    access.scale("job", 4).await.unwrap();
    let late = access.patch("job", &json!({"workerCount": 9}), stale).await;
    assert_eq!(late, Err(AccessError::Conflict("job".into())));
    assert_eq!(access.get("job").await.unwrap().spec.worker_count(), 4);

    let nobody = || AccessError::NotFound("nobody".into());
    assert_eq!(access.get("nobody").await, Err(nobody()));
    assert_eq!(access.scale("nobody", 1).await, Err(nobody()));
    assert_eq!(access.delete("nobody").await, Err(nobody()));
    assert_eq!(access.progress("nobody").await, Err(nobody()));
    assert_eq!(access.solution("job").await, Ok(None));
    match access.progress("job").await {
        Err(AccessError::NoMaster { name, .. }) => assert_eq!(name, "job"),
        other => panic!("{other:?}"),
    }
    let mut none = access.logs("job", &LogQuery::default()).await.unwrap();
    assert!(none.next().await.is_none());
    access.delete("job").await.unwrap();
    assert_eq!(access.list().await.unwrap(), []);
    room.remove().await;
}

#[tokio::test]
#[ignore = "wants a cluster in RSAC_TEST_KUBECONFIG"]
async fn a_watch_tells_what_is_what_comes_and_what_goes() {
    let (room, access) = room("watch").await;
    let job = |name: &str| manifest(name, json!({"numberToFactor": "15", "suspend": true}));
    access.create(&job("one")).await.unwrap();
    let mut one = access.watch(Some("one")).await.unwrap();
    let mut next = async || timeout(HANG, one.next()).await.unwrap().unwrap().unwrap();
    let name = |c: &RSACracker| c.metadata.name.clone().unwrap();
    match next().await {
        WatchEvent::Now(cracker) => assert_eq!(name(&cracker), "one"),
        other => panic!("{other:?}"),
    }
    // Of another it says nothing.
    access.create(&job("two")).await.unwrap();
    access.scale("one", 7).await.unwrap();
    loop {
        // An operator may write a status in between.
        match next().await {
            WatchEvent::Now(cracker) => {
                assert_eq!(name(&cracker), "one");
                if cracker.spec.worker_count() == 7 {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    access.delete("one").await.unwrap();
    loop {
        match next().await {
            WatchEvent::Now(cracker) => assert_eq!(name(&cracker), "one"),
            WatchEvent::Gone(cracker) => {
                assert_eq!(name(&cracker), "one");
                break;
            }
        }
    }
    let left: Vec<String> = access.list().await.unwrap().iter().map(name).collect();
    assert_eq!(left, ["two"]);
    access.delete("two").await.unwrap();
    room.remove().await;
}
