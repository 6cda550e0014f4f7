//! Asks a job's master over TLS: the operator for its summary, `rsac-infra` for units and
//! progress. [`http`] also sets up the plain clients of workers and of this machine.
//!
//! The master's certificate is checked against the job's own authority under a name that
//! does not depend on where the master is, [`SERVER_NAME`]: the same check holds through
//! an address and through a port-forward.

mod connect;
pub mod http;
mod tls;

pub use connect::Way;
pub use tls::TlsError;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use rsac_protocol::{Problem, Solution, Summary, UnitsPage, routes};
use rustls::pki_types::ServerName;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::TlsConnector;

/// The name in every master's certificate.
pub const SERVER_NAME: &str = "master.rsac";
/// The port of a master's TLS, in its pod and its headless Service.
pub const PORT: u16 = 8443;

/// A whole request, connection included.
const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_ANSWER_BYTES: usize = 4 << 20;
/// How many units a page has.
const PAGE: u32 = 500;

/// Why a master gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection, or it broke.
    #[error("the master cannot be reached: {0}")]
    Unreachable(String),
    /// It refuses the token: another job's, or of a job made anew.
    #[error("the master refuses the token")]
    Unauthorized,
    /// It answers, and refuses: the question is wrong, or it cannot answer now.
    #[error("{}", .0.message)]
    Refused(Problem),
    /// What answers is no master of this version.
    #[error("the answer is unreadable: {0}")]
    Unreadable(String),
}

/// Asks one master. A connection for each question: they are seldom, and the pod behind a
/// name may change between them. A client that is kept, and its copies ([`Self::at`]), take
/// up their last TLS session where the master still knows it, which spares both the
/// certificates.
#[derive(Clone)]
pub struct MasterClient {
    way: Way,
    token: String,
    tls: TlsConnector,
}

// The token stays out of logs.
impl std::fmt::Debug for MasterClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MasterClient")
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}

impl MasterClient {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// When `ca_pem` holds no certificate.
    pub fn new(way: Way, token: &str, ca_pem: &[u8]) -> Result<Self, TlsError> {
        Ok(Self {
            way,
            token: token.to_owned(),
            tls: TlsConnector::from(Arc::new(tls::trusting(ca_pem)?)),
        })
    }

    /// The same, another way: with the token, the trust and the TLS sessions of this one.
    #[must_use]
    pub fn at(&self, way: Way) -> Self {
        Self {
            way,
            token: self.token.clone(),
            tls: self.tls.clone(),
        }
    }

    /// How the job stands.
    ///
    /// # Errors
    /// See [`ClientError`]; so for all questions.
    pub async fn summary(&self) -> Result<Summary, ClientError> {
        self.json(routes::SUMMARY).await
    }

    /// The answer; none while there is none.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn solution(&self) -> Result<Option<Solution>, ClientError> {
        match self.json(routes::SOLUTION).await {
            Ok(solution) => Ok(Some(solution)),
            Err(ClientError::Refused(problem))
                if problem.code == rsac_protocol::ProblemCode::NotFound =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A page of the units of one plan (default: the one in force).
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn units(
        &self,
        plan: Option<u64>,
        after: Option<u64>,
    ) -> Result<UnitsPage, ClientError> {
        let mut route = format!("{}?limit={PAGE}", routes::UNITS);
        for (key, value) in [("plan", plan), ("after", after)] {
            if let Some(value) = value {
                route.push_str(&format!("&{key}={value}"));
            }
        }
        self.json(&route).await
    }

    /// The first system's three fields, as the master writes them.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn progress(&self) -> Result<String, ClientError> {
        let bytes = self.get(routes::PROGRESS).await?;
        String::from_utf8(bytes.into()).map_err(|_| ClientError::Unreadable("no text".into()))
    }

    async fn json<T: DeserializeOwned>(&self, route: &str) -> Result<T, ClientError> {
        let bytes = self.get(route).await?;
        serde_json::from_slice(&bytes).map_err(|e| ClientError::Unreadable(e.to_string()))
    }

    async fn get(&self, route: &str) -> Result<Bytes, ClientError> {
        tokio::time::timeout(TIMEOUT, self.get_slowly(route))
            .await
            .unwrap_or_else(|_| {
                let seconds = TIMEOUT.as_secs();
                Err(ClientError::Unreachable(format!(
                    "no answer in {seconds} s"
                )))
            })
    }

    async fn get_slowly(&self, route: &str) -> Result<Bytes, ClientError> {
        let unreachable = |error: &dyn std::error::Error| ClientError::Unreachable(causes(error));
        let stream = self.way.connect().await.map_err(|e| unreachable(&e))?;
        let name = ServerName::try_from(SERVER_NAME).map_err(|e| unreachable(&e))?;
        let stream = self
            .tls
            .connect(name, stream)
            .await
            .map_err(|e| unreachable(&e))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|e| unreachable(&e))?;
        let driver = tokio::spawn(connection);
        let request = Request::get(route)
            .header(header::HOST, SERVER_NAME)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .map_err(|e| unreachable(&e))?;
        let answer = async {
            let answer = sender
                .send_request(request)
                .await
                .map_err(|e| unreachable(&e))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES);
            let bytes = body.collect().await.map_err(|error| unreachable(&*error))?;
            judge(status, bytes.to_bytes())
        }
        .await;
        driver.abort();
        answer
    }
}

fn judge(status: StatusCode, bytes: Bytes) -> Result<Bytes, ClientError> {
    if status.is_success() {
        return Ok(bytes);
    }
    if status == StatusCode::UNAUTHORIZED {
        return Err(ClientError::Unauthorized);
    }
    Err(match serde_json::from_slice::<Problem>(&bytes) {
        Ok(problem) => ClientError::Refused(problem),
        Err(_) => ClientError::Unreadable(format!("status {status}")),
    })
}

/// An error with its causes, which say more: "connection refused".
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
