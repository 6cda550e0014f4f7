//! A machine that has what the scripts need and no more, and a subscription that is a file.

#[path = "../said/mod.rs"]
mod said;

pub(crate) use said::{Said, said};
use serde_json::{Value, json};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

pub(crate) const SUBSCRIPTION: &str = "11111111-2222-4333-8444-555555555555";
/// What the scripts may use besides bash, az and jq: POSIX tools and ssh-keygen.
const TOOLS: [&str; 18] = [
    "bash",
    "cat",
    "chmod",
    "dirname",
    "env",
    "jq",
    "ls",
    "mkdir",
    "mv",
    "od",
    "rm",
    "rmdir",
    "sed",
    "sleep",
    "ssh-keygen",
    "tr",
    "true",
    "uname",
];

pub(crate) struct Machine {
    folder: TempDir,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Machine {
    /// With az and kubectl, and nothing in the subscription.
    pub(crate) fn new() -> Self {
        let machine = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir_all(machine.path("bin")).unwrap();
        let path = std::env::var_os("PATH").unwrap();
        for tool in TOOLS {
            let found = std::env::split_paths(&path).find(|folder| folder.join(tool).exists());
            let found = found.unwrap_or_else(|| panic!("these tests want {tool} on the PATH"));
            symlink(found.join(tool), machine.path("bin").join(tool)).unwrap();
        }
        machine.has("az");
        machine.has("kubectl");
        machine.set_world(&json!({
            "signedIn": true, "cloud": "AzureCloud", "subscription": SUBSCRIPTION,
            "makesWatchers": true, "late": -1, "groups": {}, "resources": [], "locks": [],
            "permissions": [{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}],
        }));
        machine.write("kubeconfig.json", r#"{"contexts": null}"#);
        machine
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// A stand-in on the PATH.
    pub(crate) fn has(&self, program: &str) {
        let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand-in/azure");
        symlink(stand_in.join(program), self.path("bin").join(program)).unwrap();
    }

    pub(crate) fn command(&self, script: &str, words: &[&str]) -> Command {
        let mut command = Command::new(repository().join("scripts/bash").join(script));
        command
            .args(words)
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("HOME", self.path("home"))
            .env("STAND_IN", self.folder.path())
            .env("RSAC_STATE_DIR", self.path("state"))
            .env("RSAC_ARM_PATIENCE", "0")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, script: &str, words: &[&str]) -> Said {
        said(self.command(script, words))
    }

    /// What the stand-ins were asked, a line each.
    pub(crate) fn asked(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("asked")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub(crate) fn world(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("azure.json")).unwrap()).unwrap()
    }

    pub(crate) fn set_world(&self, world: &Value) {
        self.write("azure.json", &world.to_string());
    }

    pub(crate) fn change(&self, change: impl Fn(&mut Value)) {
        let mut world = self.world();
        change(&mut world);
        self.set_world(&world);
    }

    /// Names of all groups.
    pub(crate) fn groups(&self) -> Vec<String> {
        let world = self.world();
        world["groups"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    }

    /// Writes the record of network watchers of uksouth.
    pub(crate) fn keep_record(&self, watchers: &[&str], group: bool, made: bool) {
        let record = json!({
            "version": 1, "cloud": "public", "subscription": SUBSCRIPTION,
            "location": "uksouth", "stack": "azure", "run": "r", "recordedAt": 1,
            "watchers": watchers, "groupExisted": group, "madeByAzure": made,
        });
        std::fs::create_dir_all(self.record().parent().unwrap()).unwrap();
        std::fs::write(self.record(), record.to_string()).unwrap();
    }

    /// The record of network watchers of uksouth.
    pub(crate) fn record(&self) -> PathBuf {
        self.path(&format!(
            "state/network-watchers/public_{SUBSCRIPTION}_uksouth.json"
        ))
    }
}
