//! A resource's spec and status in the words that screens use.

use crate::output::{Bar, abridged};
use rsac_api::conditions::{ConditionType, Reason};
use rsac_api::{RSACracker, RSACrackerStatus};

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End<'a> {
    /// Whether there are factors (or the number is prime).
    pub(super) solved: bool,
    /// `Factored`, `Infeasible` …
    pub(super) reason: &'a str,
    /// In words.
    pub(super) message: &'a str,
}

/// A resource, to be looked at.
#[derive(Clone, Copy)]
pub(super) struct View<'a>(pub(super) &'a RSACracker);

impl<'a> View<'a> {
    /// Its name.
    pub(super) fn name(self) -> &'a str {
        super::connection::name_of(self.0).unwrap_or_default()
    }

    /// What its result is known by: another resource of the same name is another job.
    pub(super) fn identity(self) -> &'a str {
        self.0.metadata.uid.as_deref().unwrap_or(self.name())
    }

    /// The status, unless it speaks of an older spec: what a changed job was is no news.
    pub(super) fn status(self) -> Option<&'a RSACrackerStatus> {
        let status = self.0.status.as_ref()?;
        let generation = self.0.metadata.generation;
        let is_current = generation.is_none() || status.observed_generation == generation;
        is_current.then_some(status)
    }

    /// The end of the job, once it has one.
    pub(super) fn end(self) -> Option<End<'a>> {
        let status = self.status()?;
        // A spec that is not accepted keeps the end of the one before it.
        if !status.is_true(ConditionType::Finished) || self.refusal().is_some() {
            return None;
        }
        // Succeeded says how; Finished alone must do where it is missing.
        let how = status
            .condition(ConditionType::Succeeded)
            .or_else(|| status.condition(ConditionType::Finished))?;
        Some(End {
            solved: status.is_true(ConditionType::Succeeded),
            reason: &how.reason,
            message: &how.message,
        })
    }

    /// Why the spec is not accepted, where it is not.
    pub(super) fn refusal(self) -> Option<&'a str> {
        let condition = self.status()?.condition(ConditionType::Accepted)?;
        (condition.status == "False").then_some(condition.message.as_str())
    }

    /// What stands in the way, where something does: reason and message.
    pub(super) fn trouble(self) -> Option<(&'a str, &'a str)> {
        let condition = self.status()?.condition(ConditionType::Degraded)?;
        (condition.status == "True").then_some((&condition.reason, &condition.message))
    }

    /// In one word: `Factored`, `Searching`, `Suspended`, `Pending` …
    pub(super) fn state(self) -> &'a str {
        if let Some(end) = self.end() {
            return end.reason;
        }
        if self.0.spec.suspended() {
            return Reason::Suspended.name();
        }
        self.status()
            .and_then(|status| status.condition(ConditionType::Progressing))
            .map_or("Pending", |condition| &condition.reason)
    }

    /// What it works on, short enough for a line.
    pub(super) fn subject(self) -> String {
        match (&self.0.spec.number_to_factor, &self.0.spec.public_key) {
            (Some(number), _) => abridged(&number.to_string()),
            (None, Some(_)) => "a public key".to_owned(),
            (None, None) => "nothing".to_owned(),
        }
    }

    /// For a plan: "factor 804556097 with 3 workers".
    pub(super) fn task(self) -> String {
        let workers = match self.0.spec.worker_count() {
            1 => "1 worker".to_owned(),
            n => format!("{n} workers"),
        };
        format!("factor {} with {workers}", self.subject())
    }

    /// Workers at work and wanted: "2/3".
    pub(super) fn workers(self) -> String {
        let ready = self.status().map_or(0, |status| status.ready_workers);
        format!("{ready}/{}", self.0.spec.worker_count())
    }

    /// How far it is.
    pub(super) fn bar(self) -> Bar {
        let mut bar = Bar {
            name: self.name().to_owned(),
            stage: self.state().to_owned(),
            ..Bar::default()
        };
        let Some(status) = self.status() else {
            return bar;
        };
        let unsigned = |n: i64| u64::try_from(n).unwrap_or(0);
        if let Some(progress) = &status.progress {
            bar.done = unsigned(progress.done);
            bar.all = unsigned(progress.all);
            bar.word.clone_from(&progress.word);
            bar.rate = progress.per_second;
        }
        bar.seconds_left = status.seconds_left.map(|left| unsigned(left) as f64);
        bar.workers = u32::try_from(status.ready_workers).unwrap_or(0);
        bar
    }
}
