//! A master's word to the operator that it is there, up to a second before the cluster tells:
//! one empty request, whatever comes of it. The operator finds the master without it, too.

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::{Method, Request, Uri, header};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::net::TcpStream;

/// It is late then, and nothing that anybody waits for.
const WHOLE: Duration = Duration::from_secs(2);

/// Announces this master at `to`, an `http` URL.
pub(super) async fn announce(to: Uri) {
    match tokio::time::timeout(WHOLE, post(&to)).await {
        Ok(Ok(status)) => tracing::debug!(%to, %status, "announced"),
        Ok(Err(why)) => tracing::debug!(%to, %why, "not announced"),
        Err(_) => tracing::debug!(%to, "not announced: no answer"),
    }
}

async fn post(to: &Uri) -> Result<hyper::StatusCode, Box<dyn std::error::Error + Send + Sync>> {
    let host = to.authority().ok_or("it names no host")?.as_str();
    let stream = TcpStream::connect(host).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(to.path())
        .header(header::HOST, host)
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())?;
    let answer = async { Ok(sender.send_request(request).await?.status()) };
    let (answer, _) = tokio::join!(answer, connection);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::extract::Path;
    use axum::http::StatusCode;
    use axum::routing::post;
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    #[tokio::test]
    async fn the_operator_hears_which_pod_of_which_job_it_is() {
        let (tell, mut told) = mpsc::unbounded_channel();
        let hear = async move |Path(path): Path<(String, String, String)>| {
            tell.send(path).unwrap();
            StatusCode::ACCEPTED
        };
        let router = Router::new().route("/masters/{namespace}/{job}/{pod}", post(hear));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let to: Uri = format!("http://{address}/masters/jobs/my-rsac/uid-1")
            .parse()
            .unwrap();
        assert_eq!(super::post(&to).await.unwrap(), StatusCode::ACCEPTED);
        let path = ["jobs", "my-rsac", "uid-1"].map(ToOwned::to_owned);
        assert_eq!(told.recv().await, Some(path.into()));
    }

    #[tokio::test]
    async fn a_master_that_nobody_hears_goes_on() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        announce(format!("http://{address}/masters/a/b/c").parse().unwrap()).await;
        announce("/no/host".parse().unwrap()).await;
    }
}
