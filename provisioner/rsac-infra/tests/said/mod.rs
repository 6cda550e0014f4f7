//! What a program said, for the tests that run the real one.

use std::process::Command;

/// What a run said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// That it ended with this code, and said these on stderr.
    pub(crate) fn must(self, code: i32, texts: &[&str]) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        for text in texts {
            assert!(self.err.contains(text), "{text:?} is not in\n{}", self.err);
        }
        self
    }
}

/// Runs a command to its end.
pub(crate) fn said(mut command: Command) -> Said {
    let run = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said {
        code: run.status.code().unwrap_or(-1),
        out: text(&run.stdout),
        err: text(&run.stderr),
    }
}
