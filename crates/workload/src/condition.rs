//! Building a list of conditions whose times move only with their status.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use rsac_api::conditions::{ConditionType, Reason, find};

/// A condition's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    True,
    False,
    Unknown,
}

impl From<bool> for State {
    fn from(yes: bool) -> Self {
        if yes { Self::True } else { Self::False }
    }
}

/// What is to be said of one condition.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) state: State,
    pub(crate) reason: Reason,
    pub(crate) message: String,
}

pub(crate) fn verdict(
    state: impl Into<State>,
    reason: Reason,
    message: impl Into<String>,
) -> Verdict {
    Verdict {
        state: state.into(),
        reason,
        message: message.into(),
    }
}

/// The condition, with the old one's time while its status is the same.
pub(crate) fn condition(
    kind: ConditionType,
    verdict: Verdict,
    generation: Option<i64>,
    old: &[Condition],
    now: &Time,
) -> Condition {
    let status = match verdict.state {
        State::True => "True",
        State::False => "False",
        State::Unknown => "Unknown",
    };
    let since = find(old, kind)
        .filter(|old| old.status == status)
        .map_or(now, |old| &old.last_transition_time);
    Condition {
        type_: kind.name().to_owned(),
        status: status.to_owned(),
        reason: verdict.reason.name().to_owned(),
        message: verdict.message,
        observed_generation: generation,
        last_transition_time: since.clone(),
    }
}
