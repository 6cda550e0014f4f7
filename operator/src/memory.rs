//! What the operator remembers of a job between two looks. Nothing of it is needed to
//! decide right: it saves calls, and bridges the time until the watches show the
//! operator's own writes.

use crate::ask::Kept;
use crate::bring::Children;
use crate::build::access::Access;
use k8s_openapi::jiff::Timestamp;
use rsac_api::RSACrackerStatus;
use serde_json::Value;
use std::time::{Duration, Instant};

/// Of one job.
#[derive(Default)]
pub(crate) struct Memory {
    /// Whose: a job made anew under an old name starts with nothing.
    pub(crate) uid: String,
    pub(crate) children: Children,
    pub(crate) secrets: Secrets,
    pub(crate) status: Option<WrittenStatus>,
    /// What its master is asked with.
    pub(crate) client: Kept,
    /// Which master pod was first seen running when, and when it last answered.
    pub(crate) master: Option<MasterMemory>,
    /// When which stage was first heard of.
    pub(crate) stage: Option<(rsac_protocol::Stage, Instant)>,
    /// Looks in a row that went wrong.
    pub(crate) failures: u32,
}

/// Of one child.
#[derive(Default)]
pub(crate) struct ChildMemory {
    /// The object as our last apply left it.
    pub(crate) applied: Option<Value>,
    /// Digest of what was applied, or refused.
    pub(crate) digest: String,
    pub(crate) failure: Option<Failure>,
}

/// A child that could not be made.
#[derive(Clone)]
pub(crate) struct Failure {
    pub(crate) obstacle: rsac_workload::Obstacle,
    pub(crate) count: u32,
    /// Not to be tried before.
    pub(crate) retry_at: Instant,
}

/// Of the Secrets, which are looked up and never watched.
#[derive(Default)]
pub(crate) struct Secrets {
    pub(crate) access: Option<Access>,
    /// When the leaf certificate is to be renewed.
    pub(crate) renew_after: Option<Timestamp>,
    /// The number that the result's Secret names.
    pub(crate) result: Option<String>,
    /// When they were last looked up.
    pub(crate) looked: Option<Instant>,
}

impl Secrets {
    /// Looks that follow each other quickly, to poll a master, use the same answer.
    const FRESH: Duration = Duration::from_secs(10);

    pub(crate) fn is_fresh(&self) -> bool {
        self.access.is_some()
            && self.renew_after.is_some()
            && self.looked.is_some_and(|at| at.elapsed() < Self::FRESH)
    }
}

pub(crate) struct WrittenStatus {
    pub(crate) version: u64,
    /// The version as the API server writes it.
    pub(crate) text: Option<String>,
    pub(crate) status: RSACrackerStatus,
    pub(crate) at: Instant,
}

pub(crate) struct MasterMemory {
    pub(crate) uid: String,
    pub(crate) since: Instant,
    pub(crate) answered: Option<Instant>,
}

/// The wait after so many failures in a row: doubles from the base up to the cap, and is
/// scattered by a quarter so that many jobs do not come back together.
pub(crate) fn backoff(failures: u32, base: Duration, cap: Duration) -> Duration {
    let doubled = base.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(30)));
    scattered(doubled.min(cap))
}

/// A duration, a quarter more or less.
pub(crate) fn scattered(duration: Duration) -> Duration {
    duration.mul_f64(rand::random_range(0.75..1.25))
}

/// Versions of objects of one kind grow; an unreadable one is older than any.
pub(crate) fn version(text: Option<&str>) -> u64 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        let (base, cap) = (Duration::from_millis(500), Duration::from_secs(60));
        for (failures, middle) in [(1, 0.5), (2, 1.0), (5, 8.0), (9, 60.0), (u32::MAX, 60.0)] {
            for _ in 0..20 {
                let wait = backoff(failures, base, cap).as_secs_f64();
                assert!(
                    wait >= middle * 0.75 && wait <= middle * 1.25,
                    "{failures}: {wait}"
                );
            }
        }
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version(Some("1000")) > version(Some("999")));
        assert_eq!(version(Some("x")), 0);
        assert_eq!(version(None), 0);
    }
}
