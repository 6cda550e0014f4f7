//! Signals to processes of the stack. The id must be that of a child that was not
//! waited for yet, or of the holder of a lock: only then is it surely theirs.

use rustix::process::{Pid, Signal, kill_process};

/// Asks a process to end (SIGTERM). One that has ended already is fine.
pub(crate) fn terminate(pid: u32) {
    send(pid, Signal::TERM);
}

/// Ends a process at once (SIGKILL).
pub(crate) fn kill(pid: u32) {
    send(pid, Signal::KILL);
}

fn send(pid: u32, signal: Signal) {
    let Some(target) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return;
    };
    match kill_process(target, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(error) => tracing::warn!(pid, %error, "a signal was not delivered"),
    }
}
