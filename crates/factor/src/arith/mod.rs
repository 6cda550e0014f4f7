//! Modular arithmetic on which every method stands: words, Montgomery rings of one
//! and of several words, roots, small primes.
//!
//! Hot loops use [`Mont64`] or [`Montgomery`] through the [`Ring`] trait; `BigUint`
//! stays at the edges.

mod lanes;
mod long;
mod mont128;
mod mont64;
mod montgomery;
mod ring;
mod roots;
mod sieve;
mod word;

pub(crate) use lanes::Lanes;
pub(crate) use long::Long;
pub(crate) use mont64::Mont64;
pub(crate) use mont128::Mont128;
pub(crate) use montgomery::Montgomery;
pub(crate) use ring::{Computation, Ring, with_ring};
pub(crate) use roots::{perfect_power, perfect_square};
pub(crate) use sieve::{primes_below, segments};
pub(crate) use word::{gcd, inverse, is_prime_u64, jacobi, sqrt_mod};
