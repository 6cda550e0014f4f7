//! What an operator costs that has nothing to do: its memory and its calls with 1, 100 and
//! 1000 suspended jobs.

use crate::cluster::Cluster;
use crate::stack::Bench;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const NAMESPACE: &str = "rsac-resting";
const OPERATOR: &str = "system:serviceaccount:rsac-system:rsac-operator";
/// How long its calls are counted.
const WINDOW: Duration = Duration::from_secs(60);

pub(crate) fn resting(bench: &Bench) {
    let cluster = &bench.cluster;
    cluster.ok(&["create", "namespace", NAMESPACE]);
    let mut made = 0;
    for count in [1, 100, 1000] {
        let list: Vec<Value> = (made..count).map(job).collect();
        let start = Instant::now();
        cluster.apply(
            NAMESPACE,
            &json!({"apiVersion": "v1", "kind": "List", "items": list}),
        );
        made = count;
        cluster.until("all are known to be suspended", || {
            let jobs = cluster.get(&["rsac", "-n", NAMESPACE]);
            let jobs = jobs["items"].as_array().unwrap();
            let known = jobs
                .iter()
                .filter(|job| job["status"]["observedGeneration"] == 1);
            (known.count() == count).then_some(())
        });
        let known = start.elapsed().as_secs_f64();
        // What is asked once after a change is no part of resting.
        std::thread::sleep(Duration::from_secs(15));
        let before = calls(cluster);
        std::thread::sleep(WINDOW);
        let after = calls(cluster);
        let told: Vec<String> = after
            .iter()
            .map(|(verb, count)| (verb, count - before.get(verb).unwrap_or(&0)))
            .filter(|(_, count)| *count > 0)
            .map(|(verb, count)| format!("{verb} {count}"))
            .collect();
        println!(
            "| {count} suspended jobs | known after {known:.1} s, {} MB, calls a minute: {} |",
            memory(),
            told.join(", ")
        );
    }
    cluster.ok(&["delete", "namespace", NAMESPACE]);
}

fn job(index: usize) -> Value {
    json!({
        "apiVersion": "suu-kopf.dev/v1",
        "kind": "RSACracker",
        "metadata": {"name": format!("resting-{index}"), "namespace": NAMESPACE},
        "spec": {"workerCount": 3, "numberToFactor": 804_556_097, "suspend": true},
    })
}

/// The operator's calls so far by verb and resource, from the API server's record.
fn calls(cluster: &Cluster) -> BTreeMap<String, usize> {
    let record = cluster.script(&["audit-log"]);
    let text = std::fs::read_to_string(record.trim()).unwrap();
    let mut calls = BTreeMap::new();
    for line in text.lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            continue; // the line that is being written
        };
        if event["user"]["username"] == OPERATOR && event["stage"] == "ResponseComplete" {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (verb, what) = (text(&event["verb"]), text(&event["objectRef"]["resource"]));
            *calls.entry(format!("{verb} {what}")).or_insert(0) += 1;
        }
    }
    calls
}

/// Resident memory of the operator, in MB: the pods of scripts/test-cluster are processes of
/// this machine.
fn memory() -> u64 {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let operators = processes.filter(|process| {
        let command = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        command.starts_with(b"/rsac-infra\0operator\0")
    });
    let resident = operators.filter_map(|process| {
        let status = std::fs::read_to_string(process.path().join("status")).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    // Of two replicas the one that leads has the jobs.
    resident.max().unwrap_or(0) / 1000
}
