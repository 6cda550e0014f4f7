//! Candidates taken apart: which primes of the base divide them. Called by the sieve.

use super::polynomial::Family;
use super::search::{SieveSearcher, State};
use super::wide::Magnitude;

/// Bits by which rounded logarithms and powers of primes may lead astray.
const SLACK: f64 = 3.0;

/// Primes whose roots are compared with a place at once.
const GROUP: usize = 16;

impl SieveSearcher {
    /// Divides the value at a place of the sieve by the base; answers what is left, when
    /// that is 1 or a large prime. `sieved` bits of it are known to be of the base. The
    /// places of its primes are in `factors` then, each as often as it divides.
    pub(super) fn take_apart(
        &self,
        family: &Family,
        at: u32,
        sieved: f64,
        rest: &mut Magnitude,
        factors: &mut Vec<u32>,
    ) -> Option<u32> {
        let base = &*self.plan.base;
        if rest.bits() == 0 {
            return None;
        }
        factors.clear();
        factors.extend((0..rest.take_twos()).map(|_| 0));
        for i in 1..self.first {
            base.divide_out(i, rest, factors);
        }
        let bound = self.plan.text.large_prime_bound;
        // Now that the small primes are known, what was sieved must explain the rest.
        if sieved + f64::from(bound).log2() + SLACK < f64::from(rest.bits()) {
            return None;
        }
        for &i in &family.factors {
            base.divide_out(i, rest, factors);
        }
        self.divide_by_sieved(at, rest, factors);
        let rest = rest.small()?;
        (rest <= u64::from(bound)).then_some(rest as u32)
    }

    /// Divides by the primes that were sieved with and have a root at a place.
    ///
    /// p divides the distance of place and root when the distance times 1/p, modulo 2^32,
    /// is a possible quotient. (A negative distance may look like a multiple: division is
    /// exact or refused, so that costs a little time and no truth.)
    fn divide_by_sieved(&self, at: u32, rest: &mut Magnitude, factors: &mut Vec<u32>) {
        let base = &*self.plan.base;
        let State {
            first_roots,
            second_roots,
            ..
        } = &self.state;
        let hits = |i: usize| {
            let (inverse, most) = (self.inverses[i], self.quotients[i]);
            let divides = |root: u32| at.wrapping_sub(root).wrapping_mul(inverse) <= most;
            divides(first_roots[i]) | divides(second_roots[i])
        };
        let len = base.len();
        let mut i = self.first;
        while i + GROUP <= len {
            let (inverses, most) = (&self.inverses[i..i + GROUP], &self.quotients[i..i + GROUP]);
            let (first, second) = (&first_roots[i..i + GROUP], &second_roots[i..i + GROUP]);
            let mut any = false;
            for j in 0..GROUP {
                let quotient = |root: u32| at.wrapping_sub(root).wrapping_mul(inverses[j]);
                any |= quotient(first[j]) <= most[j];
                any |= quotient(second[j]) <= most[j];
            }
            if any {
                for i in i..i + GROUP {
                    if hits(i) {
                        base.divide_out(i, rest, factors);
                    }
                }
            }
            i += GROUP;
        }
        for i in i..len {
            if hits(i) {
                base.divide_out(i, rest, factors);
            }
        }
    }
}
