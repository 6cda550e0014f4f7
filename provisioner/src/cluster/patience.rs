//! What a client does where the API server is too busy: it waits as long as it is told to
//! (`Retry-After`), and asks again, as long as all that takes less than a user's patience.
//! kube's own policy would wait for minutes, and for as long as any answer says.

use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use kube::client::Body;
use kube::client::retry::RetryPolicy;
use std::time::Duration;
use tokio::time::{Sleep, sleep};
use tower::BoxError;
use tower::retry::{Policy, RetryLayer};

/// All waits of a request together. Whoever asks gives a request 20 s and more.
const PATIENCE: Duration = Duration::from_secs(15);
/// The first wait where none is named; doubles.
const UNSAID: Duration = Duration::from_secs(1);
/// No wait is shorter.
const LEAST: Duration = Duration::from_millis(200);

/// For a client that is being built.
pub(super) fn layer() -> RetryLayer<Patience> {
    RetryLayer::new(Patience::default())
}

/// The same request once more; none where its body was a stream.
pub(super) fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    Policy::<_, Response<Body>, BoxError>::clone_request(&mut RetryPolicy::default(), request)
}

/// Of one request.
#[derive(Clone)]
pub(super) struct Patience {
    /// Knows how to copy a request.
    kube: RetryPolicy,
    waited: Duration,
    next: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            kube: RetryPolicy::default(),
            waited: Duration::ZERO,
            next: UNSAID,
        }
    }
}

impl Patience {
    /// How long to wait before the request is sent again; none where it is not.
    fn wait(
        &mut self,
        method: &Method,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Option<Duration> {
        let said = said(headers);
        let again = match status {
            StatusCode::TOO_MANY_REQUESTS => true,
            // A server that says when to come back has done nothing; of another, only a
            // question may be put twice.
            StatusCode::SERVICE_UNAVAILABLE => said.is_some() || method.is_safe(),
            _ => false,
        };
        let wait = said.unwrap_or(self.next).max(LEAST);
        let waited = self.waited.saturating_add(wait);
        if !again || waited > PATIENCE {
            return None;
        }
        self.waited = waited;
        self.next = self.next.saturating_mul(2);
        Some(wait)
    }
}

/// Seconds; API servers do not name a date.
fn said(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

impl<B> Policy<Request<Body>, Response<B>, BoxError> for Patience {
    type Future = Sleep;

    fn retry(
        &mut self,
        request: &mut Request<Body>,
        result: &mut Result<Response<B>, BoxError>,
    ) -> Option<Sleep> {
        let answer = result.as_ref().ok()?;
        let wait = self.wait(request.method(), answer.status(), answer.headers())?;
        tracing::info!(
            seconds = wait.as_secs_f32(),
            "the API server is too busy ({}); asking again",
            answer.status().as_u16()
        );
        Some(sleep(wait))
    }

    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        Policy::<Request<Body>, Response<B>, BoxError>::clone_request(&mut self.kube, request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Cluster, Target};
    use axum::Router;
    use axum::http::HeaderValue;
    use axum::response::IntoResponse;
    use kube::api::PostParams;
    use kube::core::Request as Asking;
    use std::sync::{Arc, Mutex};
    use std::time::Instant;

    /// An API server that gives the answers of a list, and then its version; and when it was
    /// asked what.
    struct StandIn {
        cluster: Cluster,
        asked: Arc<Mutex<Vec<(Method, Instant)>>>,
        _kubeconfig: tempfile::NamedTempFile,
    }

    type Answer = (u16, Option<&'static str>);

    async fn stand_in(answers: &[Answer]) -> StandIn {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<(Method, Instant)>>> = Arc::default();
        let (answers, record) = (answers.to_vec(), Arc::clone(&asked));
        let app = Router::new().fallback(async move |method: Method| {
            let place = {
                let mut record = record.lock().unwrap();
                record.push((method, Instant::now()));
                record.len() - 1
            };
            let Some((status, wait)) = answers.get(place) else {
                let version = r#"{"major":"1","minor":"35","gitVersion":"v1.35.0","gitCommit":"",
                    "gitTreeState":"","buildDate":"","goVersion":"","compiler":"","platform":""}"#;
                return version.into_response();
            };
            let mut answer = (StatusCode::from_u16(*status).unwrap(), "too busy\n").into_response();
            if let Some(wait) = wait {
                let wait = HeaderValue::from_static(wait);
                answer.headers_mut().insert(header::RETRY_AFTER, wait);
            }
            answer
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        let kubeconfig = tempfile::NamedTempFile::new().unwrap();
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: x\n\
             contexts: [{{name: x, context: {{cluster: c, user: u}}}}]\n\
             clusters: [{{name: c, cluster: {{server: 'http://{address}'}}}}]\n\
             users: [{{name: u, user: {{token: t}}}}]\n"
        );
        std::fs::write(kubeconfig.path(), text).unwrap();
        let target = Target {
            files: vec![kubeconfig.path().to_owned()],
            context: None,
        };
        StandIn {
            cluster: Cluster::open(&target).await.unwrap(),
            asked,
            _kubeconfig: kubeconfig,
        }
    }

    impl StandIn {
        fn gaps(&self) -> Vec<Duration> {
            let asked = self.asked.lock().unwrap();
            let pairs = asked.windows(2);
            pairs.map(|pair| pair[1].1 - pair[0].1).collect()
        }
    }

    #[tokio::test]
    async fn a_busy_server_is_asked_again_when_it_says() {
        let server = stand_in(&[(429, Some("1")), (503, Some("2")), (503, Some("0"))]).await;
        assert_eq!(server.cluster.version().await.unwrap(), "v1.35.0");
        let gaps = server.gaps();
        assert_eq!(gaps.len(), 3);
        for (gap, least) in gaps.iter().zip([1.0, 2.0, 0.2]) {
            assert!(gap.as_secs_f64() >= least, "{gaps:?}");
        }
    }

    #[tokio::test]
    async fn one_that_wants_an_hour_is_given_up_in_its_own_words() {
        let server = stand_in(&[(429, Some("3600"))]).await;
        let error = server.cluster.version().await.unwrap_err().to_string();
        assert!(error.contains("too busy"), "{error}");
        assert_eq!(server.gaps().len(), 0);
    }

    #[tokio::test]
    async fn what_may_have_been_done_is_not_sent_twice() {
        let server = stand_in(&[(503, None), (429, None)]).await;
        let create = || {
            let made = Asking::new("/api/v1/namespaces").create(&PostParams::default(), vec![]);
            server.cluster.client.request_text(made.unwrap())
        };
        assert!(create().await.is_err());
        assert_eq!(server.gaps().len(), 0);
        // Too many requests: this one was turned away.
        create().await.unwrap();
        assert_eq!(server.gaps().len(), 2);
    }

    #[test]
    fn patience_ends() {
        let mut patience = Patience::default();
        let headers = HeaderMap::new();
        let mut waits = Vec::new();
        while let Some(wait) = patience.wait(&Method::GET, StatusCode::TOO_MANY_REQUESTS, &headers)
        {
            waits.push(wait.as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8]);
        for status in [StatusCode::OK, StatusCode::INTERNAL_SERVER_ERROR] {
            let wait = Patience::default().wait(&Method::GET, status, &headers);
            assert_eq!(wait, None, "{status}");
        }
    }
}
