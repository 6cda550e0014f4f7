//! The cluster of the tests, through `kubectl` as its users have it.

use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// After this long something hangs. No test is about speed.
pub(crate) const HANG: Duration = Duration::from_secs(300);

/// So long a node may still be coming back from the story before.
const RECOVERY: Duration = Duration::from_secs(60);

/// A disposable cluster.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) kubeconfig: PathBuf,
    kubectl: PathBuf,
}

/// The script whose cluster this may be.
fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/test-cluster")
}

impl Cluster {
    /// The cluster of `RSAC_TEST_KUBECONFIG`; or why there is none.
    pub(crate) fn find() -> Result<Self, String> {
        let kubeconfig = std::env::var_os("RSAC_TEST_KUBECONFIG")
            .filter(|path| !path.is_empty())
            .ok_or("no RSAC_TEST_KUBECONFIG; scripts/test-cluster brings a cluster up")?;
        let cluster = Self {
            kubeconfig: kubeconfig.into(),
            kubectl: std::env::var_os("RSAC_TEST_KUBECTL")
                .map_or_else(|| "kubectl".into(), PathBuf::from),
        };
        let namespace = cluster.get(&["namespace", "kube-system"]);
        assert_eq!(
            namespace["metadata"]["annotations"]["rsac/disposable"], "true",
            "the cluster of RSAC_TEST_KUBECONFIG does not call itself disposable: \
             kubectl annotate namespace kube-system rsac/disposable=true"
        );
        Ok(cluster)
    }

    /// Whether it is the one of scripts/test-cluster, whose nodes can be killed.
    pub(crate) fn can_kill_nodes(&self) -> bool {
        let output = Command::new(script()).arg("kubeconfig").output();
        output.is_ok_and(|output| {
            let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            output.status.success() && Path::new(&path) == self.kubeconfig
        })
    }

    /// Why no story can be told on it: no node takes pods, and that does not get better.
    pub(crate) fn unfit(&self) -> Option<String> {
        let start = Instant::now();
        loop {
            let nodes = self.get(&["nodes"]);
            let taints: Vec<_> = nodes["items"].as_array()?.iter().map(taints).collect();
            if taints.iter().any(Vec::is_empty) {
                return None;
            }
            if start.elapsed() > RECOVERY {
                let taints = taints.concat().join(", ");
                return Some(format!("no node takes pods: {taints}"));
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// A word of scripts/test-cluster.
    pub(crate) fn script(&self, words: &[&str]) -> String {
        let output = Command::new(script()).args(words).output().unwrap();
        good(words, output)
    }

    pub(crate) fn command(&self, words: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(&self.kubectl);
        command
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(words)
            .stdin(Stdio::null());
        command
    }

    /// What `kubectl` answers; it must succeed.
    pub(crate) fn ok(&self, words: &[&str]) -> String {
        good(words, self.command(words).output().unwrap())
    }

    /// What `kubectl` says when it refuses; it must.
    pub(crate) fn refused(&self, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        assert!(!output.status.success(), "{words:?} succeeded");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// An object, or a list of them.
    pub(crate) fn get(&self, what: &[&str]) -> Value {
        let words = [&["get", "--output", "json"], what].concat();
        serde_json::from_str(&self.ok(&words)).unwrap()
    }

    /// Applies a manifest.
    pub(crate) fn apply(&self, namespace: &str, manifest: &Value) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), manifest.to_string()).unwrap();
        self.ok(&[
            "apply",
            "-n",
            namespace,
            "-f",
            file.path().to_str().unwrap(),
        ]);
    }

    /// Looks until something is there.
    pub(crate) fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(
                start.elapsed() < HANG,
                "never {what}\n{}",
                self.ok(&["get", "rsac,pods,events", "-A"])
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The pods of a job's component (`master`, `worker`), by name, that are not ending.
    pub(crate) fn pods(&self, namespace: &str, job: &str, component: &str) -> Vec<String> {
        let selector =
            format!("suu-kopf.dev/rsacracker={job},app.kubernetes.io/component={component}");
        let pods = self.get(&["pods", "-n", namespace, "-l", &selector]);
        let pods = pods["items"].as_array().unwrap().iter();
        pods.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null())
            .map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// All objects that belong to a job, wherever: `KIND namespace/name`.
    pub(crate) fn belongings(&self, job: &str) -> Vec<String> {
        const KINDS: &str = "pods,statefulsets,deployments,replicasets,services,\
                             poddisruptionbudgets,networkpolicies,configmaps,secrets,\
                             persistentvolumeclaims,endpointslices,controllerrevisions,rsac";
        let selector = format!("suu-kopf.dev/rsacracker={job}");
        let all = self.get(&[KINDS, "-A", "-l", &selector]);
        let all = all["items"].as_array().unwrap().iter();
        all.map(|object| {
            let meta = &object["metadata"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!(
                "{} {}/{}",
                text(&object["kind"]),
                text(&meta["namespace"]),
                text(&meta["name"])
            )
        })
        .collect()
    }
}

/// What keeps pods off a node: `n1 has node.kubernetes.io/disk-pressure:NoSchedule`.
fn taints(node: &Value) -> Vec<String> {
    let name = node["metadata"]["name"].as_str().unwrap_or_default();
    let taints = node["spec"]["taints"].as_array().into_iter().flatten();
    taints
        .filter(|taint| taint["effect"] != "PreferNoSchedule")
        .map(|taint| {
            let text = |key: &str| taint[key].as_str().unwrap_or_default();
            format!("{name} has {}:{}", text("key"), text("effect"))
        })
        .collect()
}

fn good(words: &[&str], output: Output) -> String {
    assert!(
        output.status.success(),
        "{words:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
