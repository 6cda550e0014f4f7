//! The routes: decode, ask the engine, encode.

use super::engine::{Handle, UnitsQuery};
use super::metrics;
use crate::{ReceivedReport, Reply, Request};
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Query, Request as HttpRequest, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rsac_protocol::{MAX_REPORT_BYTES, Problem, ProblemCode, Stage, routes};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Bodies other than reports.
const MAX_BODY: usize = 64 * 1024;
/// A whole request: its body, the commit, its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const PAGE: usize = 200;
/// Reports that are read, decoded or waiting at the same time; of others the body is not
/// read yet. Bounds the memory that they take together.
const MAX_REPORTS: usize = 128;

/// What every route knows.
pub(super) struct App {
    engine: Handle,
    /// SHA-256 of the token: comparing digests takes the same time for any guess.
    token: [u8; 32],
    reports: Semaphore,
}

impl App {
    pub(super) fn new(engine: Handle, token: &str) -> Self {
        Self {
            engine,
            token: Sha256::digest(token.as_bytes()).into(),
            reports: Semaphore::new(MAX_REPORTS),
        }
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let value = headers.get(header::AUTHORIZATION);
        let token = value.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        token.is_some_and(|token| <[u8; 32]>::from(Sha256::digest(token)) == self.token)
    }
}

/// All routes on one address: for a master that only its own machine reaches.
pub(super) fn all(app: Arc<App>) -> Router {
    let guard = middleware::from_fn_with_state(Arc::clone(&app), authorize);
    let routes = asked(&app).route_layer(guard).merge(open()).merge(probes());
    finish(routes, app)
}

/// All routes, each for who has the token.
pub(super) fn all_guarded(app: Arc<App>) -> Router {
    let guard = middleware::from_fn_with_state(Arc::clone(&app), authorize);
    let routes = asked(&app).merge(open()).merge(probes());
    finish(routes.route_layer(guard), app)
}

/// What anyone on the machine may read, in the first system's words.
pub(super) fn progress_alone(app: Arc<App>) -> Router {
    finish(open(), app)
}

/// For who watches the process.
pub(super) fn watched(app: Arc<App>) -> Router {
    finish(probes(), app)
}

/// The workers' API, and what controllers and people ask.
fn asked(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route(routes::REGISTER, post(register))
        .route(routes::ACQUIRE, post(acquire))
        .route(routes::HEARTBEAT, post(heartbeat))
        .route(routes::RELEASE, post(release))
        .route(routes::SUMMARY, get(summary))
        .route(routes::SOLUTION, get(solution))
        .route(routes::UNITS, get(units))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route(
            routes::REPORT,
            post(report)
                .layer(DefaultBodyLimit::max(MAX_REPORT_BYTES))
                .layer(middleware::from_fn_with_state(Arc::clone(app), in_turn)),
        )
}

fn open() -> Router<Arc<App>> {
    Router::new().route(routes::PROGRESS, get(progress))
}

fn probes() -> Router<Arc<App>> {
    Router::new()
        .route(routes::HEALTHZ, get(|| async { "ok\n" }))
        .route(routes::READYZ, get(readyz))
        .route(routes::METRICS, get(metrics_page))
}

fn finish(routes: Router<Arc<App>>, app: Arc<App>) -> Router {
    let not_found = |what: &str| refusal(problem(ProblemCode::NotFound, what));
    routes
        .method_not_allowed_fallback(
            move || async move { not_found("this route has no such method") },
        )
        .fallback(move || async move { not_found("there is no such route") })
        .layer(middleware::from_fn(in_time))
        .with_state(app)
}

type Shared = State<Arc<App>>;

async fn authorize(State(app): Shared, request: HttpRequest, next: Next) -> Response {
    if app.admits(request.headers()) {
        return next.run(request).await;
    }
    let words = "this route wants the job's token: Authorization: Bearer …";
    refusal(problem(ProblemCode::Unauthorized, words))
}

async fn in_turn(State(app): Shared, request: HttpRequest, next: Next) -> Response {
    let Ok(_place) = app.reports.acquire().await else {
        return refusal(problem(ProblemCode::Later, "the master is ending"));
    };
    next.run(request).await
}

async fn in_time(request: HttpRequest, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => refusal(problem(ProblemCode::Later, "the request took too long")),
    }
}

fn problem(code: ProblemCode, message: impl Into<String>) -> Problem {
    Problem {
        code,
        message: message.into(),
    }
}

fn refusal(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.code.status());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(problem)).into_response()
}

/// A JSON body, or the refusal of one.
type JsonBody<T> = Result<Json<T>, axum::extract::rejection::JsonRejection>;

fn body<T>(body: JsonBody<T>) -> Result<T, Problem> {
    let Json(body) = body.map_err(|rejection| {
        let code = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ProblemCode::TooLarge,
            _ => ProblemCode::Malformed,
        };
        problem(code, rejection.body_text())
    })?;
    Ok(body)
}

async fn ask<T: DeserializeOwned>(
    app: &App,
    request: JsonBody<T>,
    into: impl FnOnce(T) -> Request,
) -> Response {
    match body(request) {
        Ok(request) => answer(app.engine.worker(into(request)).await),
        Err(problem) => refusal(problem),
    }
}

fn answer(response: crate::Response) -> Response {
    match response {
        Ok(Reply::Register(answer)) => Json(answer).into_response(),
        Ok(Reply::Acquire(answer)) => Json(answer).into_response(),
        Ok(Reply::Heartbeat(answer)) => Json(answer).into_response(),
        Ok(Reply::Report(answer)) => Json(answer).into_response(),
        Ok(Reply::Release(answer)) => Json(answer).into_response(),
        Err(problem) => refusal(problem),
    }
}

async fn register(
    State(app): Shared,
    request: JsonBody<rsac_protocol::RegisterRequest>,
) -> Response {
    ask(&app, request, Request::Register).await
}

async fn acquire(State(app): Shared, request: JsonBody<rsac_protocol::AcquireRequest>) -> Response {
    ask(&app, request, Request::Acquire).await
}

async fn heartbeat(
    State(app): Shared,
    request: JsonBody<rsac_protocol::HeartbeatRequest>,
) -> Response {
    ask(&app, request, Request::Heartbeat).await
}

async fn release(State(app): Shared, request: JsonBody<rsac_protocol::ReleaseRequest>) -> Response {
    ask(&app, request, Request::Release).await
}

async fn report(
    State(app): Shared,
    bytes: Result<axum::body::Bytes, axum::extract::rejection::BytesRejection>,
) -> Response {
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(rejection) => {
            let code = match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => ProblemCode::TooLarge,
                _ => ProblemCode::Malformed,
            };
            return refusal(problem(code, rejection.body_text()));
        }
    };
    match ReceivedReport::decode(bytes.into()) {
        Ok(report) => answer(app.engine.worker(Request::Report(report)).await),
        Err(error) => refusal(problem(ProblemCode::Malformed, error.to_string())),
    }
}

async fn summary(State(app): Shared) -> Response {
    match app.engine.summary().await {
        Ok(summary) => Json(summary).into_response(),
        Err(problem) => refusal(problem),
    }
}

async fn solution(State(app): Shared) -> Response {
    match app.engine.solution().await {
        Ok(Some(solution)) => Json(solution).into_response(),
        Ok(None) => refusal(problem(ProblemCode::NotFound, "there is no solution yet")),
        Err(problem) => refusal(problem),
    }
}

#[derive(Deserialize)]
struct Page {
    plan: Option<u64>,
    after: Option<u64>,
    limit: Option<usize>,
}

async fn units(
    State(app): Shared,
    page: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let page = match page {
        Ok(Query(page)) => page,
        Err(rejection) => return refusal(problem(ProblemCode::Malformed, rejection.body_text())),
    };
    let query = UnitsQuery {
        plan: page.plan,
        after: page.after,
        limit: page.limit.unwrap_or(PAGE),
    };
    match app.engine.units(query).await {
        Ok(page) => Json(page).into_response(),
        Err(problem) => refusal(problem),
    }
}

async fn progress(State(app): Shared) -> Response {
    match app.engine.progress().await {
        Ok(progress) => {
            let json = [(header::CONTENT_TYPE, "application/json")];
            (json, progress.to_json()).into_response()
        }
        Err(problem) => refusal(problem),
    }
}

async fn readyz(State(app): Shared) -> Response {
    let unavailable = match app.engine.summary().await {
        Ok(summary) if summary.stage == Stage::Done => None,
        Ok(summary) => summary.ledger_unavailable,
        Err(problem) => Some(problem.message),
    };
    match unavailable {
        None => "ok\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn metrics_page(State(app): Shared) -> Response {
    match app.engine.metrics().await {
        Ok((summary, counters)) => Response::builder()
            .header(header::CONTENT_TYPE, metrics::CONTENT_TYPE)
            .body(Body::from(metrics::page(&summary, &counters)))
            .unwrap_or_else(|error| refusal(problem(ProblemCode::Internal, error.to_string()))),
        Err(problem) => refusal(problem),
    }
}
