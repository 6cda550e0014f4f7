//! Arithmetic modulo one word, as plain functions: for factor bases, and wherever a
//! modulus is used too seldom to be worth a Montgomery ring.

use super::Mont64;

/// `a * b mod m`, for any `m` but 0.
#[inline]
pub(crate) fn mul_mod(a: u64, b: u64, m: u64) -> u64 {
    if (a | b) >> 32 == 0 {
        a * b % m
    } else {
        (u128::from(a) * u128::from(b) % u128::from(m)) as u64
    }
}

/// `base ^ exponent mod m`, for any `m` but 0; modulo 1 that is 0.
pub(crate) fn pow_mod(base: u64, exponent: u64, m: u64) -> u64 {
    if m & 1 == 1 && m >> 32 != 0 {
        let ring = Mont64::new(m);
        return ring.value(ring.pow(ring.element(base), exponent));
    }
    let mut power = base % m;
    let mut result = 1 % m;
    let mut rest = exponent;
    while rest != 0 {
        if rest & 1 == 1 {
            result = mul_mod(result, power, m);
        }
        power = mul_mod(power, power, m);
        rest >>= 1;
    }
    result
}

/// The inverse of `a` modulo `m`, in `0..m`; none when they share a factor (or `m` is 0).
pub(crate) fn inverse(a: u64, m: u64) -> Option<u64> {
    if m <= 1 {
        return (m == 1).then_some(0);
    }
    // The coefficients alternate in sign, so their absolute values are enough; they
    // never exceed m.
    let (mut r0, mut r1) = (m, a % m);
    let (mut t0, mut t1) = (0u64, 1u64);
    let mut negative = false;
    while r1 != 0 {
        let q = r0 / r1;
        (r0, r1) = (r1, r0 - q * r1);
        (t0, t1) = (t1, t0.wrapping_add(q.wrapping_mul(t1)));
        negative = !negative;
    }
    (r0 == 1).then_some(if negative { t0 } else { m - t0 })
}

/// The greatest common divisor (binary); `gcd(0, b)` is `b`.
pub(crate) fn gcd(mut a: u64, mut b: u64) -> u64 {
    if a == 0 || b == 0 {
        return a | b;
    }
    let twos = (a | b).trailing_zeros();
    a >>= a.trailing_zeros();
    b >>= b.trailing_zeros();
    while a != b {
        let difference = a.abs_diff(b);
        b = a.min(b);
        a = difference >> difference.trailing_zeros();
    }
    a << twos
}

/// The Jacobi symbol (a/n) for odd `n`; for a prime `n` the Legendre symbol: 1 when `a`
/// is a square modulo `n`, −1 when not, 0 when `n` divides it.
pub(crate) fn jacobi(a: u64, n: u64) -> i8 {
    debug_assert!(n & 1 == 1);
    let (mut a, mut n) = (a % n, n);
    let mut sign = 1;
    while a != 0 {
        let twos = a.trailing_zeros();
        a >>= twos;
        if twos & 1 == 1 && matches!(n & 7, 3 | 5) {
            sign = -sign;
        }
        if a & n & 3 == 3 {
            sign = -sign;
        }
        (a, n) = (n % a, a);
    }
    if n == 1 { sign } else { 0 }
}

/// A square root of `a` modulo the prime `p` (2 included), in `0..p`; none when `a` is
/// no square. The other root is `p` minus it. Tonelli-Shanks.
pub(crate) fn sqrt_mod(a: u64, p: u64) -> Option<u64> {
    let a = a % p;
    if a < 2 || p == 2 {
        return Some(a);
    }
    if jacobi(a, p) != 1 {
        return None;
    }
    if p & 3 == 3 {
        return Some(pow_mod(a, p / 4 + 1, p));
    }
    let ring = Mont64::new(p);
    let twos = (p - 1).trailing_zeros();
    let odd = (p - 1) >> twos;
    let non_residue = (2..p).find(|&z| jacobi(z, p) == -1)?;
    let a = ring.element(a);
    // Invariant: root² = a·rest, and rest is of order 2^order at the most, a power of
    // the generator's 2^(twos−order)-th power.
    let mut generator = ring.pow(ring.element(non_residue), odd);
    let half = ring.pow(a, odd / 2);
    let mut root = ring.mul(a, half);
    let mut rest = ring.mul(root, half);
    let mut order = twos;
    while rest != ring.one() {
        let mut depth = 0;
        let mut square = rest;
        while square != ring.one() {
            square = ring.mul(square, square);
            depth += 1;
            if depth == order {
                return None; // Only when p is no prime.
            }
        }
        for _ in 0..order - depth - 1 {
            generator = ring.mul(generator, generator);
        }
        root = ring.mul(root, generator);
        generator = ring.mul(generator, generator);
        rest = ring.mul(rest, generator);
        order = depth;
    }
    Some(ring.value(root))
}

/// Whether `n` is prime, proven: Miller-Rabin with bases that leave no composite below
/// 2^64 (Jaeschke 1993 below 2^32; Sinclair 2011 above).
pub(crate) fn is_prime_u64(n: u64) -> bool {
    const SMALL: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    for p in SMALL {
        if n.is_multiple_of(p) {
            return n == p;
        }
    }
    if n < 41 * 41 {
        return n > 1;
    }
    let ring = Mont64::new(n);
    let bases: &[u64] = if n < 1 << 32 {
        &[2, 7, 61]
    } else {
        &[2, 325, 9375, 28178, 450775, 9780504, 1795265022]
    };
    bases.iter().all(|&base| {
        let base = base % n;
        base == 0 || ring.strong_probable_prime(base)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::primes_below;
    use num_bigint::BigUint;
    use proptest::prelude::*;

    fn big(n: u64) -> BigUint {
        BigUint::from(n)
    }

    proptest! {
        #[test]
        fn products_and_powers_agree_with_bignum(a: u64, b: u64, m in 1u64..) {
            prop_assert_eq!(big(mul_mod(a, b, m)), big(a) * big(b) % big(m));
            prop_assert_eq!(big(pow_mod(a, b, m)), big(a).modpow(&big(b), &big(m)));
        }

        #[test]
        fn an_inverse_inverts_or_there_is_a_common_factor(a: u64, m in 2u64..) {
            match inverse(a, m) {
                Some(i) => {
                    prop_assert!(i < m);
                    prop_assert_eq!(mul_mod(a % m, i, m), 1);
                }
                None => prop_assert!(gcd(a, m) != 1),
            }
        }

        #[test]
        fn gcd_agrees_with_euclid(a: u64, b: u64, common in 1u64..1000) {
            let (a, b) = (a / common * common, b / common * common);
            let (mut x, mut y) = (a, b);
            while y != 0 {
                (x, y) = (y, x % y);
            }
            prop_assert_eq!(gcd(a, b), x);
        }

        #[test]
        fn jacobi_is_multiplicative(a in 0u64..1 << 31, b in 0u64..1 << 31, n in 0u64..1 << 40) {
            let n = 2 * n + 1;
            prop_assert_eq!(jacobi(a * b, n), jacobi(a, n) * jacobi(b, n));
        }

        #[test]
        fn roots_of_squares_are_found(start in 3u64..1 << 62, x: u64) {
            let p = (start..).find(|&p| is_prime_u64(p)).unwrap();
            let square = mul_mod(x % p, x % p, p);
            let root = sqrt_mod(square, p).unwrap();
            prop_assert_eq!(mul_mod(root, root, p), square);
        }
    }

    #[test]
    fn roots_exist_exactly_for_the_squares_modulo_small_primes() {
        for p in primes_below(600).into_iter().map(u64::from) {
            let squares: std::collections::HashSet<u64> = (0..p).map(|x| x * x % p).collect();
            for a in 0..p {
                let root = sqrt_mod(a, p);
                assert_eq!(root.is_some(), squares.contains(&a), "{a} mod {p}");
                if let Some(root) = root {
                    assert_eq!(root * root % p, a, "{a} mod {p}");
                }
                if p > 2 {
                    let symbol = i8::from(squares.contains(&a)) * 2 - 1;
                    assert_eq!(jacobi(a, p), if a == 0 { 0 } else { symbol });
                }
            }
        }
        // Primes with many twos in p − 1.
        for p in [65537, 4179340454199820289] {
            for a in 1..100 {
                if let Some(root) = sqrt_mod(a, p) {
                    assert_eq!(mul_mod(root, root, p), a);
                } else {
                    assert_eq!(pow_mod(a, (p - 1) / 2, p), p - 1);
                }
            }
        }
    }

    #[test]
    fn primality_agrees_with_the_sieve() {
        let primes = primes_below(200_000);
        let tested: Vec<u32> = (0..200_000).filter(|&n| is_prime_u64(n.into())).collect();
        assert_eq!(tested, primes);
    }

    #[test]
    fn strong_pseudoprimes_are_no_primes() {
        for n in [
            2047,
            3215031751,
            3474749660383,
            341550071728321,
            3825123056546413051,
            u64::MAX,
            18446744065119617025, // 4294967295²
        ] {
            assert!(!is_prime_u64(n), "{n}");
        }
        for p in [4294967291, 18446744073709551557, 9223372036854775783] {
            assert!(is_prime_u64(p), "{p}");
        }
    }
}
