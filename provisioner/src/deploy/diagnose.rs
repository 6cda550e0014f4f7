//! Why the operator does not start: what its pods, their containers and events say, so
//! that `up` can show it instead of "timed out".

use k8s_openapi::api::core::v1::{ContainerStatus, Event, Node, Pod};
use kube::api::{Api, ListParams, LogParams};
use kube::{Client, ResourceExt};
use rsac_api::names;

/// How often a container may crash before nobody waits for it any more.
const CRASHES: i32 = 3;
/// At most so many lines of events, and of taints.
const EVENTS: usize = 6;
const TAINTS: usize = 6;
/// The scheduler's words for nodes that keep pods off; it does not say by which taint.
const TAINTED: &str = "untolerated taint";

/// The operator's pods; none where they cannot be had.
pub(super) async fn pods(client: &Client, namespace: &str) -> Vec<Pod> {
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let labels = format!(
        "{}={},{}=operator",
        names::NAME_LABEL,
        names::NAME,
        names::COMPONENT_LABEL
    );
    match api.list(&ListParams::default().labels(&labels)).await {
        Ok(pods) => pods.items,
        Err(error) => {
            tracing::debug!(%error, "the operator's pods cannot be looked at");
            Vec::new()
        }
    }
}

/// Whether waiting longer is in vain. A pull by a role that was given a moment ago fails until
/// the role is known.
pub(super) fn is_hopeless(pods: &[Pod], pulls_by_role: bool) -> bool {
    pods.iter().flat_map(containers).any(|container| {
        let reason = waiting(container)
            .map(|(reason, _)| reason)
            .unwrap_or_default();
        match reason {
            "InvalidImageName" | "ErrImageNeverPull" | "CreateContainerConfigError" => true,
            // The first pull may fail for a moment; a second time it is not there.
            "ImagePullBackOff" => !pulls_by_role,
            "CrashLoopBackOff" => container.restart_count >= CRASHES,
            _ => false,
        }
    })
}

/// How they stand, in a line.
pub(super) fn summary(pods: &[Pod]) -> String {
    let Some(pod) = pods.last() else {
        return "waiting for the operator's pod".to_owned();
    };
    match containers(pod).next().and_then(waiting) {
        Some((reason, _)) => format!("the operator's pod: {reason}"),
        // A cluster that grows by need may have a node for it yet.
        None if let Some(why) = unscheduled(pod) => format!("the operator's pod: {why}"),
        None => match pod.status.as_ref().and_then(|s| s.phase.as_deref()) {
            Some("Running") => "the operator starts".to_owned(),
            phase => format!("the operator's pod: {}", phase.unwrap_or("Pending")),
        },
    }
}

/// All that tells why.
pub(super) async fn explain(client: &Client, namespace: &str, pods: &[Pod]) -> Vec<String> {
    let mut lines = Vec::new();
    for pod in pods {
        let name = pod.name_any();
        lines.extend(unscheduled(pod).map(|why| format!("pod {name}: {why}")));
        for container in containers(pod) {
            lines.extend(
                words_of(container)
                    .into_iter()
                    .map(|why| format!("pod {name}: {why}")),
            );
        }
        lines.extend(last_log_line(client, namespace, pod).await);
    }
    if lines.iter().any(|line| line.contains(TAINTED)) {
        lines.extend(taints(client).await);
    }
    lines.extend(events(client, namespace).await);
    if lines.is_empty() {
        lines.push("it has no pod, and no event says why".to_owned());
    }
    lines
}

/// The remedy, where the reason is one that is known.
pub(super) fn remedy(why: &[String]) -> Option<String> {
    let says = |text: &str| why.iter().any(|line| line.contains(text));
    if says("ImagePull") || says("ErrImage") || says("InvalidImageName") {
        Some("give an image that the nodes can pull, or load it into them: --image REF".to_owned())
    } else if says("exec format error") {
        Some(
            "the image is for another processor than the nodes': build it for theirs, \
             then --image REF"
                .to_owned(),
        )
    } else if says("no such file or directory") {
        Some("the image has no /rsac-infra: take one that `rsac-infra image build` made".to_owned())
    } else if says("disk-pressure") {
        Some("free disk on the nodes, or give the cluster a larger one".to_owned())
    } else if says(TAINTED) {
        Some(
            "give the cluster a node without a taint, or take one off: \
             kubectl taint node NODE KEY:EFFECT-"
                .to_owned(),
        )
    } else {
        None
    }
}

fn containers(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let statuses = pod
        .status
        .as_ref()
        .and_then(|s| s.container_statuses.as_ref());
    statuses.into_iter().flatten()
}

fn waiting(container: &ContainerStatus) -> Option<(&str, &str)> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    Some((
        waiting.reason.as_deref().unwrap_or("waiting"),
        waiting.message.as_deref().unwrap_or_default(),
    ))
}

fn words_of(container: &ContainerStatus) -> Vec<String> {
    let mut words = Vec::new();
    if let Some((reason, message)) = waiting(container) {
        words.push(format!("{reason} {message}").trim_end().to_owned());
    }
    let ended = container
        .last_state
        .as_ref()
        .and_then(|state| state.terminated.as_ref());
    let ended = ended.or(container
        .state
        .as_ref()
        .and_then(|state| state.terminated.as_ref()));
    if let Some(ended) = ended {
        let (reason, message) = (ended.reason.as_deref(), ended.message.as_deref());
        let text = format!(
            "ended with code {} {} {}",
            ended.exit_code,
            reason.unwrap_or_default(),
            message.unwrap_or_default()
        );
        words.push(text.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    words
}

fn unscheduled(pod: &Pod) -> Option<String> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let condition = conditions.iter().find(|c| c.type_ == "PodScheduled")?;
    (condition.status == "False").then(|| {
        let message = condition.message.as_deref().unwrap_or_default();
        // The first sentence says why; those after it, why nobody is pushed out for it.
        let why = message.split(". ").next().unwrap_or_default();
        format!("no node takes it: {why}")
    })
}

/// What keeps pods off the nodes; nothing where nodes may not be looked at.
async fn taints(client: &Client) -> Vec<String> {
    let api: Api<Node> = Api::all(client.clone());
    let Ok(nodes) = api.list(&ListParams::default().limit(100)).await else {
        return Vec::new();
    };
    nodes
        .items
        .iter()
        .flat_map(taints_of)
        .take(TAINTS)
        .collect()
}

fn taints_of(node: &Node) -> Vec<String> {
    let name = node.name_any();
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    let taints = taints.into_iter().flatten();
    taints
        .filter(|taint| taint.effect != "PreferNoSchedule")
        .map(|taint| format!("node {name} has the taint {}:{}", taint.key, taint.effect))
        .collect()
}

async fn last_log_line(client: &Client, namespace: &str, pod: &Pod) -> Option<String> {
    let has_crashed = containers(pod).any(|container| container.restart_count > 0);
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let params = LogParams {
        previous: has_crashed,
        tail_lines: Some(3),
        ..LogParams::default()
    };
    let name = pod.name_any();
    let log = api.logs(&name, &params).await.ok()?;
    let line = log.lines().rev().find(|line| !line.trim().is_empty())?;
    let line: String = line.trim().chars().take(300).collect();
    Some(format!("pod {name} said last: {line}"))
}

/// The namespace's last warnings: they also tell of pods that could not be made.
async fn events(client: &Client, namespace: &str) -> Vec<String> {
    let api: Api<Event> = Api::namespaced(client.clone(), namespace);
    let Ok(events) = api
        .list(&ListParams::default().fields("type=Warning"))
        .await
    else {
        return Vec::new();
    };
    let lines = events.items.iter().rev().map(|event| {
        let object = event.involved_object.name.as_deref().unwrap_or("?");
        let (reason, message) = (event.reason.as_deref(), event.message.as_deref());
        format!(
            "event on {object}: {} {}",
            reason.unwrap_or_default(),
            message.unwrap_or_default().trim()
        )
    });
    let mut kept: Vec<String> = Vec::new();
    for line in lines {
        if kept.len() < EVENTS && !kept.contains(&line) {
            kept.push(line);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(container: serde_json::Value) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "p"},
            "status": {"phase": "Pending", "containerStatuses": [container]},
        }))
        .unwrap()
    }

    fn container(reason: &str, restarts: i32) -> serde_json::Value {
        json!({"name": "operator", "image": "i", "imageID": "", "ready": false,
            "restartCount": restarts,
            "state": {"waiting": {"reason": reason, "message": "Back-off pulling"}},
            "lastState": {"terminated": {"exitCode": 255, "reason": "Error",
                "message": "exec format error"}}})
    }

    #[test]
    fn what_will_not_pass_is_not_waited_for() {
        let is_hopeless = |pods: &[Pod]| super::is_hopeless(pods, false);
        let unpulled = [pod(container("ImagePullBackOff", 0))];
        assert!(is_hopeless(&unpulled) && !super::is_hopeless(&unpulled, true));
        assert!(is_hopeless(&[pod(container("CrashLoopBackOff", CRASHES))]));
        // One that crashes while another still leaves, and what only takes its time.
        assert!(!is_hopeless(&[pod(container("CrashLoopBackOff", 1))]));
        assert!(!is_hopeless(&[pod(container("ContainerCreating", 0))]));
        assert!(!is_hopeless(&[]));
    }

    #[test]
    fn reasons_lead_to_remedies() {
        let pod = pod(container("ImagePullBackOff", 0));
        let words: Vec<String> = containers(&pod).flat_map(words_of).collect();
        assert_eq!(
            words,
            [
                "ImagePullBackOff Back-off pulling",
                "ended with code 255 Error exec format error"
            ]
        );
        assert!(remedy(&words[..1]).unwrap().contains("--image"));
        assert!(remedy(&words[1..]).unwrap().contains("processor"));
        assert_eq!(remedy(&["something else".into()]), None);
    }

    #[test]
    fn what_keeps_pods_off_is_named() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "p"},
            "status": {"phase": "Pending", "conditions": [{
                "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                "message": "0/2 nodes are available: 2 node(s) had untolerated taint(s). \
                            no new claims to deallocate, preemption: not helpful"}]},
        }))
        .unwrap();
        let why = "no node takes it: 0/2 nodes are available: 2 node(s) had untolerated taint(s)";
        assert_eq!(unscheduled(&pod).unwrap(), why);
        assert_eq!(summary(&[pod]), format!("the operator's pod: {why}"));

        let node: Node = serde_json::from_value(json!({
            "metadata": {"name": "n1"},
            "spec": {"taints": [
                {"key": "dedicated", "value": "x", "effect": "PreferNoSchedule"},
                {"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}]},
        }))
        .unwrap();
        let taints = taints_of(&node);
        assert_eq!(
            taints,
            ["node n1 has the taint node.kubernetes.io/disk-pressure:NoSchedule"]
        );
        assert!(remedy(&[why.to_owned()]).unwrap().contains("kubectl taint"));
        let both = [vec![why.to_owned()], taints].concat();
        assert!(remedy(&both).unwrap().contains("free disk"));
    }
}
