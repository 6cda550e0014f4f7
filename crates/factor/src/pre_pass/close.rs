//! Factors close to each other, or to a small ratio u/v: Fermat's method on N, and on
//! k·N with k = u·v (Lehman, "Factoring Large Integers", 1974).

use super::budget::Budget;
use super::{WeakKey, Weakness};
use crate::arith::perfect_square;
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, ToPrimitive};

/// Moduli whose non-squares sift the candidates: together they pass one in 50,000.
const MODULI: [u32; 9] = [64, 63, 65, 11, 17, 19, 23, 29, 31];

/// Candidates between two looks at the clock.
const BATCH: u64 = 1024;

/// Candidates of Fermat's method on N itself.
const FERMAT_CANDIDATES: u64 = 1 << 26;

/// Candidates for each ratio.
const RATIO_CANDIDATES: u64 = 256;

/// The largest k = u·v.
const MOST_RATIOS: u32 = 10_000;

/// Fermat's method for at most half the time, then the ratios.
pub(super) fn search(number: &BigUint, budget: &Budget<'_>) -> Option<WeakKey> {
    let found = |divisor| WeakKey::new(divisor, Weakness::CloseFactors);
    let mut fermat = Fermat::new(number, 1);
    let half = budget.share(0.5);
    let mut tried = 0;
    while tried < FERMAT_CANDIDATES && !half.is_over() {
        if let Some(divisor) = fermat.advance(BATCH) {
            return Some(found(divisor));
        }
        tried += BATCH;
    }
    for k in 2..=MOST_RATIOS {
        if budget.is_over() {
            return None;
        }
        if let Some(divisor) = Fermat::new(number, k).advance(RATIO_CANDIDATES) {
            return Some(found(divisor));
        }
    }
    None
}

/// Fermat's method on m = 4·k·N (on N itself for k = 1): looks for a with a² − m = b².
struct Fermat<'a> {
    number: &'a BigUint,
    multiple: BigUint,
    /// The next candidate is `start + offset`.
    start: BigUint,
    offset: u64,
    sieves: [Sieve; MODULI.len()],
}

/// Which a, modulo a small number, make a² − m a possible square.
struct Sieve {
    modulus: u32,
    possible: u128,
    /// The next candidate's residue.
    position: u32,
}

impl<'a> Fermat<'a> {
    fn new(number: &'a BigUint, k: u32) -> Self {
        let multiple = if k == 1 {
            number.clone()
        } else {
            number * (u64::from(k) * 4)
        };
        let root = multiple.sqrt();
        let start = if &root * &root == multiple {
            root
        } else {
            root + 1u32
        };
        let sieves = MODULI.map(|modulus| Sieve::new(modulus, &multiple, &start));
        Self {
            number,
            multiple,
            start,
            offset: 0,
            sieves,
        }
    }

    /// Tries so many candidates.
    fn advance(&mut self, candidates: u64) -> Option<BigUint> {
        for _ in 0..candidates {
            let mut possible = true;
            for sieve in &mut self.sieves {
                possible &= sieve.step();
            }
            if possible && let Some(divisor) = self.try_square() {
                return Some(divisor);
            }
            self.offset += 1;
        }
        None
    }

    fn try_square(&self) -> Option<BigUint> {
        let a = &self.start + self.offset;
        let b = perfect_square(&(&a * &a - &self.multiple))?;
        let divisor = (a + b).gcd(self.number);
        (!divisor.is_one() && divisor != *self.number).then_some(divisor)
    }
}

impl Sieve {
    fn new(modulus: u32, multiple: &BigUint, start: &BigUint) -> Self {
        let residue = |x: &BigUint| (x % modulus).to_u32().unwrap_or(0);
        let squares = (0..modulus).fold(0u128, |set, x| set | 1 << (x * x % modulus));
        let m = residue(multiple);
        let possible = (0..modulus)
            .filter(|&a| squares >> ((a * a + modulus - m) % modulus) & 1 == 1)
            .fold(0, |set, a| set | 1 << a);
        Self {
            modulus,
            possible,
            position: residue(start),
        }
    }

    /// Whether the candidate is possible; goes on to the next.
    #[inline]
    fn step(&mut self) -> bool {
        let possible = self.possible >> self.position & 1 == 1;
        self.position += 1;
        if self.position == self.modulus {
            self.position = 0;
        }
        possible
    }
}
