//! What a person sees, and a program reads: the real binary's own words, on the local
//! provider, with what differs from run to run (times, ids, folders, ports) replaced.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod screens;

use screens::{Machine, settled};

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
        "--workers",
        "1",
        "--wait",
        "--output",
        "json",
    ];
    insta::assert_snapshot!("crack_json", settled(&machine.run(&crack).screen()));
    machine.until_over("units");
    let status = machine.run(&["status", "units"]);
    assert!(!status.out.contains("103"), "no factor in a status");
    insta::assert_snapshot!("status", status.screen());
    insta::assert_snapshot!("units", machine.run(&["units", "units"]).screen());
    // Nothing more is to come: following the log ends.
    let followed = machine.run(&["logs", "units", "--follow"]);
    assert_eq!(followed.code, 0, "{}", followed.err);
    assert!(followed.out.starts_with("master "), "{}", followed.out);
    let result = machine.run(&["result", "units", "--output", "json"]);
    insta::assert_snapshot!("result_json", result.screen());
    let suspended = machine.run(&["suspend", "my-rsac"]);
    insta::assert_snapshot!("suspend", suspended.screen());
    insta::assert_snapshot!("down_unasked", machine.run(&["down"]).screen());
    insta::assert_snapshot!("down", machine.run(&["down", "--yes"]).screen());
    assert!(!machine.state().exists(), "something is left");
}

#[test]
fn a_job_that_does_nothing_yet() {
    let machine = Machine::new();
    std::fs::create_dir_all(machine.0.path()).unwrap();
    let manifest = machine.0.path().join("job.yaml");
    let text = "apiVersion: suu-kopf.dev/v1\nkind: RSACracker\nmetadata:\n  name: later\n\
                spec:\n  numberToFactor: 10403\n  suspend: true\n";
    std::fs::write(&manifest, text).unwrap();
    let up = machine.run(&["up", "-f", &manifest.display().to_string()]);
    assert_eq!(up.code, 0, "{}", up.err);
    insta::assert_snapshot!("status_suspended", machine.run(&["status"]).screen());
    insta::assert_snapshot!("units_none", machine.run(&["units"]).screen());
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
        &["crack", &folder.display().to_string()],
        &["scale", "a", "-1"],
        &["scale", "a", "1001"],
        &["crack", "15", "--workers", "-1"],
        &["up", "-f", "no-such-file.yaml"],
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

/// The system's nobody: for a run that may not do what this one may.
const NOBODY: u32 = 65534;

#[test]
fn a_state_directory_of_another_user_is_named_with_a_remedy() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let machine = Machine::new();
    let folder = machine.0.path();
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(folder, 0o755);
    let (open, closed) = (folder.join("open"), folder.join("closed"));
    for (path, bits) in [(&open, 0o555), (&closed, 0o000)] {
        std::fs::create_dir_all(path).unwrap();
        mode(path, bits);
    }
    // Where this executable is, another user may not come to.
    let executable = folder.join("rsac-infra");
    std::fs::copy(env!("CARGO_BIN_EXE_rsac-infra"), &executable).unwrap();
    let everything_is_allowed = std::fs::write(closed.join("probe"), "").is_ok();
    for (state, words) in [(&open, "up"), (&closed, "up"), (&closed, "list")] {
        let mut command = std::process::Command::new(&executable);
        command
            .arg(words)
            .env("RSAC_STATE_DIR", state)
            .env("NO_COLOR", "1");
        if everything_is_allowed {
            command.uid(NOBODY).gid(NOBODY);
        }
        let run = command.output().unwrap();
        let said = String::from_utf8(run.stderr).unwrap();
        let place = state.display().to_string();
        assert_eq!(run.status.code(), Some(8), "{said}");
        assert!(said.contains(&place), "{said}");
        assert!(said.contains("Permission denied"), "{said}");
        assert!(said.contains("--state-dir or RSAC_STATE_DIR"), "{said}");
    }
    mode(&closed, 0o700);
    mode(&open, 0o700);
}

/// A word whose stdout nobody reads any more, as `| head -1` leaves it.
fn unread(machine: &Machine, words: &[&str]) -> (i32, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_rsac-infra"))
        .args(words)
        .env_remove("RSAC_OUTPUT")
        .env_remove("RUST_LOG")
        .env("NO_COLOR", "1")
        .env("RSAC_STATE_DIR", machine.state())
        .stdout(writer)
        .output()
        .unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    (run.status.code().unwrap(), said)
}

#[test]
fn a_closed_pipe_is_a_silent_end_and_leaves_nothing_undone() {
    let machine = Machine::new();
    for words in [&["completions", "bash"][..], &["man"], &["manifests"]] {
        assert_eq!(unread(&machine, words), (0, String::new()), "{words:?}");
    }
    let up = ["up", "--output", "json", "--quiet"];
    assert_eq!(unread(&machine, &up), (0, String::new()));
    machine.until_over("my-rsac");
    for words in [
        &["list"][..],
        &["status", "--output", "json"],
        &["result", "my-rsac", "--quiet"],
    ] {
        assert_eq!(unread(&machine, words), (0, String::new()), "{words:?}");
    }
    // The factors were never seen: they are not lost to a pipe that is closed.
    let down = ["down", "--yes", "--output", "json", "--quiet"];
    let (code, said) = unread(&machine, &down);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("nobody reads stdout"), "{said}");
    machine.run(&["result", "my-rsac"]);
    assert_eq!(unread(&machine, &down), (0, String::new()));
    assert!(!machine.state().exists());
}

#[test]
fn a_command_line_that_is_not_understood_is_told_to_programs_too() {
    let machine = Machine::new();
    let said = machine.run(&["up", "--nonsense", "--output", "json"]);
    assert_eq!(said.code, 2);
    let event: serde_json::Value = serde_json::from_str(said.out.trim()).unwrap();
    assert_eq!(
        (&event["type"], &event["exit"]),
        (&"error".into(), &2.into())
    );
    let message = event["message"].as_str().unwrap();
    assert!(message.contains("--nonsense"), "{message}");
    assert!(said.err.contains("--nonsense"), "{}", said.err);
    assert_eq!(machine.run(&["up", "--nonsense"]).out, "");
}
