//! OpenSSH's one-line public keys (RFC 4253, 6.6), bare or in an `authorized_keys`
//! line with options before them.

use super::{Format, KeyError, PublicKey};
use base64ct::{Base64, Base64Unpadded, Encoding};
use num_bigint::BigUint;

/// The other types of keys, and what they are for.
const OTHERS: [(&str, &str); 6] = [
    ("ssh-ed25519", "Ed25519"),
    ("ecdsa-sha2-", "elliptic curves (ECDSA)"),
    ("ssh-dss", "DSA"),
    ("sk-ssh-ed25519", "Ed25519 on a security key"),
    ("sk-ecdsa-sha2-", "elliptic curves on a security key"),
    ("ssh-mldsa", "ML-DSA"),
];

/// Reads a line; [`KeyError::Unknown`] when it has nothing of an SSH key.
pub(super) fn parse(text: &str) -> Result<PublicKey, KeyError> {
    if text.contains("BEGIN SSH2 PUBLIC KEY") {
        return Err(KeyError::OtherSsh("an SSH2 file (RFC 4716)"));
    }
    if text.starts_with("PuTTY-User-Key-File") {
        return Err(KeyError::Private("PuTTY".into()));
    }
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let keys: Vec<_> = lines.iter().filter_map(|line| find_rsa(line)).collect();
    match (&keys[..], &lines[..]) {
        ([blob], _) => parse_blob(blob),
        ([], _) => Err(lines
            .iter()
            .find_map(|line| other(line))
            .unwrap_or(KeyError::Unknown)),
        (several, _) => Err(KeyError::Several(several.len())),
    }
}

/// The base64 after the word `ssh-rsa`, where that is a word of its own outside quotes.
fn find_rsa(line: &str) -> Option<&str> {
    let mut quoted = false;
    let mut words = line.split(|c: char| {
        quoted ^= c == '"';
        !quoted && c.is_whitespace()
    });
    words.find(|word| *word == "ssh-rsa")?;
    Some(words.find(|word| !word.is_empty()).unwrap_or_default())
}

fn other(line: &str) -> Option<KeyError> {
    let mut words = line.split_whitespace();
    words.find_map(|word| {
        if word.contains("-cert-v0") {
            return Some(KeyError::OtherSsh("an SSH certificate"));
        }
        let (_, name) = OTHERS.iter().find(|(prefix, _)| word.starts_with(prefix))?;
        Some(KeyError::OtherAlgorithm((*name).to_owned()))
    })
}

fn parse_blob(base64: &str) -> Result<PublicKey, KeyError> {
    let malformed = |why: &str| KeyError::Malformed {
        format: Format::OpenSsh,
        why: why.to_owned(),
    };
    let blob = Base64::decode_vec(base64)
        .or_else(|_| Base64Unpadded::decode_vec(base64))
        .map_err(|_| malformed("the word after ssh-rsa is no base64, or is cut off"))?;
    let mut rest = blob.as_slice();
    let mut next = || -> Option<&[u8]> {
        let (length, tail) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (field, tail) = tail.split_at_checked(length)?;
        rest = tail;
        Some(field)
    };
    let (Some(kind), Some(exponent), Some(modulus)) = (next(), next(), next()) else {
        return Err(malformed("it is cut off"));
    };
    if kind != b"ssh-rsa" {
        return Err(malformed("what is encoded is of another type"));
    }
    if !rest.is_empty() {
        return Err(malformed("something follows the modulus"));
    }
    // An mpint with its highest bit set is negative (RFC 4251, 5).
    if [exponent, modulus]
        .iter()
        .any(|n| n.first().is_some_and(|b| b & 0x80 != 0))
    {
        return Err(malformed("a number in it is negative"));
    }
    Ok(PublicKey {
        modulus: BigUint::from_bytes_be(modulus),
        exponent: BigUint::from_bytes_be(exponent),
        format: Format::OpenSsh,
    })
}
