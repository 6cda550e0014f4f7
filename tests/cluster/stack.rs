//! What the stories share: a stack of rsac-infra on the cluster, with its operator.

use crate::cluster::Cluster;
use crate::run::Run;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The namespace of the stack's jobs.
pub(crate) const JOBS: &str = "rsac-tests";

/// The cluster, and a state directory of its own for rsac-infra.
pub(crate) struct Bench {
    pub(crate) cluster: Cluster,
    folder: tempfile::TempDir,
    image: OnceLock<String>,
    is_up: OnceLock<()>,
    bringing: Mutex<()>,
}

impl Bench {
    pub(crate) fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            folder: tempfile::tempdir().unwrap(),
            image: OnceLock::new(),
            is_up: OnceLock::new(),
            bringing: Mutex::default(),
        }
    }

    /// The state directory. The last `down` removes it: nothing else is kept there.
    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// rsac-infra, with this bench's state directory.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rsac-infra"));
        command
            .args(words)
            .env("RSAC_STATE_DIR", self.state())
            // No test touches the user's own.
            .env("KUBECONFIG", "/dev/null")
            .stdin(Stdio::null());
        command
    }

    /// Runs words with `--output json`.
    pub(crate) fn run(&self, words: &[&str]) -> Run {
        Run::of(self.command(&[&["--output", "json"], words].concat()))
    }

    /// Runs words that must succeed.
    pub(crate) fn ok(&self, words: &[&str]) -> Run {
        let run = self.run(words);
        assert_eq!(run.code, 0, "{words:?}: {:#?}\n{}", run.events, run.stderr);
        run
    }

    /// The image under test, on all nodes: built from the executable under test, unless
    /// `RSAC_TEST_IMAGE` names one that the nodes can pull.
    pub(crate) fn image(&self) -> &str {
        self.image.get_or_init(|| {
            if let Ok(reference) = std::env::var("RSAC_TEST_IMAGE") {
                return reference;
            }
            assert!(
                self.cluster.can_kill_nodes(),
                "this cluster needs RSAC_TEST_IMAGE: a reference that its nodes can pull; \
                 `rsac-infra image build --push` makes one"
            );
            let file = self.folder.path().join("image.tar");
            let file = file.to_str().unwrap();
            let run = self.run_image(file, &[]);
            let reference = run.last("image")["reference"].as_str().unwrap().to_owned();
            self.cluster.script(&["load", file]);
            std::fs::remove_file(file).unwrap();
            reference
        })
    }

    /// Loads the image under test into all nodes under another name.
    pub(crate) fn load_as(&self, reference: &str) {
        let file = self.folder.path().join("named.tar");
        let file = file.to_str().unwrap();
        self.run_image(file, &["--name", reference]);
        self.cluster.script(&["load", file]);
        std::fs::remove_file(file).unwrap();
    }

    fn run_image(&self, file: &str, more: &[&str]) -> Run {
        let words = ["image", "build", "--output", "json", "--output", file];
        let run = Run::of(self.command(&[&words[..], more].concat()));
        assert_eq!(run.code, 0, "{}", run.stderr);
        run
    }

    /// `up` on the cluster, with more words.
    pub(crate) fn up(&self, more: &[&str]) -> Run {
        let kubeconfig = self.cluster.kubeconfig.to_str().unwrap();
        let words = [
            "up",
            "--provider",
            "kubeconfig",
            "--kubeconfig",
            kubeconfig,
            "--namespace",
            JOBS,
            "--image",
            self.image(),
        ];
        let run = self.ok(&[&words[..], more].concat());
        let _ = self.is_up.set(());
        run
    }

    /// Stories that are told alone bring the stack up themselves.
    pub(crate) fn ensure_up(&self) {
        // One of several that are told together does it, the others wait.
        let _alone = self.bringing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_up.get().is_none() {
            self.up(&["--file", example_file()]);
            self.ok(&["delete", "my-rsac"]);
        }
    }

    /// A job's resource as it is.
    pub(crate) fn resource(&self, name: &str) -> Value {
        self.cluster.get(&["rsac", "-n", JOBS, name])
    }

    /// Waits until the resource satisfies something.
    pub(crate) fn until(
        &self,
        name: &str,
        what: &str,
        satisfied: impl Fn(&Value) -> bool,
    ) -> Value {
        self.cluster.until(&format!("{name} {what}"), || {
            Some(self.resource(name)).filter(&satisfied)
        })
    }

    /// Makes a job of a demo.
    pub(crate) fn crack(&self, name: &str, number: &str, method: &str, workers: &str) {
        self.ok(&[
            "crack",
            number,
            "--name",
            name,
            "--method",
            method,
            "--workers",
            workers,
        ]);
    }

    /// After the last story: nothing of this bench stays, whatever failed.
    pub(crate) fn clean_up(&self, has_failed: bool) {
        if self.state().join("stacks").exists() && self.is_up.get().is_some() {
            let run = self.run(&["down", "--yes", "--force"]);
            if has_failed && run.code != 0 {
                eprintln!("down after the failure: {}", run.stderr);
            }
        }
    }
}

/// The first system's manifest.
pub(crate) fn example_file() -> &'static str {
    const FILE: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../deploy/example/01-rsac.yaml"
    );
    assert!(Path::new(FILE).exists());
    FILE
}
