//! A watch: what is there, then every change. It compares what it has told with what
//! is, so a slow reader skips states in between but never misses the last one, and
//! needs no queue.

use super::store::Store;
use crate::provider::local::wire::Change;
use futures_util::stream::{self, Stream, StreamExt};
use rsac_api::RSACracker;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All changes of one resource, or of all. Endless.
pub(super) fn changes(
    store: Arc<Store>,
    name: Option<String>,
) -> impl Stream<Item = Change> + Send + 'static {
    let watching = Watching {
        revisions: store.changes(),
        store,
        name,
        told: BTreeMap::new(),
        begun: false,
    };
    stream::unfold(watching, async |mut watching| {
        let news = watching.news().await?;
        Some((stream::iter(news), watching))
    })
    .flatten()
}

struct Watching {
    store: Arc<Store>,
    revisions: tokio::sync::watch::Receiver<u64>,
    name: Option<String>,
    told: BTreeMap<String, Arc<RSACracker>>,
    begun: bool,
}

impl Watching {
    /// Waits for news (the first time: all that is there). None when the store is gone.
    async fn news(&mut self) -> Option<Vec<Change>> {
        loop {
            if self.begun {
                self.revisions.changed().await.ok()?;
            }
            self.revisions.borrow_and_update();
            let mut news = self.compare();
            if !self.begun {
                self.begun = true;
                news.push(Change::Synced);
            }
            if !news.is_empty() {
                return Some(news);
            }
        }
    }

    fn compare(&mut self) -> Vec<Change> {
        let wanted = self.name.as_deref();
        let now: BTreeMap<_, _> = self
            .store
            .list()
            .into_iter()
            .filter_map(|cracker| Some((cracker.metadata.name.clone()?, cracker)))
            .filter(|(name, _)| wanted.is_none_or(|wanted| wanted == name))
            .collect();
        let gone = self.told.iter().filter(|(name, old)| {
            now.get(*name)
                .is_none_or(|new| new.metadata.uid != old.metadata.uid)
        });
        let mut news: Vec<_> = gone
            .map(|(_, old)| Change::Gone(Box::new(RSACracker::clone(old))))
            .collect();
        let changed = now.iter().filter(|(name, new)| {
            self.told
                .get(*name)
                .is_none_or(|old| old.metadata.resource_version != new.metadata.resource_version)
        });
        news.extend(changed.map(|(_, new)| Change::Now(Box::new(RSACracker::clone(new)))));
        self.told = now;
        news
    }
}
