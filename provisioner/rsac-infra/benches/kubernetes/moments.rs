//! Moments of a job's life: its factors, its workers' first candidate, and how soon work goes
//! on after a kill.

use crate::follow::{Watch, all_began, said, seconds};
use crate::row;
use crate::run::{TRIAL, condition};
use crate::stack::{Bench, JOBS};
use serde_json::{Value, json};
use std::time::SystemTime;

const ROUNDS: usize = 5;

/// From `kubectl apply` of the example, images present, to the factors: in its master, where
/// `/progress` answers with them, and in the status, which waits for the kubelet too.
pub(crate) fn solved(bench: &Bench) {
    for (what, ledger) in [
        ("ephemeral ledger", json!({"ephemeral": true})),
        ("ledger on a volume made for it", json!({})),
    ] {
        let rounds = (0..ROUNDS).map(|round| {
            let name = format!("solved-{round}");
            let mut watch = Watch::on(&bench.cluster, &name);
            let spec = json!({"workerCount": 3, "numberToFactor": 804_556_097, "ledger": ledger});
            let applied = apply(bench, &name, spec);
            let (_, solved) = watch.until(|job| condition(job, "Succeeded").0 == "True");
            let master = format!("{name}-master-0");
            // Its log can be had as soon as the kubelet tells of it, which is later than either.
            let known = bench.cluster.until("the master's log", || {
                said(&bench.cluster, &master, "the job has ended")
            });
            delete(bench, &name);
            (seconds(applied, known), seconds(applied, solved))
        });
        let (known, solved) = rounds.unzip();
        row(
            &format!("apply → the master has the factors, {what}"),
            known,
        );
        row(&format!("apply → factors in the status, {what}"), solved);
    }
}

/// From `kubectl apply` to the first candidate that the last of three workers tries.
pub(crate) fn began(bench: &Bench) {
    let rounds = (0..ROUNDS).map(|round| {
        let name = format!("began-{round}");
        let applied = apply(bench, &name, busy(3));
        let began = all_began(&bench.cluster, &name, 3, &[]);
        delete(bench, &name);
        seconds(applied, began)
    });
    row(
        "apply → all 3 workers try candidates, ephemeral ledger",
        rounds.collect(),
    );
}

/// From the kill of a pod to work going on: a worker's successor computes; after a master's,
/// its successor has more than it found in the ledger.
pub(crate) fn killed(bench: &Bench) {
    let name = "killed";
    apply(bench, name, busy(3));
    all_began(&bench.cluster, name, 3, &[]);
    let rounds = (0..ROUNDS).map(|_| {
        let before = bench.cluster.pods(JOBS, name, "worker");
        let at = kill(bench, &before[0]);
        let began = all_began(&bench.cluster, name, 1, &before);
        seconds(at, began)
    });
    row(
        "kill of a worker's pod → its successor computes",
        rounds.collect(),
    );
    delete(bench, name);
    // On a volume: an ephemeral ledger goes with its pod.
    let mut spec = busy(3);
    spec["ledger"] = json!({});
    apply(bench, name, spec);
    all_began(&bench.cluster, name, 3, &[]);
    let rounds = (0..ROUNDS).map(|_| {
        bench.until(name, "has found something", |job| done(job) > 0);
        let at = kill(bench, &format!("{name}-master-0"));
        // What the ledger had is the successor's first answer; more is new work.
        let first = bench
            .cluster
            .until("a master answers", || searched(bench, name));
        bench.cluster.until("work goes on", || {
            searched(bench, name).filter(|now| *now > first)
        });
        seconds(at, SystemTime::now())
    });
    row(
        "kill of the master's pod → its successor has new work, ledger on a volume",
        rounds.collect(),
    );
    delete(bench, name);
}

/// From the loss of a node, and of its Node object, as a cloud does it, to all workers
/// computing on what is left.
pub(crate) fn lost(bench: &Bench) {
    if !bench.cluster.can_kill_nodes() {
        println!("(no node of this cluster can be killed)");
        return;
    }
    let name = "lost";
    apply(bench, name, busy(4));
    all_began(&bench.cluster, name, 4, &[]);
    let master = bench.cluster.get(&["pod", "-n", JOBS, "lost-master-0"]);
    let master = master["spec"]["nodeName"].as_str().unwrap();
    // The master's survives: an ephemeral ledger would be lost with it.
    let node = if master == "n1" { "n2" } else { "n1" };
    let on_it = bench.cluster.get(&[
        "pods",
        "-n",
        JOBS,
        "--field-selector",
        &format!("spec.nodeName={node}"),
    ]);
    let gone: Vec<String> = on_it["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(name_of)
        .collect();
    let at = SystemTime::now();
    bench.cluster.script(&["kill-node", node]);
    bench.cluster.ok(&["delete", "node", node]);
    let began = all_began(&bench.cluster, name, 4, &gone);
    let what = format!(
        "loss of a node with {} of 4 workers → all 4 compute",
        gone.len()
    );
    row(&what, vec![seconds(at, began)]);
    delete(bench, name);
    bench.cluster.script(&["start-node", node]);
}

/// A job that outlasts what is measured.
fn busy(workers: i64) -> Value {
    json!({
        "workerCount": workers,
        "numberToFactor": "63008024813738649137327171",
        "method": TRIAL.method,
        "checkpointInterval": "1s",
        "ledger": {"ephemeral": true},
    })
}

fn apply(bench: &Bench, name: &str, spec: Value) -> SystemTime {
    let job = json!({
        "apiVersion": "suu-kopf.dev/v1",
        "kind": "RSACracker",
        "metadata": {"name": name},
        "spec": spec,
    });
    let at = SystemTime::now();
    bench.cluster.apply(JOBS, &job);
    at
}

fn kill(bench: &Bench, pod: &str) -> SystemTime {
    let at = SystemTime::now();
    let words = [
        "delete",
        "pod",
        "-n",
        JOBS,
        pod,
        "--force",
        "--grace-period=0",
    ];
    bench.cluster.ok(&words);
    at
}

/// Deletes a job, and waits until its pods are gone: the next round is not disturbed.
fn delete(bench: &Bench, name: &str) {
    bench.cluster.ok(&["delete", "rsac", "-n", JOBS, name]);
    bench.cluster.until("the job's objects are gone", || {
        bench.cluster.belongings(name).is_empty().then_some(())
    });
}

/// How far the job is, as its master says; none while there is no master to ask. The status
/// tells it ten seconds later.
fn searched(bench: &Bench, name: &str) -> Option<u64> {
    let master = format!("{name}-master-0");
    let words = ["exec", "-n", JOBS, &master, "--", "/rsac-infra", "progress"];
    let output = bench.cluster.command(&words).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).ok()?;
    answer["progress_done"].as_u64()
}

fn done(job: &Value) -> i64 {
    job["status"]["progress"]["done"].as_i64().unwrap_or(0)
}

fn name_of(pod: &Value) -> String {
    pod["metadata"]["name"].as_str().unwrap().to_owned()
}
