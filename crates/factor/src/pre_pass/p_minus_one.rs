//! A prime p with smooth p−1 (Pollard 1974), in two stages.

use super::budget::Budget;
use super::lucas::second_stage;
use super::powers::{FirstStage, first_stage};
use super::{WeakKey, Weakness};
use crate::arith::Ring;

/// The first stage's bound, where the time suffices.
const B1: u32 = 1_000_000;

/// The second stage's bound, in units of what the first one reached.
const B2_RATIO: u32 = 100;

/// Looks for such a prime.
pub(super) fn search<R: Ring>(ring: &R, budget: &Budget<'_>) -> Option<WeakKey> {
    let found = |divisor| WeakKey::new(divisor, Weakness::SmoothPMinusOne);
    let stage = first_stage(
        ring,
        ring.lift_u64(3),
        B1,
        &budget.share(0.6),
        |x, k| ring.pow_u64(x, k),
        |x| ring.sub(x, &ring.one()),
    );
    match stage {
        FirstStage::Divisor(divisor) => Some(found(divisor)),
        FirstStage::Everything => None,
        FirstStage::Value(x, reached) => {
            let v = ring.add(&x, &ring.invert(&x)?);
            let b2 = reached.saturating_mul(B2_RATIO);
            second_stage(ring, &v, reached, b2, budget).map(found)
        }
    }
}
