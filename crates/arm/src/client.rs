//! The client: reads, lists and begins. What it begins, `follow` carries to its end.

use crate::answer::Answer;
use crate::auth::Signer;
use crate::call::{Call, Method};
use crate::clock::Ahead;
use crate::error::ArmError;
use crate::fault::{ArmFault, Class};
use crate::operation::{Begun, begun, is_absent};
use crate::options::Options;
use crate::send::Outgoing;
use crate::{redact, transport};
use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, Pipeline, RetryOptions, Transport, Url};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;

/// A client of Azure Resource Manager. Clones share connections and token.
#[derive(Clone, Debug)]
pub struct Arm {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pipeline: Pipeline,
    options: Options,
    ahead: Ahead,
}

/// A list has no more pages than this: a service that goes round in circles is left.
const MOST_PAGES: usize = 10_000;

impl Arm {
    /// A client that signs with a credential; see [`crate::credentials::chain`].
    ///
    /// # Errors
    /// When the options do not do: certificates, user agent.
    pub fn new(credential: Arc<dyn TokenCredential>, options: Options) -> Result<Arm, ArmError> {
        let visible = |c: char| c.is_ascii_graphic() || c == ' ';
        if options.user_agent.is_empty() || !options.user_agent.chars().all(visible) {
            return Err(ArmError::Setup(format!(
                "user agent {:?} is not visible ASCII: give a product as rsac-infra/1.0",
                options.user_agent
            )));
        }
        let transport = transport::transport(&options)?;
        let signer = Signer::new(
            credential,
            options.cloud.clone(),
            options.user_agent.clone(),
        );
        let pipeline = Pipeline::new(
            option_env!("CARGO_PKG_NAME"),
            option_env!("CARGO_PKG_VERSION"),
            ClientOptions {
                transport: Some(Transport::new(transport)),
                retry: RetryOptions::none(),
                ..ClientOptions::default()
            },
            Vec::new(),
            vec![Arc::new(signer)],
            None,
        );
        Ok(Arm {
            inner: Arc::new(Inner {
                pipeline,
                options,
                ahead: Ahead::default(),
            }),
        })
    }

    /// What it was made with.
    pub fn options(&self) -> &Options {
        &self.inner.options
    }

    /// Seconds since 1970 by the service's clock, as its last answer told it; by this machine's
    /// before there was any.
    pub fn now(&self) -> u64 {
        self.inner.ahead.now()
    }

    /// How many seconds the service's clock is ahead of this machine's, as its last answer told
    /// it; less than 0 where it is behind.
    pub fn clock_ahead(&self) -> i64 {
        self.inner.ahead.seconds()
    }

    pub(crate) fn clock(&self) -> &Ahead {
        &self.inner.ahead
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.inner.pipeline
    }

    /// Reads a resource; none if it, or its parent, is not there.
    ///
    /// # Errors
    /// Whatever else the service answers, classified.
    pub async fn get(&self, path: &str, api: &str) -> Result<Option<Value>, ArmError> {
        self.read(&Call::new(Method::Get, path, api)).await
    }

    /// Reads what was created a moment ago: a 404 is tried again a bounded number of times.
    ///
    /// # Errors
    /// As [`Arm::get`].
    pub async fn get_settled(&self, path: &str, api: &str) -> Result<Option<Value>, ArmError> {
        self.read(&Call::new(Method::Get, path, api).settling())
            .await
    }

    /// Reads with query parameters.
    ///
    /// # Errors
    /// As [`Arm::get`].
    pub async fn read(&self, call: &Call) -> Result<Option<Value>, ArmError> {
        let answer = self.send(&Outgoing::from_call(call, self)?).await?;
        resource(answer, &call.what())
    }

    /// Reads all pages of a list.
    ///
    /// # Errors
    /// As [`Arm::get`]; a 404 is an error here, since a list without members is empty.
    pub async fn list(&self, path: &str, api: &str) -> Result<Vec<Value>, ArmError> {
        self.list_call(&Call::new(Method::Get, path, api)).await
    }

    /// Reads all pages of a list with query parameters, as `$filter`.
    ///
    /// # Errors
    /// As [`Arm::list`].
    pub async fn list_call(&self, call: &Call) -> Result<Vec<Value>, ArmError> {
        let what = call.what();
        let mut outgoing = Outgoing::from_call(call, self)?;
        let mut seen = HashSet::new();
        let mut all = Vec::new();
        loop {
            let answer = success(self.send(&outgoing).await?, &what)?;
            let (mut items, next) = match answer.json {
                Some(Value::Array(items)) => (items, None),
                Some(Value::Object(mut page)) => {
                    let next = page.get("nextLink").and_then(Value::as_str);
                    let next = next.filter(|link| !link.is_empty()).map(str::to_owned);
                    match page.remove("value") {
                        Some(Value::Array(items)) => (items, next),
                        // A page may be empty in the middle.
                        Some(Value::Null) | None if next.is_some() => (Vec::new(), next),
                        _ => return Err(not_a_list(&what)),
                    }
                }
                Some(_) => return Err(not_a_list(&what)),
                None if answer.status == 204 => return Ok(all),
                None => return Err(unreadable(&answer, &what)),
            };
            all.append(&mut items);
            let Some(next) = next else {
                return Ok(all);
            };
            if seen.len() >= MOST_PAGES || !seen.insert(next.clone()) {
                let text = "the list's pages go round in a circle";
                return Err(ArmFault::own(Class::Unreadable, &what, text).into());
            }
            outgoing = Outgoing::poll(self.own_url(&next, &what)?, &what);
        }
    }

    /// Whether something is there, by HEAD; for resource groups.
    ///
    /// # Errors
    /// Whatever the service answers besides yes (2xx) and no (404).
    pub async fn exists(&self, path: &str, api: &str) -> Result<bool, ArmError> {
        let call = Call::new(Method::Head, path, api);
        let answer = self.send(&Outgoing::from_call(&call, self)?).await?;
        if is_absent(&answer) {
            return Ok(false);
        }
        success(answer, &call.what()).map(|_| true)
    }

    /// Sends a PUT, PATCH, POST or DELETE. What is not done at once is to be followed; save
    /// the operation first.
    ///
    /// # Errors
    /// What the service refuses, classified. After [`Class::Unreachable`] of a POST it is
    /// not known whether it was taken; the others were sent until answered.
    pub async fn begin(&self, call: &Call) -> Result<Begun, ArmError> {
        let answer = self.send(&Outgoing::from_call(call, self)?).await?;
        begun(self, call, answer)
    }

    /// Begins and follows in one: for what is quick, or asked by POST.
    ///
    /// # Errors
    /// As [`Arm::begin`] and [`Arm::follow`].
    pub async fn run(&self, call: &Call) -> Result<Option<Value>, ArmError> {
        match self.begin(call).await? {
            Begun::Done { body, .. } => Ok(body),
            Begun::Running(operation) => self.follow(&operation, &|_| ()).await,
        }
    }

    /// A URL that the service gave, if a token may be sent there.
    pub(crate) fn own_url(&self, text: &str, what: &str) -> Result<Url, ArmError> {
        let cloud = &self.options().cloud;
        let url = match Url::parse(text) {
            Ok(url) => Some(url),
            // Relative links are against the endpoint.
            Err(_) if text.starts_with('/') => cloud.arm.join(text).ok(),
            Err(_) => None,
        };
        match url.filter(|url| cloud.owns(url)) {
            Some(url) => Ok(url),
            None => {
                let text = format!(
                    "the service named {} to go on with, which is not {}: no token is sent there",
                    redact::url(text),
                    cloud.arm.host_str().unwrap_or_default()
                );
                Err(ArmFault::own(Class::Unreadable, what, text).into())
            }
        }
    }
}

/// A resource that was read; none if it is not there.
pub(crate) fn resource(answer: Answer, what: &str) -> Result<Option<Value>, ArmError> {
    if is_absent(&answer) {
        return Ok(None);
    }
    let answer = success(answer, what)?;
    match answer.json {
        Some(json) => Ok(Some(json)),
        None => Err(unreadable(&answer, what)),
    }
}

/// An answer with a success status, or its error.
pub(crate) fn success(answer: Answer, what: &str) -> Result<Answer, ArmError> {
    if answer.is_success() {
        return Ok(answer);
    }
    let mut fault = ArmFault::from_answer(&answer, what);
    if (300..400).contains(&answer.status) {
        let to = answer
            .header("location")
            .map(redact::url)
            .unwrap_or_default();
        fault.message = format!("a redirect to {to} is not followed");
    }
    Err(fault.into())
}

/// A success whose body does not read. The body is not shown: it may hold credentials.
pub(crate) fn unreadable(answer: &Answer, what: &str) -> ArmError {
    let why = answer
        .unreadable
        .clone()
        .unwrap_or_else(|| "the body is empty".to_owned());
    let mut fault = ArmFault::own(
        Class::Unreadable,
        what,
        format!("the answer is no JSON: {why}"),
    );
    fault.status = Some(answer.status);
    fault.request_id = answer.request_id();
    fault.into()
}

fn not_a_list(what: &str) -> ArmError {
    ArmFault::own(
        Class::Unreadable,
        what,
        "the answer is no list with a value",
    )
    .into()
}
