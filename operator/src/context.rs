//! What every look at a job has at hand.

use crate::announced::Announced;
use crate::memories::Memories;
use crate::metrics::Metrics;
use crate::options::{Access, Options};
use crate::watch::Stores;
use crate::writer::Writer;
use kube::Client;
use kube::runtime::events::Recorder;
use std::sync::Arc;

/// Of one controller: of one namespace, or of all.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) writer: Writer,
    pub(crate) stores: Stores,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) announced: Announced,
    pub(crate) options: Arc<Options>,
    pub(crate) memories: Memories,
}

impl Context {
    pub(crate) fn new(
        client: Client,
        writer: Writer,
        stores: Stores,
        recorder: Recorder,
        metrics: Arc<Metrics>,
        announced: Announced,
        options: Arc<Options>,
    ) -> Self {
        Self {
            client,
            writer,
            stores,
            recorder,
            metrics,
            announced,
            options,
            memories: Memories::default(),
        }
    }

    /// Whether masters are in reach without the API server.
    pub(crate) fn in_cluster(&self) -> bool {
        self.options.access == Access::Pod
    }
}
