//! What `crack` is given: a number as it is typed, or a file (or stdin) that holds a
//! number, a public key, or a certificate.

use crate::exit::{Exit, Failure};
use rsac_api::key::{self, PublicKey};
use rsac_api::{BigUint, FieldError, RSACracker, number};
use rsac_protocol::Digest;
use serde_json::json;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The longest key file that is read: certificates with all their chains are smaller.
const MAX_BYTES: u64 = 1 << 20;

/// What is to be cracked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A number.
    Number(BigUint),
    /// A public key, as text for `spec.publicKey`, and its modulus.
    Key {
        /// PEM, an OpenSSH line, or a JWK.
        text: String,
        /// The number to factor.
        modulus: BigUint,
    },
}

impl Subject {
    /// The number to factor.
    pub fn number(&self) -> &BigUint {
        match self {
            Self::Number(number)
            | Self::Key {
                modulus: number, ..
            } => number,
        }
    }

    /// A name made from the number: the same number is the same job.
    pub fn default_name(&self) -> String {
        let digest = Digest::of(&self.number().to_string()).short();
        format!("rsa-{}-{digest}", self.number().bits())
    }

    /// The field of the spec that says it, and its value. Numbers are quoted always: a
    /// bare integer is only safe up to 2^63.
    pub fn field(&self) -> (&'static str, String) {
        match self {
            Self::Number(number) => ("numberToFactor", number.to_string()),
            Self::Key { text, .. } => ("publicKey", text.clone()),
        }
    }

    /// Whether the resource is about the same number.
    pub fn is_of(&self, cracker: &RSACracker) -> bool {
        let theirs = cracker.spec.target();
        theirs.is_ok_and(|theirs| theirs.number == *self.number())
    }
}

/// Reads what was given on the command line. What looks like a number is one, even where
/// a file has that name (`./123` is the file).
///
/// # Errors
/// When it is neither a number nor a readable file with a number or key in it.
pub fn read(
    input: &str,
    stdin: &(dyn Fn(u64) -> io::Result<Vec<u8>> + Send + Sync),
) -> Result<Subject, Failure> {
    if input == "-" {
        let bytes = stdin(MAX_BYTES).map_err(|error| bad("stdin", &error.to_string()))?;
        return of_bytes("stdin", &bytes);
    }
    let path = Path::new(input);
    if looks_like_a_number(input) || input.is_empty() {
        return of_number("NUMBER", input);
    }
    match read_file(path, MAX_BYTES) {
        Ok(bytes) => of_bytes(input, &bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let shown: String = input.chars().take(60).collect();
            Err(bad(&format!("{shown:?}"), "is neither a number nor a file")
                .remedy("give a decimal or 0x… number, the file of a public key, or - for stdin"))
        }
        Err(error) => Err(unreadable(input, &error)),
    }
}

/// A file that was named and cannot be read, with what helps.
pub fn unreadable(name: &str, error: &io::Error) -> Failure {
    let remedy = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file: check the name, or give - for stdin",
        io::ErrorKind::PermissionDenied => {
            "make the file readable for you, or pipe it in and give - for its name"
        }
        io::ErrorKind::IsADirectory => "that is a folder: give the file in it",
        io::ErrorKind::FileTooLarge => "is that the right file?",
        _ => "give a file that can be read, or - for stdin",
    };
    bad(name, &error.to_string()).remedy(remedy)
}

/// Digits come first, perhaps after a sign, a blank or 0x.
fn looks_like_a_number(input: &str) -> bool {
    let unsigned = input.trim_start().trim_start_matches(['+', '-']);
    unsigned.starts_with(|c: char| c.is_ascii_digit())
        && !unsigned.contains(['/', '\\'])
        && !Path::new(input).extension().is_some_and(is_key_extension)
}

fn is_key_extension(extension: &std::ffi::OsStr) -> bool {
    [
        "pem", "pub", "key", "crt", "cer", "der", "jwk", "json", "txt",
    ]
    .iter()
    .any(|known| extension == *known)
}

fn of_number(field: &str, text: &str) -> Result<Subject, Failure> {
    match number::parse(text) {
        Ok(number) => Ok(Subject::Number(number)),
        Err(error) => Err(refusal(&error.at(field, text))),
    }
}

/// The content of a file or of stdin.
fn of_bytes(name: &str, bytes: &[u8]) -> Result<Subject, Failure> {
    // A number in a file ends with a newline, as text files do.
    if let Ok(text) = std::str::from_utf8(bytes)
        && (text.trim().is_empty() || looks_like_a_number(text.trim()))
    {
        return of_number(name, text.trim());
    }
    let key = key::parse(bytes).map_err(|error| refusal(&error.at(name)))?;
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => text.trim().to_owned(),
        _ => jwk(&key),
    };
    let modulus = key.modulus;
    Ok(Subject::Key { text, modulus })
}

/// A key that was no text (DER), as text.
fn jwk(key: &PublicKey) -> String {
    let field = |n: &BigUint| base64url(&n.to_bytes_be());
    let (n, e) = (field(&key.modulus), field(&key.exponent));
    json!({ "kty": "RSA", "n": n, "e": e }).to_string()
}

/// RFC 4648, section 5, without padding, as RFC 7518 wants it.
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let group = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for i in 0..=chunk.len() as u32 {
            let digit = (group >> (18 - 6 * i)) & 63;
            text.push(char::from(ALPHABET[digit as usize]));
        }
    }
    text
}

fn refusal(error: &FieldError) -> Failure {
    Failure::new(Exit::BadInput, error.to_string())
}

fn bad(name: &str, why: &str) -> Failure {
    Failure::new(Exit::BadInput, format!("{name}: {why}"))
}

/// A file's bytes, at most so many: a number of a gigabyte is told, not read.
///
/// # Errors
/// When it cannot be read, or has more.
pub fn read_file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_at_most(File::open(path)?, limit)
}

/// All bytes, at most so many.
///
/// # Errors
/// When they cannot be read, or are more.
pub fn read_at_most(from: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let what = format!("has more than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_plain(input: &str) -> Result<Subject, Failure> {
        read(input, &|_| Ok(Vec::new()))
    }

    fn piped(bytes: &'static [u8]) -> Result<Subject, Failure> {
        read("-", &move |limit| read_at_most(bytes, limit))
    }

    #[test]
    fn numbers_are_taken_as_they_are_typed_or_piped() {
        let number = Subject::Number(804_556_097_u32.into());
        assert_eq!(read_plain("804556097").unwrap(), number);
        assert_eq!(read_plain("0x2ff48d41").unwrap(), number);
        assert_eq!(piped(b"804556097\n").unwrap(), number);
        assert_eq!(number.default_name(), number.clone().default_name());
        assert!(rsac_api::names::problem(&number.default_name()).is_none());
    }

    #[test]
    fn what_is_neither_is_named() {
        let message = |input: &str| read_plain(input).unwrap_err().message;
        insta::assert_snapshot!(message("-15"));
        insta::assert_snapshot!(message("80 45"));
        insta::assert_snapshot!(message(""));
        insta::assert_snapshot!(message("no-such-file.pem"));
        insta::assert_snapshot!(message(&"7".repeat(1_000_000)));
        assert_eq!(read_plain("nothing").unwrap_err().exit, Exit::BadInput);
        insta::assert_snapshot!(piped(b"\n").unwrap_err().message);
    }

    #[test]
    fn a_key_that_is_no_text_becomes_one() {
        let key = PublicKey {
            modulus: 804_556_097_u32.into(),
            exponent: 65_537_u32.into(),
            format: key::Format::Spki,
        };
        let text = jwk(&key);
        let again = key::parse(text.as_bytes()).unwrap();
        assert_eq!((again.modulus, again.exponent), (key.modulus, key.exponent));
        assert_eq!(base64url(b"\xff\xef"), "_-8");
    }

    #[test]
    fn a_file_that_is_too_long_is_told_not_read() {
        let error = read_at_most(io::repeat(b'7'), 10).unwrap_err();
        assert_eq!(error.to_string(), "has more than 10 bytes");
    }
}
