//! What the cluster's own rules refuse to a job, by a quota, a policy or a webhook that does
//! not answer, is named in its status and stops nothing else; it comes when they go.

use crate::cluster::Cluster;
use crate::place::Place;
use crate::run::{TRIAL, condition};
use crate::stack::Bench;
use serde_json::{Value, json};

const POLICY: &str = "rsac-tests-no-budgets";
const WEBHOOK: &str = "rsac-tests-nobody";

pub(crate) fn children(bench: &Bench) {
    let cluster = &bench.cluster;
    let place = Place::make(cluster, "rsac-tests-refused");
    let hurdles = Hurdles::put(cluster, &place.namespace);
    let _operator = place.operator(bench.image(), &[]);
    let trial = json!({
        "numberToFactor": TRIAL.number, "method": TRIAL.method, "workerCount": 1,
    });
    place.job("hindered", trial);
    let seen = place.until("hindered", "searches, and names what it lacks", |r| {
        let said = message(r);
        r["status"]["stage"] == "Search"
            && condition(r, "Degraded") == ("True", "ChildRefused")
            && [
                "Deployment hindered-workers was refused",
                "PodDisruptionBudget hindered-workers was refused",
                "NetworkPolicy hindered-master was refused",
                "NetworkPolicy hindered-workers was refused",
            ]
            .iter()
            .all(|words| said.contains(words))
    });
    // In the words of those who refused.
    for words in ["exceeded quota", "no budgets here", "nobody.rsac.test"] {
        assert!(message(&seen).contains(words), "{seen}");
    }
    let kept = |count| {
        let there = place.children("hindered");
        cluster.until(&format!("{count} children, not {:?}", there.keys()), || {
            (place.children("hindered").len() == count).then_some(())
        });
    };
    // All others: the master, two Services, two ConfigMaps, two Secrets.
    kept(7);
    drop(hurdles);
    place.until("hindered", "has all that it lacked", |r| {
        r["status"]["readyWorkers"] == 1 && condition(r, "Degraded").0 == "False"
    });
    kept(11);
}

fn message(job: &Value) -> String {
    let conditions = job["status"]["conditions"].as_array();
    let mut all = conditions.into_iter().flatten();
    let degraded = all.find(|condition| condition["type"] == "Degraded");
    degraded.map_or_else(String::new, |found| found["message"].to_string())
}

/// A quota without room for workers, a policy against disruption budgets, and a webhook for
/// network policies where nobody listens; gone when dropped.
struct Hurdles<'a> {
    cluster: &'a Cluster,
    namespace: &'a str,
}

impl<'a> Hurdles<'a> {
    fn put(cluster: &'a Cluster, namespace: &'a str) -> Self {
        let hurdles = Self { cluster, namespace };
        let quota = json!({
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "no-workers"},
            "spec": {"hard": {"count/deployments.apps": "0"}},
        });
        let here = json!({"matchLabels": {"kubernetes.io/metadata.name": namespace}});
        let policy = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": POLICY},
            "spec": {
                "matchConstraints": {"resourceRules": [rule("policy", "poddisruptionbudgets")]},
                "validations": [{"expression": "false", "message": "no budgets here"}],
            },
        });
        let binding = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": POLICY},
            "spec": {
                "policyName": POLICY,
                "validationActions": ["Deny"],
                "matchResources": {"namespaceSelector": here},
            },
        });
        let webhook = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": WEBHOOK},
            "webhooks": [{
                "name": "nobody.rsac.test",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Fail",
                "timeoutSeconds": 2,
                "clientConfig": {"url": "https://127.0.0.1:1/"},
                "namespaceSelector": here,
                "rules": [rule("networking.k8s.io", "networkpolicies")],
            }],
        });
        for manifest in [quota, policy, binding, webhook] {
            cluster.apply(namespace, &manifest);
        }
        // Each is in force some moments after it is there.
        let selector = json!({"matchLabels": {"app": "probe"}});
        let pod = json!({
            "metadata": {"labels": {"app": "probe"}},
            "spec": {"containers": [{"name": "probe", "image": "probe"}]},
        });
        for (version, kind, spec, words) in [
            (
                "apps/v1",
                "Deployment",
                json!({"selector": selector, "template": pod}),
                "exceeded quota",
            ),
            (
                "policy/v1",
                "PodDisruptionBudget",
                json!({"selector": selector, "minAvailable": 1}),
                "no budgets here",
            ),
            (
                "networking.k8s.io/v1",
                "NetworkPolicy",
                json!({"podSelector": selector}),
                "failed calling webhook",
            ),
        ] {
            let probe = json!({
                "apiVersion": version, "kind": kind, "metadata": {"name": "probe"}, "spec": spec,
            });
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), probe.to_string()).unwrap();
            let path = file.path().to_str().unwrap();
            let create = ["create", "-n", namespace, "--dry-run=server", "-f", path];
            cluster.until(&format!("{kind} is refused"), || {
                let output = cluster.command(&create).output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                (!output.status.success() && said.contains(words)).then_some(())
            });
        }
        hurdles
    }
}

impl Drop for Hurdles<'_> {
    fn drop(&mut self) {
        for what in [
            "resourcequota/no-workers".to_owned(),
            format!("validatingadmissionpolicybinding/{POLICY}"),
            format!("validatingadmissionpolicy/{POLICY}"),
            format!("validatingwebhookconfiguration/{WEBHOOK}"),
        ] {
            let words = ["delete", "-n", self.namespace, "--ignore-not-found", &what];
            let _ = self.cluster.command(&words).output();
        }
    }
}

fn rule(group: &str, resource: &str) -> Value {
    json!({
        "apiGroups": [group],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": [resource],
    })
}
