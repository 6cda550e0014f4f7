//! How fast the API server wants to be asked. Where it answers that it is too busy, for how
//! long (`Retry-After`) is heard here, for all calls of the operator: none is sent before.
//!
//! Whoever would write, or reads for a look, gives up at once and looks again later, so that
//! no look sleeps, and none writes by a Lease that has ended meanwhile. Watches, which are
//! no part of a look, wait in the client.

use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use kube::client::Body;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower::{Layer, Service};

/// No server is given more time at once, whatever it asks for.
const LONGEST: Duration = Duration::from_secs(60);
/// For one that is too busy to say.
const UNSAID: Duration = Duration::from_secs(1);

/// Shared by all that call the API server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pace(Arc<Mutex<Option<Instant>>>);

impl Pace {
    fn until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long nothing is to be asked; none where it may be now.
    pub(crate) fn rest(&self) -> Option<Duration> {
        let rest = self
            .until()
            .as_ref()?
            .checked_duration_since(Instant::now());
        rest.filter(|rest| !rest.is_zero())
    }

    fn hear(&self, status: StatusCode, headers: &HeaderMap) {
        if !matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        ) {
            return;
        }
        let asked = headers.get(header::RETRY_AFTER);
        let seconds = asked.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let wait = seconds.map_or(UNSAID, Duration::from_secs).min(LONGEST);
        let until = Instant::now() + wait;
        let mut now = self.until();
        if now.is_none_or(|now| now < until) {
            tracing::warn!(
                seconds = wait.as_secs(),
                "the API server is too busy ({}); it is asked again later",
                status.as_u16()
            );
            *now = Some(until);
        }
    }
}

impl<S> Layer<S> for Pace {
    type Service = Paced<S>;

    fn layer(&self, inner: S) -> Paced<S> {
        Paced {
            inner,
            pace: self.clone(),
        }
    }
}

/// A client's service that hears, and whose reading calls wait.
#[derive(Clone)]
pub(crate) struct Paced<S> {
    inner: S,
    pace: Pace,
}

type Answering<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl<S, B> Service<Request<Body>> for Paced<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Send,
    B: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Answering<S::Response, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let pace = self.pace.clone();
        let waits = request.method() == Method::GET;
        let answer = self.inner.call(request);
        Box::pin(async move {
            // Nothing is sent before the answer is waited for.
            if waits && let Some(rest) = pace.rest() {
                tokio::time::sleep(rest).await;
            }
            let answer = answer.await?;
            pace.hear(answer.status(), answer.headers());
            Ok(answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Gate;
    use crate::metrics::Metrics;
    use crate::writer::{CallError, Writer};
    use axum::Router;
    use axum::http::HeaderValue;
    use axum::response::IntoResponse;
    use k8s_openapi::api::core::v1::Secret;
    use kube::Config;
    use tokio::net::TcpListener;

    const SECRET: &str = r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}"#;

    fn heard(status: u16, wait: Option<&'static str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        if let Some(wait) = wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(wait));
        }
        let pace = Pace::default();
        pace.hear(StatusCode::from_u16(status).unwrap(), &headers);
        pace.rest()
    }

    #[test]
    fn a_rest_is_as_long_as_the_server_says_and_never_without_end() {
        let seconds = |status, wait| heard(status, wait).map(|rest| rest.as_secs_f64().ceil());
        assert_eq!(seconds(429, Some("7")), Some(7.0));
        assert_eq!(seconds(503, Some(" 20 ")), Some(20.0));
        assert_eq!(seconds(429, Some("86400")), Some(60.0));
        for unsaid in [None, Some("Thu, 01 Jan 2026 00:00:00 GMT")] {
            assert_eq!(seconds(429, unsaid), Some(1.0));
        }
        for fine in [200, 404, 409, 500] {
            assert_eq!(seconds(fine, Some("7")), None, "{fine}");
        }
    }

    #[tokio::test]
    async fn a_busy_server_hears_nothing_until_its_rest_is_over() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Instant>>> = Arc::default();
        let record = Arc::clone(&asked);
        let app = Router::new().fallback(async move || {
            let mut record = record.lock().unwrap();
            record.push(Instant::now());
            if record.len() > 1 {
                return SECRET.into_response();
            }
            let wait = [(header::RETRY_AFTER, "1")];
            (StatusCode::TOO_MANY_REQUESTS, wait, "too many requests\n").into_response()
        });
        tokio::spawn(async move { axum::serve(listener, app).await });

        let pace = Pace::default();
        let mut config = Config::new(server.parse().unwrap());
        config.default_retry = false;
        let client = crate::cluster::with(config, Some(&pace)).unwrap();
        let metrics = Arc::new(Metrics::default());
        let writer = Writer::new(client, Gate::open(), pace, metrics);
        let secret: Secret = serde_json::from_str(SECRET).unwrap();
        let api = writer.api::<Secret>("jobs");

        let refused = writer.create(&secret).await.unwrap_err();
        assert_eq!(refused.code(), Some(429));
        for early in [
            writer.create(&secret).await.unwrap_err(),
            writer.read(api.get("x")).await.unwrap_err(),
        ] {
            assert!(matches!(early, CallError::Later(_)), "{early}");
        }
        assert!(writer.rest().is_some());
        assert_eq!(asked.lock().unwrap().len(), 1);
        // As a watch does, which nobody tells to wait.
        api.get("x").await.unwrap();
        let times = asked.lock().unwrap().clone();
        assert_eq!(times.len(), 2);
        assert!(times[1] - times[0] >= Duration::from_secs(1));
        assert!(writer.rest().is_none());
        writer.create(&secret).await.unwrap();
    }
}
