//! The real binary on a local stack of its own, and its words with what differs from run
//! to run replaced: for the tests of what people see.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "helpers of tests, of which each file uses a part"
)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Only ends a hang.
const HANG: Duration = Duration::from_secs(120);

/// A state directory with its stack, taken down at the end whatever happens.
pub(crate) struct Machine(pub(crate) tempfile::TempDir);

/// What a run said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// All of it, as one text to compare.
    pub(crate) fn screen(&self) -> String {
        let Self { code, out, err } = self;
        format!("{out}--- stderr\n{err}--- exit {code}")
    }
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn state(&self) -> std::path::PathBuf {
        self.0.path().join("state")
    }

    pub(crate) fn run(&self, words: &[&str]) -> Said {
        run_in(&self.state(), words)
    }

    /// Waits until a job has ended and its workers too: then nothing changes any more.
    pub(crate) fn until_over(&self, job: &str) {
        let begun = Instant::now();
        loop {
            let said = self.run(&["status", job, "--output", "json"]).out;
            let event: serde_json::Value = serde_json::from_str(said.trim()).unwrap();
            let status = &event["resource"]["status"];
            if status["stage"] == "Done" && status["workers"] == 0 {
                return;
            }
            assert!(begun.elapsed() < HANG, "{said}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if self.state().exists() {
            self.run(&["down", "--yes"]);
        }
    }
}

pub(crate) fn run_in(state: &Path, words: &[&str]) -> Said {
    let run = Command::new(env!("CARGO_BIN_EXE_rsac-infra"))
        .args(words)
        .env_remove("RSAC_STACK")
        .env_remove("RSAC_OUTPUT")
        .env_remove("RUST_LOG")
        .env("NO_COLOR", "1")
        .env("RSAC_STATE_DIR", state)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| normal(&String::from_utf8(bytes).unwrap(), state);
    Said {
        code: run.status.code().unwrap(),
        out: text(run.stdout),
        err: text(run.stderr),
    }
}

/// Replaces the folder, and every figure before ` s` or after `seconds":` and the like.
fn normal(text: &str, state: &Path) -> String {
    let text = text.replace(&state.display().to_string(), "STATE");
    let lines = text.lines().map(|line| {
        let words = line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let mut new = words.clone();
        for (at, pair) in words.windows(2).enumerate() {
            let digits = pair[0].trim_start_matches('(');
            let unit = pair[1].trim_end_matches([')', ',']);
            if unit == "s" && digits.parse::<f64>().is_ok() {
                new[at] = pair[0].replace(digits, "T");
            }
        }
        json_figures(without_port(without_stamp(new.join(" "))))
    });
    lines.map(|line| line + "\n").collect()
}

/// A worker's id ends with a random part of sixteen digits.
fn without_stamp(line: String) -> String {
    const DIGITS: usize = 16;
    let stamp = line.match_indices("worker-").find_map(|(at, _)| {
        let dash = at + line[at..].match_indices('-').nth(1)?.0;
        let stamp = line.get(dash + 1..dash + 1 + DIGITS)?;
        let is_stamp = stamp.bytes().all(|b| b.is_ascii_hexdigit());
        is_stamp.then(|| stamp.to_owned())
    });
    stamp.map_or(line.clone(), |stamp| line.replace(&stamp, "STAMP"))
}

/// Where a master listens is the machine's choice.
fn without_port(line: String) -> String {
    const BEFORE: &str = "http://127.0.0.1:";
    let found = line.split_once(BEFORE).and_then(|(before, after)| {
        let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_masters = rest.starts_with("/progress");
        is_masters.then(|| format!("{before}{BEFORE}PORT{rest}"))
    });
    found.unwrap_or(line)
}

fn json_figures(mut line: String) -> String {
    for key in ["\"seconds\":", "\"cpuSeconds\":"] {
        if let Some(start) = line.find(key).map(|at| at + key.len()) {
            let rest = &line[start..];
            let end = rest.find([',', '}']).unwrap_or(rest.len());
            line.replace_range(start..start + end, "T");
        }
    }
    line
}

/// How a job is on its way depends on the moment of the look: lines that only say so go.
pub(crate) fn settled(text: &str) -> String {
    let on_the_way = |line: &&str| {
        let line = line.trim_start();
        !line.starts_with("Progress ") && !line.starts_with(r#"{"type":"progress""#)
    };
    let kept: Vec<&str> = text.lines().filter(on_the_way).collect();
    kept.join("\n")
}
