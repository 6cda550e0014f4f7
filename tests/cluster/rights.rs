//! The operator makes the calls that it has rights for, and no others: the API server's own
//! record of who asked what, against the table from which the roles are made.

use crate::stack::{Bench, JOBS};
use rsac_operator::rights::RIGHTS;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const OPERATOR: &str = "system:serviceaccount:rsac-system:rsac-operator";

/// Group, resource with its subresource, verb.
type Call = (String, String, String);

/// What is granted and never shows as a call, each with its reason.
const NEVER_CALLED: [(&str, &str, &str); 7] = [
    // Asked by admission, where owners are guarded against deletion: OwnerReferencesPermissionEnforcement.
    ("suu-kopf.dev", "rsacrackers/finalizers", "update"),
    // Server-side apply is a patch, and creates: the API server asks for both rights.
    ("apps", "statefulsets", "create"),
    ("apps", "deployments", "create"),
    ("", "services", "create"),
    ("", "configmaps", "create"),
    ("policy", "poddisruptionbudgets", "create"),
    ("networking.k8s.io", "networkpolicies", "create"),
];

/// Runs after the stories of the operator in the cluster, whose calls are all on record.
pub(crate) fn calls(bench: &Bench) {
    bench.ensure_up();
    let cluster = &bench.cluster;
    // One that is deleted by its time to live, and one that nobody has a ledger for.
    let job = json!({
        "apiVersion": "suu-kopf.dev/v1",
        "kind": "RSACracker",
        "metadata": {"name": "short-lived"},
        "spec": {"workerCount": 1, "numberToFactor": 804_556_097, "ttlSecondsAfterFinished": 1},
    });
    cluster.apply(JOBS, &job);
    cluster.until("short-lived is deleted by its time to live", || {
        let all = cluster.get(&["rsac", "-n", JOBS]);
        let all = all["items"].as_array().unwrap().clone();
        let mut names = all.iter().map(|job| &job["metadata"]["name"]);
        (!names.any(|name| name == "short-lived")).then_some(())
    });
    let granted = granted();
    // The record is written a moment after the answer.
    let called = cluster.until("all calls are on record", || {
        let called = called(bench);
        let lacks = granted
            .difference(&called)
            .any(|call| !is_never_called(call));
        (!lacks).then_some(called)
    });
    let beyond: Vec<&Call> = called.difference(&granted).collect();
    assert_eq!(
        beyond,
        Vec::<&Call>::new(),
        "called, and not granted by the table"
    );
}

fn is_never_called((group, resource, verb): &Call) -> bool {
    NEVER_CALLED.contains(&(group, resource, verb))
}

fn granted() -> BTreeSet<Call> {
    let mut granted = BTreeSet::new();
    for right in RIGHTS {
        for resource in right.resources {
            for verb in right.verbs {
                let call = (right.group, *resource, *verb);
                granted.insert((call.0.to_owned(), call.1.to_owned(), call.2.to_owned()));
            }
        }
    }
    granted
}

/// What the operator asked.
fn called(bench: &Bench) -> BTreeSet<Call> {
    let record = bench.cluster.script(&["audit-log"]);
    let text = std::fs::read_to_string(record.trim()).unwrap();
    let mut called = BTreeSet::new();
    for line in text.lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            continue; // the line that is being written
        };
        if event["user"]["username"] != OPERATOR || event["stage"] != "ResponseComplete" {
            continue;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let object = &event["objectRef"];
        let resource = match object["subresource"].as_str() {
            Some(sub) => format!("{}/{sub}", text(&object["resource"])),
            None => text(&object["resource"]),
        };
        let call = (text(&object["apiGroup"]), resource, text(&event["verb"]));
        // While roles are made or removed, what they grant is refused too; the table is what
        // both sets are held against.
        called.insert(call);
    }
    called
}
