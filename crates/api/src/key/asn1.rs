//! The DER structures that hold RSA keys.

use super::{Format, KeyError, PublicKey};
use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Encode, Header, Reader, SliceReader, Tag};
use num_bigint::BigUint;
use pkcs1::RsaPublicKeyRef;
use spki::SubjectPublicKeyInfoRef;
use x509_cert::certificate::{CertificateInner, Raw};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// The algorithms that people take for RSA keys, by name.
const OTHERS: [(ObjectIdentifier, &str); 6] = [
    (
        ObjectIdentifier::new_unwrap("1.2.840.10045.2.1"),
        "elliptic curves (ECDSA, ECDH)",
    ),
    (ObjectIdentifier::new_unwrap("1.3.101.112"), "Ed25519"),
    (ObjectIdentifier::new_unwrap("1.3.101.113"), "Ed448"),
    (ObjectIdentifier::new_unwrap("1.3.101.110"), "X25519"),
    (ObjectIdentifier::new_unwrap("1.2.840.10040.4.1"), "DSA"),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.3.1"),
        "Diffie-Hellman",
    ),
];

fn malformed(format: Format) -> impl Fn(der::Error) -> KeyError {
    move |error| KeyError::Malformed {
        format,
        why: error.to_string(),
    }
}

/// `RSAPublicKey`, RFC 8017 A.1.1.
pub(super) fn parse_pkcs1(bytes: &[u8]) -> Result<PublicKey, KeyError> {
    let key = RsaPublicKeyRef::from_der(bytes).map_err(malformed(Format::Pkcs1))?;
    Ok(PublicKey {
        modulus: BigUint::from_bytes_be(key.modulus.as_bytes()),
        exponent: BigUint::from_bytes_be(key.public_exponent.as_bytes()),
        format: Format::Pkcs1,
    })
}

/// `SubjectPublicKeyInfo`, RFC 5280 4.1.
pub(super) fn parse_spki(bytes: &[u8]) -> Result<PublicKey, KeyError> {
    let info = SubjectPublicKeyInfoRef::from_der(bytes).map_err(malformed(Format::Spki))?;
    let algorithm = info.algorithm.oid;
    if algorithm != RSA_ENCRYPTION && algorithm != RSA_PSS {
        return Err(KeyError::OtherAlgorithm(name_of(algorithm)));
    }
    let key = info.subject_public_key.as_bytes();
    let key = key.ok_or_else(|| malformed(Format::Spki)(Tag::BitString.value_error().into()))?;
    Ok(PublicKey {
        format: Format::Spki,
        ..parse_pkcs1(key)?
    })
}

/// `Certificate`, RFC 5280 4.1. With the lenient profile: serial numbers and names of
/// old certificates break rules that do not matter here.
pub(super) fn parse_certificate(bytes: &[u8]) -> Result<PublicKey, KeyError> {
    let malformed = malformed(Format::Certificate);
    let certificate = CertificateInner::<Raw>::from_der(bytes).map_err(&malformed)?;
    let info = certificate.tbs_certificate().subject_public_key_info();
    let info = info.to_der().map_err(&malformed)?;
    Ok(PublicKey {
        format: Format::Certificate,
        ..parse_spki(&info)?
    })
}

/// DER of one of the three, or of a private key, told apart by how it begins.
pub(super) fn parse_any(bytes: &[u8]) -> Result<PublicKey, KeyError> {
    let tags = first_tags(bytes).map_err(|_| KeyError::Unknown)?;
    match tags[..] {
        [Tag::Sequence, Tag::BitString] => parse_spki(bytes),
        [Tag::Sequence, Tag::Sequence, Tag::BitString] => parse_certificate(bytes),
        // Both kinds of private keys begin with their version.
        [Tag::Integer, Tag::Sequence, ..] => Err(KeyError::Private("PKCS#8".into())),
        [Tag::Integer, Tag::Integer] => parse_pkcs1(bytes),
        [Tag::Integer, Tag::Integer, ..] => Err(KeyError::Private("PKCS#1".into())),
        [Tag::Integer, Tag::OctetString, ..] => Err(KeyError::Private("SEC 1".into())),
        [Tag::Sequence, Tag::OctetString] => Err(KeyError::Private("encrypted PKCS#8".into())),
        _ => Err(KeyError::Unknown),
    }
}

/// The tags of the elements of the outermost sequence.
fn first_tags(bytes: &[u8]) -> Result<Vec<Tag>, der::Error> {
    let mut reader = SliceReader::new(bytes)?;
    let header = Header::decode(&mut reader)?;
    header.tag().assert_eq(Tag::Sequence)?;
    let mut reader = SliceReader::new(reader.read_slice(header.length())?)?;
    let mut tags = Vec::new();
    while !reader.is_finished() {
        tags.push(der::Tagged::tag(&AnyRef::decode(&mut reader)?));
    }
    Ok(tags)
}

fn name_of(algorithm: ObjectIdentifier) -> String {
    OTHERS
        .iter()
        .find(|(oid, _)| *oid == algorithm)
        .map_or_else(|| algorithm.to_string(), |(_, name)| (*name).to_owned())
}
