//! Residues in floating point, which every processor has in lanes: integers below 2^53 are
//! exact, and so is a product less a multiple of p that is about as large. Called by
//! [`super::roots`] and [`super::trial`].

/// x·y + z, in one instruction or in two: with numbers of these sizes the same, or a
/// quotient that differs by one.
#[inline(always)]
fn times_plus<const FUSED: bool>(x: f64, y: f64, z: f64) -> f64 {
    if FUSED { x.mul_add(y, z) } else { x * y + z }
}

/// x·y to an integer, the nearest or next to it, for products below 2^51: what is added
/// leaves no room for a fraction.
#[inline(always)]
pub(super) fn whole<const FUSED: bool>(x: f64, y: f64) -> f64 {
    const NO_FRACTION: f64 = (3u64 << 51) as f64;
    times_plus::<FUSED>(x, y, NO_FRACTION) - NO_FRACTION
}

/// What x·y + z < 2^51 leaves modulo p, about half of p at the most, of either sign;
/// `inverse` is 1/p.
#[inline(always)]
pub(super) fn rest<const FUSED: bool>(x: f64, y: f64, z: f64, p: f64, inverse: f64) -> f64 {
    left::<FUSED>(times_plus::<FUSED>(x, y, z), p, inverse)
}

/// What an integer below 2^51 leaves modulo p, as [`rest`].
#[inline(always)]
pub(super) fn left<const FUSED: bool>(x: f64, p: f64, inverse: f64) -> f64 {
    times_plus::<FUSED>(-whole::<FUSED>(x, inverse), p, x)
}

/// x·y modulo p, for integers with a product below 2^51; `inverse` is 1/p.
#[inline(always)]
pub(super) fn product<const FUSED: bool>(x: f64, y: f64, p: f64, inverse: f64) -> f64 {
    let rest = rest::<FUSED>(x, y, 0.0, p, inverse);
    if rest < 0.0 { rest + p } else { rest }
}

/// An integer 0 ≤ x < 2^32 as a word: the low half of what its sum with 2^52 consists of.
#[inline(always)]
pub(super) fn word(x: f64) -> u32 {
    (x + (1u64 << 52) as f64).to_bits() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn residues_in_floating_point_are_those_of_integers(x in 0u64..1 << 50, p in 2u32..1 << 25) {
            let real = f64::from(p);
            let (fused, not) = (product::<true>, product::<false>);
            for product in [fused as fn(f64, f64, f64, f64) -> f64, not] {
                let rest = word(product(x as f64, 1.0, real, 1.0 / real));
                prop_assert_eq!(u64::from(rest), x % u64::from(p));
            }
        }
    }
}
