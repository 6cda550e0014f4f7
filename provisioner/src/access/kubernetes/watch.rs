//! Changes of jobs. kube begins a broken stream anew with all that is there; what was told
//! before and is not there any more went in between, and is told as gone.

use super::decode;
use crate::access::{AccessError, WatchEvent};
use crate::cluster::ApiError;
use futures_util::stream::{self, BoxStream, StreamExt};
use kube::api::{Api, DynamicObject};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Config, Event, watcher};
use rsac_api::RSACracker;
use std::collections::BTreeMap;

/// How often in a row the stream may fail before the reader is told.
const FAILURES: u32 = 4;

/// The job of that name (or all) as it is, then every change.
pub(super) fn open(
    api: Api<DynamicObject>,
    name: Option<&str>,
) -> BoxStream<'static, Result<WatchEvent, AccessError>> {
    let config = match name {
        Some(name) => Config::default().fields(&format!("metadata.name={name}")),
        None => Config::default(),
    };
    let events = watcher(api, config).default_backoff();
    let mut told = Told::default();
    let mut failures = 0;
    let out = events.flat_map(move |event| {
        let out: Vec<Result<WatchEvent, AccessError>> = match event {
            Ok(event) => {
                failures = 0;
                told.take(event)
            }
            Err(error) => {
                failures += 1;
                tracing::debug!(%error, failures, "the watch broke and is begun again");
                match lasting(error) {
                    Some(error) => vec![Err(error)],
                    None if failures > FAILURES => {
                        let why = "the watch breaks again and again".to_owned();
                        vec![Err(AccessError::Unreachable(why))]
                    }
                    None => Vec::new(),
                }
            }
        };
        stream::iter(out)
    });
    // After an error there is nothing more.
    let mut ended = false;
    out.take_while(move |event| {
        let goes_on = !ended;
        ended = event.is_err();
        std::future::ready(goes_on)
    })
    .boxed()
}

/// What will not pass by itself: no right, no such kind.
fn lasting(error: watcher::Error) -> Option<AccessError> {
    let error = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => super::told("", ApiError::from(error)),
        watcher::Error::WatchError(_) | watcher::Error::NoResourceVersion => return None,
    };
    match error {
        AccessError::Unreachable(_) | AccessError::Conflict(_) => None,
        // A version that is too old is no lasting error either: 410.
        AccessError::Other(text) if text.contains("too old resource version") => None,
        error => Some(error),
    }
}

/// What the reader was told is there, by uid.
#[derive(Default)]
struct Told {
    known: BTreeMap<String, Box<RSACracker>>,
    /// While all is told anew: what of it was not seen yet.
    unseen: BTreeMap<String, Box<RSACracker>>,
}

impl Told {
    fn take(&mut self, event: Event<DynamicObject>) -> Vec<Result<WatchEvent, AccessError>> {
        match event {
            Event::Init => {
                self.unseen = self.known.clone();
                Vec::new()
            }
            Event::InitApply(object) | Event::Apply(object) => match decode(object) {
                Ok(cracker) => self.now(Box::new(cracker)),
                Err(error) => vec![Err(error)],
            },
            Event::InitDone => {
                let gone = std::mem::take(&mut self.unseen);
                for uid in gone.keys() {
                    self.known.remove(uid);
                }
                gone.into_values()
                    .map(|c| Ok(WatchEvent::Gone(c)))
                    .collect()
            }
            Event::Delete(object) => {
                self.known
                    .remove(object.metadata.uid.as_deref().unwrap_or_default());
                vec![decode(object).map(|c| WatchEvent::Gone(Box::new(c)))]
            }
        }
    }

    fn now(&mut self, cracker: Box<RSACracker>) -> Vec<Result<WatchEvent, AccessError>> {
        let uid = cracker.metadata.uid.clone().unwrap_or_default();
        self.unseen.remove(&uid);
        let version = cracker.metadata.resource_version.clone();
        let old = self.known.insert(uid, cracker.clone());
        if old.is_some_and(|old| old.metadata.resource_version == version) {
            return Vec::new();
        }
        vec![Ok(WatchEvent::Now(cracker))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(uid: &str, version: &str) -> DynamicObject {
        serde_json::from_value(json!({
            "apiVersion": rsac_api::API_VERSION, "kind": rsac_api::KIND,
            "metadata": {"name": uid, "uid": uid, "resourceVersion": version},
            "spec": {"numberToFactor": "15"},
        }))
        .unwrap()
    }

    fn said(told: &mut Told, event: Event<DynamicObject>) -> Vec<String> {
        let events = told.take(event).into_iter();
        let uid = |c: &RSACracker| c.metadata.uid.clone().unwrap();
        events
            .map(|event| match event.unwrap() {
                WatchEvent::Now(c) => format!("now {}", uid(&c)),
                WatchEvent::Gone(c) => format!("gone {}", uid(&c)),
            })
            .collect()
    }

    #[test]
    fn what_went_while_the_stream_was_broken_is_told_and_what_stayed_is_not_told_twice() {
        let mut told = Told::default();
        assert!(said(&mut told, Event::Init).is_empty());
        assert_eq!(
            said(&mut told, Event::InitApply(object("a", "1"))),
            ["now a"]
        );
        assert_eq!(
            said(&mut told, Event::InitApply(object("b", "2"))),
            ["now b"]
        );
        assert!(said(&mut told, Event::InitDone).is_empty());
        assert_eq!(said(&mut told, Event::Apply(object("c", "3"))), ["now c"]);
        assert_eq!(said(&mut told, Event::Delete(object("b", "4"))), ["gone b"]);
        // The stream breaks: c goes, a stays, d comes.
        assert!(said(&mut told, Event::Init).is_empty());
        assert!(said(&mut told, Event::InitApply(object("a", "1"))).is_empty());
        assert_eq!(
            said(&mut told, Event::InitApply(object("d", "6"))),
            ["now d"]
        );
        assert_eq!(said(&mut told, Event::InitDone), ["gone c"]);
        assert_eq!(said(&mut told, Event::Apply(object("a", "7"))), ["now a"]);
    }
}
