//! What the answer of each place means in which the end of an operation is looked for: its status
//! URL, its result URL, the resource.

use super::{Follower, Stage, Step};
use crate::answer::Answer;
use crate::call::{Call, Method};
use crate::client::{success, unreadable};
use crate::error::ArmError;
use crate::fault::{ArmFault, Class};
use crate::operation::{End, end, failed, is_absent, provisioning_state, state_error};
use crate::redact;
use crate::send::Outgoing;
use crate::throttle;
use serde_json::Value;

impl Follower<'_> {
    pub(super) async fn status(&mut self) -> Result<Step, ArmError> {
        let answer = self.poll(self.status_url.clone(), true).await?;
        if is_absent(&answer) {
            return Ok(self.vanished(self.after_status()));
        }
        let answer = success(answer, &self.what)?;
        self.moved(&answer);
        let body = match &answer.json {
            Some(json) => json.clone(),
            None if answer.unreadable.is_some() => return Err(unreadable(&answer, &self.what)),
            None if answer.status == 202 => Value::Null,
            None => return Ok(Step::Look(self.after_status())),
        };
        let status = status_of(&body);
        let Some(status) = status else {
            if answer.status == 202 {
                return Ok(going_on("InProgress", &body, &answer, &self.what));
            }
            return Ok(Step::Look(self.after_status()));
        };
        match end(status) {
            None => Ok(going_on(status, &body, &answer, &self.what)),
            Some(End::Succeeded) => Ok(self.success(&body)),
            Some(_) => self.failure(status, &body),
        }
    }

    /// The status URL said that it succeeded.
    fn success(&mut self, body: &Value) -> Step {
        self.succeeded = true;
        self.missing = 0;
        match self.operation.method {
            Method::Delete => Step::Done(None),
            Method::Put | Method::Patch => Step::Look(Stage::Resource),
            _ if self.result_url.is_some() => Step::Look(Stage::Result),
            _ => Step::Done(
                body.get("properties")
                    .filter(|result| !result.is_null())
                    .cloned(),
            ),
        }
    }

    fn failure(&self, status: &str, body: &Value) -> Result<Step, ArmError> {
        let error = body
            .get("error")
            .filter(|error| error.is_object())
            .or_else(|| state_error(body))
            .or_else(|| body.get("code").map(|_| body));
        let gone = error.is_some_and(|error| {
            ArmFault::from_error(error, Class::Failed, "").class == Class::NotFound
        });
        if gone && self.operation.method == Method::Delete {
            return Ok(Step::Done(None));
        }
        Err(failed(status, error, &self.what).into())
    }

    pub(super) async fn result(&mut self) -> Result<Step, ArmError> {
        let acts = self.operation.method == Method::Post;
        let answer = self.poll(self.result_url.clone(), acts).await?;
        let deletes = self.operation.method == Method::Delete;
        if is_absent(&answer) {
            // The record of an operation that is over goes away.
            if deletes || self.succeeded {
                return Ok(Step::Done(None));
            }
            return Ok(self.vanished(Stage::Resource));
        }
        let answer = success(answer, &self.what)?;
        if answer.status == 202 {
            self.moved(&answer);
            let body = answer.json.clone().unwrap_or(Value::Null);
            let status = status_of(&body).unwrap_or("InProgress");
            return Ok(going_on(status, &body, &answer, &self.what));
        }
        let Some(body) = answer.json.clone() else {
            return match self.operation.method {
                Method::Put | Method::Patch => Ok(Step::Look(Stage::Resource)),
                Method::Post if answer.unreadable.is_some() && !self.succeeded => {
                    Err(unreadable(&answer, &self.what))
                }
                _ => Ok(Step::Done(None)),
            };
        };
        let status = status_of(&body);
        match status.and_then(end) {
            Some(End::Failed | End::Canceled) => {
                return self.failure(status.unwrap_or_default(), &body);
            }
            None if status.is_some_and(is_running) => {
                self.moved(&answer);
                let status = status.unwrap_or_default();
                return Ok(going_on(status, &body, &answer, &self.what));
            }
            _ => {}
        }
        match self.operation.method {
            Method::Put | Method::Patch
                if provisioning_state(&body).and_then(end) != Some(End::Succeeded) =>
            {
                Ok(Step::Look(Stage::Resource))
            }
            Method::Delete => Ok(Step::Done(None)),
            _ => Ok(Step::Done(Some(body))),
        }
    }

    pub(super) async fn resource(&mut self) -> Result<Step, ArmError> {
        let operation = self.operation;
        let acts = operation.method == Method::Post;
        let path = if acts {
            // An action's path is the resource's and one segment more.
            operation.path.rsplit_once('/').map_or("", |(path, _)| path)
        } else {
            &operation.path
        };
        let mut call = Call::new(Method::Get, path, operation.api.clone());
        if !acts {
            call.query.clone_from(&operation.query);
        }
        let answer = self
            .arm
            .send(&Outgoing::from_call(&call, self.arm)?)
            .await?;
        if is_absent(&answer) {
            if operation.method == Method::Delete || acts {
                return Ok(Step::Done(None));
            }
            if self.missing < self.arm.options().patience.settle {
                return Ok(self.vanished(Stage::Resource));
            }
            return success(answer, &call.what()).map(|_| Step::Done(None));
        }
        if answer.status == 405 && (acts || self.succeeded) {
            return Ok(Step::Done(None));
        }
        let answer = success(answer, &call.what())?;
        let Some(body) = answer.json.clone() else {
            if answer.status == 204 && operation.method != Method::Delete {
                return Ok(Step::Done(None));
            }
            return Err(unreadable(&answer, &call.what()));
        };
        let state = provisioning_state(&body).map(str::to_owned);
        let result = (!acts).then_some(body.clone());
        let Some(state) = state else {
            if operation.method == Method::Delete {
                return Ok(going_on("Deleting", &Value::Null, &answer, &self.what));
            }
            return Ok(Step::Done(result));
        };
        match end(&state) {
            // A delete ends when the resource is gone; before it begins, all looks well.
            Some(End::Failed) | Some(End::Canceled) => {
                Err(failed(&state, state_error(&body), &self.what).into())
            }
            Some(End::Succeeded) if operation.method != Method::Delete => Ok(Step::Done(result)),
            _ => Ok(going_on(&state, &Value::Null, &answer, &self.what)),
        }
    }
}

/// The word for how it stands: `status`, or a resource's state, or the body itself.
fn status_of(body: &Value) -> Option<&str> {
    body.get("status")
        .and_then(Value::as_str)
        .or_else(|| provisioning_state(body))
        .or_else(|| body.as_str())
        .map(str::trim)
        .filter(|status| !status.is_empty())
}

/// Words with which a result URL says in a 200 that there is no result yet. Any other word
/// there belongs to the result.
fn is_running(status: &str) -> bool {
    let words = ["inprogress", "running", "accepted", "pending", "notstarted"];
    words.contains(&status.to_ascii_lowercase().as_str())
}

fn going_on(status: &str, body: &Value, answer: &Answer, what: &str) -> Step {
    let error = body.get("error").filter(|error| error.is_object());
    Step::Wait {
        status: redact::text(status),
        percent: body.get("percentComplete").and_then(Value::as_f64),
        warning: error.map(|error| ArmFault::from_error(error, Class::Failed, what)),
        asked: throttle::from_headers(answer),
    }
}
