//! Requests to the master, over HTTP.

use super::address::{MasterAddress, read_line};
use crate::agent::{Reply, Request};
use crate::error::WorkerError;
use reqwest::{StatusCode, header};
use rsac_master_client::http;
use rsac_protocol::{Problem, routes};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(3);

/// Over twice the largest plan.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Cheap to clone; all clones share connections, address and token.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    shared: Arc<Shared>,
}

struct Shared {
    master: MasterAddress,
    token_file: PathBuf,
    /// As last read; none when they are to be read again.
    base_url: Mutex<Option<String>>,
    token: Mutex<Option<header::HeaderValue>>,
}

impl Client {
    /// With `ca_file`, only a master whose certificate that authority signed is spoken to.
    pub(super) fn new(
        master: MasterAddress,
        token_file: PathBuf,
        ca_file: Option<&Path>,
    ) -> Result<Self, WorkerError> {
        let builder = match ca_file {
            Some(path) => http::trusting(path)?,
            None => http::plain(),
        };
        let http = builder.connect_timeout(CONNECT).build()?;
        let shared = Shared {
            master,
            token_file,
            base_url: Mutex::new(None),
            token: Mutex::new(None),
        };
        Ok(Self {
            http,
            shared: Arc::new(shared),
        })
    }

    /// Sends a request and waits for its reply, for a bounded time.
    pub(super) async fn ask(&self, request: Request) -> Reply {
        let timeout = request.timeout();
        let asked = match request {
            Request::Register(body) => {
                self.json(routes::REGISTER, &body, timeout, Reply::Register)
                    .await
            }
            Request::Acquire(body) => {
                self.json(routes::ACQUIRE, &body, timeout, Reply::Acquire)
                    .await
            }
            Request::Heartbeat(body) => {
                self.json(routes::HEARTBEAT, &body, timeout, Reply::Heartbeat)
                    .await
            }
            Request::Release(body) => {
                self.json(routes::RELEASE, &body, timeout, Reply::Release)
                    .await
            }
            Request::Report(bytes) => {
                self.post(
                    routes::REPORT,
                    "application/octet-stream",
                    bytes,
                    timeout,
                    Reply::Report,
                )
                .await
            }
        };
        asked.unwrap_or_else(Reply::Failed)
    }

    async fn json<T: DeserializeOwned>(
        &self,
        route: &str,
        body: &impl Serialize,
        timeout: Duration,
        wrap: fn(T) -> Reply,
    ) -> Result<Reply, String> {
        let body = serde_json::to_vec(body).map_err(|error| error.to_string())?;
        self.post(route, "application/json", body, timeout, wrap)
            .await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        route: &str,
        content_type: &'static str,
        body: impl Into<reqwest::Body>,
        timeout: Duration,
        wrap: fn(T) -> Reply,
    ) -> Result<Reply, String> {
        let url = self.base_url()? + route;
        let response = self
            .http
            .post(&url)
            .header(header::AUTHORIZATION, self.token()?)
            .header(header::CONTENT_TYPE, content_type)
            .timeout(timeout)
            .body(body)
            .send()
            .await
            .map_err(|error| self.lost(&error))?;
        let status = response.status();
        let bytes = read(response).await.map_err(|error| self.lost(&error))?;
        if status == StatusCode::UNAUTHORIZED {
            *lock(&self.shared.token) = None;
        }
        if status.is_success() {
            let answer = serde_json::from_slice(&bytes);
            return answer.map(wrap).map_err(|error| format!("{url}: {error}"));
        }
        // Only a master refuses in these words; whoever else listens at its address
        // (its predecessor's port, a proxy) must not make the worker drop anything.
        let problem: Option<Problem> = serde_json::from_slice(&bytes).ok();
        let problem = problem.filter(|problem| problem.code.status() == status.as_u16());
        problem.map(Reply::Refused).ok_or_else(|| {
            self.forget_address();
            format!("{url}: {status}, not from a master")
        })
    }

    fn base_url(&self) -> Result<String, String> {
        let mut kept = lock(&self.shared.base_url);
        if kept.is_none() {
            *kept = Some(self.shared.master.base_url()?);
        }
        Ok(kept.clone().unwrap_or_default())
    }

    fn token(&self) -> Result<header::HeaderValue, String> {
        let mut kept = lock(&self.shared.token);
        if let Some(token) = &*kept {
            return Ok(token.clone());
        }
        let path = &self.shared.token_file;
        let why = |why: String| format!("token file {}: {why}", path.display());
        let token = read_line(path).map_err(why)?;
        let mut value = header::HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| why("holds what no header can".into()))?;
        value.set_sensitive(true);
        Ok(kept.insert(value).clone())
    }

    fn forget_address(&self) {
        *lock(&self.shared.base_url) = None;
    }

    fn lost(&self, error: &reqwest::Error) -> String {
        self.forget_address();
        format!("{error:?}")
    }
}

async fn read(mut response: reqwest::Response) -> reqwest::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        // What is longer is none of a master's answers; cut, it does not parse.
        if bytes.len() > MAX_ANSWER_BYTES {
            break;
        }
    }
    Ok(bytes)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
