//! Walks a recording with the client: each request that began something, or asked, is made
//! again through the operation that this crate has for it, and its end held against the
//! recording's.

use crate::judge::readable;
use crate::oracle;
use crate::recording::Exchange;
use crate::tape::{HOST, Tape};
use rsac_arm::managed_clusters::{AksClusters, ClusterId, Declared, ManagedClusters, kubeconfigs};
use rsac_arm::{
    Arm, ArmError, Begun, Call, Class, Cloud, Method, Operation, Options, Patience, Url,
};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What was driven, for the line at the end.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) steps: u64,
    pub(crate) typed: u64,
    pub(crate) operations: u64,
    pub(crate) errors: u64,
    pub(crate) checked: u64,
    /// The recording does not say what came of it.
    pub(crate) open: u64,
    pub(crate) warnings: u64,
}

pub(crate) struct Driver {
    arm: Arm,
    pub(crate) tape: Arc<Tape>,
    /// Ends are held against the recording's; a spoiled one only has to end.
    checks: bool,
    pub(crate) counts: Counts,
}

impl Driver {
    pub(crate) fn new(exchanges: Vec<Exchange>, checks: bool) -> Result<Driver, String> {
        let tape = Arc::new(Tape::new(exchanges));
        let cloud = Cloud::named("public").map_err(|error| error.to_string())?;
        let mut options = Options::new(cloud, "rsac-replay/1");
        options.patience = Patience::none();
        options.transport = Some(tape.clone());
        let arm = Arm::new(rsac_arm::credentials::fixed("token"), options)
            .map_err(|error| error.to_string())?;
        Ok(Driver {
            arm,
            tape,
            checks,
            counts: Counts::default(),
        })
    }

    pub(crate) async fn run(&mut self) -> Result<(), String> {
        for index in 0..self.tape.exchanges().len() {
            if self.tape.is_used(index) {
                continue;
            }
            self.counts.steps += 1;
            let exchange = self.tape.exchanges()[index].clone();
            let outcome = self.step(index, &exchange).await;
            let missed = self.tape.take_missed();
            if let Err(why) = outcome
                && self.checks
                && missed.is_empty()
            {
                return Err(format!(
                    "request {index}, {} {}: {why}",
                    exchange.method,
                    exchange.url.split('?').next().unwrap_or_default()
                ));
            }
            if !missed.is_empty() {
                self.counts.open += 1;
            }
        }
        self.counts.requests = self.tape.requests();
        match self.tape.unsigned() {
            0 => Ok(()),
            unsigned => Err(format!("{unsigned} requests were not signed")),
        }
    }

    async fn step(&mut self, index: usize, exchange: &Exchange) -> Result<(), String> {
        let Some(call) = call(exchange) else {
            self.counts.open += 1;
            return Ok(());
        };
        match call.method {
            Method::Get => self.read(index, exchange, &call).await,
            Method::Head => {
                let there = self.arm.exists(&call.path, &call.api).await;
                self.judge_read(index, there.map(|there| there.then_some(Value::Null)), true)
            }
            Method::Post if credentials(&call.path) => self.credentials(index, &call).await,
            _ => self.mutate(index, exchange, call).await,
        }
    }

    async fn read(&mut self, index: usize, exchange: &Exchange, call: &Call) -> Result<(), String> {
        let lists = exchange
            .json()
            .is_some_and(|body| body.get("value").is_some_and(Value::is_array));
        if lists {
            let all = self.arm.list_call(call).await;
            return self.judge_list(index, all);
        }
        let read = match cluster(&call.path) {
            Some((id, "")) => {
                self.counts.typed += 1;
                AksClusters::new(self.arm.clone())
                    .at(&call.api)
                    .get(&id)
                    .await
            }
            _ => self.arm.read(call).await,
        };
        self.judge_read(index, read, false)
    }

    async fn credentials(&mut self, index: usize, call: &Call) -> Result<(), String> {
        let answers = oracle::answers(self.tape.exchanges(), index);
        let user = cluster(&call.path)
            .filter(|(_, action)| action.eq_ignore_ascii_case("listClusterUserCredential"));
        let read = match user {
            Some((id, _)) if call.query.is_empty() && call.body.is_none() => {
                self.counts.typed += 1;
                let clusters = AksClusters::new(self.arm.clone()).at(&call.api);
                clusters.user_credentials(&id).await
            }
            _ => match self.arm.run(call).await {
                Ok(body) => kubeconfigs(&body.unwrap_or(Value::Null), "credentials"),
                Err(error) => Err(error),
            },
        };
        let recorded = answers
            .iter()
            .filter_map(|at| self.tape.exchanges()[*at].json())
            .find_map(|body| body.get("kubeconfigs")?.as_array().cloned());
        match (read, recorded) {
            (Ok(read), Some(recorded)) if read.len() == recorded.len() => self.checked(),
            (Ok(read), _) => Err(format!(
                "{} kubeconfigs, but recorded otherwise",
                read.len()
            )),
            (Err(error), Some(recorded)) => {
                // Recordings blank what is secret: then it is no base64.
                readable(&error)?;
                let value = |one: &Value| one.get("value")?.as_str().map(str::to_owned);
                let blanked = recorded.is_empty()
                    || recorded.iter().filter_map(value).any(|value| {
                        azure_core::base64::decode(value)
                            .ok()
                            .and_then(|bytes| String::from_utf8(bytes).ok())
                            .is_none()
                    });
                if blanked && error.class() == Class::Unreadable {
                    return self.checked();
                }
                Err(format!("credentials are recorded, but: {error}"))
            }
            (Err(error), None) => self.judge_error(&error, &answers),
        }
    }

    async fn mutate(
        &mut self,
        index: usize,
        exchange: &Exchange,
        call: Call,
    ) -> Result<(), String> {
        let begun = self.begin(exchange, &call).await;
        let answers = oracle::answers(self.tape.exchanges(), index);
        let begun = match begun {
            Ok(begun) => begun,
            Err(error) => return self.judge_error(&error, &answers),
        };
        if !oracle::begun_agrees(&begun, self.tape.exchanges(), &answers) {
            return Err(format!("{begun:?} was not recorded"));
        }
        let answer = answers.last().copied().unwrap_or(index);
        let operation = match begun {
            Begun::Done { body, .. } => {
                let recorded = self.tape.exchanges()[answer].json();
                if (200..300).contains(&self.tape.exchanges()[answer].status) && body != recorded {
                    return Err("another body than the recorded one".to_owned());
                }
                return self.checked();
            }
            Begun::Running(operation) => operation,
        };
        self.counts.operations += 1;
        // As a killed run would find it again.
        let saved = serde_json::to_string(&operation).map_err(|error| error.to_string())?;
        let operation: Operation =
            serde_json::from_str(&saved).map_err(|error| error.to_string())?;
        let warnings = AtomicU64::new(0);
        let end = self
            .arm
            .follow(&operation, &|progress| {
                if progress.warning.is_some() {
                    warnings.fetch_add(1, Ordering::Relaxed);
                }
            })
            .await;
        self.counts.warnings += warnings.into_inner();
        self.judge_end(&end, answer)
    }

    async fn begin(&mut self, exchange: &Exchange, call: &Call) -> Result<Begun, ArmError> {
        let Some((id, action)) = cluster(&call.path).filter(|_| call.query.is_empty()) else {
            return self.arm.begin(call).await;
        };
        let clusters = AksClusters::new(self.arm.clone()).at(&call.api);
        match (call.method, action) {
            (Method::Put, "") => {
                let declared = call.body.as_ref().map(Declared::from_json);
                if let Some(Ok(declared)) = declared {
                    self.counts.typed += 1;
                    return clusters.put(&id, &declared).await;
                }
            }
            (Method::Delete, "") => {
                self.counts.typed += 1;
                return clusters.delete(&id).await;
            }
            (Method::Post, "abort") if exchange.sent.is_none() => {
                self.counts.typed += 1;
                return clusters.abort(&id).await;
            }
            _ => {}
        }
        self.arm.begin(call).await
    }
}

/// The request of an exchange as a call, on the client's own host.
fn call(exchange: &Exchange) -> Option<Call> {
    let method = match exchange.method.as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "POST" => Method::Post,
        "DELETE" => Method::Delete,
        _ => return None,
    };
    let url = Url::parse(&exchange.url)
        .or_else(|_| Url::parse(&format!("https://{HOST}{}", exchange.url)))
        .ok()?;
    let mut call = Call::new(method, url.path(), "");
    for (name, value) in url.query_pairs() {
        if name.eq_ignore_ascii_case("api-version") && call.api.is_empty() {
            call.api = value.into_owned();
        } else {
            call = call.with_query(name, value);
        }
    }
    call.body = match &exchange.sent {
        Some(text) => Some(serde_json::from_str(text).ok()?),
        None => None,
    };
    Some(call)
}

/// The cluster of a path, and what follows its name.
fn cluster(path: &str) -> Option<(ClusterId, &str)> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let is = |at: usize, word: &str| {
        parts
            .get(at)
            .is_some_and(|part| part.eq_ignore_ascii_case(word))
    };
    let cluster = is(0, "subscriptions")
        && is(2, "resourceGroups")
        && is(4, "providers")
        && is(5, "Microsoft.ContainerService")
        && is(6, "managedClusters");
    if !cluster || parts.len() > 9 {
        return None;
    }
    let id = ClusterId::new(*parts.get(1)?, *parts.get(3)?, *parts.get(7)?).ok()?;
    Some((id, parts.get(8).copied().unwrap_or_default()))
}

fn credentials(path: &str) -> bool {
    let action = path
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    action.starts_with("listcluster") && action.ends_with("credential")
}
