//! The manners of a terminal: bars, colours and questions where there is one, and what
//! Ctrl-C does while a job is waited for, between steps and at a question.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod pty;
mod screens;

use pty::{CTRL_C, Terminal};
use rsac_provisioner::provider::local::{layout::Layout, lock};
use screens::Machine;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

/// Keeps a worker busy for longer than any test looks at it.
const LONG: &[&str] = &[
    "crack",
    "295147903152128265301",
    "--method",
    "trial-division",
    "--name",
    "long",
    "--workers",
    "1",
];
/// What the program says when it was stopped by Ctrl-C.
const INTERRUPTED: i32 = 130;

fn signal(pid: u32, signal: &str) {
    let sent = Command::new("kill")
        .args([signal, &pid.to_string()])
        .status();
    assert!(sent.unwrap().success(), "{signal} to {pid}");
}

/// A supervisor that does not get on: a step that waits for it takes its time.
struct Stuck(u32);

impl Stuck {
    fn supervisor_of(machine: &Machine) -> Self {
        let layout = Layout::new(&machine.state().join("stacks/local"));
        let pid = lock::holder(&layout.lock()).unwrap().unwrap().pid.unwrap();
        signal(pid, "-STOP");
        Self(pid)
    }
}

impl Drop for Stuck {
    fn drop(&mut self) {
        signal(self.0, "-CONT");
    }
}

fn without_colours(shown: &str) -> bool {
    !shown.replace("\x1b[2K", "").contains('\x1b')
}

#[test]
fn waiting_at_a_terminal_draws_a_bar_and_ctrl_c_only_ends_the_waiting() {
    let machine = Machine::new();
    let words = [LONG, &["--wait"]].concat();
    let mut terminal = Terminal::of(&machine, &words, &[]);
    terminal.until("╌");
    terminal.until(" left");
    assert!(terminal.shown().contains("\x1b[1m\x1b[32m"), "a green verb");
    terminal.types(CTRL_C);
    terminal.until("stopped:");
    terminal.until("the waiting has ended; long runs on");
    terminal.until("`rsac-infra watch long` comes back to it");
    assert_eq!(terminal.ends(), INTERRUPTED);
    let status = machine.run(&["status", "long"]).out;
    assert!(status.contains("Searching"), "{status}");

    let mut terminal = Terminal::of(&machine, &["watch", "long"], &[("NO_COLOR", "1")]);
    terminal.until("╌");
    terminal.types(CTRL_C);
    assert_eq!(terminal.ends(), INTERRUPTED);
    terminal.until("runs on");
    assert!(without_colours(&terminal.shown()), "{:?}", terminal.shown());

    let dumb = [("TERM", "dumb")];
    let mut terminal = Terminal::of(&machine, &["watch", "long"], &dumb);
    terminal.until("Progress");
    terminal.types(CTRL_C);
    assert_eq!(terminal.ends(), INTERRUPTED);
    let shown = terminal.shown();
    assert!(!shown.contains(['\x1b', '╌', '━']), "{shown:?}");
}

#[test]
fn without_a_terminal_there_is_no_escape_code() {
    let machine = Machine::new();
    let run = Command::new(env!("CARGO_BIN_EXE_rsac-infra"))
        .args(["crack", "804556097", "--wait"])
        .env("RSAC_STATE_DIR", machine.state())
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .output()
        .unwrap();
    let said = String::from_utf8([run.stdout, run.stderr].concat()).unwrap();
    assert!(run.status.success() && said.contains("15581"), "{said}");
    assert!(!said.contains(['\x1b', '\r']), "{said:?}");
}

#[test]
fn ctrl_c_between_steps_asks_whether_to_leave_or_undo() {
    let machine = Machine::new();
    assert_eq!(machine.run(&["up", "--wait"]).code, 0);
    let question = "Leave stack local as it is, or undo what was done? [leave/undo]";

    let stuck = Stuck::supervisor_of(&machine);
    let mut terminal = Terminal::of(&machine, &["up"], &[]);
    terminal.until("Starting the supervisor");
    terminal.types(CTRL_C);
    terminal.until(question);
    terminal.types("leave\r");
    terminal.until("stack local is left as it is");
    terminal.until("`rsac-infra up --stack local` goes on with it");
    assert_eq!(terminal.ends(), INTERRUPTED);
    drop(stuck);
    assert_eq!(machine.run(&["up", "--wait"]).code, 0, "it goes on");

    let stuck = Stuck::supervisor_of(&machine);
    let mut terminal = Terminal::of(&machine, &["up"], &[]);
    terminal.until("Starting the supervisor");
    terminal.types(CTRL_C);
    terminal.until(question);
    // A second one is an answer too: nothing is undone unasked.
    terminal.types(CTRL_C);
    terminal.until("is left as it is");
    assert_eq!(terminal.ends(), INTERRUPTED);

    let mut terminal = Terminal::of(&machine, &["up"], &[]);
    terminal.until("Starting the supervisor");
    terminal.types(CTRL_C);
    terminal.until(question);
    drop(stuck);
    terminal.types("undo\r");
    terminal.until("stack local is undone, nothing is left");
    assert_eq!(terminal.ends(), INTERRUPTED);
    assert!(!machine.state().join("stacks/local").exists());
}

#[test]
fn interrupted_without_a_terminal_it_leaves_a_stack_that_can_be_resumed() {
    let machine = Machine::new();
    assert_eq!(machine.run(&["up", "--wait"]).code, 0);
    let stuck = Stuck::supervisor_of(&machine);
    let mut up = Command::new(env!("CARGO_BIN_EXE_rsac-infra"))
        .args(["up", "--output", "json"])
        .env("RSAC_STATE_DIR", machine.state())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = BufReader::new(up.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap)
        .find(|line| line.contains(r#""type":"step""#) && line.contains("started"));
    assert!(started.is_some(), "the step never began");
    signal(up.id(), "-INT");
    let mut said = String::new();
    up.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(up.wait().unwrap().code(), Some(INTERRUPTED), "{said}");
    assert!(
        said.contains("`rsac-infra up --stack local` goes on"),
        "{said}"
    );
    drop(stuck);
    let resumed = machine.run(&["up", "--wait"]);
    assert_eq!(resumed.code, 0, "{}", resumed.err);
    assert_eq!(machine.run(&["down", "--yes"]).code, 0);
}

#[test]
fn down_asks_and_only_yes_is_yes() {
    let machine = Machine::new();
    assert_eq!(machine.run(&["up", "--wait"]).code, 0);
    let question = "Remove stack local with my-rsac (Factored)? [y/N]";
    for answer in ["n\r", "\r", "nope\r"] {
        let mut terminal = Terminal::of(&machine, &["down"], &[]);
        terminal.until(question);
        terminal.types(answer);
        terminal.until("stack local stays as it is");
        assert_eq!(terminal.ends(), 1, "{answer:?}");
    }
    let mut terminal = Terminal::of(&machine, &["down"], &[]);
    terminal.until(question);
    terminal.types(CTRL_C);
    assert_eq!(terminal.ends(), INTERRUPTED);
    assert!(machine.run(&["list"]).out.contains("my-rsac"));
    let mut terminal = Terminal::of(&machine, &["down"], &[]);
    terminal.until(question);
    terminal.types("y\r");
    terminal.until("nothing of it is left");
    assert_eq!(terminal.ends(), 0);
    assert!(!machine.state().exists());
}
