//! What programs read: one JSON object a line, told apart by `type`.

use crate::provider::Step;
use rsac_protocol::{Solution, UnitView};
use serde::Serialize;
use serde_json::{Value, json};

/// A step of a plan, as programs see it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedStep<'a> {
    /// Names it in the journal.
    pub id: &'a str,
    /// For people.
    pub title: &'a str,
    /// Whether there is nothing left to do.
    pub done: bool,
}

impl<'a> From<&'a Step> for PlannedStep<'a> {
    fn from(step: &'a Step) -> Self {
        Self {
            id: &step.id,
            title: &step.title,
            done: step.done,
        }
    }
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// Being performed.
    Started,
    /// Performed.
    Done,
    /// Could not be performed.
    Failed,
    /// Being undone.
    Undoing,
    /// Undone.
    Undone,
    /// Nothing was taken away: it stays, or goes with a step that is undone later.
    Left,
}

/// Everything that a run tells programs. Documented in docs/reference/events.md.
#[derive(Debug, Clone, Serialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Event<'a> {
    /// What `up` is going to do.
    Plan {
        /// The stack.
        stack: &'a str,
        /// Its provider.
        provider: &'a str,
        /// All steps, in order.
        steps: Vec<PlannedStep<'a>>,
    },
    /// A step began or ended.
    Step {
        /// The stack.
        stack: &'a str,
        /// Names it.
        id: &'a str,
        /// For people.
        title: &'a str,
        /// Where it stands.
        state: StepState,
        /// How long it took, once it has ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        seconds: Option<f64>,
    },
    /// What a step says of itself.
    Note {
        /// In words.
        message: &'a str,
    },
    /// Something to know.
    Warning {
        /// In words.
        message: &'a str,
    },
    /// The run failed; the last line.
    Error {
        /// The code that the process ends with.
        exit: u8,
        /// Its name.
        name: &'a str,
        /// What is wrong.
        message: &'a str,
        /// What to do about it.
        remedies: &'a [String],
    },
    /// Something that rsac-infra made in an Azure subscription.
    #[serde(rename_all = "camelCase")]
    Orphan {
        /// Its id.
        id: &'a str,
        /// The stack that made it.
        stack: &'a str,
        /// That stack's id.
        stack_id: &'a str,
        /// Whether that stack is remembered here.
        is_known: bool,
        /// When it is no longer wanted, in seconds since 1970.
        expires_at: Option<u64>,
        /// The cluster whose nodes it holds.
        managed_by: Option<&'a str>,
    },
    /// A resource was given to the stack.
    Applied {
        /// The job.
        name: &'a str,
        /// `created`, `changed` or `unchanged`.
        outcome: &'a str,
    },
    /// A resource as it is.
    Cracker {
        /// All of it.
        resource: &'a Value,
    },
    /// A resource is gone.
    Deleted {
        /// The job.
        name: &'a str,
    },
    /// How far a job is.
    Progress {
        /// The job.
        name: &'a str,
        /// Why it is (not) progressing: `Search`, `Suspended` …
        reason: &'a str,
        /// Searched, or found.
        done: u64,
        /// To be searched, or needed.
        all: u64,
        /// What is counted.
        word: &'a str,
        /// How many a second.
        rate: f64,
        /// Seconds left at that rate.
        seconds_left: Option<f64>,
        /// Workers at work.
        workers: u32,
    },
    /// A job ended without factors.
    Ended {
        /// The job.
        name: &'a str,
        /// `Infeasible`, `DeadlineExceeded` …
        reason: &'a str,
        /// In words.
        message: &'a str,
    },
    /// The factors of a job.
    Result {
        /// The job.
        name: &'a str,
        /// The number, decimal.
        number: &'a str,
        /// Its prime factors, decimal, ascending, with multiplicity.
        factors: &'a [String],
        /// How it was found.
        method: &'a str,
        /// Seconds that the job was active.
        seconds: f64,
        /// CPU seconds of master and workers together.
        cpu_seconds: f64,
        /// The weakness that gave it away.
        #[serde(skip_serializing_if = "Option::is_none")]
        weakness: Option<&'a str>,
    },
    /// One unit of a job.
    Unit {
        /// The job.
        name: &'a str,
        /// The plan's number.
        plan: u64,
        /// The plan's method.
        method: &'a str,
        /// The unit.
        #[serde(flatten)]
        unit: &'a UnitView,
    },
    /// A line of a log.
    Log {
        /// Who wrote it.
        component: &'a str,
        /// The line.
        text: &'a str,
    },
    /// A stack that is remembered.
    Stack {
        /// Its name.
        name: &'a str,
        /// Its provider.
        provider: &'a str,
        /// When it was made, in seconds since 1970.
        created_at: u64,
        /// `complete`, `incomplete`, `deleting` or what is wrong with it.
        state: &'a str,
        /// Its folder.
        folder: &'a str,
    },
    /// An image was written, loaded or pushed.
    Image {
        /// The name under which it is there.
        reference: &'a str,
        /// The digest of its manifest.
        digest: &'a str,
        /// What it runs on: `linux/amd64`.
        platform: &'a str,
        /// The file, the store or the repository.
        place: &'a str,
    },
    /// A stack was removed; nothing of it is left.
    Removed {
        /// Its name.
        stack: &'a str,
    },
}

impl<'a> Event<'a> {
    /// The factors of a job.
    pub fn result(name: &'a str, solution: &'a Solution) -> Self {
        Self::Result {
            name,
            number: &solution.number,
            factors: &solution.factors,
            method: &solution.method,
            seconds: solution.seconds,
            cpu_seconds: solution.cpu_seconds,
            weakness: solution.weakness.as_deref(),
        }
    }

    /// The line of JSON.
    pub fn to_line(&self) -> String {
        // A number that JSON cannot hold (a NaN becomes null, so there is none) would be
        // the only way for this to fail.
        serde_json::to_string(self).unwrap_or_else(|error| {
            json!({"type": "error", "message": error.to_string()}).to_string()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_the_line_that_the_interface_promises() {
        let solution = Solution {
            number: "804556097".into(),
            factors: vec!["15581".into(), "51637".into()],
            method: "in-process".into(),
            weakness: None,
            seconds: 0.25,
            cpu_seconds: 0.01,
        };
        assert_eq!(
            Event::result("my-rsac", &solution).to_line(),
            r#"{"type":"result","name":"my-rsac","number":"804556097","factors":["15581","51637"],"method":"in-process","seconds":0.25,"cpuSeconds":0.01}"#
        );
    }
}
