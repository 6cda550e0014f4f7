//! Accepting connections, bounded in number and time.

use crate::server::MasterError;
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Connections at the same time: a thousand workers keep two each.
const MAX_CONNECTIONS: usize = 4096;
/// A connection that has not sent its request's head by then is closed; this also ends
/// idle ones.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
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

/// Serves until the token is cancelled.
pub(super) async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
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
        let service = TowerToHyperService::new(router.clone());
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(GOODBYE, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("connections were still busy at the end");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
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
