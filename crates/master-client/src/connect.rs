//! Ways to a master: its address, or through the Kubernetes API's port-forward.

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A connection to a master, before TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A way to a master.
#[derive(Debug, Clone)]
pub enum Way {
    /// `host:port`, where the caller is in the master's network.
    Dial(String),
    /// The port of a pod, through the Kubernetes API: from anywhere that reaches it. Wants
    /// the right to `create` `pods/portforward`.
    PortForward {
        /// The namespace's pods.
        pods: Box<Api<Pod>>,
        /// Which of them.
        pod: String,
        /// Its port.
        port: u16,
    },
}

/// Connecting takes no longer than this.
const CONNECT: Duration = Duration::from_secs(5);

impl Way {
    pub(crate) async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        tokio::time::timeout(CONNECT, self.connect_slowly())
            .await
            .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)))
    }

    async fn connect_slowly(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Self::Dial(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            Self::PortForward { pods, pod, port } => {
                let mut forward = pods
                    .portforward(pod, &[*port])
                    .await
                    .map_err(io::Error::other)?;
                let stream = forward
                    .take_stream(*port)
                    .ok_or_else(|| io::Error::other("the port-forward has no stream"))?;
                // The forwarder moves bytes until the stream is dropped.
                tokio::spawn(async move {
                    if let Err(error) = forward.join().await {
                        tracing::debug!(%error, "a port-forward ended");
                    }
                });
                Ok(Box::new(stream))
            }
        }
    }
}
