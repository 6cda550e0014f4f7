//! A watch over the socket, begun again whenever it breaks.

use super::{SupervisorAccess, unreachable, url};
use crate::access::{AccessError, WatchEvent};
use crate::provider::local::wire::{self, Change, WatchQuery};
use futures_util::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};
use rsac_api::RSACracker;
use std::collections::BTreeMap;

/// How often in a row a stream that breaks at once is begun again.
const MAX_BREAKS: u32 = 5;

/// A watch that outlives the supervisor it was begun with.
pub(super) struct Watch {
    access: SupervisorAccess,
    query: WatchQuery,
    changes: Option<BoxStream<'static, Result<Change, AccessError>>>,
    /// What the reader was told is there, by uid.
    known: BTreeMap<String, Box<RSACracker>>,
    /// After a new beginning: what of it the new supervisor has not told yet.
    unseen: Option<BTreeMap<String, Box<RSACracker>>>,
    breaks: u32,
}

impl Watch {
    /// The resource (or all) as it is, then every change.
    pub(super) async fn open(
        access: SupervisorAccess,
        name: Option<&str>,
    ) -> Result<BoxStream<'static, Result<WatchEvent, AccessError>>, AccessError> {
        let watch = Self {
            access,
            query: WatchQuery {
                name: name.map(str::to_owned),
            },
            changes: None,
            known: BTreeMap::new(),
            unseen: None,
            breaks: 0,
        };
        Ok(watch.begin().await?.events().boxed())
    }

    async fn begin(mut self) -> Result<Self, AccessError> {
        let lines = self.access.lines(&url(wire::WATCH), &self.query).await?;
        self.changes = Some(lines);
        self.unseen = Some(self.known.clone());
        Ok(self)
    }

    fn events(self) -> impl Stream<Item = Result<WatchEvent, AccessError>> + Send {
        stream::try_unfold(self, async |watch| {
            let (events, watch) = watch.next().await?;
            Ok(Some((stream::iter(events.into_iter().map(Ok)), watch)))
        })
        .try_flatten()
    }

    /// The events of the next line; a stream that breaks is begun again.
    async fn next(mut self) -> Result<(Vec<WatchEvent>, Self), AccessError> {
        loop {
            let change = match &mut self.changes {
                Some(changes) => changes.next().await,
                None => None,
            };
            match change {
                Some(Ok(change)) => {
                    self.breaks = 0;
                    return Ok((self.told(change), self));
                }
                broken => {
                    self.breaks += 1;
                    if self.breaks > MAX_BREAKS {
                        let Some(Err(error)) = broken else {
                            let what = "it ends every watch at once";
                            return Err(AccessError::Unreachable(what.to_owned()));
                        };
                        return Err(error);
                    }
                    tracing::debug!("the watch broke and is begun again");
                    self.access
                        .starter
                        .ensure_running()
                        .await
                        .map_err(unreachable)?;
                    self = self.begin().await?;
                }
            }
        }
    }

    fn told(&mut self, change: Change) -> Vec<WatchEvent> {
        match change {
            Change::Now(cracker) => {
                let uid = cracker.metadata.uid.clone().unwrap_or_default();
                if let Some(unseen) = &mut self.unseen {
                    unseen.remove(&uid);
                }
                let version = |c: &RSACracker| c.metadata.resource_version.clone();
                let old = self.known.insert(uid, cracker.clone());
                if old.is_some_and(|old| version(&old) == version(&cracker)) {
                    return Vec::new();
                }
                vec![WatchEvent::Now(cracker)]
            }
            Change::Gone(cracker) => {
                self.known
                    .remove(cracker.metadata.uid.as_deref().unwrap_or_default());
                vec![WatchEvent::Gone(cracker)]
            }
            Change::Synced => {
                let gone = self.unseen.take().unwrap_or_default();
                for uid in gone.keys() {
                    self.known.remove(uid);
                }
                gone.into_values().map(WatchEvent::Gone).collect()
            }
        }
    }
}
