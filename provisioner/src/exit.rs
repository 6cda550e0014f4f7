//! The exit codes of rsac-infra: one table, from which `--help`, the man pages and
//! docs/reference are made, and the failure that carries a code to the edge.

use crate::access::AccessError;
use crate::provider::ProviderError;

/// How a run ended, for scripts. The numbers are part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Everything asked for was done.
    Done = 0,
    /// Anything that has no code of its own.
    Failure = 1,
    /// The command line was not understood.
    Usage = 2,
    /// A number, key, manifest or file that cannot be accepted.
    BadInput = 3,
    /// There is no such stack or resource.
    NotFound = 4,
    /// Somebody else is at work on it, or it exists with another content.
    Conflict = 5,
    /// The job ended, and has no factors.
    NoFactors = 6,
    /// The place to compute: a setting of its provider, or it does not answer.
    Provider = 7,
    /// The state directory cannot be used, or is another version's.
    State = 8,
    /// The job has no answer yet.
    NotYet = 9,
    /// Ctrl-C.
    Interrupted = 130,
}

impl Exit {
    /// All codes, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Done,
        Self::Failure,
        Self::Usage,
        Self::BadInput,
        Self::NotFound,
        Self::Conflict,
        Self::NoFactors,
        Self::Provider,
        Self::State,
        Self::NotYet,
        Self::Interrupted,
    ];

    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The name in JSON output and in docs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failure => "failure",
            Self::Usage => "usage",
            Self::BadInput => "bad-input",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::NoFactors => "no-factors",
            Self::Provider => "provider",
            Self::State => "state",
            Self::NotYet => "not-yet",
            Self::Interrupted => "interrupted",
        }
    }

    /// What it means, in a line.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "everything asked for was done",
            Self::Failure => "anything without a code of its own",
            Self::Usage => "the command line was not understood",
            Self::BadInput => "a number, key, manifest or file that cannot be accepted",
            Self::NotFound => "there is no such stack or job",
            Self::Conflict => "somebody else is at work on it, or it exists with another content",
            Self::NoFactors => "the job ended without factors (infeasible, deadline …)",
            Self::Provider => "the place to compute: a wrong setting, or it does not answer",
            Self::State => "the state directory cannot be used, or is of another version",
            Self::NotYet => "the job has no answer yet",
            Self::Interrupted => "Ctrl-C: the waiting or the steps were left; what runs, runs on",
        }
    }

    /// The table as `--help` shows it.
    pub fn help() -> String {
        let lines = Self::ALL.map(|exit| format!("  {:>3}  {}", exit.code(), exit.meaning()));
        format!("Exit codes:\n{}", lines.join("\n"))
    }

    /// The table as Markdown, for docs/reference.
    pub fn markdown() -> String {
        let lines = Self::ALL.map(|exit| {
            let (code, name) = (exit.code(), exit.name());
            format!("| {code} | `{name}` | {} |", exit.meaning())
        });
        format!(
            "| code | name | meaning |\n|---|---|---|\n{}\n",
            lines.join("\n")
        )
    }
}

/// Why a word failed: what people read, and the code that scripts read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The code to end with.
    pub exit: Exit,
    /// What is wrong, naming the field and the value.
    pub message: String,
    /// What to do about it, a line each.
    pub remedies: Vec<String>,
}

impl Failure {
    /// A failure without a remedy.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            remedies: Vec::new(),
        }
    }

    /// Whoever read stdout has gone, which is no failure: the run ends without a word.
    pub fn unread() -> Self {
        Self::new(Exit::Done, "nobody reads stdout any more")
    }

    /// Whether that is all that went wrong.
    pub fn is_unread(&self) -> bool {
        self.exit == Exit::Done
    }

    /// Adds a line that says what to do.
    #[must_use]
    pub fn remedy(mut self, line: impl Into<String>) -> Self {
        self.remedies.push(line.into());
        self
    }
}

impl From<AccessError> for Failure {
    fn from(error: AccessError) -> Self {
        let message = error.to_string();
        match error {
            AccessError::NotFound(_) => Self::new(Exit::NotFound, message)
                .remedy("`rsac-infra list` shows the jobs that there are"),
            AccessError::AlreadyExists(name) => Self::new(Exit::Conflict, message).remedy(format!(
                "take another --name, or `rsac-infra delete {name}`"
            )),
            AccessError::Conflict(_) => {
                Self::new(Exit::Conflict, message).remedy("look at it, then try again")
            }
            AccessError::Invalid(_) => Self::new(Exit::BadInput, message),
            AccessError::NoMaster { name, .. } => Self::new(Exit::NotYet, message).remedy(format!(
                "`rsac-infra status {name}` says how the job stands"
            )),
            AccessError::Unreachable(_) => Self::new(Exit::Provider, message)
                .remedy("`rsac-infra up` brings a stack back that has stopped"),
            AccessError::Other(_) => Self::new(Exit::Failure, message),
        }
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Setting { what, remedy } => {
                Self::new(Exit::Provider, what).remedy(remedy)
            }
            ProviderError::Conflict { what, remedy } => {
                Self::new(Exit::Conflict, what).remedy(remedy)
            }
            ProviderError::Io { path, source } => {
                Self::new(Exit::State, format!("{}: {source}", path.display()))
                    .remedy("see that the folder is yours, writable, and has space left")
            }
            ProviderError::Image(error) => error.into(),
            ProviderError::Failed(message) => Self::new(Exit::Provider, message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_its_own_and_in_order() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        let sorted: Vec<u8> = codes
            .iter()
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        assert_eq!(codes, sorted);
        let names: BTreeSet<&str> = Exit::ALL.iter().map(|exit| exit.name()).collect();
        assert_eq!(names.len(), Exit::ALL.len());
    }

    #[test]
    fn the_numbers_are_part_of_the_interface() {
        insta::assert_snapshot!(Exit::help());
    }
}
