//! Follows a long-running operation to its end: its status URL first, then its result URL,
//! then the state of the resource.

use crate::answer::Answer;
use crate::call::{Call, Method};
use crate::client::{Arm, success, unreadable};
use crate::error::ArmError;
use crate::fault::{ArmFault, Class};
use crate::operation::{
    End, Operation, Progress, end, failed, is_absent, provisioning_state, state_error,
};
use crate::redact;
use crate::send::Outgoing;
use crate::throttle;
use serde_json::Value;
use std::time::Duration;

/// Where the operation's end is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Status,
    Result,
    Resource,
}

/// What a poll came to.
enum Step {
    /// It goes on.
    Wait {
        status: String,
        percent: Option<f64>,
        warning: Option<ArmFault>,
        asked: Option<Duration>,
    },
    /// The end is to be looked for elsewhere.
    Look(Stage),
    Done(Option<Value>),
}

struct Follower<'a> {
    arm: &'a Arm,
    operation: &'a Operation,
    what: String,
    status_url: Option<String>,
    result_url: Option<String>,
    /// The status URL said that it succeeded: what follows only fetches the result.
    succeeded: bool,
    missing: u32,
    polls: u32,
    waited: Duration,
}

impl Arm {
    /// Follows an operation to its end, and tells how it stands at each poll. The result is
    /// the resource (PUT, PATCH), what an action answers (POST), or none. May be dropped at
    /// any time, and begun again from the saved operation.
    ///
    /// # Errors
    /// The operation's own failure, classified; [`Class::Unfinished`] when it lasts longer
    /// than [`crate::Patience::operation`]; whatever else the polls are answered.
    pub async fn follow(
        &self,
        operation: &Operation,
        say: &(dyn Fn(&Progress) + Sync),
    ) -> Result<Option<Value>, ArmError> {
        let mut follower = Follower {
            arm: self,
            operation,
            what: operation.what(),
            status_url: operation.status_url.clone(),
            result_url: operation.result_url.clone(),
            succeeded: false,
            missing: 0,
            polls: 0,
            waited: Duration::ZERO,
        };
        follower.run_to_end(say).await
    }
}

impl Follower<'_> {
    async fn run_to_end(
        &mut self,
        say: &(dyn Fn(&Progress) + Sync),
    ) -> Result<Option<Value>, ArmError> {
        let mut stage = self.first();
        self.wait(self.operation.first_wait, "").await?;
        loop {
            self.polls += 1;
            let step = match stage {
                Stage::Status => self.status().await?,
                Stage::Result => self.result().await?,
                Stage::Resource => self.resource().await?,
            };
            match step {
                Step::Done(result) => return Ok(result),
                Step::Look(next) => stage = next,
                Step::Wait {
                    status,
                    percent,
                    warning,
                    asked,
                } => {
                    tracing::debug!(what = self.what, status, polls = self.polls, "in progress");
                    say(&Progress {
                        status: status.clone(),
                        percent,
                        warning,
                        polls: self.polls,
                        waited: self.waited,
                    });
                    self.wait(asked, &status).await?;
                }
            }
        }
    }

    fn first(&self) -> Stage {
        if self.status_url.is_some() {
            Stage::Status
        } else {
            self.after_status()
        }
    }

    fn after_status(&self) -> Stage {
        if self.result_url.is_some() {
            Stage::Result
        } else {
            Stage::Resource
        }
    }

    async fn wait(&mut self, asked: Option<Duration>, status: &str) -> Result<(), ArmError> {
        let patience = &self.arm.options().patience;
        // What is quick is seen quickly; the rest is not asked for all the time.
        let own = Duration::from_secs(1_u64 << self.polls.min(16)).min(patience.poll);
        // Zero is no wait: a service that says so would be asked all the time, and for ever.
        let nominal = asked.unwrap_or(own).max(Duration::from_secs(1));
        self.waited += nominal;
        if self.waited > patience.operation {
            let text = format!(
                "it did not end within {} s (last seen: {status}); it goes on at the service, and \
                 can be followed again",
                patience.operation.as_secs()
            );
            return Err(ArmFault::own(Class::Unfinished, &self.what, text).into());
        }
        patience.sleep(nominal).await;
        Ok(())
    }

    /// `reads`: nothing but a JSON body tells the end.
    async fn poll(&mut self, text: Option<String>, reads: bool) -> Result<Answer, ArmError> {
        let text = text.unwrap_or_default();
        let url = self.arm.own_url(&text, &self.what)?;
        let mut outgoing = Outgoing::poll(url, &self.what);
        outgoing.reads = reads;
        self.arm.send(&outgoing).await
    }

    /// A 404 in the middle: at first the operation's record may not have spread yet.
    fn vanished(&mut self, next: Stage) -> Step {
        self.missing += 1;
        if self.missing > self.arm.options().patience.settle {
            self.missing = 0;
            return Step::Look(next);
        }
        Step::Wait {
            status: "not visible yet".to_owned(),
            percent: None,
            warning: None,
            asked: Some(self.arm.options().patience.backoff(self.missing)),
        }
    }

    async fn status(&mut self) -> Result<Step, ArmError> {
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

    async fn result(&mut self) -> Result<Step, ArmError> {
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

    async fn resource(&mut self) -> Result<Step, ArmError> {
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

    /// A poll may name other URLs for the next one.
    fn moved(&mut self, answer: &Answer) {
        for (header, url) in [
            ("azure-asyncoperation", &mut self.status_url),
            ("location", &mut self.result_url),
        ] {
            let Some(text) = answer.header(header) else {
                continue;
            };
            match self.arm.own_url(text, &self.what) {
                Ok(_) if url.is_some() => *url = Some(text.to_owned()),
                Ok(_) => {}
                Err(error) => tracing::warn!(what = self.what, %error, "not followed"),
            }
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
