//! Health, readiness and metrics, for the kubelet and scrapers: plain, and nothing of any
//! job. Masters announce themselves here, and learn nothing by it.

use crate::announced::{Announced, Announcement};
use crate::metrics::{CONTENT_TYPE, Metrics};
use crate::options::OperatorError;
use axum::Router;
use axum::extract::{ConnectInfo, Path};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Where a master's pod announces itself: namespace, job, and the pod's uid.
const ANNOUNCEMENT: &str = "/masters/{namespace}/{job}/{pod}";
/// No name in such a path is longer.
const LONGEST_NAME: usize = 253;

/// Answers until the token is cancelled. `unready`: why the operator is not ready; none
/// when it is.
///
/// # Errors
/// When the address is taken.
pub(crate) async fn serve(
    address: SocketAddr,
    unready: watch::Receiver<Option<String>>,
    metrics: Arc<Metrics>,
    announced: Announced,
    end: CancellationToken,
) -> Result<(), OperatorError> {
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|source| OperatorError::Listen { address, source })?;
    let routes = routes(unready, metrics, announced);
    let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        let served = axum::serve(listener, routes).with_graceful_shutdown(end.cancelled_owned());
        if let Err(error) = served.await {
            tracing::warn!("health and metrics are no longer served: {error}");
        }
    });
    Ok(())
}

fn routes(
    unready: watch::Receiver<Option<String>>,
    metrics: Arc<Metrics>,
    announced: Announced,
) -> Router {
    let counts = metrics.clone();
    let hear =
        async move |ConnectInfo(from): ConnectInfo<SocketAddr>,
                    Path((namespace, job, pod)): Path<(String, String, String)>| {
            let longest = [&namespace, &job, &pod].map(String::len).into_iter().max();
            if longest <= Some(LONGEST_NAME) {
                let of = Announcement { namespace, job };
                if announced.hear(of, &pod, from.ip(), Instant::now()) {
                    counts.announcements.fetch_add(1, Ordering::Relaxed);
                }
            }
            // The same whether there is such a job or not.
            StatusCode::ACCEPTED
        };
    Router::new()
        .route(ANNOUNCEMENT, post(hear))
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
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::{Method, Request};
    use std::net::IpAddr;
    use tower::ServiceExt;

    #[tokio::test]
    async fn a_master_that_announces_itself_is_heard_and_told_nothing() {
        let (_unready, unready_now) = watch::channel(None);
        let (metrics, announced) = (Arc::new(Metrics::default()), Announced::default());
        let routes = routes(unready_now, metrics.clone(), announced.clone());
        let from: SocketAddr = "10.244.1.9:40000".parse().unwrap();
        let send = async |method, path: &str| {
            let request = Request::builder().method(method).uri(path);
            let mut request = request.body(Body::empty()).unwrap();
            request.extensions_mut().insert(ConnectInfo(from));
            let answer = routes.clone().oneshot(request).await.unwrap();
            let status = answer.status();
            let body = axum::body::to_bytes(answer.into_body(), 1000)
                .await
                .unwrap();
            (status, body.len())
        };
        let address = |pod: &str| announced.address(pod, Instant::now());
        let accepted = (StatusCode::ACCEPTED, 0);
        for _ in 0..2 {
            let answer = send(Method::POST, "/masters/jobs/my-rsac/uid-1").await;
            assert_eq!(answer, accepted);
        }
        assert_eq!(address("uid-1"), Some(IpAddr::from([10, 244, 1, 9])));
        assert_eq!(metrics.announcements.load(Ordering::Relaxed), 1);

        let long = "x".repeat(LONGEST_NAME + 1);
        let answer = send(Method::POST, &format!("/masters/jobs/my-rsac/{long}")).await;
        assert_eq!(answer, accepted);
        assert_eq!(address(&long), None);
        let (status, _) = send(Method::GET, "/masters/jobs/my-rsac/uid-2").await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(send(Method::GET, "/healthz").await, (StatusCode::OK, 3));
    }
}
