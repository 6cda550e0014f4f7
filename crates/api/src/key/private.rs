//! From factors back to a private key (RFC 8017: PKCS#1, multi-prime too).

use der::EncodePem;
use der::asn1::Uint;
use der::pem::LineEnding;
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::One;
use pkcs1::{OtherPrimeInfo, RsaPrivateKey};
use std::fmt;

/// A private key as PEM text (`RSA PRIVATE KEY`, which openssl and OpenSSH read). A
/// secret: it prints itself nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKeyPem(String);

impl PrivateKeyPem {
    /// The text, for the one who may have it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PrivateKeyPem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKeyPem(hidden)")
    }
}

/// Why factors and an exponent make no private key. Holds no factor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    /// Fewer than two primes.
    #[error("the modulus is prime (or 1): RSA needs two primes at least")]
    TooFewPrimes,
    /// A prime twice.
    #[error("a prime factor is repeated: RSA does not decrypt under such a modulus")]
    RepeatedPrime,
    /// 0 or 1 among the factors.
    #[error("a factor is below 2")]
    NoPrime,
    /// No inverse of the exponent.
    #[error(
        "the public exponent {0} shares a divisor with a prime factor less 1: no private exponent exists"
    )]
    NotInvertible(BigUint),
    /// The encoder refused.
    #[error("the private key cannot be encoded: {0}")]
    Encoding(String),
}

/// The private key of a modulus whose prime factors these are, under the public
/// exponent.
///
/// # Errors
/// When they make none. That the factors are prime is the caller's to know.
pub fn private_key_pem(
    factors: &[BigUint],
    exponent: &BigUint,
) -> Result<PrivateKeyPem, PrivateKeyError> {
    let one = BigUint::one();
    // The largest first: the usual order, p before q.
    let mut primes = factors.to_vec();
    primes.sort_unstable_by(|a, b| b.cmp(a));
    let [first, second, others @ ..] = primes.as_slice() else {
        return Err(PrivateKeyError::TooFewPrimes);
    };
    if primes.iter().any(|prime| *prime <= one) {
        return Err(PrivateKeyError::NoPrime);
    }
    if primes.is_sorted_by(|a, b| a > b) {
        let lambda = primes
            .iter()
            .fold(one.clone(), |lambda, prime| lambda.lcm(&(prime - &one)));
        let not_invertible = || PrivateKeyError::NotInvertible(exponent.clone());
        let private = exponent.modinv(&lambda).ok_or_else(not_invertible)?;
        // Of distinct primes, every product of others is invertible.
        let inverse = |a: &BigUint, prime: &BigUint| uint_of(a.modinv(prime));
        let mut product = first * second;
        let mut other_infos = Vec::new();
        for prime in others {
            other_infos.push(OtherPrimeInfo {
                prime: uint(prime)?,
                exponent: uint(&(&private % (prime - &one)))?,
                coefficient: inverse(&product, prime)?,
            });
            product *= prime;
        }
        let key = RsaPrivateKey {
            modulus: uint(&product)?,
            public_exponent: uint(exponent)?,
            private_exponent: uint(&private)?,
            prime1: uint(first)?,
            prime2: uint(second)?,
            exponent1: uint(&(&private % (first - &one)))?,
            exponent2: uint(&(&private % (second - &one)))?,
            coefficient: inverse(second, first)?,
            other_prime_infos: (!other_infos.is_empty()).then_some(other_infos),
        };
        key.to_pem(LineEnding::LF)
            .map(PrivateKeyPem)
            .map_err(|error| PrivateKeyError::Encoding(error.to_string()))
    } else {
        Err(PrivateKeyError::RepeatedPrime)
    }
}

fn uint(number: &BigUint) -> Result<Uint, PrivateKeyError> {
    Uint::new(&number.to_bytes_be()).map_err(|error| PrivateKeyError::Encoding(error.to_string()))
}

fn uint_of(number: Option<BigUint>) -> Result<Uint, PrivateKeyError> {
    number.map_or(Err(PrivateKeyError::RepeatedPrime), |number| uint(&number))
}
