//! What pods tell of themselves, in words that say what to do.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use rsac_api::names;

/// A pod that ends has its grace, and the kubelet some time to say so.
const ENDING: SignedDuration = SignedDuration::from_secs(15);
/// A pod may be without a node for a moment, while its volume is made.
const UNPLACED: SignedDuration = SignedDuration::from_secs(3);

/// Whether its container runs.
pub(crate) fn runs(pod: &Pod) -> bool {
    container(pod).is_some_and(|container| {
        let state = container.state.as_ref();
        state.is_some_and(|state| state.running.is_some())
    })
}

/// Whether its status does not tell yet what became of its container.
pub(crate) fn is_young(pod: &Pod) -> bool {
    let reason = |container: &ContainerStatus| {
        let waiting = container.state.as_ref()?.waiting.as_ref()?;
        waiting.reason.clone()
    };
    container(pod).is_none_or(|container| reason(container).as_deref() == Some("ContainerCreating"))
}

/// Whether a worker's pod computes, or was told to end and has time left to report what it
/// computed. A pod that somebody else made under the job's labels is nobody's worker.
pub(crate) fn may_report(pod: &Pod, workers: &str, now: &Time) -> bool {
    let of_ours = pod.owner_references().iter().any(|owner| {
        owner.kind == "ReplicaSet"
            && owner.name.rsplit_once('-').map(|(set, _)| set) == Some(workers)
    });
    let end = pod.metadata.deletion_timestamp.as_ref();
    of_ours && runs(pod) && end.is_none_or(|end| end.0 > now.0)
}

/// Whether it is on its way out.
pub(crate) fn ends(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

pub(crate) fn ip(pod: &Pod) -> Option<&str> {
    let ip = pod.status.as_ref()?.pod_ip.as_deref()?;
    (!ip.is_empty()).then_some(ip)
}

fn container(pod: &Pod) -> Option<&ContainerStatus> {
    pod.status.as_ref()?.container_statuses.as_ref()?.first()
}

/// Why a pod does not run, where that is more than a moment's matter.
pub(crate) fn problem(pod: &Pod, now: &Time) -> Option<String> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    lost(pod, now)
        .or_else(|| waiting(pod))
        .or_else(|| unplaced(pod, now))
        .or_else(|| evicted(pod))
        .map(|why| format!("pod {name} {why}"))
}

/// A pod whose end is long past is on a node that does not answer.
fn lost(pod: &Pod, now: &Time) -> Option<String> {
    let end = pod.metadata.deletion_timestamp.as_ref()?;
    if now.0.duration_since(end.0) < ENDING {
        return None;
    }
    let node = pod.spec.as_ref()?.node_name.as_deref()?;
    Some(format!(
        "is on node {node}, which does not answer; it is replaced when the node comes back, or \
         when somebody who knows that it is gone for good deletes it: kubectl delete node {node}"
    ))
}

fn waiting(pod: &Pod) -> Option<String> {
    let container = container(pod)?;
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref()?;
    let message = waiting.message.as_deref().unwrap_or_default();
    match reason {
        "ErrImagePull" | "ImagePullBackOff" | "ErrImageNeverPull" | "InvalidImageName" => {
            Some(format!(
                "cannot get the image {} ({reason}: {message}); load or publish it, or start the \
                 operator with another",
                container.image
            ))
        }
        "CrashLoopBackOff" => {
            let ended = container
                .last_state
                .as_ref()
                .and_then(|state| state.terminated.as_ref());
            let how = ended.map_or_else(String::new, |ended| {
                let reason = ended.reason.as_deref().unwrap_or("Error");
                format!(" with exit code {} ({reason})", ended.exit_code)
            });
            Some(format!(
                "ended {} times{how}; its log says why: kubectl logs --previous",
                container.restart_count
            ))
        }
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            Some(format!("cannot be started ({reason}: {message})"))
        }
        _ => None,
    }
}

fn unplaced(pod: &Pod, now: &Time) -> Option<String> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let placed = conditions
        .iter()
        .find(|condition| condition.type_ == "PodScheduled" && condition.status == "False")?;
    let since = pod.metadata.creation_timestamp.as_ref()?;
    if now.0.duration_since(since.0) < UNPLACED {
        return None;
    }
    let message = placed.message.as_deref().unwrap_or("no reason is given");
    let affinity = [
        "volume node affinity conflict",
        "PersistentVolume's node affinity",
    ];
    if affinity.iter().any(|text| message.contains(text)) {
        let job = pod.metadata.labels.as_ref()?.get(names::JOB_LABEL)?;
        return Some(format!(
            "cannot run anywhere, because the ledger's volume is bound to a node that is gone or \
             full ({message}); bring that node back, or give the ledger up and search anew: \
             kubectl delete pvc {} --wait=false, then kubectl delete pod {}",
            names::ledger_claim(job),
            names::master_pod(job)
        ));
    }
    Some(format!("finds no node: {message}"))
}

fn evicted(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let reason = status.reason.as_deref()?;
    let failed = status.phase.as_deref() == Some("Failed");
    let message = status.message.as_deref().unwrap_or_default();
    failed.then(|| format!("was ended by its node ({reason}: {message})"))
}

/// The moment until which a pod that ends is only ending.
pub(crate) fn lost_from(pod: &Pod) -> Option<Timestamp> {
    let end = pod.metadata.deletion_timestamp.as_ref()?;
    end.0.checked_add(ENDING).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn said(pod: Value) -> Option<String> {
        let mut pod = pod;
        pod["metadata"]["name"] = json!("my-rsac-master-0");
        pod["metadata"]["labels"] = json!({names::JOB_LABEL: "my-rsac"});
        let pod: Pod = serde_json::from_value(pod).unwrap();
        problem(&pod, &Time("2026-01-01T00:01:00Z".parse().unwrap()))
    }

    fn waits(reason: &str, message: &str) -> Value {
        json!({
            "metadata": {},
            "status": {"containerStatuses": [{
                "name": "master", "image": "rsac:1", "imageID": "", "ready": false,
                "restartCount": 4,
                "state": {"waiting": {"reason": reason, "message": message}},
                "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
            }]},
        })
    }

    fn unplaced(created: &str, message: &str) -> Value {
        json!({
            "metadata": {"creationTimestamp": created},
            "status": {"conditions": [
                {"type": "PodScheduled", "status": "False", "message": message},
            ]},
        })
    }

    #[test]
    fn each_trouble_says_what_to_do() {
        for (pod, parts) in [
            (
                waits("ImagePullBackOff", "not found"),
                ["image rsac:1", "load or publish"],
            ),
            (
                waits("CrashLoopBackOff", ""),
                ["4 times", "137 (OOMKilled)"],
            ),
            (
                waits("CreateContainerConfigError", "no secret"),
                ["started", "no secret"],
            ),
            (
                unplaced("2026-01-01T00:00:00Z", "Insufficient cpu"),
                ["no node", "cpu"],
            ),
            (
                unplaced(
                    "2026-01-01T00:00:00Z",
                    "1 node(s) had volume node affinity conflict",
                ),
                ["bound to a node", "delete pvc ledger-my-rsac-master-0"],
            ),
            (
                json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:30Z"},
                       "spec": {"nodeName": "n2", "containers": []}}),
                ["on node n2", "kubectl delete node n2"],
            ),
            (
                json!({"metadata": {}, "status": {"phase": "Failed", "reason": "Evicted",
                       "message": "low on memory"}}),
                ["ended by its node", "Evicted"],
            ),
        ] {
            let text = said(pod).expect("a problem");
            assert!(text.starts_with("pod my-rsac-master-0 "), "{text}");
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        }
    }

    #[test]
    fn workers_report_until_their_grace_is_over() {
        let worker = |set: &str, deleted: Value, state: &str| {
            let pod = json!({
                "metadata": {
                    "deletionTimestamp": deleted,
                    "ownerReferences": [{
                        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set, "uid": "1",
                    }],
                },
                "status": {"containerStatuses": [{
                    "name": "worker", "image": "", "imageID": "", "ready": true,
                    "restartCount": 0, "state": {state: {}},
                }]},
            });
            let pod: Pod = serde_json::from_value(pod).unwrap();
            let now = Time("2026-01-01T00:01:00Z".parse().unwrap());
            may_report(&pod, "my-rsac-workers", &now)
        };
        let set = "my-rsac-workers-6544fd9bb5";
        assert!(worker(set, Value::Null, "running"));
        assert!(worker(set, json!("2026-01-01T00:01:20Z"), "running"));
        // Its node does not answer.
        assert!(!worker(set, json!("2026-01-01T00:00:50Z"), "running"));
        assert!(!worker(set, Value::Null, "waiting"));
        assert!(!worker("other-workers-6544fd9bb5", Value::Null, "running"));
    }

    #[test]
    fn a_pod_is_young_until_its_status_tells_of_its_container() {
        let is_young = |pod: Value| is_young(&serde_json::from_value(pod).unwrap());
        assert!(is_young(json!({"metadata": {}})));
        assert!(is_young(waits("ContainerCreating", "")));
        assert!(!is_young(waits("CrashLoopBackOff", "")));
        let mut runs = waits("", "");
        runs["status"]["containerStatuses"][0]["state"] = json!({"running": {}});
        assert!(!is_young(runs));
    }

    #[test]
    fn what_passes_by_itself_is_no_trouble() {
        for pod in [
            waits("ContainerCreating", ""),
            unplaced("2026-01-01T00:00:59Z", "waiting for a volume"),
            json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:50Z"},
                   "spec": {"nodeName": "n2", "containers": []}}),
            json!({"metadata": {}}),
        ] {
            assert_eq!(said(pod), None);
        }
    }
}
