//! A simulated subscription, and a user's machine that knows no other.

#[path = "../said/mod.rs"]
mod said;

use rsac_azure_simulator::{Settings, Simulator};
pub(crate) use said::{Said, said};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A public key of nobody's: only its form matters here.
pub(crate) const SSH_KEY: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDtest nobody";

/// A subscription, and a machine.
pub(crate) struct Cloud {
    pub(crate) azure: Simulator,
    folder: TempDir,
}

impl Cloud {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let azure = Simulator::start(settings).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), &azure.ca_pem).unwrap();
        std::fs::write(folder.path().join("key.pub"), SSH_KEY).unwrap();
        Self { azure, folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The words of a user whose state is in the folder of that name.
    pub(crate) fn command_of(&self, user: &str, words: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rsac-infra"));
        command
            .args(words)
            .env_clear()
            .envs(self.azure.environment())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("NO_COLOR", "1")
            .env("RSAC_ARM_CA_FILE", self.path("ca.pem"))
            .env("RSAC_ARM_PATIENCE", "0")
            .env("RSAC_STATE_DIR", self.path(user))
            .env("KUBECONFIG", self.path("kubeconfig"))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run_as(&self, user: &str, words: &[impl AsRef<OsStr>]) -> Said {
        said(self.command_of(user, words))
    }

    pub(crate) fn run(&self, words: &[&str]) -> Said {
        self.run_as("state", words)
    }

    /// `up` as far as the cluster, with flags of the test's.
    pub(crate) fn up(&self, more: &[&str]) -> Said {
        self.up_as("state", more)
    }

    pub(crate) fn up_as(&self, user: &str, more: &[&str]) -> Said {
        self.run_as(user, &self.up_words(more))
    }

    pub(crate) fn up_words(&self, more: &[&str]) -> Vec<String> {
        let key = self.path("key.pub");
        let words = ["up", "--provider", "azure", "--only", "cluster"];
        let key = ["--ssh-public-key", key.to_str().unwrap()];
        let words = [&words, &key[..], more].concat();
        words.into_iter().map(str::to_owned).collect()
    }

    /// That nothing is in the subscription, here or there.
    pub(crate) fn must_be_empty(&self) {
        assert_eq!(self.azure.groups(), Vec::<String>::new());
        assert_eq!(self.azure.resources(), Vec::<String>::new());
    }

    /// Requests that change something, as `METHOD path`, without the subscription.
    pub(crate) fn changes(&self) -> Vec<String> {
        let root = format!("/subscriptions/{}", Settings::default().subscription);
        let seen = self.azure.requests().into_iter();
        let changes = seen.filter(|seen| seen.method != "GET" && seen.method != "HEAD");
        let text = |seen: rsac_azure_simulator::Seen| {
            format!("{} {}", seen.method, seen.path.replace(&root, ""))
        };
        changes
            .map(text)
            .filter(|text| !text.contains("/oauth2/"))
            .collect()
    }
}
