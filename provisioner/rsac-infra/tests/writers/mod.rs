//! The one rule of what a manifest changes, as a table over every pair of writers; held up
//! to a local stack and to Kubernetes alike.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "helpers of tests, of which each file uses a part"
)]

use async_trait::async_trait;
use rsac_api::RSACracker;
use rsac_provisioner::access::{Access, Applied};
use serde_json::{Value, json};

/// Somebody who sets `workerCount`.
#[async_trait]
pub(crate) trait Writer: Sync {
    fn name(&self) -> &'static str;
    async fn set(&self, access: &dyn Access, job: &str, workers: u32);
}

/// `rsac-infra apply`, and `up -f`.
pub(crate) struct Apply;
/// `rsac-infra scale`.
pub(crate) struct Scale;
/// `rsac-infra suspend` and its like: a patch.
pub(crate) struct Patch;

#[async_trait]
impl Writer for Apply {
    fn name(&self) -> &'static str {
        "apply"
    }
    async fn set(&self, access: &dyn Access, job: &str, workers: u32) {
        let spec = json!({"numberToFactor": "15", "suspend": true, "workerCount": workers});
        access.apply(&manifest(job, spec)).await.unwrap();
    }
}

#[async_trait]
impl Writer for Scale {
    fn name(&self) -> &'static str {
        "scale"
    }
    async fn set(&self, access: &dyn Access, job: &str, workers: u32) {
        access.scale(job, workers).await.unwrap();
    }
}

#[async_trait]
impl Writer for Patch {
    fn name(&self) -> &'static str {
        "patch"
    }
    async fn set(&self, access: &dyn Access, job: &str, workers: u32) {
        let patch = json!({ "workerCount": workers });
        access.patch(job, &patch, None).await.unwrap();
    }
}

pub(crate) fn manifest(job: &str, spec: Value) -> RSACracker {
    serde_json::from_value(json!({
        "apiVersion": rsac_api::API_VERSION, "kind": rsac_api::KIND,
        "metadata": {"name": job}, "spec": spec,
    }))
    .unwrap()
}

async fn workers(access: &dyn Access, job: &str) -> u32 {
    access.get(job).await.unwrap().spec.worker_count()
}

/// Every writer after every other: the last one counts; a manifest that says nothing of the
/// field leaves it as it is, whoever set it.
pub(crate) async fn every_pair(access: &dyn Access, writers: &[&dyn Writer]) {
    for (i, first) in writers.iter().enumerate() {
        for (j, second) in writers.iter().enumerate() {
            let job = format!("pair-{i}-{j}");
            let pair = format!("{} then {}", first.name(), second.name());
            let silent = json!({"numberToFactor": "15", "suspend": true});
            access.apply(&manifest(&job, silent.clone())).await.unwrap();
            first.set(access, &job, 3).await;
            assert_eq!(workers(access, &job).await, 3, "{pair}: the first");
            second.set(access, &job, 5).await;
            assert_eq!(workers(access, &job).await, 5, "{pair}: the second");
            let (now, applied) = access.apply(&manifest(&job, silent)).await.unwrap();
            assert_eq!(now.spec.worker_count(), 5, "{pair}: a silent manifest");
            assert_eq!(applied, Applied::Unchanged, "{pair}");
            let loud = json!({"numberToFactor": "15", "workerCount": 2});
            let (now, applied) = access.apply(&manifest(&job, loud.clone())).await.unwrap();
            assert_eq!(
                now.spec.worker_count(),
                2,
                "{pair}: a manifest that says so"
            );
            assert_eq!(applied, Applied::Changed, "{pair}");
            assert!(now.spec.suspended(), "{pair}: what it left out");
            let (_, applied) = access.apply(&manifest(&job, loud)).await.unwrap();
            assert_eq!(applied, Applied::Unchanged, "{pair}: the same once more");
            access.delete(&job).await.unwrap();
        }
    }
}

/// Maps are merged, lists replaced, number and key are one choice.
pub(crate) async fn parts(access: &dyn Access) {
    let job = "parts";
    let key = include_str!("../../../../crates/api/tests/keys/spki.pem");
    let workers = json!({"labels": {"a": "1", "b": "1"},
        "tolerations": [{"key": "x", "operator": "Exists"}]});
    let spec = json!({"numberToFactor": "15", "suspend": true, "workers": workers});
    let (_, applied) = access.apply(&manifest(job, spec)).await.unwrap();
    assert_eq!(applied, Applied::Created);
    let workers = json!({"labels": {"b": "2", "c": "2"},
        "tolerations": [{"key": "y", "operator": "Exists"}]});
    let spec = json!({"publicKey": key, "workers": workers});
    let (now, _) = access.apply(&manifest(job, spec)).await.unwrap();
    let now = serde_json::to_value(&now.spec).unwrap();
    assert_eq!(
        now["workers"]["labels"],
        json!({"a": "1", "b": "2", "c": "2"})
    );
    assert_eq!(
        now["workers"]["tolerations"],
        json!([{"key": "y", "operator": "Exists"}])
    );
    assert_eq!(
        now.get("numberToFactor"),
        None,
        "the key takes back the number"
    );
    assert_eq!(now["publicKey"], key);
    assert_eq!(now["suspend"], true);
    // And the number the key, also where a patch gave it.
    let patch = json!({"publicKey": key, "numberToFactor": null});
    access.patch(job, &patch, None).await.unwrap();
    let spec = json!({"numberToFactor": "21"});
    let (now, applied) = access.apply(&manifest(job, spec)).await.unwrap();
    assert_eq!(applied, Applied::Changed);
    let now = serde_json::to_value(&now.spec).unwrap();
    assert_eq!(now["numberToFactor"], "21");
    assert_eq!(now.get("publicKey"), None);
    access.delete(job).await.unwrap();
}
