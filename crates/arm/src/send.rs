//! Sends one request until it is answered: retries, throttling, operations in progress,
//! tokens that expire. What is not worth another try is the caller's to judge.

use crate::answer::Answer;
use crate::auth::Renew;
use crate::call::{Call, Method};
use crate::client::Arm;
use crate::error::ArmError;
use crate::fault::{ArmFault, Class};
use crate::{redact, throttle};
use azure_core::error::ErrorKind;
use azure_core::http::{Context, PipelineSendOptions, Request, Url};
use std::time::Duration;

/// A request as it goes out, and how it may be treated.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Option<azure_core::Bytes>,
    pub(crate) if_match: Option<String>,
    pub(crate) if_none_match: Option<String>,
    pub(crate) what: String,
    /// Sending it twice does no more than sending it once.
    pub(crate) repeatable: bool,
    /// How often a 404 is tried again.
    pub(crate) settle: u32,
    /// It is refused while another operation holds the resource, and then waits. The answer
    /// to a poll is an outcome instead.
    pub(crate) queues: bool,
    /// A success without a JSON body that reads is worth another try.
    pub(crate) reads: bool,
}

impl Outgoing {
    pub(crate) fn from_call(call: &Call, arm: &Arm) -> Result<Outgoing, ArmError> {
        let body = call
            .body
            .as_ref()
            .map(|json| azure_core::Bytes::from(json.to_string()));
        Ok(Outgoing {
            method: call.method,
            url: call.url(&arm.options().cloud.arm)?,
            body,
            if_match: call.if_match.clone(),
            if_none_match: call.if_none_match.clone(),
            what: call.what(),
            repeatable: call.repeatable(),
            settle: if call.settling {
                arm.options().patience.settle
            } else {
                0
            },
            queues: call.method != Method::Get && call.method != Method::Head,
            reads: call.method == Method::Get,
        })
    }

    /// A GET of a URL that the service gave.
    pub(crate) fn poll(url: Url, what: &str) -> Outgoing {
        Outgoing {
            method: Method::Get,
            url,
            body: None,
            if_match: None,
            if_none_match: None,
            what: what.to_owned(),
            repeatable: true,
            settle: 0,
            queues: false,
            reads: true,
        }
    }
}

/// What was waited for one request so far, and how often it was tried.
#[derive(Default)]
struct Spent {
    failures: u32,
    unreadable: u32,
    throttled: Duration,
    throttles: u32,
    conflict: Duration,
    conflicts: u32,
    missing: u32,
    renewed: bool,
}

/// An answer that cannot be read is asked for again this often, if asking does no harm.
const UNREADABLE_TRIES: u32 = 2;

impl Arm {
    /// Sends until there is an answer that stands: a success, or an error that another try
    /// would not change.
    pub(crate) async fn send(&self, outgoing: &Outgoing) -> Result<Answer, ArmError> {
        let mut spent = Spent::default();
        loop {
            match self.once(outgoing, &mut spent).await? {
                Next::Answer(answer) => return Ok(answer),
                Next::Wait(wait) => self.options().patience.sleep(wait).await,
            }
        }
    }

    async fn once(&self, outgoing: &Outgoing, spent: &mut Spent) -> Result<Next, ArmError> {
        let answer = match self.try_once(outgoing, spent.renewed).await {
            Ok(answer) => answer,
            Err(Broken::Final(error)) => return Err(error),
            Err(Broken::Connection { untaken, message }) => {
                let again = untaken || outgoing.repeatable;
                if !again || spent.failures >= self.options().patience.retries {
                    return Err(unreachable(outgoing, &message, again, spent.failures));
                }
                tracing::debug!(
                    what = outgoing.what,
                    why = message,
                    "broken connection, again"
                );
                return Ok(Next::Wait(self.next_failure(spent)));
            }
        };
        self.clock().learn(&answer);
        tracing::debug!(
            what = outgoing.what,
            url = redact::url(outgoing.url.as_str()),
            status = answer.status,
            request = answer.request_id(),
            "answered"
        );
        Ok(match self.wait_for(&answer, outgoing, spent) {
            Some(wait) => {
                tracing::debug!(what = outgoing.what, status = answer.status, ?wait, "again");
                Next::Wait(wait)
            }
            None => Next::Answer(answer),
        })
    }

    /// The wait before another try, or none if the answer stands.
    fn wait_for(
        &self,
        answer: &Answer,
        outgoing: &Outgoing,
        spent: &mut Spent,
    ) -> Option<Duration> {
        let patience = &self.options().patience;
        if answer.is_success() {
            let worth = answer.unreadable.is_some() && outgoing.reads && answer.status != 202;
            if worth && spent.unreadable < UNREADABLE_TRIES {
                spent.unreadable += 1;
                return Some(patience.backoff(spent.unreadable));
            }
            return None;
        }
        match ArmFault::from_answer(answer, &outgoing.what).class {
            Class::Credential if answer.status == 401 && !spent.renewed => {
                spent.renewed = true;
                Some(Duration::ZERO)
            }
            Class::Throttled => {
                let asked = throttle::asked(answer);
                let wait = asked.unwrap_or_else(|| patience.backoff(spent.throttles + 1));
                spent.throttles += 1;
                let wait = wait.max(Duration::from_millis(500));
                within(&mut spent.throttled, wait, patience.throttled)
            }
            Class::InProgress
                if answer.status == 429
                    || (outgoing.queues && matches!(answer.status, 400 | 409 | 423)) =>
            {
                let asked = throttle::asked(answer);
                let wait = asked.unwrap_or_else(|| patience.backoff(spent.conflicts + 2));
                spent.conflicts += 1;
                let wait = wait.max(Duration::from_secs(1));
                within(&mut spent.conflict, wait, patience.conflict)
            }
            _ if answer.status == 404 && spent.missing < outgoing.settle => {
                spent.missing += 1;
                Some(patience.backoff(spent.missing))
            }
            _ if (answer.status == 408 || (500..600).contains(&answer.status))
                && answer.status != 501
                && outgoing.repeatable
                && spent.failures < patience.retries =>
            {
                let asked = throttle::asked(answer);
                let backoff = self.next_failure(spent);
                Some(asked.unwrap_or(backoff))
            }
            _ => None,
        }
    }

    fn next_failure(&self, spent: &mut Spent) -> Duration {
        let wait = self.options().patience.backoff(spent.failures);
        spent.failures += 1;
        wait
    }

    async fn try_once(&self, outgoing: &Outgoing, renew: bool) -> Result<Answer, Broken> {
        let mut request = Request::new(outgoing.url.clone(), outgoing.method.into());
        request.insert_header("accept", "application/json");
        if let Some(body) = &outgoing.body {
            request.insert_header("content-type", "application/json");
            request.set_body(body.clone());
        }
        for (name, value) in [
            ("if-match", &outgoing.if_match),
            ("if-none-match", &outgoing.if_none_match),
        ] {
            if let Some(value) = value {
                request.insert_header(name, value.clone());
            }
        }
        let mut context = Context::new();
        if renew {
            context.insert(Renew);
        }
        let options = PipelineSendOptions {
            skip_checks: true,
            ..PipelineSendOptions::default()
        };
        match self
            .pipeline()
            .send(&context, &mut request, Some(options))
            .await
        {
            Ok(response) => Ok(Answer::read(response)),
            Err(error) => Err(Broken::from_error(&error, outgoing)),
        }
    }
}

enum Next {
    Answer(Answer),
    Wait(Duration),
}

enum Broken {
    Final(ArmError),
    Connection { untaken: bool, message: String },
}

impl Broken {
    fn from_error(error: &azure_core::Error, outgoing: &Outgoing) -> Broken {
        let message = redact::text(&error.to_string());
        match error.kind() {
            ErrorKind::Credential => Broken::Final(ArmError::Credential(error.to_string())),
            ErrorKind::Connection => Broken::Connection {
                untaken: true,
                message,
            },
            ErrorKind::Io => Broken::Connection {
                untaken: false,
                message,
            },
            _ => Broken::Final(ArmFault::own(Class::Unreadable, &outgoing.what, message).into()),
        }
    }
}

fn unreachable(outgoing: &Outgoing, message: &str, again: bool, tries: u32) -> ArmError {
    let host = outgoing.url.host_str().unwrap_or_default();
    let text = if again {
        format!("{host} did not answer after {} tries: {message}", tries + 1)
    } else {
        format!(
            "{host} did not answer: {message}; whether the request was taken is not known, look \
             before it is sent again"
        )
    };
    ArmFault::own(Class::Unreachable, &outgoing.what, text).into()
}

/// Accounts a wait within a bound; none once the bound is passed.
fn within(spent: &mut Duration, wait: Duration, bound: Duration) -> Option<Duration> {
    *spent += wait;
    (*spent <= bound).then_some(wait)
}
