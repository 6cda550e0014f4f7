//! Accepting connections, bounded in number and time.

use crate::server::MasterError;
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// Connections at the same time: a thousand workers keep two each.
const MAX_CONNECTIONS: usize = 4096;
/// A connection that has not sent its request's head by then is closed; this also ends
/// idle ones.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// A handshake is two small messages.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// What is under way at the end may take this long.
const GOODBYE: Duration = Duration::from_secs(5);

/// Listens on `address`, or with `fallback`, when its port is taken, on any other.
pub(super) async fn bind(address: SocketAddr, fallback: bool) -> Result<TcpListener, MasterError> {
    let error = |source| MasterError::Listen { address, source };
    match TcpListener::bind(address).await {
        Err(source) if fallback && source.kind() == io::ErrorKind::AddrInUse => {
            tracing::info!(%address, "the port is taken: another is used");
            let any = SocketAddr::new(address.ip(), 0);
            TcpListener::bind(any).await.map_err(error)
        }
        bound => bound.map_err(error),
    }
}

/// The address for others to connect to.
pub(super) fn reachable(listener: &TcpListener) -> io::Result<SocketAddr> {
    let mut address = listener.local_addr()?;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    Ok(address)
}

/// Serves until the token is cancelled; in TLS where there is an acceptor.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    shutdown: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = shutdown.cancelled() => break,
        };
        let Some((stream, place)) = accepted else {
            continue;
        };
        let router = router.clone();
        let watcher = graceful.watcher();
        match &tls {
            None => {
                tokio::spawn(converse(stream, router, watcher, place));
            }
            Some(tls) => {
                let handshake = tls.accept(stream);
                tokio::spawn(async move {
                    match tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await {
                        Ok(Ok(stream)) => converse(stream, router, watcher, place).await,
                        Ok(Err(error)) => tracing::debug!(%error, "no TLS connection"),
                        Err(_) => tracing::debug!("a TLS handshake took too long"),
                    }
                });
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(GOODBYE, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("connections were still busy at the end");
    }
}

/// Serves one connection to its end.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    watcher: Watcher,
    _place: OwnedSemaphorePermit,
) {
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Requests are small and waited for.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "no TCP_NODELAY");
            }
            Some((stream, place))
        }
        Err(error) => {
            // Out of file descriptors, say: do not spin.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(200)).await;
            None
        }
    }
}
