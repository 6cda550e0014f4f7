//! Primality of numbers of any accepted size: proven below 2^64, Baillie-PSW and a few
//! Miller-Rabin bases above (no composite is known that passes even Baillie-PSW).

use crate::arith::{Computation, Ring, is_prime_u64, jacobi, perfect_square, with_ring};
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::ToPrimitive;
use sha2::Digest;

/// Miller-Rabin bases beyond Baillie-PSW.
const EXTRA_BASES: u64 = 3;

/// Whether a number is prime. Numbers over 4096 bits are not judged: false.
pub fn is_prime(number: &BigUint) -> bool {
    if let Some(word) = number.to_u64() {
        return is_prime_u64(word);
    }
    if has_tiny_factor(number) {
        return false;
    }
    with_ring(number, BailliePsw(number)).unwrap_or(false)
}

/// The first prime that is not below a number above 2.
pub fn next_prime(from: &BigUint) -> BigUint {
    let mut candidate = from.clone();
    candidate.set_bit(0, true);
    while !is_prime(&candidate) {
        candidate += 2u32;
    }
    candidate
}

/// Whether a prime below 50 divides.
fn has_tiny_factor(number: &BigUint) -> bool {
    // The product of the primes below 50 fits in a word.
    let rest = (number % 614_889_782_588_491_410_u64).to_u64().unwrap_or(0);
    crate::arith::gcd(rest, 614_889_782_588_491_410) != 1
}

/// The test itself, for an odd number above 2^64.
struct BailliePsw<'a>(&'a BigUint);

impl Computation for BailliePsw<'_> {
    type Output = bool;

    fn run<R: Ring>(self, ring: &R) -> bool {
        let n = self.0;
        strong_probable_prime(ring, n, &ring.lift_u64(2))
            && strong_lucas_probable_prime(ring, n)
            && extra_bases(n).all(|base| strong_probable_prime(ring, n, &ring.lift_u64(base)))
    }
}

/// Bases that nobody chose, and that are the same at every run: from a digest.
fn extra_bases(n: &BigUint) -> impl Iterator<Item = u64> {
    let digest = sha2::Sha256::digest(n.to_bytes_le());
    let seed = digest.iter().take(7).fold(0, |x, &b| x << 8 | u64::from(b));
    (0..EXTRA_BASES).map(move |i| 3 + (seed ^ (i * 0x5851_F42D)))
}

/// Miller-Rabin with one base that shares no factor with n.
fn strong_probable_prime<R: Ring>(ring: &R, n: &BigUint, base: &R::Element) -> bool {
    let minus_one = ring.neg(&ring.one());
    let exponent = n - 1u32;
    let twos = exponent.trailing_zeros().unwrap_or(0);
    let mut x = ring.pow(base, &(exponent >> twos));
    if x == ring.one() || x == minus_one {
        return true;
    }
    for _ in 1..twos {
        x = ring.square(&x);
        if x == minus_one {
            return true;
        }
    }
    false
}

/// The strong Lucas test with Selfridge's parameters (Baillie and Wagstaff 1980): D the
/// first of 5, −7, 9, −11, … with (D/n) = −1, P = 1, Q = (1 − D)/4.
fn strong_lucas_probable_prime<R: Ring>(ring: &R, n: &BigUint) -> bool {
    let Some(d) = selfridge(n) else {
        return false;
    };
    let element = |x: i64| {
        let magnitude = ring.lift_u64(x.unsigned_abs());
        if x < 0 {
            ring.neg(&magnitude)
        } else {
            magnitude
        }
    };
    let half = ring.lift(&((n + 1u32) >> 1));
    let (zero, d_element, q) = (ring.zero(), element(d), element((1 - d) / 4));
    let double = |x: &R::Element| ring.add(x, x);

    // U_k, V_k and Q^k by doubling and stepping over the bits of k = odd part of n + 1.
    let order = n + 1u32;
    let twos = order.trailing_zeros().unwrap_or(0);
    let odd = order >> twos;
    let (mut u, mut v, mut q_k) = (ring.one(), ring.one(), q);
    for bit in (0..odd.bits() - 1).rev() {
        u = ring.mul(&u, &v);
        v = ring.sub(&ring.square(&v), &double(&q_k));
        q_k = ring.square(&q_k);
        if odd.bit(bit) {
            let next_u = ring.mul(&ring.add(&u, &v), &half);
            let next_v = ring.mul(&ring.add(&ring.mul(&d_element, &u), &v), &half);
            (u, v) = (next_u, next_v);
            q_k = ring.mul(&q_k, &q);
        }
    }
    if u == zero || v == zero {
        return true;
    }
    for _ in 1..twos {
        v = ring.sub(&ring.square(&v), &double(&q_k));
        q_k = ring.square(&q_k);
        if v == zero {
            return true;
        }
    }
    false
}

/// Selfridge's D; none when the search itself shows that n is composite.
fn selfridge(n: &BigUint) -> Option<i64> {
    for i in 0_i64.. {
        // A square has no such D; others have one soon.
        if i == 20 && perfect_square(n).is_some() {
            return None;
        }
        let magnitude = 5 + 2 * i;
        let d = if i % 2 == 0 { magnitude } else { -magnitude };
        match jacobi_of_small(d, n) {
            -1 => return Some(d),
            // n is far larger than d, so a common factor is a proper one.
            0 => return None,
            _ => {}
        }
    }
    None
}

/// (d/n) for a small odd d and an odd n, by reciprocity.
fn jacobi_of_small(d: i64, n: &BigUint) -> i8 {
    let magnitude = d.unsigned_abs();
    let rest = n.mod_floor(&magnitude.into()).to_u64().unwrap_or(0);
    let low = n.iter_u32_digits().next().unwrap_or(1);
    let mut sign = jacobi(rest, magnitude);
    if magnitude & 3 == 3 && low & 3 == 3 {
        sign = -sign;
    }
    if d < 0 && low & 3 == 3 {
        sign = -sign;
    }
    sign
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_traits::One;
    use proptest::prelude::*;

    fn big(decimal: &str) -> BigUint {
        decimal.parse().unwrap()
    }

    /// Runs the long test even on numbers that the short one would answer.
    fn long_test(n: u64) -> bool {
        let n = BigUint::from(n);
        with_ring(&n, BailliePsw(&n)).unwrap()
    }

    #[test]
    fn the_parts_of_the_long_test_agree_with_the_proven_one() {
        for n in (10_001..60_000).step_by(2) {
            // Bases beyond n would be multiples of it now and then: only here.
            let big = BigUint::from(n);
            struct Parts<'a>(&'a BigUint);
            impl Computation for Parts<'_> {
                type Output = bool;
                fn run<R: Ring>(self, ring: &R) -> bool {
                    strong_probable_prime(ring, self.0, &ring.lift_u64(2))
                        && strong_lucas_probable_prime(ring, self.0)
                }
            }
            assert_eq!(
                with_ring(&big, Parts(&big)).unwrap(),
                is_prime_u64(n),
                "{n}"
            );
        }
    }

    #[test]
    fn strong_lucas_pseudoprimes_are_those_of_the_table() {
        // OEIS A217255.
        struct Lucas<'a>(&'a BigUint);
        impl Computation for Lucas<'_> {
            type Output = bool;
            fn run<R: Ring>(self, ring: &R) -> bool {
                strong_lucas_probable_prime(ring, self.0)
            }
        }
        let found: Vec<u64> = (1001..60_000)
            .step_by(2)
            .filter(|&n| !is_prime_u64(n))
            .filter(|&n| with_ring(&n.into(), Lucas(&n.into())).unwrap())
            .collect();
        assert_eq!(
            found,
            [
                5459, 5777, 10877, 16109, 18971, 22499, 24569, 25199, 40309, 58519
            ]
        );
    }

    #[test]
    fn known_primes_are_prime() {
        for exponent in [89, 107, 127, 521, 607, 1279, 2203] {
            let mersenne = (BigUint::one() << exponent) - 1u32;
            assert!(is_prime(&mersenne), "2^{exponent} - 1");
        }
        for p in [
            "18446744073709551629",
            "170141183460469231731687303715884105727",
            "1000000000000000000000000000057",
        ] {
            assert!(is_prime(&big(p)), "{p}");
        }
        assert!((0..64).all(|k| !is_prime(&(BigUint::one() << (4033 + k)))));
    }

    #[test]
    fn pseudoprimes_are_not_prime() {
        for n in [
            // Strong pseudoprimes to the first 11, 12 and 13 primes (Sorenson, Webster).
            "3825123056546413051",
            "318665857834031151167461",
            "3317044064679887385961981",
            // Arnault's strong pseudoprime to all prime bases below 200.
            "80383745745363949125707961434194210813883768828755814583748891752229\
             74273765333652186502336163960045457915042023603208766569966760987284\
             0439654082329287387918508691668573282677617710293896977394701670823\
             0428687109997439976544144845341155872450633409279022275296229414984\
             2306881685404326457534018329786111298960644845216191652872597534901",
            // Mersenne numbers: strong pseudoprimes to base 2.
            "147573952589676412927",
            "9671406556917033397649407",
        ] {
            let n = big(n);
            assert!(!is_prime(&n), "{n}");
        }
        assert!(!long_test(3_215_031_751));
        assert!(!long_test(3_825_123_056_546_413_051));
    }

    proptest! {
        #[test]
        fn products_and_squares_are_not_prime(
            a in proptest::collection::vec(any::<u32>(), 2..8),
            b in proptest::collection::vec(any::<u32>(), 2..8),
        ) {
            let (a, b) = (BigUint::new(a) + 2u32, BigUint::new(b) + 2u32);
            prop_assert!(!is_prime(&(&a * &b)));
            prop_assert!(!is_prime(&(&a * &a)));
        }

        #[test]
        fn primes_pass_fermat_and_the_next_prime_is_found(start in 1u64 << 40..1 << 62) {
            // Between two found primes nothing passes Fermat's test to base 3 unless it
            // is a rare pseudoprime; on prime results it must hold.
            let start = (BigUint::from(start) * BigUint::from(start)) | BigUint::one();
            let prime = next_prime(&start);
            let fermat = BigUint::from(3u32).modpow(&(&prime - 1u32), &prime);
            prop_assert!(fermat.is_one());
            let mut n = start;
            while n < prime {
                let base = BigUint::from(3u32);
                prop_assert!(!base.modpow(&(&n - 1u32), &n).is_one(), "{} missed", n);
                n += 2u32;
            }
        }
    }
}
