//! A job that this operator cannot read, stored while the cluster's definition was another:
//! it is told so, and nobody else waits for it.

use crate::cluster::Cluster;
use crate::place::{CRD, DEFINITION, Place};
use crate::run::condition;
use crate::stack::Bench;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) fn job(bench: &Bench) {
    let cluster = &bench.cluster;
    let place = Place::make(cluster, "rsac-tests-undecodable");
    let mut first = place.operator(bench.image(), &[]);
    place.job("before", json!({"numberToFactor": 15}));
    place.solved("before");

    // It comes while the operator watches …
    let spec = json!({"numberToFactor": 15, "suspend": "perhaps"});
    store(cluster, &place, &spec);
    let unreadable = |r: &Value| {
        condition(r, "Accepted").0 == "False" && r.to_string().contains("cannot read it")
    };
    let seen = place.until("odd", "is not accepted", unreadable);
    assert_eq!(seen["spec"]["suspend"], "perhaps");
    place.job("beside", json!({"numberToFactor": 21}));
    place.solved("beside");
    assert!(!first.has_ended());
    first.kill();

    // … and is there when one begins, which knows nothing of what was said.
    place.patch_status("odd", &json!({"conditions": null}));
    let mut second = place.operator(bench.image(), &[]);
    place.until("odd", "is not accepted once more", unreadable);
    place.job("after", json!({"numberToFactor": 35}));
    place.solved("after");
    // Said once, it is not said again.
    let before = second.written();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(second.written(), before);
    assert!(!second.has_ended());

    // Correcting it recovers.
    place.patch(&["rsac", "odd"], &json!({"spec": {"suspend": false}}));
    place.solved("odd");
}

/// Stores a job `odd` of that spec, whatever the definition says.
fn store(cluster: &Cluster, place: &Place<'_>, spec: &Value) {
    let anything = json!([{
        "op": "replace",
        "path": "/spec/versions/0/schema/openAPIV3Schema",
        "value": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    }]);
    cluster.ok(&[
        "patch",
        "crd",
        CRD,
        "--type=json",
        "-p",
        &anything.to_string(),
    ]);
    let mut spec = spec.clone();
    spec["ledger"] = json!({"ephemeral": true});
    let job = json!({
        "apiVersion": "suu-kopf.dev/v1",
        "kind": "RSACracker",
        "metadata": {"name": "odd"},
        "spec": spec,
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), job.to_string()).unwrap();
    let path = file.path().to_str().unwrap();
    let create = |more: &[&str]| {
        let words = [
            "create",
            "-n",
            &place.namespace,
            "--validate=false",
            "-f",
            path,
        ];
        let output = cluster.command(&[&words[..], more].concat()).output();
        output.unwrap().status.success()
    };
    cluster.until("anything is taken", || create(&[]).then_some(()));
    cluster.ok(&["replace", "-f", DEFINITION]);
    // A new name, since the old one is taken.
    let other = job.to_string().replace("\"odd\"", "\"other\"");
    std::fs::write(file.path(), other).unwrap();
    cluster.until("the definition counts again", || {
        (!create(&["--dry-run=server"])).then_some(())
    });
}
