//! What every distributed method has in common: how its supply ends, how a worker
//! searches it, how the master collects what was found.

use num_bigint::BigUint;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::atomic::AtomicBool;

/// A method that can be distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Every candidate divisor from 2 to √N. A [`Supply::Cover`].
    TrialDivision,
    /// The self-initialising quadratic sieve. A [`Supply::Goal`].
    QuadraticSieve,
    /// Elliptic curves, for a factor much smaller than the others. A [`Supply::Budget`].
    EllipticCurve,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::TrialDivision,
        Self::QuadraticSieve,
        Self::EllipticCurve,
    ];

    /// The name that users write.
    pub fn name(self) -> &'static str {
        match self {
            Self::TrialDivision => "trial-division",
            Self::QuadraticSieve => "quadratic-sieve",
            Self::EllipticCurve => "elliptic-curve",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no method's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no method {0:?}: use trial-division, quadratic-sieve or elliptic-curve")]
pub struct UnknownMethod(pub String);

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, UnknownMethod> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == name)
            .ok_or_else(|| UnknownMethod(name.chars().take(40).collect()))
    }
}

/// How a plan's supply of indices, which starts at 0, ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// At `end`: then everything is searched, and a composite must have shown a divisor.
    Cover {
        /// One past the last index.
        end: u64,
    },
    /// When the collector has enough, which [`Collector::ready`] says.
    Goal,
    /// At `end`, with or without success.
    Budget {
        /// One past the last index.
        end: u64,
    },
}

impl Supply {
    /// One past the last index; none for an open supply.
    pub fn end(self) -> Option<u64> {
        match self {
            Self::Cover { end } | Self::Budget { end } => Some(end),
            Self::Goal => None,
        }
    }
}

/// Something found at an index of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Found {
    /// Where.
    pub index: u64,
    /// What, in the method's own encoding.
    pub data: Vec<u8>,
}

/// A worker's side of a plan: searches ranges of indices. Made once a plan and thread
/// ([`crate::Plan::searcher`]), because making it may cost a factor base.
pub trait Searcher: Send {
    /// Searches `range` in order, appends what it finds to `found`, and looks at `stop`
    /// between indices. Answers one past the last index that is completely searched:
    /// `range.end`, or less when it was stopped (`range.start` when at once).
    ///
    /// What `found` holds depends on nothing but the plan and the indices.
    fn search(&mut self, range: Range<u64>, stop: &AtomicBool, found: &mut Vec<Found>) -> u64;
}

/// How much of a method's goal is reached; both in the method's word
/// ([`crate::Plan::word`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Useful findings so far.
    pub have: u64,
    /// How many are needed; may rise when a finish asks for more.
    pub need: u64,
}

/// Why a finding is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a finding at index {index} that {why}")]
pub struct BadFinding {
    /// Where it was claimed.
    pub index: u64,
    /// What is wrong with it.
    pub why: &'static str,
}

/// The master's side of a plan: keeps what was found. Findings may come in any order,
/// from any worker, repeatedly, and for indices that were reported before.
pub trait Collector: Send {
    /// Recomputes what a finding claims. Divisors are always checked before they are
    /// inserted; of relations the master checks a sample.
    ///
    /// # Errors
    /// When it is not true, or not even a finding.
    fn check(&self, index: u64, data: &[u8]) -> Result<(), BadFinding>;

    /// Keeps a finding; false when it was here before. One that does not decode is
    /// ignored (false).
    fn insert(&mut self, index: u64, data: &[u8]) -> bool;

    /// How far the goal is reached. For Cover and Budget: divisors found, of one needed.
    fn tally(&self) -> Tally;

    /// Whether [`Collector::finisher`] is worth its time now.
    fn ready(&self) -> bool;

    /// The closing computation over what is kept now, to be run on another thread.
    fn finisher(&self) -> Finisher;

    /// After [`Finish::More`]: raises the goal, so that `ready` waits for new findings.
    fn raise_goal(&mut self);
}

/// The closing computation; it looks at the flag now and then, and stops early.
pub type Finisher = Box<dyn FnOnce(&AtomicBool) -> Finish + Send>;

/// What a finish comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// Proper divisors (neither 1 nor N) of the plan's number; at least one.
    Divisors(Vec<BigUint>),
    /// Nothing yet: more findings are needed.
    More,
    /// The flag was set.
    Stopped,
}
