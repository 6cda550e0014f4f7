//! The URLs of long-running operations, signed as Azure signs them: given out with the answer
//! that begins one, and answered when they are polled.

use crate::answer::{Answer, Reply};
use crate::operations::{Deed, Operation, Outcome, Style};
use crate::request::Request;
use crate::world::World;
use serde_json::json;
use sha2::{Digest, Sha256};

impl World {
    /// The signed URL of one of an operation's paths.
    fn signed(&self, path: &str, api: &str) -> String {
        let stamp = "639048775073545965";
        let sign = |salt: &str| {
            let digest = Sha256::digest(format!("{salt}{path}{}", self.seal));
            digest
                .iter()
                .map(|byte| format!("{byte:02X}"))
                .collect::<String>()
        };
        format!(
            "{}{path}?api-version={api}&t={stamp}&c=MIIHsimulated{}&s={}-{}&h={}",
            self.endpoint,
            sign("c"),
            sign("s"),
            sign("s2"),
            sign("h")
        )
    }

    /// Adds an operation's headers to the answer that begins it.
    pub(crate) fn announce(&self, answer: Answer, id: &str, location_too: bool) -> Answer {
        let Some(operation) = self.state.operations.get(id) else {
            return answer;
        };
        let mut answer = answer;
        if let Some(path) = &operation.status_path {
            answer = answer.with("Azure-AsyncOperation", self.signed(path, &operation.api));
        }
        if location_too || operation.style == Style::Location {
            answer = answer.with(
                "Location",
                self.signed(&operation.result_path, &operation.api),
            );
        }
        let usual = match (operation.style, location_too) {
            (Style::Aks, _) => None,
            (Style::Plain, false) => Some(3),
            (Style::Plain, true) => Some(10),
            (Style::Deployment, _) => None,
            (Style::Location, _) => Some(15),
        };
        if let Some(seconds) = usual {
            answer = answer.with("Retry-After", self.settings.retry_after.unwrap_or(seconds));
        }
        answer
    }
}

/// Answers a poll, if the path is one of an operation.
pub(crate) fn poll(world: &mut World, request: &Request) -> Option<Reply> {
    let operation = world.find_operation(&request.path)?.clone();
    let expected = world.signed(&request.path_of(&operation), &operation.api);
    let asked = format!("{}?{}", request.path_of(&operation), request.raw_query);
    // Real Azure signs these URLs: who changes a letter gets nothing.
    if expected.strip_prefix(&world.endpoint) != Some(asked.as_str()) {
        return Some(Err(Answer::gateway(
            400,
            "InvalidAsyncOperationToken",
            "The URL of this operation was changed. Send it back as it was received.",
        )));
    }
    if request.method != "GET" {
        return Some(Err(Answer::empty(405).with("Allow", "GET")));
    }
    let at_status = operation
        .status_path
        .as_deref()
        .is_some_and(|own| request.path.eq_ignore_ascii_case(own));
    Some(Ok(if at_status {
        status(world, &operation)
    } else {
        result(world, &operation)
    }))
}

impl Request {
    /// The operation's own spelling of the path that was asked for.
    fn path_of(&self, operation: &Operation) -> String {
        match &operation.status_path {
            Some(path) if path.eq_ignore_ascii_case(&self.path) => path.clone(),
            _ => operation.result_path.clone(),
        }
    }
}

fn status(world: &World, operation: &Operation) -> Answer {
    let (word, error) = match &operation.outcome {
        None => {
            let stages = &operation.stages;
            let at = stages.len() * operation.looks as usize / operation.wanted.max(1) as usize;
            let word = stages.get(at.min(stages.len().saturating_sub(1)));
            (
                word.map_or("InProgress", String::as_str),
                operation.warning.clone(),
            )
        }
        Some(Outcome::Succeeded) => ("Succeeded", operation.warning.clone()),
        Some(Outcome::Failed(code, message)) => ("Failed", Some((code.clone(), message.clone()))),
        Some(Outcome::Canceled) => ("Canceled", None),
    };
    let mut body = json!({"status": word});
    if operation.style == Style::Aks {
        body = json!({"name": operation.id, "status": word, "startTime": operation.started});
        if let Some(ended) = &operation.ended {
            body["endTime"] = json!(ended);
        }
    }
    if let Some((code, message)) = error {
        body["error"] = json!({"code": code, "message": message});
    }
    if operation.style == Style::Aks {
        return Answer::indented(200, body);
    }
    let answer = Answer::json(200, body);
    match (&operation.outcome, operation.style) {
        (None, Style::Plain) => {
            answer.with("Retry-After", world.settings.retry_after.unwrap_or(10))
        }
        _ => answer,
    }
}

fn result(world: &World, operation: &Operation) -> Answer {
    match (&operation.outcome, &operation.deed) {
        (None, _) => world
            .announce(Answer::empty(202), &operation.id, true)
            .without("Azure-AsyncOperation"),
        (Some(Outcome::Succeeded), Deed::Answer(body)) => Answer::json(200, body.clone()),
        (Some(Outcome::Succeeded), _) if operation.style == Style::Location => {
            Answer::empty(operation.end_status)
        }
        (Some(Outcome::Succeeded), _) => Answer::empty(204),
        (Some(Outcome::Failed(code, message)), _) => Answer::service(409, code, message.clone()),
        (Some(Outcome::Canceled), _) => {
            Answer::service(409, "OperationCanceled", "The operation was canceled.")
        }
    }
}

impl Answer {
    /// Takes a header out.
    fn without(mut self, name: &str) -> Answer {
        self.headers
            .retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self
    }
}
