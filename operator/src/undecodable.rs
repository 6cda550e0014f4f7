//! A job that this operator cannot read: it is told so, once, and nobody else waits for it.

use crate::context::Context;
use crate::finish::AGAIN;
use crate::memory::backoff;
use crate::say::{self, Way};
use crate::writer::CallError;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::core::error_boundary::InvalidObject;
use kube::runtime::controller::Action;
use rsac_api::{IntOrText, RSACracker, RSACrackerSpec};
use rsac_workload::Observation;

/// A job that this operator cannot read: stored by a later definition, perhaps.
pub(crate) async fn undecodable(
    invalid: &InvalidObject,
    context: &Context,
) -> Result<(Action, bool), CallError> {
    let meta = &invalid.metadata;
    let (Some(namespace), Some(name), Some(uid)) = (&meta.namespace, &meta.name, &meta.uid) else {
        return Ok((Action::await_change(), true));
    };
    if meta.deletion_timestamp.is_some() {
        context.memories.forget(namespace, name);
        return Ok((Action::await_change(), false));
    }
    let mut memory = context.memories.of(namespace, name, uid).await;
    let said = memory.status.as_ref().map(|written| &written.status);
    if said.is_some_and(|said| said.observed_generation == meta.generation) {
        return Ok((Action::await_change(), true));
    }
    // Any number will do: the refusal is all that is said.
    let spec = RSACrackerSpec {
        number_to_factor: Some(IntOrText::from("15")),
        ..RSACrackerSpec::default()
    };
    let mut cracker = RSACracker::new(name, spec);
    cracker.metadata = meta.clone();
    let mut observation = Observation::nothing(Time(Timestamp::now()));
    observation.refusal = Some(format!(
        "this operator cannot read it: {}; it may be written for a later one",
        invalid.error
    ));
    let mut status = rsac_workload::status(&cracker, &observation);
    (status.job, status.attempt) = (None, None);
    match say::say(context, &cracker, &mut memory, status, Way::Set).await {
        Ok(()) => {
            memory.failures = 0;
            Ok((Action::await_change(), true))
        }
        Err(error) if error.code() == Some(409) => Ok((Action::requeue(AGAIN), true)),
        Err(error @ CallError::NotLeader(_)) => Err(error),
        Err(error) => {
            tracing::warn!(job = name, namespace, "the status: {error}");
            memory.failures = memory.failures.saturating_add(1);
            let options = &context.options;
            let wait = backoff(memory.failures, options.retry_base, options.retry_cap);
            Ok((Action::requeue(wait), true))
        }
    }
}
