//! An operator outside the cluster, run as a developer would, and the namespace that it is
//! told to look after: what the stories of the operator by itself share.

use crate::cluster::Cluster;
use crate::run::condition;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The kind, and its definition.
pub(crate) const CRD: &str = "rsacrackers.suu-kopf.dev";
pub(crate) const DEFINITION: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../deploy/crd/rsacrackers.yaml"
);

/// An operator outside the cluster; killed when dropped.
pub(crate) struct Operator {
    child: Child,
    health: u16,
}

impl Operator {
    /// Starts one for a namespace alone.
    pub(crate) fn start(kubeconfig: &Path, namespace: &str, image: &str, more: &[&str]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let health = free.local_addr().unwrap().port();
        drop(free);
        let child = Command::new(env!("CARGO_BIN_EXE_rsac-infra"))
            .arg("operator")
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(["--image", image, "--namespace", namespace])
            .args(["--health-listen", &format!("127.0.0.1:{health}")])
            .args(["--retry-base", "0.2", "--retry-cap", "2"])
            .args(more)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, health }
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// The status line and body of a plain GET; none while nobody answers.
    pub(crate) fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.health)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// How much it has written, by kind of call.
    pub(crate) fn written(&self) -> Vec<String> {
        let page = self.get("/metrics").unwrap();
        let lines = page.lines().filter(|line| line.contains("writes_total{"));
        lines.map(ToOwned::to_owned).collect()
    }

    /// Waits until it writes nothing any more, seen over some seconds.
    pub(crate) fn comes_to_rest(&self, cluster: &Cluster) {
        cluster.until("the operator writes nothing more", || {
            let before = self.written();
            std::thread::sleep(Duration::from_secs(3));
            (self.written() == before).then_some(())
        });
    }

    pub(crate) fn says(&self, cluster: &Cluster, path: &str, words: &str) {
        cluster.until(&format!("{path} says {words}"), || {
            self.get(path).filter(|answer| answer.contains(words))
        });
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How many places there are, and whether the first of them brought the definition.
static PLACES: Mutex<(usize, bool)> = Mutex::new((0, false));

/// A namespace for a story, and the definition as long as anyone needs it.
pub(crate) struct Place<'a> {
    cluster: &'a Cluster,
    pub(crate) namespace: String,
}

impl<'a> Place<'a> {
    pub(crate) fn make(cluster: &'a Cluster, namespace: &str) -> Self {
        let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
        if places.0 == 0 {
            let there = ["get", "crd", "--ignore-not-found", CRD];
            places.1 = cluster.ok(&there).is_empty();
            cluster.ok(&["apply", "-f", DEFINITION]);
            let established = ["wait", "--for=condition=Established", "crd", CRD];
            cluster.ok(&established);
        }
        places.0 += 1;
        let place = Self {
            cluster,
            namespace: namespace.to_owned(),
        };
        cluster.ok(&["create", "namespace", namespace]);
        place
    }

    /// An operator for this place, with this image.
    pub(crate) fn operator(&self, image: &str, more: &[&str]) -> Operator {
        Operator::start(&self.cluster.kubeconfig, &self.namespace, image, more)
    }

    pub(crate) fn job(&self, name: &str, spec: Value) {
        let mut spec = spec;
        spec["ledger"] = json!({"ephemeral": true});
        let job = json!({
            "apiVersion": "suu-kopf.dev/v1",
            "kind": "RSACracker",
            "metadata": {"name": name},
            "spec": spec,
        });
        self.cluster.apply(&self.namespace, &job);
    }

    pub(crate) fn resource(&self, name: &str) -> Value {
        self.cluster.get(&["rsac", "-n", &self.namespace, name])
    }

    pub(crate) fn until(&self, name: &str, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        self.cluster.until(&format!("{name} {what}"), || {
            Some(self.resource(name)).filter(&is)
        })
    }

    pub(crate) fn solved(&self, name: &str) -> Value {
        self.until(name, "is solved", |r| condition(r, "Succeeded").0 == "True")
    }

    pub(crate) fn patch(&self, what: &[&str], patch: &Value) {
        let patch = patch.to_string();
        let words = ["-n", &self.namespace, "--type=merge", "-p", &patch];
        self.cluster.ok(&[&["patch"], what, &words].concat());
    }

    /// Changes what the operator said, behind its back.
    pub(crate) fn patch_status(&self, name: &str, status: &Value) {
        let patch = json!({"status": status});
        self.patch(&["rsac", name, "--subresource=status"], &patch);
    }

    /// What the operator keeps for a job, by kind and name: version and what matters.
    pub(crate) fn children(&self, job: &str) -> BTreeMap<String, (String, Value)> {
        const KINDS: &str = "statefulsets,deployments,services,poddisruptionbudgets,\
                             networkpolicies,configmaps,secrets";
        let selector = format!("suu-kopf.dev/rsacracker={job}");
        let all = self
            .cluster
            .get(&[KINDS, "-n", &self.namespace, "-l", &selector]);
        let all = all["items"].as_array().unwrap().iter();
        all.map(|object| {
            let meta = &object["metadata"];
            let name = format!("{} {}", object["kind"], meta["name"]);
            let mut content = object.clone();
            content["spec"]["clusterIP"].take();
            content["spec"]["clusterIPs"].take();
            content["metadata"] = json!({"labels": meta["labels"]});
            content["status"].take();
            let version = meta["resourceVersion"].as_str().unwrap().to_owned();
            (name, (version, content))
        })
        .collect()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let delete = |kind, name: &str| {
            let words = ["delete", "--ignore-not-found", kind, name];
            let _ = self.cluster.command(&words).output();
        };
        delete("namespace", &self.namespace);
        let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
        places.0 -= 1;
        if *places == (0, true) {
            delete("crd", CRD);
        }
    }
}
