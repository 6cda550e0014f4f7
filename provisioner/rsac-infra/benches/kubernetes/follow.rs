//! Watches a job's resource, and reads when its pods said something.

use crate::cluster::Cluster;
use crate::stack::JOBS;
use k8s_openapi::jiff::Timestamp;
use serde_json::Value;
use std::io::BufReader;
use std::process::{Child, ChildStdout, Stdio};
use std::time::SystemTime;

/// A watch on one job, from before it is made.
pub(crate) struct Watch {
    kubectl: Child,
    events: serde_json::StreamDeserializer<
        'static,
        serde_json::de::IoRead<BufReader<ChildStdout>>,
        Value,
    >,
}

impl Watch {
    pub(crate) fn on(cluster: &Cluster, job: &str) -> Self {
        let field = format!("metadata.name={job}");
        let words = ["get", "rsac", "-n", JOBS, "--field-selector", &field];
        let words = [&words[..], &["--watch", "--output", "json"]].concat();
        let mut kubectl = cluster.command(&words);
        let mut kubectl = kubectl.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(kubectl.stdout.take().unwrap());
        let events = serde_json::Deserializer::from_reader(stdout).into_iter();
        // Until it is connected: what is made before is told all the same, a little later.
        std::thread::sleep(std::time::Duration::from_millis(500));
        Self { kubectl, events }
    }

    /// The first state from now on that satisfies something, when it is told.
    pub(crate) fn until(&mut self, satisfied: impl Fn(&Value) -> bool) -> (Value, SystemTime) {
        loop {
            let state = self.events.next().unwrap().unwrap();
            if satisfied(&state) {
                return (state, SystemTime::now());
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.kubectl.kill();
        let _ = self.kubectl.wait();
    }
}

/// When a worker got a plan, and with it its first unit, by its own clock; none where it has
/// not, or is gone.
pub(crate) fn began(cluster: &Cluster, pod: &str) -> Option<SystemTime> {
    said(cluster, pod, "working on a plan")
}

/// When a pod first logged a message, by its own clock.
pub(crate) fn said(cluster: &Cluster, pod: &str, message: &str) -> Option<SystemTime> {
    let output = cluster
        .command(&["logs", "-n", JOBS, pod])
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stdout);
    let mut lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let line = lines.find(|line| line["fields"]["message"] == message)?;
    let when: Timestamp = line["timestamp"].as_str()?.parse().ok()?;
    Some(when.into())
}

/// When the last of so many workers began, once each has; pods of `not` do not count.
pub(crate) fn all_began(cluster: &Cluster, job: &str, count: usize, not: &[String]) -> SystemTime {
    cluster.until("all workers are at work", || {
        let pods = cluster.pods(JOBS, job, "worker");
        let pods = pods.iter().filter(|pod| !not.contains(pod));
        let began: Vec<SystemTime> = pods.filter_map(|pod| began(cluster, pod)).collect();
        (began.len() >= count).then(|| began.into_iter().max().unwrap())
    })
}

/// From one moment to another.
pub(crate) fn seconds(from: SystemTime, to: SystemTime) -> f64 {
    to.duration_since(from)
        .map_or(0.0, |time| time.as_secs_f64())
}
