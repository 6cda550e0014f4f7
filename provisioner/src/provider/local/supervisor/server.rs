//! The resource's verbs over the socket. A word is answered when its change is on
//! disk; what follows from it is the keepers' work.

use super::listener::OwnersListener;
use super::master_client::MasterClient;
use super::store::Store;
use super::{logs, solutions, watch};
use crate::access::{AccessError, LogQuery};
use crate::provider::local::layout::Layout;
use crate::provider::local::wire::{
    self, AppliedAnswer, Greeting, PatchQuery, UnitsQuery, WatchQuery,
};
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::stream::{self, Stream, StreamExt};
use rsac_api::RSACracker;
use rsac_api::conditions::ConditionType;
use rsac_protocol::UnitsPage;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a request may take to be read and answered; streams, once begun, and
/// deletions, which wait for children to end, take what they need.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What the handlers need.
#[derive(Debug, Clone)]
pub(super) struct Verbs {
    pub(super) store: Arc<Store>,
    pub(super) layout: Layout,
    pub(super) http: reqwest::Client,
    pub(super) shutdown: CancellationToken,
}

/// Serves until the shutdown.
pub(super) async fn serve(listener: OwnersListener, verbs: Verbs) -> std::io::Result<()> {
    let shutdown = verbs.shutdown.clone();
    axum::serve(listener, router(verbs))
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .await
}

fn router(verbs: Verbs) -> Router {
    Router::new()
        .route(wire::HELLO, get(async || Json(Greeting::own())))
        .route(wire::CRACKERS, get(list).post(create).put(apply))
        .route(wire::SOLUTION, get(solution))
        .route(wire::UNITS, get(units))
        .route(wire::PROGRESS, get(progress))
        .route(wire::LOGS, get(log_lines))
        .route(wire::WATCH, get(watch_changes))
        .layer(middleware::from_fn(in_time))
        .route(wire::CRACKER, get(get_one).patch(patch).delete(delete))
        .fallback(async || Refusal(AccessError::Other("no such route".into())))
        .layer(DefaultBodyLimit::max(wire::MAX_REQUEST_BYTES))
        .with_state(verbs)
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal(AccessError::Other(format!(
            "the supervisor did not answer within {} seconds",
            TIMEOUT.as_secs()
        )))
        .into_response(),
    }
}

type Answer<T> = Result<Json<T>, Refusal>;

/// A refusal, as it is sent.
struct Refusal(AccessError);

impl From<AccessError> for Refusal {
    fn from(error: AccessError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(wire::status(&self.0))
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.0)).into_response()
    }
}

async fn list(State(verbs): State<Verbs>) -> Json<Vec<RSACracker>> {
    let all = verbs.store.list();
    Json(
        all.iter()
            .map(|cracker| RSACracker::clone(cracker))
            .collect(),
    )
}

async fn get_one(State(verbs): State<Verbs>, Path(name): Path<String>) -> Answer<RSACracker> {
    let found = verbs.store.get(&name);
    let found = found.ok_or(AccessError::NotFound(name))?;
    Ok(Json(RSACracker::clone(&found)))
}

async fn create(State(verbs): State<Verbs>, body: Bytes) -> Answer<RSACracker> {
    let cracker = read(&body)?;
    in_store(&verbs, move |store| store.create(cracker)).await
}

async fn apply(State(verbs): State<Verbs>, body: Bytes) -> Answer<AppliedAnswer> {
    let manifest: RSACracker = read(&body)?;
    in_store(&verbs, move |store| {
        let (cracker, applied) = store.apply(manifest)?;
        Ok(AppliedAnswer { cracker, applied })
    })
    .await
}

async fn patch(
    State(verbs): State<Verbs>,
    Path(name): Path<String>,
    Query(query): Query<PatchQuery>,
    body: Bytes,
) -> Answer<RSACracker> {
    let patch = read(&body)?;
    in_store(&verbs, move |store| {
        store.patch(&name, &patch, query.resource_version.as_deref())
    })
    .await
}

async fn delete(State(verbs): State<Verbs>, Path(name): Path<String>) -> Answer<()> {
    let mut changes = verbs.store.changes();
    let Json(uid) = in_store(&verbs, move |store| store.mark_deleted(&name)).await?;
    loop {
        changes.borrow_and_update();
        if !verbs.store.has_uid(&uid) {
            return Ok(Json(()));
        }
        tokio::select! {
            changed = changes.changed() => {
                changed.map_err(|_| ending())?;
            }
            () = verbs.shutdown.cancelled() => return Err(ending().into()),
        }
    }
}

fn ending() -> AccessError {
    AccessError::Unreachable("the supervisor is being ended; it goes on when it is back".into())
}

async fn solution(
    State(verbs): State<Verbs>,
    Path(name): Path<String>,
) -> Answer<Option<rsac_protocol::Solution>> {
    let cracker = verbs
        .store
        .get(&name)
        .ok_or(AccessError::NotFound(name.clone()))?;
    // Without a number there is no answer to it.
    let number = cracker
        .spec
        .target()
        .map(|target| target.number.to_string());
    let stored = number.map(|number| solutions::stored(&verbs.layout.job(&name), &number));
    Ok(Json(stored.unwrap_or(Ok(None))?))
}

async fn units(
    State(verbs): State<Verbs>,
    Path(name): Path<String>,
    Query(query): Query<UnitsQuery>,
) -> Answer<UnitsPage> {
    let master = master(&verbs, &name)?;
    Ok(Json(master.units(query.plan, query.after).await?))
}

async fn progress(State(verbs): State<Verbs>, Path(name): Path<String>) -> Result<String, Refusal> {
    Ok(master(&verbs, &name)?.progress().await?)
}

fn master(verbs: &Verbs, name: &str) -> Result<MasterClient, AccessError> {
    if verbs.store.get(name).is_none() {
        return Err(AccessError::NotFound(name.to_owned()));
    }
    Ok(MasterClient::new(
        verbs.http.clone(),
        name,
        verbs.layout.job(name),
    ))
}

async fn log_lines(
    State(verbs): State<Verbs>,
    Path(name): Path<String>,
    Query(query): Query<LogQuery>,
) -> Result<Response, Refusal> {
    if verbs.store.get(&name).is_none() {
        return Err(AccessError::NotFound(name).into());
    }
    let store = verbs.store.clone();
    let job = verbs.layout.job(&name);
    let lines = logs::stream(job, query, move || {
        store.get(&name).is_none_or(|cracker| is_over(&cracker))
    });
    let lines = stream::unfold(lines, async |mut lines| Some((lines.recv().await?, lines)));
    Ok(json_lines(lines, &verbs))
}

/// Whether nothing is to be heard of a job any more: it has ended, and its workers too.
fn is_over(cracker: &RSACracker) -> bool {
    let generation = cracker.metadata.generation;
    cracker.status.as_ref().is_some_and(|status| {
        status.observed_generation == generation
            && status.is_true(ConditionType::Accepted)
            && status.is_true(ConditionType::Finished)
            && status.workers == 0
    })
}

async fn watch_changes(State(verbs): State<Verbs>, Query(query): Query<WatchQuery>) -> Response {
    json_lines(watch::changes(verbs.store.clone(), query.name), &verbs)
}

/// A body of JSON lines, which ends with the supervisor.
fn json_lines<T: Serialize + 'static>(
    items: impl Stream<Item = T> + Send + 'static,
    verbs: &Verbs,
) -> Response {
    let lines = items
        .map(|item| {
            serde_json::to_vec(&item).map(|mut line| {
                line.push(b'\n');
                Bytes::from(line)
            })
        })
        .take_until(verbs.shutdown.clone().cancelled_owned());
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    (kind, Body::from_stream(lines)).into_response()
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, AccessError> {
    serde_json::from_slice(body)
        .map_err(|error| AccessError::Invalid(vec![format!("the request is unreadable: {error}")]))
}

/// The store writes and syncs files: not on a thread that serves others.
async fn in_store<T: Send + 'static>(
    verbs: &Verbs,
    act: impl FnOnce(&Store) -> Result<T, AccessError> + Send + 'static,
) -> Answer<T> {
    let store = verbs.store.clone();
    let done = tokio::task::spawn_blocking(move || act(&store)).await;
    let done = done.map_err(|error| AccessError::Other(format!("the store failed: {error}")))?;
    Ok(Json(done?))
}
