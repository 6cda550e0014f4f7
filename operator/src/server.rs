//! Health, readiness and metrics, for the kubelet and scrapers: plain, and nothing of any
//! job.

use crate::metrics::{CONTENT_TYPE, Metrics};
use crate::options::OperatorError;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Answers until the token is cancelled. `unready`: why the operator is not ready; none
/// when it is.
///
/// # Errors
/// When the address is taken.
pub(crate) async fn serve(
    address: SocketAddr,
    unready: watch::Receiver<Option<String>>,
    metrics: Arc<Metrics>,
    end: CancellationToken,
) -> Result<(), OperatorError> {
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|source| OperatorError::Listen { address, source })?;
    let routes = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route(
            "/readyz",
            get(async move || match unready.borrow().as_ref() {
                None => (StatusCode::OK, "ok\n".to_owned()),
                Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
            }),
        )
        .route(
            "/metrics",
            get(async move || {
                let page = metrics.page();
                ([(header::CONTENT_TYPE, CONTENT_TYPE)], page).into_response()
            }),
        );
    tokio::spawn(async move {
        let served = axum::serve(listener, routes).with_graceful_shutdown(end.cancelled_owned());
        if let Err(error) = served.await {
            tracing::warn!("health and metrics are no longer served: {error}");
        }
    });
    Ok(())
}
