//! What a person sees, and a program reads: the real binary's own words, on the local
//! provider, with what differs from run to run (times, ids, folders, ports) replaced.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: a failure is the test's"
)]

use std::path::Path;
use std::process::Command;

/// A state directory with its stack, taken down at the end whatever happens.
struct Machine(tempfile::TempDir);

/// What a run said.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    /// All of it, as one text to compare.
    fn screen(&self) -> String {
        let Self { code, out, err } = self;
        format!("{out}--- stderr\n{err}--- exit {code}")
    }
}

impl Machine {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn state(&self) -> std::path::PathBuf {
        self.0.path().join("state")
    }

    fn run(&self, words: &[&str]) -> Said {
        run_in(&self.state(), words)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if self.state().exists() {
            self.run(&["down", "--yes"]);
        }
    }
}

fn run_in(state: &Path, words: &[&str]) -> Said {
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
        json_figures(new.join(" "))
    });
    lines.map(|line| line + "\n").collect()
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
fn settled(text: &str) -> String {
    let on_the_way = |line: &&str| {
        let line = line.trim_start();
        !line.starts_with("Progress ") && !line.starts_with(r#"{"type":"progress""#)
    };
    let kept: Vec<&str> = text.lines().filter(on_the_way).collect();
    kept.join("\n")
}

#[test]
fn help() {
    let machine = Machine::new();
    insta::assert_snapshot!("help", machine.run(&["--help"]).screen());
    insta::assert_snapshot!("help_up", machine.run(&["up", "--help"]).screen());
    insta::assert_snapshot!("help_crack", machine.run(&["crack", "--help"]).screen());
    insta::assert_snapshot!("help_down", machine.run(&["down", "--help"]).screen());
}

#[test]
fn a_stack_from_up_to_down() {
    let machine = Machine::new();
    let up = machine.run(&["up", "--wait"]);
    insta::assert_snapshot!("up", settled(&up.screen()));
    insta::assert_snapshot!("list", machine.run(&["list"]).screen());
    let crack = [
        "crack",
        "10403",
        "--name",
        "units",
        "--method",
        "trial-division",
        "--wait",
        "--output",
        "json",
    ];
    insta::assert_snapshot!("crack_json", settled(&machine.run(&crack).screen()));
    let result = machine.run(&["result", "units", "--output", "json"]);
    insta::assert_snapshot!("result_json", result.screen());
    let suspended = machine.run(&["suspend", "my-rsac"]);
    insta::assert_snapshot!("suspend", suspended.screen());
    insta::assert_snapshot!("down_unasked", machine.run(&["down"]).screen());
    insta::assert_snapshot!("down", machine.run(&["down", "--yes"]).screen());
    assert!(!machine.state().exists(), "something is left");
}

#[test]
fn bad_input() {
    let machine = Machine::new();
    let folder = machine.0.path();
    std::fs::write(folder.join("file"), "").unwrap();
    let manifest = |name: &str, kind: &str, spec: &str| {
        let path = folder.join(name);
        let text = format!(
            "apiVersion: suu-kopf.dev/v1\nkind: {kind}\nmetadata:\n  name: a\nspec:\n{spec}"
        );
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let unknown = manifest("unknown.yaml", "RSACracker", "  numberToCrack: 15\n");
    let nowhere = folder.join("file/below").display().to_string();
    let long = "7".repeat(100_000);
    let lines: &[&[&str]] = &[
        &["crack", "12 34"],
        &["crack", "--", "-15"],
        &["crack", "+15"],
        &["crack", "0xfg"],
        &["crack", "no-such-file.pem"],
        &["crack", &long],
        &["scale", "a", "-1"],
        &["up", "-f", &unknown],
        &["up", "--state-dir", &nowhere],
        &["up", "--stack", "No Name"],
        &["list"],
        &["progress", "--url", "https://host"],
    ];
    let mut screens = String::new();
    for line in lines {
        let said = machine.run(line);
        assert_ne!(said.code, 0, "{line:?}");
        assert!(said.out.is_empty(), "{line:?}: {}", said.out);
        let typed: String = line.join(" ").chars().take(60).collect();
        screens.push_str(&format!("$ {typed}\n{}exit {}\n\n", said.err, said.code));
    }
    let folder = folder.display().to_string();
    insta::assert_snapshot!("bad_input", screens.replace(&folder, "FOLDER"));
}
