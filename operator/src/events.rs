//! Events about jobs, for `kubectl describe`: what a status' conditions came to. Best
//! effort: nothing waits for them and nothing fails with them.

use crate::context::Context;
use kube::Resource;
use kube::runtime::events::{Event, EventType};
use rsac_api::conditions::ConditionType;
use rsac_api::{RSACracker, RSACrackerStatus};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);
/// A note longer than this is refused.
const MAX_NOTE: usize = 1000;

/// Tells what changed.
pub(crate) fn tell(
    context: &Context,
    cracker: &RSACracker,
    old: Option<&RSACrackerStatus>,
    new: &RSACrackerStatus,
) {
    let reference = cracker.object_ref(&());
    let events = news(old, new);
    if events.is_empty() {
        return;
    }
    let recorder = context.recorder.clone();
    tokio::spawn(async move {
        for event in events {
            let published = recorder.publish(&event, &reference);
            match tokio::time::timeout(PATIENCE, published).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!("an Event was not taken: {error}"),
                Err(_) => tracing::debug!("an Event was not taken in time"),
            }
        }
    });
}

fn news(old: Option<&RSACrackerStatus>, new: &RSACrackerStatus) -> Vec<Event> {
    let mut events = Vec::new();
    for kind in [
        ConditionType::Accepted,
        ConditionType::Ready,
        ConditionType::Progressing,
        ConditionType::Degraded,
        ConditionType::Finished,
    ] {
        let Some(condition) = new.condition(kind) else {
            continue;
        };
        let before = old.and_then(|old| old.condition(kind));
        let same = before.is_some_and(|before| {
            before.status == condition.status && before.reason == condition.reason
        });
        let holds = condition.status == "True";
        // What is worth telling: refusals, troubles, ends, and each stage.
        let (told, warns) = match kind {
            ConditionType::Accepted => (!holds || before.is_some(), !holds),
            ConditionType::Degraded => (holds || before.is_some(), holds),
            ConditionType::Finished => (holds, !new.is_true(ConditionType::Succeeded)),
            ConditionType::Ready => (holds, false),
            _ => (holds, false),
        };
        if same || !told {
            continue;
        }
        let note: String = condition.message.chars().take(MAX_NOTE).collect();
        events.push(Event {
            type_: if warns {
                EventType::Warning
            } else {
                EventType::Normal
            },
            reason: condition.reason.clone(),
            note: Some(note),
            action: kind.name().to_owned(),
            secondary: None,
        });
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
    use k8s_openapi::jiff::Timestamp;

    fn with(conditions: &[(ConditionType, &str, &str)]) -> RSACrackerStatus {
        let condition = |(kind, status, reason): &(ConditionType, &str, &str)| Condition {
            type_: kind.name().into(),
            status: (*status).into(),
            reason: (*reason).into(),
            message: "in words".into(),
            observed_generation: None,
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
        };
        RSACrackerStatus {
            conditions: conditions.iter().map(condition).collect(),
            ..RSACrackerStatus::default()
        }
    }

    #[test]
    fn only_what_changed_and_matters_is_told() {
        let first = with(&[
            (ConditionType::Accepted, "True", "Valid"),
            (ConditionType::Degraded, "False", "AsExpected"),
            (ConditionType::Finished, "False", "Running"),
        ]);
        assert_eq!(news(None, &first).len(), 0);
        let ended = with(&[
            (ConditionType::Accepted, "True", "Valid"),
            (ConditionType::Degraded, "True", "ChildRefused"),
            (ConditionType::Finished, "True", "Infeasible"),
        ]);
        let told = news(Some(&first), &ended);
        let reasons: Vec<&str> = told.iter().map(|event| event.reason.as_str()).collect();
        assert_eq!(reasons, ["ChildRefused", "Infeasible"]);
        assert!(told.iter().all(|event| event.type_ == EventType::Warning));
        assert_eq!(news(Some(&ended), &ended).len(), 0);
    }
}
