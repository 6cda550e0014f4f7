//! What each condition of a status says, and why. Called by [`status`](crate::status).

use crate::condition::{State, Verdict, verdict};
use crate::{End, Observation};
use rsac_api::conditions::{ConditionType, Reason};
use rsac_api::{RSACracker, TargetError, number};
use rsac_protocol::Stage;

/// Whether the spec can be worked on.
pub(crate) fn accepted(cracker: &RSACracker, observation: &Observation) -> Verdict {
    if let Err(error) = cracker.spec.target() {
        let reason = match &error {
            TargetError::Missing | TargetError::Both => Reason::InvalidSpec,
            TargetError::Number(number::NumberError::TooLarge { .. }, _) => Reason::NumberTooLarge,
            TargetError::Number(..) => Reason::InvalidNumber,
            TargetError::Key(_) => Reason::InvalidKey,
        };
        return verdict(false, reason, error.to_field_error().to_string());
    }
    let errors = rsac_api::rules::check(cracker);
    if !errors.is_empty() {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        return verdict(false, Reason::InvalidSpec, lines.join("\n"));
    }
    match &observation.refusal {
        Some(why) => verdict(false, Reason::InvalidSpec, why.clone()),
        None => verdict(true, Reason::Valid, "the spec can be worked on"),
    }
}

/// What the conditions depend on.
pub(crate) struct Case<'a> {
    pub(crate) cracker: &'a RSACracker,
    pub(crate) observation: &'a Observation,
    pub(crate) end: Option<End>,
    pub(crate) stage: Option<Stage>,
    pub(crate) was_ready: bool,
    pub(crate) accepted: bool,
    pub(crate) suspended: bool,
}

impl Case<'_> {
    pub(crate) fn ready(&self) -> Verdict {
        if !self.accepted {
            return verdict(false, Reason::NotAccepted, "the spec is not accepted");
        }
        if self.suspended {
            return verdict(false, Reason::Suspended, "spec.suspend is set");
        }
        if self.observation.master_ready && self.observation.summary.is_some() {
            return verdict(true, Reason::MasterReady, "the master answers");
        }
        if let Some(problem) = &self.observation.master_problem {
            return verdict(false, Reason::MasterFailed, problem.clone());
        }
        // "Unreachable" lasts until it is ready again: the stored reason remembers.
        let status = self.cracker.status.as_ref();
        let unreachable = status
            .and_then(|status| status.condition(ConditionType::Ready))
            .is_some_and(|ready| ready.reason == Reason::MasterUnreachable.name());
        if self.was_ready || unreachable {
            verdict(
                false,
                Reason::MasterUnreachable,
                "the master does not answer now",
            )
        } else {
            verdict(
                false,
                Reason::MasterStarting,
                "the master does not answer yet",
            )
        }
    }

    pub(crate) fn progressing(&self) -> Verdict {
        if !self.accepted {
            return verdict(false, Reason::NotAccepted, "the spec is not accepted");
        }
        if let Some(end) = &self.end {
            return verdict(
                false,
                Reason::Ended,
                format!("the job has ended: {}", end.reason),
            );
        }
        if self.suspended {
            return verdict(false, Reason::Suspended, "spec.suspend is set");
        }
        match self.stage {
            None => verdict(
                true,
                Reason::MasterStarting,
                "the master does not answer yet",
            ),
            Some(Stage::Classify) => verdict(
                true,
                Reason::Classifying,
                "the kind of number is being found out",
            ),
            Some(Stage::PrePass) => {
                verdict(true, Reason::PrePass, "known weaknesses are being tried")
            }
            Some(Stage::Search) if self.cracker.spec.worker_count() == 0 => verdict(
                false,
                Reason::NoWorkers,
                "spec.workerCount is 0; scale the job to go on",
            ),
            Some(Stage::Search) => verdict(true, Reason::Searching, "workers search"),
            Some(Stage::Finish | Stage::Done) => verdict(
                true,
                Reason::Finishing,
                "the findings are being turned into factors",
            ),
        }
    }

    pub(crate) fn degraded(&self) -> Verdict {
        let fine = || verdict(false, Reason::AsExpected, "nothing stands in the way");
        if !self.accepted {
            return fine();
        }
        if let Some(first) = self.observation.obstacles.first() {
            let lines = self
                .observation
                .obstacles
                .iter()
                .map(|o| o.message.as_str());
            let lines: Vec<&str> = lines.collect();
            return verdict(true, first.reason, lines.join("\n"));
        }
        if self.suspended || self.end.is_some() {
            return fine();
        }
        if let Some(why) = self
            .observation
            .summary
            .as_ref()
            .and_then(|summary| summary.ledger_unavailable.as_ref())
        {
            return verdict(true, Reason::LedgerUnavailable, why.clone());
        }
        let ready = self.ready();
        if matches!(
            ready.reason,
            Reason::MasterFailed | Reason::MasterUnreachable
        ) {
            return verdict(true, ready.reason, ready.message);
        }
        let wanted = self.cracker.spec.worker_count();
        let there = self.observation.workers_ready;
        if self.stage == Some(Stage::Search) && there < wanted {
            return verdict(
                true,
                Reason::WorkersMissing,
                match &self.observation.workers_problem {
                    Some(why) => format!("{there} of {wanted} workers are ready: {why}"),
                    None => format!("{there} of {wanted} workers are ready"),
                },
            );
        }
        fine()
    }

    pub(crate) fn finished(&self) -> Verdict {
        match &self.end {
            Some(end) => verdict(true, end.reason, end.message.clone()),
            None => self.not_ended(State::False),
        }
    }

    pub(crate) fn succeeded(&self) -> Verdict {
        match &self.end {
            Some(end) => verdict(end.solved, end.reason, end.message.clone()),
            None => self.not_ended(State::Unknown),
        }
    }

    fn not_ended(&self, state: State) -> Verdict {
        if !self.accepted {
            verdict(state, Reason::NotAccepted, "the spec is not accepted")
        } else if self.suspended {
            verdict(state, Reason::Suspended, "spec.suspend is set")
        } else {
            verdict(state, Reason::Running, "the job has not ended")
        }
    }
}
