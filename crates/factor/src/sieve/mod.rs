//! The self-initialising quadratic sieve, a [`Supply::Goal`]: index `i` is one
//! coefficient `a` and all its polynomials; findings are relations with at most one
//! large prime.
//!
//! S. Contini, "Factoring integers with the self-initializing quadratic sieve", 1997.

mod base;
mod block;
mod bucket;
mod candidate;
mod coefficient;
mod collect;
mod fill;
mod finish;
mod float;
mod in_process;
mod kernel;
mod lanczos;
mod matrix;
mod polynomial;
mod relation;
mod roots;
mod search;
mod trial;
mod tuning;
mod vector;
mod wide;

use crate::plan::{Parameters, PlanError};
use crate::{Collector, Method, Searcher, Supply};
use base::FactorBase;
use coefficient::{MAX_FACTORS, Sequence};
pub(crate) use in_process::split as split_in_process;
use num_bigint::BigUint;
use polynomial::Family;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::sync::Arc;

/// The largest number, in bits: values of polynomials fit 255 bits with room. (The
/// sieve would take thousands of CPU years.)
pub(crate) const MAX_BITS: u64 = 400;

/// What a plan's text says besides its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Text {
    /// The k of kN.
    multiplier: u32,
    /// Primes in the factor base.
    primes: u32,
    /// Half the length of the interval that is sieved: x is in −half … half − 1.
    half_interval: u32,
    /// Large primes go up to this.
    large_prime_bound: u32,
    /// How indices become coefficients.
    sequence: Sequence,
    /// Prime factors of a coefficient (the least, where they are enumerated).
    factors: u32,
    /// Where in the base the primes that are drawn begin.
    pool_start: u32,
    /// How many there are to draw from.
    pool: u32,
}

/// A plan, and what follows from it at once.
#[derive(Debug, Clone)]
pub(crate) struct QuadraticSieve {
    number: BigUint,
    text: Text,
    kn: BigUint,
    base: Arc<FactorBase>,
    /// The ideal coefficient: √(kN/2) / half the interval.
    target: BigUint,
    /// Places in the base from which coefficients are made.
    pool: Vec<usize>,
    /// Seeds the sequence.
    seed: u64,
}

impl PartialEq for QuadraticSieve {
    /// All else follows from number and text.
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number && self.text == other.text
    }
}

fn target(number: &BigUint, text: &Text) -> BigUint {
    let kn = number * text.multiplier;
    (kn >> 1u32).sqrt() / text.half_interval
}

impl QuadraticSieve {
    /// Plans it.
    ///
    /// # Errors
    /// When the number has more than [`MAX_BITS`] bits.
    pub(crate) fn new(number: BigUint) -> Result<Self, PlanError> {
        if number.bits() > MAX_BITS {
            return Err(PlanError::Unreachable {
                method: Method::QuadraticSieve,
                bits: number.bits(),
            });
        }
        let (text, base) = tuning::parameters(&number);
        Self::with_base(number, text, base)
    }

    /// From a plan's text.
    ///
    /// # Errors
    /// When the number is too large, or a parameter is impossible.
    pub(crate) fn from_text(number: BigUint, text: Text) -> Result<Self, PlanError> {
        if number.bits() > MAX_BITS {
            return Err(PlanError::Unreachable {
                method: Method::QuadraticSieve,
                bits: number.bits(),
            });
        }
        let refuse = |what| Err(PlanError::Parameter(what));
        if !(1..10_000).contains(&text.multiplier) {
            return refuse("multiplier is not from 1 to 9999");
        }
        if !(2..=1_000_000).contains(&text.primes) {
            return refuse("primes are not from 2 to 1000000");
        }
        if !text.half_interval.is_multiple_of(64) || !(64..=1 << 24).contains(&text.half_interval) {
            return refuse("halfInterval is no multiple of 64 up to 2^24");
        }
        if !(1..=MAX_FACTORS).contains(&(text.factors as usize)) {
            return refuse("factors are not from 1 to 16");
        }
        let base = FactorBase::new(&number, text.multiplier, text.primes as usize);
        Self::with_base(number, text, base)
    }

    /// With the base of the number that the text describes.
    fn with_base(number: BigUint, text: Text, base: FactorBase) -> Result<Self, PlanError> {
        let kn = &number * text.multiplier;
        let mut plan = Self {
            target: target(&number, &text),
            kn,
            pool: Vec::new(),
            seed: 0,
            base: Arc::new(base),
            number,
            text,
        };
        // A number that a prime of the base divides is done: nothing will be sieved.
        if plan.base.divisors.is_empty() {
            plan.prepare()?;
        }
        Ok(plan)
    }

    fn prepare(&mut self) -> Result<(), PlanError> {
        let refuse = |what| Err(PlanError::Parameter(what));
        let (base, text) = (&self.base, &self.text);
        if (&self.kn % 8u32) != BigUint::from(1u32) {
            return refuse("multiplier does not make kN = 1 modulo 8");
        }
        let largest = u64::from(base.largest());
        if u64::from(text.large_prime_bound) >= largest * largest {
            return refuse("largePrimeBound is not below the square of the largest prime");
        }
        self.pool = match text.sequence {
            Sequence::Enumerated => coefficient::by_distance(self),
            Sequence::Drawn => {
                let pool = (text.pool_start as usize)
                    .saturating_add(text.pool as usize)
                    .min(base.len());
                (text.pool_start as usize..pool)
                    .filter(|&i| base.is_eligible(i))
                    .collect()
            }
        };
        if self.pool.len() < self.text.factors as usize {
            return refuse("pool has fewer primes than a coefficient needs");
        }
        let text = serde_json::to_string(&self.text)?;
        let digest = Sha256::digest(format!("{} {text}", self.number));
        self.seed = digest
            .iter()
            .take(8)
            .fold(0, |seed, &byte| seed << 8 | u64::from(byte));
        Ok(())
    }

    /// What the plan's text says.
    pub(crate) fn text(&self) -> Text {
        self.text.clone()
    }

    /// The polynomials of an index.
    fn family(&self, index: u64) -> Family {
        Family::new(&self.kn, &self.base, coefficient::factors(self, index))
    }

    /// A divisor that the base alone shows.
    fn divisor_of_base(&self) -> Option<BigUint> {
        self.base.divisors.first().map(|&p| BigUint::from(p))
    }
}

/// CPU seconds for any number: also for those that are out of reach. Measured from 40 to
/// 77 digits (`cargo bench --bench sieve`): 1.2 seconds at 60 digits, ×3.2 for 5 more.
pub(crate) fn estimate_cpu_seconds(number: &BigUint) -> f64 {
    let digits = number.bits() as f64 * std::f64::consts::LOG10_2;
    1.2 * 3.2f64.powf((digits - 60.0) / 5.0)
}

impl Parameters for QuadraticSieve {
    fn number(&self) -> &BigUint {
        &self.number
    }

    fn supply(&self) -> Supply {
        Supply::Goal
    }

    fn word(&self) -> &'static str {
        "relations"
    }

    fn weight(&self, indices: Range<u64>) -> u64 {
        indices.end.saturating_sub(indices.start)
    }

    fn estimate_cpu_seconds(&self) -> f64 {
        estimate_cpu_seconds(&self.number)
    }

    fn index_cpu_seconds(&self) -> f64 {
        // Each polynomial costs something for each number sieved, and for each prime.
        let polynomials = 1u64 << (self.text.factors - 1);
        let numbers = 2.0 * f64::from(self.text.half_interval);
        7e-10 * polynomials as f64 * (numbers + f64::from(self.text.primes))
    }

    fn searcher(&self) -> Box<dyn Searcher> {
        Box::new(search::SieveSearcher::new(self.clone()))
    }

    fn collector(&self) -> Box<dyn Collector> {
        Box::new(collect::RelationCollector::new(self.clone()))
    }
}
