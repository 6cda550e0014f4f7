//! The mathematics of factoring: synchronous, no I/O, no async.
//!
//! A job walks through these modules in this order:
//!
//! 1. [`classify`]: what kind of number is it? Primes, evens and perfect powers are
//!    answered there.
//! 2. [`pre_pass`]: does it have one of the known weaknesses of RSA keys? Bounded.
//! 3. [`small`]: up to [`small::MAX_BITS`] bits it is split in process, at once.
//! 4. [`Plan`]: otherwise a [`Method`] is planned. The plan gives every index of its
//!    [`Supply`] a meaning; a [`Searcher`] (in a worker) searches ranges of indices, a
//!    [`Collector`] (in the master) checks and keeps what was found, and finishes.
//!
//! [`factorize`] does all of it in one process. Nothing here knows Kubernetes, HTTP or
//! files: `rsac-master` and `rsac-worker` call it, and tests do.

mod arith;
pub mod classify;
mod divisor;
mod ecm;
mod factorize;
mod method;
mod plan;
pub mod pre_pass;
pub mod primality;
mod sieve;
pub mod small;
mod trial;

pub use classify::{Class, classify};
pub use factorize::{factorize, search_plan};
pub use method::{
    BadFinding, Collector, Finish, Finisher, Found, Method, Searcher, Supply, Tally, UnknownMethod,
};
pub use num_bigint::BigUint;
pub use plan::{Infeasible, PLAN_VERSION, Plan, PlanError, choose};
