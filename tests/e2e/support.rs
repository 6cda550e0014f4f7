//! A stack of one test: its words, its processes, and a look at what is left of it.

use crate::run::Run;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// After this long something hangs. No test is about speed.
pub(crate) const HANG: Duration = Duration::from_secs(600);

/// A stack in a state directory of its own; ended and checked when dropped.
pub(crate) struct Stack {
    state: tempfile::TempDir,
}

impl Stack {
    pub(crate) fn new() -> Self {
        Self {
            state: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn state_dir(&self) -> &Path {
        self.state.path()
    }

    /// rsac-infra with this stack's state directory.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rsac-infra"));
        command
            .args(words)
            .env("RSAC_STATE_DIR", self.state_dir())
            .stdin(Stdio::null());
        command
    }

    /// Runs words with `--output json`.
    pub(crate) fn run(&self, words: &[&str]) -> Run {
        let words = [&["--output", "json"], words].concat();
        Run::of(self.command(&words))
    }

    /// Runs words that must succeed.
    pub(crate) fn ok(&self, words: &[&str]) -> Run {
        let run = self.run(words);
        assert_eq!(run.code, 0, "{words:?}: {:#?}\n{}", run.events, run.stderr);
        run
    }

    /// A job's resource as it is.
    pub(crate) fn resource(&self, name: &str) -> Value {
        self.ok(&["status", name]).last("cracker")["resource"].clone()
    }

    /// Waits until the resource satisfies something.
    pub(crate) fn until(
        &self,
        name: &str,
        what: &str,
        satisfied: impl Fn(&Value) -> bool,
    ) -> Value {
        let start = Instant::now();
        loop {
            let resource = self.resource(name);
            if satisfied(&resource) {
                return resource;
            }
            assert!(start.elapsed() < HANG, "never {what}: {resource:#}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The process ids of a role's processes (`master`, `worker`, `supervisor`).
    pub(crate) fn processes(&self, role: &str) -> Vec<u32> {
        self.all_processes()
            .into_iter()
            .filter(|(_, r)| r == role)
            .map(|(pid, _)| pid)
            .collect()
    }

    /// Every process of this stack, told by the state directory in its arguments.
    pub(crate) fn all_processes(&self) -> Vec<(u32, String)> {
        let state = self.state_dir().to_str().unwrap();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else {
                continue;
            };
            let Ok(line) = std::fs::read(entry.path().join("cmdline")) else {
                continue;
            };
            let line = String::from_utf8_lossy(&line).into_owned();
            let mut arguments = line.split('\0');
            let is_ours = ["rsac-infra", "/proc/self/exe"];
            let program = arguments.next().unwrap_or_default();
            if line.contains(state) && is_ours.iter().any(|name| program.ends_with(name)) {
                found.push((pid, arguments.next().unwrap_or_default().to_owned()));
            }
        }
        found
    }

    /// kill −9.
    pub(crate) fn kill(&self, pid: u32) {
        // The process may have ended meanwhile: that is no failure.
        let _ = Command::new("kill")
            .args(["-9", &pid.to_string()])
            .stderr(Stdio::null())
            .status();
    }

    /// `down`, after which nothing may be left.
    pub(crate) fn down(&self) -> Run {
        let run = self.ok(&["down", "--yes"]);
        assert_eq!(self.all_processes(), [], "processes outlive down");
        assert_eq!(
            files_below(self.state_dir()),
            Vec::<PathBuf>::new(),
            "files outlive down"
        );
        run
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // Only where the test failed before its own `down`.
        for (pid, _) in self.all_processes() {
            self.kill(pid);
        }
    }
}

/// All files (not folders) below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    paths
        .flat_map(|p| if p.is_dir() { files_below(&p) } else { vec![p] })
        .collect()
}
