//! The operator by itself, run from outside the cluster as a developer would, in a
//! namespace of its own: what it restores and what it leaves alone, what another operator
//! takes over, what it waits for. Told after `down`, when no operator is in the cluster.

use crate::place::{CRD, DEFINITION, Operator, Place};
use crate::run::{TRIAL, condition};
use crate::stack::Bench;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Children come back, strangers stay as they are, and then nothing is written.
pub(crate) fn restores(bench: &Bench) {
    let place = Place::make(&bench.cluster, "rsac-tests-restored");
    let cluster = &bench.cluster;
    let operator = place.operator(bench.image(), &[]);

    place.job("kept", json!({"numberToFactor": 804_556_097}));
    place.solved("kept");
    let contents = |job: &str| {
        let children = place.children(job).into_iter();
        children
            .map(|(name, (_, content))| (name, content))
            .collect::<BTreeMap<_, _>>()
    };
    let before = contents("kept");
    // Nine kept alike, two Secrets and the result.
    assert_eq!(before.len(), 12, "{:?}", before.keys());
    for what in [
        ["service", "kept-progress"],
        ["service", "kept-master"],
        ["configmap", "kept-templates"],
        ["poddisruptionbudget", "kept-workers"],
        ["networkpolicy", "kept-master"],
        ["deployment", "kept-workers"],
    ] {
        cluster.ok(&["delete", "-n", &place.namespace, what[0], what[1]]);
    }
    let number = json!({"data": {"job.json": "{}"}});
    place.patch(&["configmap", "kept-job"], &number);
    place.patch(
        &["statefulset", "kept-master"],
        &json!({"spec": {"replicas": 2}}),
    );
    let unlabelled = json!({"metadata": {"labels": {"app.kubernetes.io/name": null}}});
    place.patch(&["networkpolicy", "kept-workers"], &unlabelled);
    cluster.until("all of kept is as it was", || {
        (contents("kept") == before).then_some(())
    });

    let strange = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "clash-job"}, "data": {"mine": "yes"},
    });
    cluster.apply(&place.namespace, &strange);
    place.job("clash", json!({"numberToFactor": 15}));
    let seen = place.until("clash", "says whose name it would take", |r| {
        condition(r, "Degraded").1 == "NameTaken"
    });
    assert!(seen.to_string().contains("ConfigMap clash-job"), "{seen}");
    assert_eq!(
        cluster.pods(&place.namespace, "clash", "master"),
        Vec::<String>::new()
    );
    let stranger = cluster.get(&["configmap", "-n", &place.namespace, "clash-job"]);
    assert_eq!(stranger["data"], json!({"mine": "yes"}));
    assert!(stranger["metadata"]["ownerReferences"].is_null());
    cluster.ok(&["delete", "-n", &place.namespace, "configmap", "clash-job"]);
    place.solved("clash");

    // One child that the server refuses is named, and the others are there.
    let labels = json!({"labels": {"not a label": "x"}});
    let trial = json!({
        "numberToFactor": TRIAL.number, "method": TRIAL.method, "workers": labels,
    });
    place.job("refused", trial);
    place.until("refused", "searches, and names the child", |r| {
        let (state, reason) = condition(r, "Degraded");
        let names = r
            .to_string()
            .contains("Deployment refused-workers was refused");
        state == "True" && reason == "ChildRefused" && names && r["status"]["stage"] == "Search"
    });
    cluster.ok(&["delete", "-n", &place.namespace, "rsac", "refused"]);

    let versions = || {
        let mut versions: Vec<Value> = ["kept", "clash"]
            .map(|job| place.resource(job)["metadata"]["resourceVersion"].clone())
            .into();
        for job in ["kept", "clash"] {
            let kept = place.children(job).into_values();
            // Others write the status of these.
            let ours = kept.filter(|(_, c)| {
                !matches!(
                    c["kind"].as_str(),
                    Some("StatefulSet" | "Deployment" | "PodDisruptionBudget")
                )
            });
            versions.extend(ours.map(|(version, _)| json!(version)));
        }
        versions
    };
    operator.comes_to_rest(cluster);
    let still = (versions(), operator.written());
    std::thread::sleep(Duration::from_secs(60));
    assert_eq!(
        (versions(), operator.written()),
        still,
        "written after the end"
    );
}

/// Made suspended, a job takes nothing until it is resumed.
pub(crate) fn suspended_first(bench: &Bench) {
    let place = Place::make(&bench.cluster, "rsac-tests-suspended");
    let _operator = place.operator(bench.image(), &[]);
    place.job("asleep", json!({"numberToFactor": 15, "suspend": true}));
    place.until("asleep", "is suspended", |r| {
        condition(r, "Progressing").1 == "Suspended"
    });
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(bench.cluster.belongings("asleep"), Vec::<String>::new());
    place.patch(&["rsac", "asleep"], &json!({"spec": {"suspend": false}}));
    place.solved("asleep");
}

/// Another operator, with another image, takes over a job at work, and renews a
/// certificate: the job's pods stay the same ones.
pub(crate) fn upgraded(bench: &Bench) {
    let cluster = &bench.cluster;
    let place = Place::make(cluster, "rsac-tests-upgraded");
    let mut first = place.operator(bench.image(), &[]);
    let trial = json!({
        "numberToFactor": TRIAL.number, "method": TRIAL.method, "workerCount": 2,
    });
    place.job("long", trial);
    place.until("long", "has two workers", |r| {
        r["status"]["readyWorkers"] == 2
    });
    first.kill();
    let pods = || {
        let pods = cluster.get(&["pods", "-n", &place.namespace]);
        let pods = pods["items"].as_array().unwrap().iter();
        let mut pods: Vec<(String, String)> = pods
            .map(|pod| {
                let restarts = &pod["status"]["containerStatuses"][0]["restartCount"];
                (pod["metadata"]["uid"].to_string(), restarts.to_string())
            })
            .collect();
        pods.sort();
        pods
    };
    let before = pods();
    assert_eq!(before.len(), 3);
    let certificate = || {
        let secret = cluster.get(&["secret", "-n", &place.namespace, "long-tls"]);
        secret["data"]["tls.crt"].as_str().unwrap().to_owned()
    };
    let old = certificate();
    let past = json!({"metadata": {"annotations": {
        "suu-kopf.dev/renew-after": "2020-01-01T00:00:00Z",
    }}});
    place.patch(&["secret", "long-tls"], &past);
    let _second = place.operator("registry.invalid/rsac:other", &[]);
    cluster.until("the certificate is renewed", || {
        (certificate() != old).then_some(())
    });
    let done = |r: &Value| r["status"]["progress"]["done"].as_i64().unwrap_or(0);
    let now = done(&place.resource("long"));
    place.until("long", "goes on", |r| done(r) > now);
    assert_eq!(pods(), before);
    // Scaling is the spec's word, and the new pods are of the job's own image.
    cluster.ok(&["scale", "-n", &place.namespace, "rsac/long", "--replicas=3"]);
    place.until("long", "has three workers", |r| {
        r["status"]["readyWorkers"] == 3
    });
}

/// Of two operators one acts; frozen past its Lease, the other does.
pub(crate) fn two(bench: &Bench) {
    let cluster = &bench.cluster;
    let place = Place::make(cluster, "rsac-tests-two");
    let start = |name: &str| {
        let words = [
            "--leader-elect",
            "--lease-namespace",
            &place.namespace,
            "--identity",
            name,
        ];
        place.operator(bench.image(), &words)
    };
    let holder = |name: &'static str| {
        cluster.until(&format!("{name} leads"), || {
            let words = [
                "lease",
                "-n",
                &place.namespace,
                "--ignore-not-found",
                "-o",
                "json",
                "rsac-operator",
            ];
            let lease = cluster.ok(&[&["get"], &words[..]].concat());
            let lease: Value = serde_json::from_str(&lease).unwrap_or_default();
            (lease["spec"]["holderIdentity"] == name).then_some(())
        });
    };
    let first = start("first");
    holder("first");
    let second = start("second");
    second.says(cluster, "/metrics", "rsac_operator_leader 0");
    place.job("one", json!({"numberToFactor": 15}));
    place.solved("one");
    first.signal("-STOP");
    holder("second");
    place.job("two", json!({"numberToFactor": 21}));
    place.solved("two");
    first.signal("-CONT");
    first.says(cluster, "/metrics", "rsac_operator_leader 0");
    let before = first.written();
    place.job("three", json!({"numberToFactor": 35}));
    place.solved("three");
    assert_eq!(first.written(), before);
    // Asked to end, the leader gives the Lease up: the other need not wait for its end.
    second.signal("-TERM");
    let asked = Instant::now();
    holder("first");
    assert!(
        asked.elapsed() < Duration::from_secs(14),
        "it waited for the Lease's end"
    );
}

/// Started before the definition, and outliving it, an operator waits and says so.
pub(crate) fn waits(bench: &Bench) {
    let cluster = &bench.cluster;
    let namespace = "rsac-tests-waits";
    let operator = Operator::start(&cluster.kubeconfig, namespace, bench.image(), &[]);
    operator.says(cluster, "/readyz", "rsacrackers.suu-kopf.dev is not there");
    operator.says(cluster, "/readyz", "503");
    let place = Place::make(cluster, namespace);
    operator.says(cluster, "/readyz", "200 OK");
    place.job("early", json!({"numberToFactor": 15}));
    place.solved("early");
    cluster.ok(&["delete", "crd", CRD]);
    cluster.until("nothing is left of early", || {
        let pods = cluster.get(&["pods", "-n", &place.namespace]);
        pods["items"].as_array().unwrap().is_empty().then_some(())
    });
    operator.says(cluster, "/readyz", "503");
    assert!(operator.get("/healthz").unwrap().contains("200 OK"));
    cluster.ok(&["apply", "-f", DEFINITION]);
    operator.says(cluster, "/readyz", "200 OK");
    cluster.until("the definition serves", || {
        let applied = cluster
            .command(&["get", "rsac", "-n", &place.namespace])
            .output()
            .unwrap();
        applied.status.success().then_some(())
    });
    place.job("late", json!({"numberToFactor": 21}));
    place.solved("late");
}
