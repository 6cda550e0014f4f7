//! The supervisor's socket: only its owner may connect, and only so many at once.

use crate::provider::local::wire::MAX_CONNECTIONS;
use axum::serve::Listener;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::unix::SocketAddr;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Accepts the words' connections.
#[derive(Debug)]
pub(super) struct OwnersListener {
    inner: UnixListener,
    connections: Arc<Semaphore>,
    owner: u32,
}

impl OwnersListener {
    /// Listens at `path`; what is there is a socket that a supervisor left, since the
    /// caller holds the supervisor's lock.
    pub(super) fn bind(path: &Path) -> io::Result<Self> {
        crate::provider::local::files::remove(path)?;
        let inner = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self {
            inner,
            connections: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            owner: rustix::process::geteuid().as_raw(),
        })
    }

    fn may_connect(&self, stream: &UnixStream) -> bool {
        const ROOT: u32 = 0;
        match stream.peer_cred() {
            Ok(peer) => peer.uid() == self.owner || peer.uid() == ROOT,
            Err(error) => {
                tracing::warn!(%error, "the peer of a connection is unknown");
                false
            }
        }
    }
}

impl Listener for OwnersListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            let Ok(permit) = self.connections.clone().acquire_owned().await else {
                // Nobody closes the semaphore.
                std::future::pending().await
            };
            match self.inner.accept().await {
                Ok((stream, address)) if self.may_connect(&stream) => {
                    let connection = Connection {
                        stream,
                        _permit: permit,
                    };
                    return (connection, address);
                }
                Ok(_) => tracing::warn!("refused a connection of another user"),
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    // No file descriptor is free, say: others must end first.
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// A connection, counted while it is open.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    _permit: OwnedSemaphorePermit,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
