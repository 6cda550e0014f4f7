//! Pollard's rho in Brent's form, for numbers of one word.

use crate::arith::{Mont64, gcd};
use std::sync::atomic::{AtomicBool, Ordering};

/// So many differences are multiplied before a common divisor is taken.
const BATCH: u32 = 64;

/// A proper divisor of an odd composite; none when `stop` was set, or when `limit`
/// iterations were not enough.
pub(super) fn split(n: u64, limit: u32, stop: &AtomicBool) -> Option<u64> {
    let ring = Mont64::new(n);
    let mut spent = 0;
    for increment in 1.. {
        if spent >= limit || stop.load(Ordering::Relaxed) {
            break;
        }
        if let Some(divisor) = walk(&ring, increment % n, limit, &mut spent) {
            return Some(divisor);
        }
    }
    None
}

/// Follows x ← x² + increment. None when the walk closed modulo every prime at once, or
/// at the limit.
fn walk(ring: &Mont64, increment: u64, limit: u32, spent: &mut u32) -> Option<u64> {
    let n = ring.modulus();
    let next = |x: u64| ring.add(ring.mul(x, x), increment);
    let mut y = ring.element(2);
    let mut length = 1;
    while *spent < limit {
        let x = y;
        // Brent: differences of the first half of each doubled length were seen before.
        for _ in 0..length / 2 {
            y = next(y);
        }
        *spent += length / 2;
        let mut left = length - length / 2;
        while left > 0 {
            let batch = left.min(BATCH);
            let begin = y;
            let mut product = ring.one();
            for _ in 0..batch {
                y = next(y);
                product = ring.mul(product, ring.sub(x, y));
            }
            *spent += batch;
            left -= batch;
            if gcd(product, n) != 1 {
                return first_divisor(ring, x, begin, next);
            }
        }
        length *= 2;
    }
    None
}

/// Goes through a batch again, one difference at a time.
fn first_divisor(ring: &Mont64, x: u64, begin: u64, next: impl Fn(u64) -> u64) -> Option<u64> {
    let n = ring.modulus();
    let mut y = begin;
    loop {
        y = next(y);
        let divisor = gcd(ring.sub(x, y), n);
        if divisor != 1 {
            return (divisor != n).then_some(divisor);
        }
    }
}
