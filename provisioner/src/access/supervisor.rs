//! [`Access`] over a local supervisor's socket. Any word that finds the supervisor dead
//! starts it again, also in the middle of a watch.

mod watch;

use super::{Access, AccessError, Applied, LogLine, LogQuery, WatchEvent};
use crate::provider::local::start::{StartError, Starter};
use crate::provider::local::wire::{self, AppliedAnswer, PatchQuery, UnitsQuery};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use reqwest::{Client, Method, RequestBuilder, Response};
use rsac_api::RSACracker;
use rsac_protocol::{Solution, UnitsPage};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::time::Duration;
use watch::Watch;

/// What the supervisor answers at once is answered within this time; the rest (a
/// deletion, a stream) takes what it takes.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The longest line of a stream: a resource, or a log line.
const MAX_LINE_BYTES: usize = 4 << 20;

/// A stack's supervisor.
#[derive(Debug, Clone)]
pub struct SupervisorAccess {
    starter: Starter,
    client: Client,
}

impl SupervisorAccess {
    /// Connects to the supervisor, which is started if it does not run.
    ///
    /// # Errors
    /// When it cannot be started, or is of another build.
    pub(crate) async fn open(starter: Starter) -> Result<Self, AccessError> {
        let client = starter.ensure_running().await.map_err(unreachable)?;
        Ok(Self { starter, client })
    }

    /// Sends a request; where no connection comes about, nothing was sent, and it is
    /// sent again once the supervisor runs again. So is one whose answer was lost, where
    /// asking twice is as good as once.
    async fn send(
        &self,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Response, AccessError> {
        let request = build(&self.client).build().map_err(unanswered)?;
        let is_repeatable = match *request.method() {
            Method::GET | Method::PUT => true,
            // Unless it is meant for one version only.
            Method::PATCH => request.url().query().unwrap_or_default().is_empty(),
            _ => false,
        };
        let response = match self.client.execute(request).await {
            Err(error) if error.is_connect() || (is_repeatable && error.is_request()) => {
                tracing::debug!("asked again: {error}");
                let client = self.starter.ensure_running().await.map_err(unreachable)?;
                build(&client).send().await
            }
            sent => sent,
        };
        let response = response.map_err(unanswered)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = response.bytes().await.map_err(unanswered)?;
        Err(serde_json::from_slice(&body).unwrap_or_else(|_| {
            let text = String::from_utf8_lossy(&body);
            AccessError::Other(format!("the supervisor answered {status}: {text}"))
        }))
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<T, AccessError> {
        let response = self.send(|client| build(client).timeout(TIMEOUT)).await?;
        response.json().await.map_err(unanswered)
    }

    async fn lines<T: DeserializeOwned + Send + 'static>(
        &self,
        path: &str,
        query: &(impl Serialize + Sync),
    ) -> Result<BoxStream<'static, Result<T, AccessError>>, AccessError> {
        let url = with_query(path, query);
        let response = self.send(|client| client.get(&url)).await?;
        Ok(parse_lines(response).boxed())
    }
}

fn url(route: &str) -> String {
    // The host is never looked up: the connection is the socket.
    format!("http://supervisor{route}")
}

fn cracker_url(route: &str, name: &str) -> String {
    url(&route.replace("{name}", &escape(name)))
}

fn with_query(url: &str, query: &impl Serialize) -> String {
    // Queries are flat structures of plain values.
    let pairs = match serde_json::to_value(query) {
        Ok(serde_json::Value::Object(pairs)) => pairs,
        _ => return url.to_owned(),
    };
    let text: Vec<String> = pairs
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| match value {
            serde_json::Value::String(text) => format!("{key}={}", escape(text)),
            other => format!("{key}={other}"),
        })
        .collect();
    format!("{url}?{}", text.join("&"))
}

fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// Why there is no supervisor to ask: one of another build answers, and no patience helps.
fn unreachable(error: StartError) -> AccessError {
    match error {
        StartError::OtherBuild { .. } => AccessError::Other(error.to_string()),
        _ => AccessError::Unreachable(error.to_string()),
    }
}

fn unanswered(error: reqwest::Error) -> AccessError {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    AccessError::Unreachable(text)
}

/// The lines of JSON of a body, as they come.
fn parse_lines<T: DeserializeOwned>(
    response: Response,
) -> impl Stream<Item = Result<T, AccessError>> + Send {
    let state = (response, Vec::<u8>::new());
    stream::try_unfold(state, async |(mut response, mut buffer)| {
        loop {
            if let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = buffer.drain(..=end).collect();
                let item = serde_json::from_slice(&line).map_err(|error| {
                    AccessError::Other(format!("the supervisor's line is unreadable: {error}"))
                })?;
                return Ok(Some((item, (response, buffer))));
            }
            if buffer.len() > MAX_LINE_BYTES {
                return Err(AccessError::Other(
                    "the supervisor's line is too long".into(),
                ));
            }
            match response.chunk().await.map_err(unanswered)? {
                Some(chunk) => buffer.extend_from_slice(&chunk),
                None => return Ok(None),
            }
        }
    })
}

#[async_trait]
impl Access for SupervisorAccess {
    async fn list(&self) -> Result<Vec<RSACracker>, AccessError> {
        self.ask(|client| client.get(url(wire::CRACKERS))).await
    }

    async fn get(&self, name: &str) -> Result<RSACracker, AccessError> {
        let url = cracker_url(wire::CRACKER, name);
        self.ask(|client| client.get(&url)).await
    }

    async fn create(&self, cracker: &RSACracker) -> Result<RSACracker, AccessError> {
        self.ask(|client| client.post(url(wire::CRACKERS)).json(cracker))
            .await
    }

    async fn apply(&self, cracker: &RSACracker) -> Result<(RSACracker, Applied), AccessError> {
        let answer: AppliedAnswer = self
            .ask(|client| client.put(url(wire::CRACKERS)).json(cracker))
            .await?;
        Ok((answer.cracker, answer.applied))
    }

    async fn patch(
        &self,
        name: &str,
        patch: &serde_json::Value,
        resource_version: Option<&str>,
    ) -> Result<RSACracker, AccessError> {
        let query = PatchQuery {
            resource_version: resource_version.map(str::to_owned),
        };
        let url = with_query(&cracker_url(wire::CRACKER, name), &query);
        self.ask(|client| client.patch(&url).json(patch)).await
    }

    async fn scale(&self, name: &str, workers: u32) -> Result<RSACracker, AccessError> {
        self.patch(name, &json!({"workerCount": workers}), None)
            .await
    }

    async fn delete(&self, name: &str) -> Result<(), AccessError> {
        let url = cracker_url(wire::CRACKER, name);
        let sent = self
            .send(|client| client.request(Method::DELETE, &url))
            .await;
        match sent {
            Ok(_) => Ok(()),
            // It died while it deleted: the next one goes on with what is marked.
            Err(AccessError::Unreachable(_)) => {
                self.starter.ensure_running().await.map_err(unreachable)?;
                match self
                    .send(|client| client.request(Method::DELETE, &url))
                    .await
                {
                    Ok(_) | Err(AccessError::NotFound(_)) => Ok(()),
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn watch(
        &self,
        name: Option<&str>,
    ) -> Result<BoxStream<'static, Result<WatchEvent, AccessError>>, AccessError> {
        Watch::open(self.clone(), name).await
    }

    async fn solution(&self, name: &str) -> Result<Option<Solution>, AccessError> {
        let url = cracker_url(wire::SOLUTION, name);
        self.ask(|client| client.get(&url)).await
    }

    async fn units(
        &self,
        name: &str,
        plan: Option<u64>,
        after: Option<u64>,
    ) -> Result<UnitsPage, AccessError> {
        let query = UnitsQuery { plan, after };
        let url = with_query(&cracker_url(wire::UNITS, name), &query);
        self.ask(|client| client.get(&url)).await
    }

    async fn progress(&self, name: &str) -> Result<String, AccessError> {
        let url = cracker_url(wire::PROGRESS, name);
        let response = self
            .send(|client| client.get(&url).timeout(TIMEOUT))
            .await?;
        response.text().await.map_err(unanswered)
    }

    async fn logs(
        &self,
        name: &str,
        query: &LogQuery,
    ) -> Result<BoxStream<'static, Result<LogLine, AccessError>>, AccessError> {
        self.lines(&cracker_url(wire::LOGS, name), query).await
    }
}
