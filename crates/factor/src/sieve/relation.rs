//! Relations: x with a smooth Q(x), up to one large prime; their encoding in findings,
//! and their check.

use super::base::FactorBase;
use super::float;
use super::polynomial::{Family, Polynomial};
use super::vector::{self, Processor};
use super::wide::{Magnitude, RADIX, Wide};

/// Bytes of an encoded relation.
pub(super) const BYTES: usize = 10;

/// What a worker reports; the index of the finding names `a`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Relation {
    /// Which polynomial of the family.
    pub(super) polynomial: u16,
    /// Where.
    pub(super) x: i32,
    /// What is left of Q(x) without the primes of the base: 1, or a prime.
    pub(super) large_prime: u32,
}

impl Relation {
    /// Two, four and four bytes, little-endian.
    pub(super) fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend(self.polynomial.to_le_bytes());
        bytes.extend(self.x.to_le_bytes());
        bytes.extend(self.large_prime.to_le_bytes());
        bytes
    }

    /// The inverse of [`Self::encode`].
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; BYTES] = bytes.try_into().ok()?;
        let [p0, p1, x0, x1, x2, x3, l0, l1, l2, l3] = *bytes;
        Some(Self {
            polynomial: u16::from_le_bytes([p0, p1]),
            x: i32::from_le_bytes([x0, x1, x2, x3]),
            large_prime: u32::from_le_bytes([l0, l1, l2, l3]),
        })
    }
}

/// What the sieve found a relation with.
pub(super) struct Hit<'a> {
    pub(super) family: &'a Family,
    pub(super) polynomial: &'a Polynomial,
    /// Whether Q(x) is negative.
    pub(super) negative: bool,
    /// The primes of Q(x), as places in the base, with repetition.
    pub(super) factors: &'a [u32],
}

/// A relation taken apart: `root`² ≡ 4 · ± Π primes · large prime (mod N).
#[derive(Debug, Clone)]
pub(super) struct Factored {
    /// 2ax + b.
    pub(super) root: Wide,
    /// Whether the product is negative.
    pub(super) negative: bool,
    /// The primes of a·Q(x), as places in the base, with repetition.
    pub(super) primes: Vec<u32>,
    /// 1, or the large prime.
    pub(super) large_prime: u32,
}

/// Recomputes a relation; none when it does not hold. `polynomial` is the one that the
/// relation names.
pub(super) fn factor(
    base: &FactorBase,
    family: &Family,
    polynomial: &Polynomial,
    relation: Relation,
) -> Option<Factored> {
    let (negative, mut rest) = polynomial.value(relation.x);
    if rest.bits() == 0 {
        return None;
    }
    let mut primes = vec![0; rest.take_twos() as usize];
    let root = polynomial.root_of_square(relation.x);
    let mut found = Vec::new();
    vector::divisors(Processor::detect(), base, &root.parts().1, &mut found);
    for i in found {
        base.divide_out(i as usize, &mut rest, &mut primes);
    }
    if rest.small() != Some(u64::from(relation.large_prime)) {
        return None;
    }
    primes.extend(family.factors.iter().map(|&i| i as u32));
    Some(Factored {
        root,
        negative,
        primes,
        large_prime: relation.large_prime,
    })
}

/// Primes whose residues are computed at once.
const CHUNK: usize = 16;

/// Appends the odd primes that divide root² − kN: modulo these the root is plus or minus
/// the base's. (Digit after digit in floating point, exact as in [`super::float`].)
#[inline(always)]
pub(super) fn divisors<const FUSED: bool>(
    base: &FactorBase,
    root: &Magnitude,
    found: &mut Vec<u32>,
) {
    let digits = root.digits();
    for start in (0..base.len()).step_by(CHUNK) {
        let range = start..base.len().min(start + CHUNK);
        let (mut p, mut expected) = ([1.0; CHUNK], [2.0; CHUNK]);
        let numbers = base.primes[range.clone()]
            .iter()
            .zip(&base.roots[range.clone()]);
        for ((p, root), (&prime, &of_prime)) in p.iter_mut().zip(&mut expected).zip(numbers) {
            (*p, *root) = (f64::from(prime), f64::from(of_prime));
        }
        let mut reciprocals = [0.0; CHUNK];
        let of_chunk = &base.reciprocals[range];
        reciprocals[..of_chunk.len()].copy_from_slice(of_chunk);
        let mut rests = [0.0; CHUNK];
        for &digit in digits.iter().rev() {
            for ((rest, p), reciprocal) in rests.iter_mut().zip(&p).zip(&reciprocals) {
                *rest = float::rest::<FUSED>(*rest, RADIX, digit, *p, *reciprocal);
            }
        }
        let is_hit = |i: usize| {
            let rest = rests[i].abs();
            (rest == expected[i]) | (rest == p[i] - expected[i])
        };
        if (0..CHUNK).fold(false, |any, i| any | is_hit(i)) {
            let hits = (0..CHUNK).filter(|&i| is_hit(i) && start + i > 0);
            found.extend(hits.map(|i| (start + i) as u32));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::{BigInt, BigUint};
    use proptest::prelude::*;

    #[test]
    fn relations_survive_their_encoding() {
        let relation = Relation {
            polynomial: 513,
            x: -70_000,
            large_prime: 4_000_000_007,
        };
        let bytes = relation.encode();
        assert_eq!(bytes.len(), BYTES);
        assert_eq!(Relation::decode(&bytes), Some(relation));
        assert_eq!(Relation::decode(&bytes[1..]), None);
        assert_eq!(Relation::decode(&[bytes.as_slice(), &[0]].concat()), None);
    }

    proptest! {
        #[test]
        fn divisors_are_the_primes_that_divide_on_every_processor(
            low: u128, high in 0u64..1 << 40,
        ) {
            let number = (BigUint::from(1u32) << 200u32) + 235u32;
            let kn = &number * 3u32;
            let base = FactorBase::new(&number, 3, 500);
            let root = BigInt::from(high) << 128u32 | BigInt::from(low);
            let value = &root * &root - BigInt::from(kn);
            let divides = |&i: &usize| &value % base.primes[i] == BigInt::ZERO;
            let expected: Vec<u32> = (1..base.len()).filter(divides).map(|i| i as u32).collect();
            for processor in [Processor::detect(), Processor::plain()] {
                let mut found = Vec::new();
                let (_, root) = Wide::from_big(&root).parts();
                vector::divisors(processor, &base, &root, &mut found);
                prop_assert_eq!(&found, &expected);
            }
        }
    }
}
