//! What the master says of its job to controllers and people.

use crate::{Digest, LedgerId};
use serde::{Deserialize, Serialize};

/// Where a job stands. Search and Finish may alternate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// What kind of number is it?
    Classify,
    /// Does it have one of the known weaknesses? (`auto` only)
    PrePass,
    /// Units are handed out; the only stage in which workers are wanted.
    Search,
    /// The findings are turned into factors, in the master.
    Finish,
    /// Ended, one way or the other.
    Done,
}

/// How a method's supply of indices ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SupplyKind {
    /// Finite: every index is searched at the most once (trial division).
    Cover,
    /// Open: ends when enough was found (the sieve).
    Goal,
    /// A number of attempts (elliptic curves).
    Budget,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// Composite, and completely factored.
    Factored,
    /// The number is itself prime.
    Prime,
    /// 0 and 1 have no prime factorisation; over 4096 bits is not accepted.
    Unsuitable,
    /// No method reaches the number within the CPU hours allowed.
    Infeasible,
    /// The deadline of active time passed.
    DeadlineExceeded,
    /// The CPU hours allowed are used up.
    CpuHoursExceeded,
    /// A composite's whole range was searched and nothing found: somebody computed
    /// wrongly. Never "no factors".
    Contradiction,
}

impl Ending {
    /// Whether the job has a [`crate::Solution`].
    pub fn is_solved(self) -> bool {
        matches!(self, Self::Factored | Self::Prime)
    }
}

/// The end of a job, without its factors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// For people; holds no factor.
    pub message: String,
    /// When, in seconds since 1970.
    pub finished_at: u64,
}

/// The plan in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanSummary {
    /// Counts the plans of this ledger, from 0.
    pub sequence: u64,
    /// Digest over its text.
    pub digest: Digest,
    /// The method's name.
    pub method: String,
    /// How its supply ends.
    pub supply: SupplyKind,
    /// CPU seconds that the whole search was estimated to take.
    pub estimate_cpu_seconds: f64,
}

/// How far the job is, in the word that the method counts in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Searched, or found.
    pub done: u64,
    /// To be searched, or needed. Not less than `done`.
    pub all: u64,
    /// What is counted: `divisors`, `relations`, `curves`; `steps` before a plan is made.
    pub word: String,
    /// Of these, how many a second in the last half minute; 0 when none.
    pub rate: f64,
    /// Seconds left at this rate; none while there is no rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<f64>,
}

/// The workers, as the master sees them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkersSummary {
    /// Registered and heard from within [`crate::LOST_SECONDS`].
    pub live: u32,
    /// Their computing threads together.
    pub lanes: u32,
    /// How many workers the job can use; more would wait. Advice, never an order.
    pub useful: u32,
}

/// All that a controller needs to write a status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// [`crate::VERSION`] of the master.
    pub protocol: u32,
    /// The job's name.
    pub job: String,
    /// [`crate::Job::attempt`] of the job it serves: a controller that changed the spec
    /// tells old news from new by it.
    #[serde(default)]
    pub attempt: String,
    /// The number, decimal.
    pub number: String,
    /// The ledger's identity.
    pub ledger: LedgerId,
    /// Raised at every open of the ledger.
    pub generation: u64,
    /// Where the job stands.
    pub stage: Stage,
    /// The plan in force, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanSummary>,
    /// How far it is.
    pub progress: Progress,
    /// Who computes.
    pub workers: WorkersSummary,
    /// Seconds that the job was active.
    pub active_seconds: f64,
    /// CPU seconds of master and workers together.
    pub cpu_seconds: f64,
    /// Why the ledger takes no reports now, where it does not (a full disk, say).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_unavailable: Option<String>,
    /// How it ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// The first system's answer to `GET /progress`: three fields, integers, the solution
/// null until known and then the smallest prime factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressAnswer {
    /// [`Progress::all`].
    pub progress_all: u64,
    /// [`Progress::done`].
    pub progress_done: u64,
    /// The smallest prime factor, decimal.
    pub solution: Option<String>,
}

impl ProgressAnswer {
    /// The JSON text. By hand, because the solution is a bare integer of any length.
    pub fn to_json(&self) -> String {
        let solution = self.solution.as_deref().unwrap_or("null");
        format!(
            "{{\"progress_all\":{},\"progress_done\":{},\"solution\":{solution}}}",
            self.progress_all, self.progress_done
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_systems_three_fields() {
        let mut answer = ProgressAnswer {
            progress_all: 28363,
            progress_done: 7,
            solution: None,
        };
        let text = answer.to_json();
        assert_eq!(
            text,
            r#"{"progress_all":28363,"progress_done":7,"solution":null}"#
        );
        answer.solution = Some("15581".into());
        let value: serde_json::Value = serde_json::from_str(&answer.to_json()).unwrap();
        assert_eq!(value["solution"], 15581);
    }
}
