//! The binary's own words with a state directory, a kubeconfig and a minikube of the test's.

#[path = "../said/mod.rs"]
mod said;

pub(crate) use said::{Said, said};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A machine of a user's.
pub(crate) struct Machine {
    folder: TempDir,
}

impl Machine {
    /// With the cluster of the tests in its kubeconfig, and nothing else.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("stand-in")).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the stand-in of minikube was asked.
    pub(crate) fn asked(&self) -> String {
        std::fs::read_to_string(self.path("stand-in/asked")).unwrap_or_default()
    }

    /// Changes how a profile stands, behind everybody's back.
    pub(crate) fn profile(&self, name: &str, status: Option<&str>) {
        let path = self.path("stand-in/profiles").join(name);
        match status {
            Some(status) => {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, status).unwrap();
            }
            None => std::fs::remove_file(path).unwrap(),
        }
    }

    pub(crate) fn run(&self, words: &[&str]) -> Said {
        let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand-in");
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_rsac-infra"));
        command
            .args(words)
            .env_remove("RSAC_STACK")
            .env_remove("RSAC_OUTPUT")
            .env_remove("RUST_LOG")
            .env("NO_COLOR", "1")
            .env("RSAC_STATE_DIR", self.path("state"))
            .env("KUBECONFIG", self.path("kubeconfig"))
            .env("STAND_IN", self.path("stand-in"))
            .env("PATH", format!("{}:{path}", stand_in.display()));
        said(command)
    }
}
