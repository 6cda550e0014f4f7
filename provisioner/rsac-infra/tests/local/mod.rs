//! A local stack of real processes in a temporary folder, for the tests `local_*.rs`.

#![allow(
    dead_code,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "helpers of tests, of which each file uses a part"
)]

use rsac_api::RSACracker;
use rsac_provisioner::access::Access;
use rsac_provisioner::provider::Provider;
use rsac_provisioner::provider::local::{Local, layout::Layout, lock};
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Only ends a hang.
pub(crate) const HANG: Duration = Duration::from_secs(240);

/// 17179869107 × 17179869143, the two greatest primes of 34 bits: trial division has its
/// longest way to go. Two quick workers take above ten seconds, which is time for three kills.
pub(crate) const LONG_NUMBER: &str = "295147903152128265301";
pub(crate) const LONG_FACTORS: [&str; 2] = ["17179869107", "17179869143"];

/// A stack that ends with the test, also when the test fails.
pub(crate) struct Stack {
    pub(crate) folder: TempDir,
    pub(crate) layout: Layout,
    pub(crate) local: Local,
}

impl Stack {
    pub(crate) fn new() -> Self {
        Self::below(tempfile::tempdir().unwrap(), "")
    }

    /// With the stack's folder at `path` within a temporary folder.
    pub(crate) fn below(folder: TempDir, path: &str) -> Self {
        let stack = folder.path().join(path);
        std::fs::create_dir_all(&stack).unwrap();
        Self {
            layout: Layout::new(&stack),
            local: Local::new(stack, env!("CARGO_BIN_EXE_rsac-infra").into()),
            folder,
        }
    }

    pub(crate) async fn up(&self) -> Box<dyn Access> {
        for step in self.local.observe().await.unwrap() {
            self.local.perform(&step.id, &|_| {}).await.unwrap();
        }
        self.local.access().await.unwrap()
    }

    pub(crate) async fn down(&self) {
        for step in self.local.observe().await.unwrap().iter().rev() {
            self.local
                .undo(&step.id, &|text| eprintln!("{text}"))
                .await
                .unwrap();
        }
    }

    /// Nothing is left: no process, no file.
    pub(crate) async fn assert_gone(&self) {
        assert_eq!(self.local.leftovers().await.unwrap(), Vec::<String>::new());
        assert!(!self.layout.root().exists());
        assert_eq!(processes(self.folder.path()), Vec::<(u32, String)>::new());
    }

    pub(crate) fn supervisor(&self) -> Option<u32> {
        lock::holder(&self.layout.lock())
            .unwrap()
            .and_then(|holder| holder.pid)
    }

    pub(crate) fn child(&self, job: &str, component: &str) -> Option<u32> {
        let path = self.layout.job(job).child_lock(component);
        lock::holder(&path).unwrap().and_then(|holder| holder.pid)
    }

    pub(crate) async fn until_child(&self, job: &str, component: &str) -> u32 {
        until(&format!("{component} to run"), async || {
            self.child(job, component)
        })
        .await
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        for (pid, _) in processes(self.folder.path()) {
            kill(pid);
        }
    }
}

/// The processes that name this folder in their arguments.
pub(crate) fn processes(folder: &Path) -> Vec<(u32, String)> {
    let folder = folder.to_str().unwrap();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|n| n.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(arguments) = std::fs::read(entry.path().join("cmdline")) else {
            continue;
        };
        let arguments = String::from_utf8_lossy(&arguments).replace('\0', " ");
        if arguments.contains(folder) && pid != std::process::id() {
            found.push((pid, arguments));
        }
    }
    found
}

/// SIGKILL.
pub(crate) fn kill(pid: u32) {
    signal(pid, "-KILL");
}

pub(crate) fn signal(pid: u32, signal: &str) {
    let _ = std::process::Command::new("kill")
        .args([signal, &pid.to_string()])
        .stderr(std::process::Stdio::null())
        .status();
}

/// Polls until there is an answer.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < HANG, "waited {HANG:?} for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A manifest.
pub(crate) fn cracker(name: &str, spec: serde_json::Value) -> RSACracker {
    serde_json::from_value(serde_json::json!({
        "apiVersion": "suu-kopf.dev/v1",
        "kind": "RSACracker",
        "metadata": {"name": name},
        "spec": spec,
    }))
    .unwrap()
}

/// Waits for the factors.
pub(crate) async fn until_solved(access: &dyn Access, name: &str) -> Vec<String> {
    until("the factors", async || access.solution(name).await.unwrap())
        .await
        .factors
}

/// Waits until the master hands out units.
pub(crate) async fn until_searching(access: &dyn Access, name: &str) {
    until("a search", async || {
        access.units(name, None, None).await.ok()
    })
    .await;
}
