//! What the supervisor asks a job's master: over loopback, with the job's token,
//! bounded in time and size.

use crate::access::AccessError;
use crate::provider::local::layout::JobLayout;
use rsac_protocol::{Solution, Summary, UnitsPage, routes};
use serde::de::DeserializeOwned;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(3);
const MAX_ANSWER_BYTES: usize = 4 << 20;
/// How many units a page has.
const PAGE: u32 = 500;

/// The client for all masters.
///
/// # Errors
/// When it cannot be made.
pub(super) fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    rsac_master_client::http::plain().timeout(TIMEOUT).build()
}

/// Asks one job's master, wherever it listens now.
#[derive(Debug, Clone)]
pub(super) struct MasterClient {
    http: reqwest::Client,
    name: String,
    job: JobLayout,
}

impl MasterClient {
    /// Nothing is asked yet.
    pub(super) fn new(http: reqwest::Client, name: &str, job: JobLayout) -> Self {
        let name = name.to_owned();
        Self { http, name, job }
    }

    /// Where the master answers, as `host:port`.
    pub(super) async fn address(&self) -> Result<String, AccessError> {
        self.read(self.job.address()).await
    }

    /// How the job stands.
    pub(super) async fn summary(&self) -> Result<Summary, AccessError> {
        self.json(routes::SUMMARY, "").await
    }

    /// The answer, once there is one.
    pub(super) async fn solution(&self) -> Result<Solution, AccessError> {
        self.json(routes::SOLUTION, "").await
    }

    /// A page of units.
    pub(super) async fn units(
        &self,
        plan: Option<u64>,
        after: Option<u64>,
    ) -> Result<UnitsPage, AccessError> {
        let mut query = format!("?limit={PAGE}");
        for (key, value) in [("plan", plan), ("after", after)] {
            if let Some(value) = value {
                query.push_str(&format!("&{key}={value}"));
            }
        }
        self.json(routes::UNITS, &query).await
    }

    /// The first system's three fields.
    pub(super) async fn progress(&self) -> Result<String, AccessError> {
        let bytes = self.get(routes::PROGRESS, "").await?;
        String::from_utf8(bytes).map_err(|_| self.silent("its answer is no text"))
    }

    async fn json<T: DeserializeOwned>(&self, path: &str, query: &str) -> Result<T, AccessError> {
        let bytes = self.get(path, query).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| self.silent(&format!("its answer to {path} is unreadable: {error}")))
    }

    async fn get(&self, path: &str, query: &str) -> Result<Vec<u8>, AccessError> {
        let address = self.address().await?;
        let token = self.read(self.job.token()).await?;
        let request = self
            .http
            .get(format!("http://{address}{path}{query}"))
            .bearer_auth(token);
        let unanswered = |error: reqwest::Error| self.silent(&error.without_url().to_string());
        let mut answer = request.send().await.map_err(unanswered)?;
        let status = answer.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unanswered)? {
            if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(self.silent("its answer is too large"));
            }
            bytes.extend_from_slice(&chunk);
        }
        if status.is_success() {
            return Ok(bytes);
        }
        let why = serde_json::from_slice::<rsac_protocol::Problem>(&bytes)
            .map_or_else(|_| status.to_string(), |problem| problem.message);
        Err(match status.as_u16() {
            // Its master answers, and says that it is the question that is wrong.
            400 | 404 => AccessError::Other(why),
            _ => self.silent(&why),
        })
    }

    async fn read(&self, path: std::path::PathBuf) -> Result<String, AccessError> {
        match tokio::fs::read_to_string(path).await {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(_) => Err(self.silent("it has not started yet")),
        }
    }

    fn silent(&self, why: &str) -> AccessError {
        AccessError::NoMaster {
            name: self.name.clone(),
            why: why.to_owned(),
        }
    }
}
