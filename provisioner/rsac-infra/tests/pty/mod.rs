//! A word at a terminal of its own: what is shown there, and what is typed.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use crate::screens::Machine;
use pty_process::blocking::{Command, Pty, open};
use std::io::{Read, Write};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Only ends a hang.
const HANG: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(20);
/// What the keyboard sends for Ctrl-C: the terminal makes a signal of it.
pub(crate) const CTRL_C: &str = "\x03";

pub(crate) struct Terminal {
    pty: Arc<Pty>,
    child: Child,
    shown: Arc<Mutex<Vec<u8>>>,
    /// Up to here it was looked at.
    seen: usize,
}

impl Terminal {
    /// Runs a word at a terminal of 24 lines and 100 columns.
    pub(crate) fn of(
        machine: &Machine,
        words: &[impl AsRef<std::ffi::OsStr>],
        environment: &[(&str, &str)],
    ) -> Self {
        let (pty, its_end) = open().unwrap();
        pty.resize(pty_process::Size::new(24, 100)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_rsac-infra"))
            .args(words)
            .env_remove("RSAC_STACK")
            .env_remove("RSAC_OUTPUT")
            .env_remove("RUST_LOG")
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .env("TERM", "xterm-256color")
            .env("RSAC_STATE_DIR", machine.state())
            .envs(environment.iter().copied())
            .spawn(its_end)
            .unwrap();
        let (pty, shown) = (Arc::new(pty), Arc::new(Mutex::new(Vec::new())));
        let (from, to) = (pty.clone(), shown.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The last process that leaves a terminal makes an error of its reading.
            while let Ok(count @ 1..) = (&*from).read(&mut bytes) {
                to.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        Self {
            pty,
            child,
            shown,
            seen: 0,
        }
    }

    /// All that was shown, escape codes too.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// Waits until this is shown, after what was waited for before.
    pub(crate) fn until(&mut self, text: &str) {
        let begun = Instant::now();
        loop {
            let at = {
                let shown = self.shown.lock().unwrap();
                let new = &shown[self.seen..];
                new.windows(text.len())
                    .position(|part| part == text.as_bytes())
            };
            if let Some(at) = at {
                self.seen += at + text.len();
                return;
            }
            assert!(
                begun.elapsed() < HANG,
                "waited {HANG:?} for {text:?} in {:?}",
                self.shown()
            );
            std::thread::sleep(POLL);
        }
    }

    pub(crate) fn types(&self, text: &str) {
        (&*self.pty).write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the word ends; answers its exit code.
    pub(crate) fn ends(&mut self) -> i32 {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap();
            }
            assert!(
                begun.elapsed() < HANG,
                "it does not end: {:?}",
                self.shown()
            );
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // One that ended already is no trouble.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
