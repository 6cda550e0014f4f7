//! Follows a long-running operation to its end: its status URL first, then its result URL,
//! then the state of the resource.

mod stages;

use crate::answer::Answer;
use crate::client::Arm;
use crate::error::ArmError;
use crate::fault::{ArmFault, Class};
use crate::operation::{Operation, Progress};
use crate::send::Outgoing;
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
