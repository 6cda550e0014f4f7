//! A transport that plays a recording: each request is answered with the first answer not
//! yet given to the same method, path and body; one that is asked for again, when no more
//! is recorded, with the last one. Host, case and the order of query parameters are no matter.

use crate::recording::Exchange;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request, StatusCode, Url};
use serde_json::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The client's own endpoint: URLs of other hosts in recordings are played from here.
pub(crate) const HOST: &str = "management.azure.com";

pub(crate) struct Tape {
    exchanges: Vec<Exchange>,
    keys: Vec<Key>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    used: Vec<bool>,
    requests: u64,
    missed: Vec<String>,
    unsigned: u64,
}

#[derive(PartialEq)]
struct Key {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Value>,
}

impl Key {
    fn new(method: &str, url: &str, body: Option<&[u8]>) -> Key {
        let (path, query) = parts(url);
        let body = body.filter(|body| !body.is_empty()).map(|body| {
            serde_json::from_slice(body)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
        });
        Key {
            method: method.to_owned(),
            path,
            query,
            body,
        }
    }
}

/// Path in lower case without slashes that mean nothing, and the query decoded and sorted,
/// without `api-version`.
pub(crate) fn parts(url: &str) -> (String, Vec<(String, String)>) {
    let after_host = match url.split_once("://") {
        Some((_, rest)) => rest.find(['/', '?']).map_or("", |at| &rest[at..]),
        None => url,
    };
    let after_host = after_host.split('#').next().unwrap_or_default();
    let (path, query) = after_host.split_once('?').unwrap_or((after_host, ""));
    let segments: Vec<String> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| segment.to_lowercase().replace("%20", " "))
        .collect();
    let decoded = Url::parse(&format!("https://{HOST}/?{query}"));
    let mut pairs: Vec<(String, String)> = decoded
        .iter()
        .flat_map(Url::query_pairs)
        .filter(|(name, _)| !name.eq_ignore_ascii_case("api-version"))
        .map(|(name, value)| (name.to_lowercase(), value.into_owned()))
        .collect();
    pairs.sort();
    (segments.join("/"), pairs)
}

/// Signatures differ from poll to poll of one operation.
fn significant(query: &[(String, String)]) -> Vec<&(String, String)> {
    let signed = ["t", "c", "s", "h", "sig", "se", "sv", "sp"];
    query
        .iter()
        .filter(|(name, _)| !signed.contains(&name.as_str()))
        .collect()
}

impl Tape {
    pub(crate) fn new(exchanges: Vec<Exchange>) -> Tape {
        let keys = exchanges
            .iter()
            .map(|one| {
                Key::new(
                    &one.method,
                    &one.url,
                    one.sent.as_deref().map(str::as_bytes),
                )
            })
            .collect();
        let used = vec![false; exchanges.len()];
        Tape {
            exchanges,
            keys,
            state: Mutex::new(State {
                used,
                ..State::default()
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    pub(crate) fn is_used(&self, index: usize) -> bool {
        self.state().used.get(index).copied().unwrap_or(true)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.state().requests
    }

    /// Requests that went out without a token.
    pub(crate) fn unsigned(&self) -> u64 {
        self.state().unsigned
    }

    /// Requests since the last call that no answer was recorded for.
    pub(crate) fn take_missed(&self) -> Vec<String> {
        std::mem::take(&mut self.state().missed)
    }

    fn find(&self, wanted: &Key, state: &State) -> Option<usize> {
        let same = |key: &Key| {
            key.method == wanted.method
                && key.path == wanted.path
                && (wanted.method == "GET" || key.body == wanted.body)
        };
        let unused = |index: &usize| !state.used.get(*index).copied().unwrap_or(true);
        let all = || (0..self.keys.len()).filter(|index| same(&self.keys[*index]));
        let exact = || all().filter(|index| self.keys[*index].query == wanted.query);
        let alike = || {
            all()
                .filter(|index| significant(&self.keys[*index].query) == significant(&wanted.query))
        };
        exact()
            .find(unused)
            .or_else(|| alike().find(unused))
            .or_else(|| exact().next_back())
            .or_else(|| alike().next_back())
    }

    fn answer(&self, request: &Request) -> Option<Exchange> {
        let Body::Bytes(body) = request.body() else {
            return None;
        };
        let wanted = Key::new(
            request.method().as_str(),
            request.url().as_str(),
            Some(body),
        );
        let mut state = self.state();
        state.requests += 1;
        let name = HeaderName::from_static("authorization");
        if request.headers().get_optional_str(&name).is_none() {
            state.unsigned += 1;
        }
        match self.find(&wanted, &state) {
            Some(index) => {
                if let Some(used) = state.used.get_mut(index) {
                    *used = true;
                }
                self.exchanges.get(index).cloned()
            }
            None => {
                let missed = format!("{} /{}", wanted.method, wanted.path);
                state.missed.push(missed);
                None
            }
        }
    }
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Tape").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl HttpClient for Tape {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let Some(exchange) = self.answer(request) else {
            let text = "the recording has no answer to this request";
            return Err(Error::with_message(ErrorKind::Other, text));
        };
        let mut headers = Headers::new();
        for (name, value) in &exchange.headers {
            headers.insert(
                HeaderName::from(name.clone()),
                HeaderValue::from(value.clone()),
            );
        }
        Ok(AsyncRawResponse::from_bytes(
            StatusCode::from(exchange.status),
            headers,
            exchange.body,
        ))
    }
}
