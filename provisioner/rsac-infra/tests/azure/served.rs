//! Routes behind a port of loopback, for as long as a test holds them.

use axum::Router;
use tokio::runtime::Runtime;

/// Ends when it is dropped.
pub(crate) struct Served {
    /// `127.0.0.1:PORT`.
    pub(crate) host: String,
    runtime: Option<Runtime>,
}

impl Served {
    /// Serves what `routes` makes of the host.
    pub(crate) fn start(routes: impl FnOnce(&str) -> Router) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let routes = routes(&host);
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Self {
            host,
            runtime: Some(runtime),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
