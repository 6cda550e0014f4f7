//! Runs a case: the disturbed word, then words until one ends well, then what must hold.

use crate::case::{Case, Road};
use crate::check::{self, World};
use crate::cloud::{Cloud, Said, said};
use crate::kind::{Blow, Then};
use rsac_azure_simulator::{Fault, Go, Seen, When};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

/// So often a user tries again before losing patience.
const AGAIN: usize = 3;

/// A road that nothing disturbed.
pub(crate) struct Undisturbed {
    pub(crate) road: Road,
    /// The requests that cases disturb.
    pub(crate) requests: Vec<Seen>,
    /// What there is in the end.
    world: World,
}

/// Walks a road, and keeps what it came to.
pub(crate) fn undisturbed(road: Road) -> Undisturbed {
    let cloud = road.arrange();
    let before = World::of(&cloud);
    if road.needs_a_stack() {
        must_end_well(&cloud, &road.up(&cloud));
        cloud.azure.forget_requests();
    }
    must_end_well(&cloud, &road.disturbed(&cloud));
    let requests = cloud.azure.requests();
    if road.ends_empty() && !road.needs_a_stack() {
        must_end_well(&cloud, &road.again(&cloud));
    }
    let world = World::of(&cloud);
    check::must_be_right(&cloud, road);
    if road.ends_empty() {
        assert_eq!(
            world,
            before,
            "{}: something stays, or is gone",
            road.name()
        );
    }
    Undisturbed {
        road,
        requests: requests.into_iter().filter(Seen::is_arm).collect(),
        world,
    }
}

/// Runs a case.
///
/// # Panics
/// When the tool does not do what it must.
pub(crate) fn run(case: &Case, undisturbed: &Undisturbed) {
    let cloud = case.road.arrange();
    if case.road.needs_a_stack() {
        must_end_well(&cloud, &case.road.up(&cloud));
        cloud.azure.forget_requests();
    }
    let mut first = disturb(case, &cloud, &case.road.disturbed(&cloud), case.at);
    assert!(
        !case.kind.is_kill() || first.code == -1,
        "it was not killed: {first:?}"
    );
    if let Some(at) = case.second() {
        cloud.azure.forget_requests();
        first = disturb(case, &cloud, &case.road.again(&cloud), at);
    }
    let mut told = format!(
        "the disturbed run ended with {}:\n{}",
        first.code,
        words(&first)
    );
    if !case.kind.is_kill() {
        check::must_be_decent(&first);
        check::tokens_must_be_few(&cloud);
        if case.kind.then == Then::Copes {
            assert_eq!(first.code, 0, "it does not cope: {told}");
        }
    }
    let is_last = case.second().is_some() || !goes_on(case.road);
    let mut ended_well = first.code == 0 && is_last;
    for _ in 0..AGAIN {
        if ended_well {
            break;
        }
        // A run that gave up before it made anything leaves no stack to take down.
        if case.road.ends_empty() && !cloud.path("state").exists() {
            break;
        }
        cloud.azure.forget_requests();
        let again = run_words(&cloud, &case.road.again(&cloud), case.is_verbose);
        check::must_be_decent(&again);
        check::tokens_must_be_few(&cloud);
        told.push_str(&format!("\nthen with {}:\n{}", again.code, words(&again)));
        ended_well = again.code == 0;
    }
    assert!(
        ended_well || !cloud.path("state").exists(),
        "it never ends well: {told}"
    );
    check::must_be_right(&cloud, case.road);
    let world = World::of(&cloud);
    assert!(
        world == undisturbed.world,
        "{}\n{told}",
        world.differences(&undisturbed.world)
    );
}

/// What it said, without its log.
fn words(run: &Said) -> String {
    let lines = run.err.lines().filter(|line| !line.starts_with("DEBUG"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether another word follows a disturbed one that ended well.
fn goes_on(road: Road) -> bool {
    road.ends_empty() && !road.needs_a_stack()
}

fn must_end_well(cloud: &Cloud, words: &[String]) {
    let run = run_words(cloud, words, false);
    assert_eq!(run.code, 0, "{words:?}\n{}", run.err);
}

fn run_words(cloud: &Cloud, words: &[String], is_verbose: bool) -> Said {
    said(command(cloud, words, is_verbose))
}

fn command(cloud: &Cloud, words: &[String], is_verbose: bool) -> std::process::Command {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = cloud.command_of("state", &words);
    if is_verbose {
        command.arg("-vv");
    }
    command
}

/// A word, disturbed at a request.
fn disturb(case: &Case, cloud: &Cloud, words: &[String], at: u64) -> Said {
    let mut command = command(cloud, words, case.is_verbose);
    if case.kind.hangs() {
        command.env("RSAC_ARM_TIMEOUT", "3");
    }
    let pid = Arc::new(AtomicI32::new(0));
    let struck = Arc::new(AtomicBool::new(false));
    let strike = {
        let (pid, struck) = (Arc::clone(&pid), Arc::clone(&struck));
        move |seen: &Seen| {
            if seen.number != Some(at) || struck.swap(true, Ordering::SeqCst) {
                return Go::On;
            }
            kill(&pid);
            Go::Drop
        }
    };
    match &case.kind.blow {
        Blow::KillBefore => cloud.azure.before(strike),
        Blow::KillAfter => cloud.azure.after(strike),
        Blow::Effect(effect) => {
            let fault = Fault::once(When::Request(at), effect.clone());
            cloud.azure.fault(fault.times(case.kind.times));
        }
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    pid.store(i32::try_from(child.id()).unwrap(), Ordering::SeqCst);
    let output = child.wait_with_output().unwrap();
    let first = Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    let (requests, _) = cloud.azure.counts();
    // A second kill may come too late: there is less to do then.
    assert!(
        requests >= at || case.second().is_some(),
        "it did not come so far: {first:?}"
    );
    let is_struck = struck.load(Ordering::SeqCst);
    assert!(!is_struck || first.code == -1, "it survived: {first:?}");
    cloud.azure.forget_faults();
    first
}

/// Kills the tool, and waits until it does nothing any more.
fn kill(pid: &AtomicI32) {
    let pid = loop {
        match Pid::from_raw(pid.load(Ordering::SeqCst)) {
            Some(pid) => break pid,
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    };
    kill_process(pid, Signal::KILL).unwrap();
    let looks = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    // Whoever started it may have seen its end first: then it is no child any more.
    let _ = waitid(WaitId::Pid(pid), looks);
}
