//! A transport that answers from a script and remembers what it was asked.

use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request, StatusCode};
use rsac_arm::{Arm, Cloud, Options, Patience, TokenCredential};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

pub(crate) const HOST: &str = "https://management.azure.com";
pub(crate) const GROUP: &str = "/subscriptions/s/resourceGroups/g";

/// What happens to one request.
#[derive(Clone)]
pub(crate) enum Reply {
    Answer(u16, Vec<(String, String)>, Vec<u8>),
    /// The connection could not be made.
    Refused,
    /// The connection broke after the request was sent.
    Reset,
}

/// An answer with a JSON body.
pub(crate) fn json(status: u16, body: Value) -> Reply {
    Reply::Answer(status, Vec::new(), body.to_string().into_bytes())
}

/// An answer with any body.
pub(crate) fn raw(status: u16, body: &str) -> Reply {
    Reply::Answer(status, Vec::new(), body.as_bytes().to_vec())
}

impl Reply {
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Reply {
        if let Reply::Answer(_, headers, _) = &mut self {
            headers.push((name.to_owned(), value.into()));
        }
        self
    }
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Method and path.
    pub(crate) fn line(&self) -> String {
        let path = self.url.trim_start_matches(HOST);
        format!("{} {}", self.method, path.split('?').next().unwrap())
    }
}

#[derive(Debug, Default)]
pub(crate) struct Script {
    replies: Mutex<VecDeque<Reply>>,
    /// Given again and again once the script has ended.
    for_ever: Mutex<Option<Reply>>,
    asked: Mutex<Vec<Asked>>,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Reply")
    }
}

impl Script {
    pub(crate) fn of(replies: impl IntoIterator<Item = Reply>) -> Arc<Script> {
        let script = Script::default();
        script.replies.lock().unwrap().extend(replies);
        Arc::new(script)
    }

    pub(crate) fn for_ever(reply: Reply) -> Arc<Script> {
        let script = Script::default();
        *script.for_ever.lock().unwrap() = Some(reply);
        Arc::new(script)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }

    /// A client on this script, without waits.
    pub(crate) fn arm(self: &Arc<Script>) -> Arm {
        self.arm_with(
            Patience::none(),
            rsac_arm::credentials::fixed("secret-token"),
        )
    }

    pub(crate) fn arm_with(
        self: &Arc<Script>,
        patience: Patience,
        credential: Arc<dyn TokenCredential>,
    ) -> Arm {
        let mut options = Options::new(Cloud::named("public").unwrap(), "rsac-test/1");
        options.patience = patience;
        options.transport = Some(self.clone());
        Arm::new(credential, options).unwrap()
    }
}

#[async_trait::async_trait]
impl HttpClient for Script {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let Body::Bytes(body) = request.body() else {
            panic!("a stream was sent");
        };
        self.asked.lock().unwrap().push(Asked {
            method: request.method().as_str().to_owned(),
            url: request.url().to_string(),
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.as_str().to_owned()))
                .collect(),
            body: String::from_utf8_lossy(body).into_owned(),
        });
        let next = self.replies.lock().unwrap().pop_front();
        let reply = next.or_else(|| self.for_ever.lock().unwrap().clone());
        match reply.unwrap_or_else(|| panic!("not in the script: {:?}", self.lines().last())) {
            Reply::Answer(status, pairs, body) => {
                let mut headers = Headers::new();
                for (name, value) in pairs {
                    headers.insert(HeaderName::from(name), HeaderValue::from(value));
                }
                let status = StatusCode::from(status);
                Ok(AsyncRawResponse::from_bytes(status, headers, body))
            }
            Reply::Refused => Err(Error::with_message(ErrorKind::Connection, "refused")),
            Reply::Reset => Err(Error::with_message(ErrorKind::Io, "connection reset")),
        }
    }
}
