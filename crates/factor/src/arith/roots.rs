//! Exact integer roots of long numbers.

use super::primes_below;
use num_bigint::BigUint;
use num_traits::One;

/// The square root, when it is an integer.
pub(crate) fn perfect_square(n: &BigUint) -> Option<BigUint> {
    // Squares are 0, 1, 4 or 9 modulo 16: the root of the others is never computed.
    let low = n.iter_u32_digits().next().unwrap_or(0) & 15;
    if !matches!(low, 0 | 1 | 4 | 9) {
        return None;
    }
    let root = n.sqrt();
    (&root * &root == *n).then_some(root)
}

/// `(root, exponent)` with the largest exponent there is, when the number (over 1) is a
/// power with an exponent of at least 2.
pub(crate) fn perfect_power(n: &BigUint) -> Option<(BigUint, u32)> {
    let mut root = n.clone();
    let mut exponent = 1;
    let limit = u32::try_from(n.bits()).unwrap_or(u32::MAX);
    for p in primes_below(limit.saturating_add(1)) {
        // A root is at least 2.
        while u64::from(p) < root.bits() {
            let candidate = root.nth_root(p);
            if candidate.is_one() || candidate.pow(p) != root {
                break;
            }
            root = candidate;
            exponent *= p;
        }
    }
    (exponent > 1).then_some((root, exponent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn agrees_with_a_table_of_powers() {
        let mut powers: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        for root in 2u32..100 {
            let mut power = root;
            for exponent in 2.. {
                power *= root;
                if power >= 10_000 {
                    break;
                }
                // Ascending roots: the first has the largest exponent.
                powers.entry(power).or_insert((root, exponent));
            }
        }
        for n in 2u32..10_000 {
            let expected = powers.get(&n).map(|&(r, e)| (BigUint::from(r), e));
            assert_eq!(perfect_power(&n.into()), expected, "{n}");
            let square = perfect_square(&n.into()).is_some();
            assert_eq!(square, (1..=100).any(|r| r * r == n), "{n}");
        }
    }

    proptest! {
        #[test]
        fn powers_are_recognised_and_their_neighbours_are_not(
            digits in proptest::collection::vec(any::<u32>(), 1..8),
            exponent in 2u32..12,
        ) {
            let root = BigUint::new(digits) + 2u32;
            let power = root.pow(exponent);
            let (r, e) = perfect_power(&power).unwrap();
            prop_assert_eq!(r.pow(e), power.clone());
            prop_assert_eq!(e % exponent, 0);
            // Catalan: 8 and 9 are the only neighbours.
            if power.bits() > 4 {
                prop_assert_eq!(perfect_power(&(power + 1u32)), None);
            }
        }
    }
}
