//! Plans: a method with every parameter that decides what an index means.
//!
//! A plan is decided once, by the master; its text is stored in the ledger and sent to
//! workers, and a digest over the text names it. Two builds that know the same
//! [`PLAN_VERSION`] must agree on what every index of it means: golden vectors in the
//! tests pin that, and a change of meaning is a new version.

use crate::{Collector, Method, Searcher, Supply, UnknownMethod};
use num_bigint::BigUint;
use std::time::Duration;

/// The version of the plans that this build makes, and the only one it serves.
pub const PLAN_VERSION: u32 = 1;

/// A planned method for one composite number.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {}

/// Why a text is no plan that this build can serve.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Not the JSON of a plan.
    #[error("not a plan: {0}")]
    Syntax(#[from] serde_json::Error),
    /// Of another version.
    #[error("a plan of version {found}; this build serves version {PLAN_VERSION}")]
    Version {
        /// The plan's.
        found: u32,
    },
    /// A parameter is impossible.
    #[error("a plan whose {0}")]
    Parameter(&'static str),
    /// A method of another name.
    #[error(transparent)]
    Method(#[from] UnknownMethod),
    /// The method cannot take a number of this size at all.
    #[error("{method} cannot take a number of {bits} bits")]
    Unreachable {
        /// The method.
        method: Method,
        /// The number's size.
        bits: u64,
    },
}

/// No method, or not the one that was named, reaches the number within the CPU time.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{method} would take about {estimate_cpu_seconds} CPU seconds")]
pub struct Infeasible {
    /// The cheapest method, or the one named.
    pub method: Method,
    /// Its estimate, CPU seconds.
    pub estimate_cpu_seconds: f64,
}

/// Plans the cheapest method for a composite, or the one that is named.
///
/// # Errors
/// When its estimate is over `limit`.
pub fn choose(
    number: &BigUint,
    named: Option<Method>,
    limit: Duration,
) -> Result<Plan, Infeasible> {
    let _ = (number, named, limit);
    unimplemented!("written by its owner")
}

impl Plan {
    /// Reads a plan's text.
    ///
    /// # Errors
    /// When it is none that this build can serve.
    pub fn parse(text: &str) -> Result<Self, PlanError> {
        let _ = text;
        unimplemented!()
    }

    /// The plan's text: the same for the same plan, always. Its SHA-256 names the plan.
    pub fn text(&self) -> String {
        unimplemented!()
    }

    /// The number it splits: composite, and no perfect power.
    pub fn number(&self) -> &BigUint {
        unimplemented!()
    }

    /// Its method.
    pub fn method(&self) -> Method {
        unimplemented!()
    }

    /// How its supply ends.
    pub fn supply(&self) -> Supply {
        unimplemented!()
    }

    /// What progress is counted in: `divisors`, `relations`, `curves`.
    pub fn word(&self) -> &'static str {
        unimplemented!()
    }

    /// How much `indices` weigh in that word, where indices are what is counted (Cover:
    /// integers tried; Budget: curves); for a Goal the collector's tally counts.
    pub fn weight(&self, indices: std::ops::Range<u64>) -> u64 {
        let _ = indices;
        unimplemented!()
    }

    /// CPU seconds that the whole search is expected to take on one core.
    pub fn estimate_cpu_seconds(&self) -> f64 {
        unimplemented!()
    }

    /// CPU seconds that one index is expected to take: for the first units' size.
    pub fn index_cpu_seconds(&self) -> f64 {
        unimplemented!()
    }

    /// The worker's side.
    pub fn searcher(&self) -> Box<dyn Searcher> {
        unimplemented!()
    }

    /// The master's side.
    pub fn collector(&self) -> Box<dyn Collector> {
        unimplemented!()
    }
}
