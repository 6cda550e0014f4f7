//! What a recording says came of a request, read from its answers alone and without the
//! client's code. Where it does not say, nothing is expected.

use crate::recording::Exchange;
use crate::tape::parts;
use rsac_arm::{ArmError, Begun};
use serde_json::Value;

/// How an operation ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// With this poll.
    Succeeded(usize),
    /// With this code, where it was given.
    Failed(Option<String>),
    /// The recording stops before, or does not tell.
    Open,
}

/// The answers that may be the last one for a request: those to the same request, until one
/// that another try would not change.
pub(crate) fn answers(all: &[Exchange], first: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let (path, _) = parts(&all[first].url);
    for (index, one) in all.iter().enumerate().skip(first) {
        let same = one.method == all[first].method
            && parts(&one.url).0 == path
            && (one.method == "GET" || one.sent == all[first].sent);
        if !same {
            continue;
        }
        let garbled = one.method == "GET"
            && (200..300).contains(&one.status)
            && one.json().is_none()
            && !one.body.is_empty();
        let busy = matches!(one.status, 400 | 409 | 423);
        let again = garbled || matches!(one.status, 401 | 408 | 429 | 500..=599);
        if !again {
            found.push(index);
        }
        if !again && !busy {
            return found;
        }
        if again {
            // It is the last one only if no other follows.
            found.retain(|kept| matches!(all[*kept].status, 400 | 409 | 423));
            found.push(index);
        }
    }
    found
}

pub(crate) fn code(body: &Value) -> Option<String> {
    let inner = body
        .get("error")
        .filter(|error| error.is_object())
        .unwrap_or(body);
    inner.get("code")?.as_str().map(str::to_owned)
}

/// Whether an error is the one of these answers.
pub(crate) fn error_agrees(error: &ArmError, all: &[Exchange], answers: &[usize]) -> bool {
    let Some(fault) = error.fault() else {
        return false;
    };
    answers.iter().any(|index| {
        let answer = &all[*index];
        if (200..300).contains(&answer.status) {
            // A success that cannot be read.
            return answer.json().is_none() && fault.status == Some(answer.status);
        }
        let told = answer.json().as_ref().and_then(code);
        fault.status == Some(answer.status) && told.is_none_or(|told| told == fault.code)
    })
}

/// Whether what began is what was answered.
pub(crate) fn begun_agrees(begun: &Begun, all: &[Exchange], answers: &[usize]) -> bool {
    answers.iter().any(|index| {
        let answer = &all[*index];
        let success = (200..300).contains(&answer.status);
        match begun {
            Begun::Done { status, .. } => {
                *status == answer.status && (success || answer.method == "DELETE")
            }
            Begun::Running(_) => success,
        }
    })
}

/// How the operation ended that this answer began.
pub(crate) fn operation_end(all: &[Exchange], answer: usize) -> End {
    let begun = &all[answer];
    let polls = |name: &str| -> Option<Vec<(usize, &Exchange)>> {
        let (path, _) = parts(begun.header(name)?);
        let later = all.iter().enumerate().skip(answer + 1);
        Some(
            later
                .filter(|(_, one)| one.method == "GET" && parts(&one.url).0 == path)
                .collect(),
        )
    };
    if let Some(polls) = polls("azure-asyncoperation") {
        for (index, poll) in polls {
            let Some(body) = poll.json() else { continue };
            let status = body
                .get("status")
                .and_then(Value::as_str)
                .unwrap_or_default();
            match status.to_ascii_lowercase().as_str() {
                "succeeded" => return End::Succeeded(index),
                "failed" | "canceled" | "cancelled" => return End::Failed(code(&body)),
                _ => {}
            }
        }
        return End::Open;
    }
    if let Some(polls) = polls("location") {
        for (index, poll) in polls {
            match poll.status {
                200 | 201 | 204 => return End::Succeeded(index),
                404 | 410 if begun.method == "DELETE" => return End::Succeeded(index),
                _ => {}
            }
        }
    }
    End::Open
}

/// Whether a result is what the recording shows of the resource after this answer; none if
/// it shows nothing.
pub(crate) fn result_agrees(result: &Value, all: &[Exchange], answer: usize) -> Option<bool> {
    let (path, _) = parts(&all[answer].url);
    let mut shown = None;
    for one in &all[answer..] {
        if parts(&one.url).0 != path || !(200..300).contains(&one.status) {
            continue;
        }
        if let Some(body) = one.json() {
            if body == *result {
                return Some(true);
            }
            shown = Some(false);
        }
    }
    shown
}

/// Whether the recording shows the resource after this answer.
pub(crate) fn is_shown(all: &[Exchange], answer: usize) -> bool {
    let (path, _) = parts(&all[answer].url);
    let mut later = all.iter().skip(answer + 1);
    later.any(|one| {
        one.method == "GET"
            && parts(&one.url).0 == path
            && one.status == 200
            && one.json().is_some()
    })
}

/// Whether an answer says in the service's own words that the thing is not there.
pub(crate) fn is_absence(answer: &Exchange) -> bool {
    let code = answer.json().as_ref().and_then(code).unwrap_or_default();
    answer.status == 404 && code.ends_with("NotFound") && code != "SubscriptionNotFound"
}
