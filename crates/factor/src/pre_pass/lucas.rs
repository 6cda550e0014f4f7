//! Lucas sequences V_k(P) = a^k + a^-k with P = a + 1/a, modulo the number: what p−1 and
//! p+1 have in common, above all the second stage.

use super::budget::Budget;
use crate::arith::Ring;
use crate::ecm::{Pairs, baby_steps};
use num_bigint::BigUint;

/// The wheel of the second stage.
const WHEEL: u64 = 2310;

/// The width of a part of the second stage.
const PART: u32 = 1 << 20;

/// V_k for a `k` of at least 1, given V_1; and V_(k+1).
pub(super) fn ladder<R: Ring>(ring: &R, v: &R::Element, k: u64) -> (R::Element, R::Element) {
    let two = ring.lift_u64(2);
    let double = |x: &R::Element| ring.sub(&ring.square(x), &two);
    let (mut low, mut high) = (*v, double(v));
    for bit in (0..u64::BITS - 1 - k.leading_zeros()).rev() {
        let sum = ring.sub(&ring.mul(&low, &high), v);
        (low, high) = if k >> bit & 1 == 1 {
            (sum, double(&high))
        } else {
            (double(&low), sum)
        };
    }
    (low, high)
}

/// The second stage: a prime q in the order of `a` modulo a prime divisor, with
/// `b1` < q ≤ `b2`, where `v` is V_1. With q = m·D ± j, V_mD and V_j are equal modulo it.
pub(super) fn second_stage<R: Ring>(
    ring: &R,
    v: &R::Element,
    b1: u32,
    b2: u32,
    budget: &Budget<'_>,
) -> Option<BigUint> {
    let babies = babies(ring, v);
    let step = ladder(ring, v, WHEEL).0;
    let mut from = b1;
    while from < b2 && !budget.is_over() {
        let to = from.saturating_add(PART).min(b2);
        let pairs = Pairs::new(WHEEL, from, to);
        let begin = ladder(ring, &step, pairs.first_giant());
        let mut product = ring.one();
        for_each_giant(ring, &step, begin, &pairs, |giant, group| {
            for &i in group {
                product = ring.mul(&product, &ring.sub(giant, &babies[usize::from(i)]));
            }
            !budget.is_over()
        });
        if let Some(divisor) = ring.proper_divisor(&product) {
            return Some(divisor);
        }
        if product == ring.zero() {
            return apart(ring, &step, begin, &pairs, &babies);
        }
        from = to;
    }
    None
}

/// Goes through the giant steps as long as `visit` says so.
fn for_each_giant<R: Ring>(
    ring: &R,
    step: &R::Element,
    (mut giant, mut next): (R::Element, R::Element),
    pairs: &Pairs,
    mut visit: impl FnMut(&R::Element, &[u16]) -> bool,
) {
    for group in pairs.giants() {
        if !visit(&giant, group) {
            return;
        }
        let after = ring.sub(&ring.mul(&next, step), &giant);
        (giant, next) = (next, after);
    }
}

/// Every prime divisor appeared in the same part: tells them apart, a pair at a time
/// once the giant step is known.
fn apart<R: Ring>(
    ring: &R,
    step: &R::Element,
    begin: (R::Element, R::Element),
    pairs: &Pairs,
    babies: &[R::Element],
) -> Option<BigUint> {
    let mut divisor = None;
    for_each_giant(ring, step, begin, pairs, |giant, group| {
        let difference = |i: &u16| ring.sub(giant, &babies[usize::from(*i)]);
        let product = group
            .iter()
            .fold(ring.one(), |product, i| ring.mul(&product, &difference(i)));
        divisor = ring.proper_divisor(&product);
        if product == ring.zero() {
            divisor = group
                .iter()
                .find_map(|i| ring.proper_divisor(&difference(i)));
            return false;
        }
        divisor.is_none()
    });
    divisor
}

/// V_j for every baby step j.
fn babies<R: Ring>(ring: &R, v: &R::Element) -> Vec<R::Element> {
    let second = ladder(ring, v, 1).1;
    // V_-1 = V_1, and odd indices follow by twos.
    let (mut before, mut current, mut index) = (*v, *v, 1);
    let mut values = Vec::new();
    for j in baby_steps(WHEEL) {
        while index < j {
            let after = ring.sub(&ring.mul(&current, &second), &before);
            (before, current) = (current, after);
            index += 2;
        }
        values.push(current);
    }
    values
}
