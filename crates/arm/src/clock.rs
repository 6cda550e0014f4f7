//! What time the service has: times that several machines go by are told by one clock. Answers
//! carry it in their `Date`; the client keeps how far it is from this machine's.

use crate::answer::Answer;
use azure_core::time::{OffsetDateTime, parse_rfc7231};
use std::sync::atomic::{AtomicI64, Ordering};

/// How far the service's clock is ahead of this machine's, in seconds.
#[derive(Debug, Default)]
pub(crate) struct Ahead(AtomicI64);

impl Ahead {
    /// Takes it from an answer that tells it. A page of some proxy on the way does not.
    pub(crate) fn learn(&self, answer: &Answer) {
        let date = answer
            .header("date")
            .filter(|_| answer.is_from_service())
            .and_then(|date| parse_rfc7231(date).ok());
        if let Some(date) = date {
            let ahead = date - OffsetDateTime::now_utc();
            self.0.store(ahead.whole_seconds(), Ordering::Relaxed);
        }
    }

    pub(crate) fn seconds(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Seconds since 1970, by the service's clock.
    pub(crate) fn now(&self) -> u64 {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        u64::try_from(now.saturating_add(self.seconds())).unwrap_or(0)
    }
}
