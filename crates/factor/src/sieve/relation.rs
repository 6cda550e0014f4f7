//! Relations: x with a smooth Q(x), up to one large prime; their encoding in findings,
//! and their check.

use super::base::FactorBase;
use super::polynomial::{Family, Polynomial};
use super::trial;
use super::vector::Processor;
use super::wide::Wide;

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
    let processor = Processor::detect();
    if !trial::divide(processor, base, rest, relation.large_prime, &mut primes) {
        return None;
    }
    primes.extend(family.factors.iter().map(|&i| i as u32));
    Some(Factored {
        root: polynomial.root_of_square(relation.x),
        negative,
        primes,
        large_prime: relation.large_prime,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
