//! What every look at a job has at hand.

use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::options::{Access, Options};
use crate::watch::Stores;
use crate::writer::Writer;
use kube::Client;
use kube::runtime::events::Recorder;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Of one controller: of one namespace, or of all.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) writer: Writer,
    pub(crate) stores: Stores,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) options: Arc<Options>,
    memories: Mutex<Memories>,
}

type Key = (String, String);
type Memories = HashMap<Key, Arc<tokio::sync::Mutex<Memory>>>;

impl Context {
    pub(crate) fn new(
        client: Client,
        writer: Writer,
        stores: Stores,
        recorder: Recorder,
        metrics: Arc<Metrics>,
        options: Arc<Options>,
    ) -> Self {
        Self {
            client,
            writer,
            stores,
            recorder,
            metrics,
            options,
            memories: Mutex::default(),
        }
    }

    fn memories(&self) -> std::sync::MutexGuard<'_, Memories> {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is remembered of a job; nothing yet of one made anew under an old name.
    pub(crate) async fn memory(
        &self,
        namespace: &str,
        name: &str,
        uid: &str,
    ) -> tokio::sync::OwnedMutexGuard<Memory> {
        let key = (namespace.to_owned(), name.to_owned());
        let memory = self.memories().entry(key).or_default().clone();
        let mut memory = memory.lock_owned().await;
        if memory.uid != uid {
            *memory = Memory {
                uid: uid.to_owned(),
                ..Memory::default()
            };
        }
        memory
    }

    /// The job is gone.
    pub(crate) fn forget(&self, namespace: &str, name: &str) {
        self.memories()
            .remove(&(namespace.to_owned(), name.to_owned()));
    }

    /// Whether masters are in reach without the API server.
    pub(crate) fn in_cluster(&self) -> bool {
        self.options.access == Access::Pod
    }
}
