//! Keys as openssl and ssh-keygen write them (512 bits, `tests/keys/`), and texts that
//! are none.
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use super::*;
use crate::{RSACrackerSpec, TargetError};
use num_traits::Num;
use std::io::ErrorKind;
use std::process::Command;

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/", $name))
    };
}

fn modulus() -> BigUint {
    let text = std::str::from_utf8(file!("modulus.hex")).unwrap();
    BigUint::from_str_radix(text.trim(), 16).unwrap()
}

/// Every format, with its file.
const FILES: [(&[u8], Format); 7] = [
    (file!("pkcs1.pem"), Format::Pkcs1),
    (file!("spki.pem"), Format::Spki),
    (file!("spki.der"), Format::Spki),
    (file!("certificate.pem"), Format::Certificate),
    (file!("openssh.pub"), Format::OpenSsh),
    (file!("jwk.json"), Format::Jwk),
    (file!("jwks.json"), Format::Jwk),
];

#[test]
fn every_format_gives_the_same_key() {
    for (file, format) in FILES {
        let key = PublicKey {
            modulus: modulus(),
            exponent: 65537u32.into(),
            format,
        };
        assert_eq!(parse(file), Ok(key), "{format}");
    }
}

#[test]
fn a_line_of_authorized_keys_may_have_options_and_a_comment() {
    let line = std::str::from_utf8(file!("openssh.pub")).unwrap().trim();
    let text =
        format!("# who may come in\ncommand=\"echo ssh-rsa\",no-pty {line} someone@somewhere\n");
    assert_eq!(parse(text.as_bytes()).map(|key| key.modulus), Ok(modulus()));
    let twice = format!("{line}\n{line}\n");
    assert_eq!(parse(twice.as_bytes()), Err(KeyError::Several(2)));
}

#[test]
fn private_keys_are_refused_and_not_repeated() {
    let jwk = br#"{"kty":"RSA","n":"AQAB","e":"AQAB","d":"c2VjcmV0"}"#;
    for (file, name) in [
        (&file!("private-pkcs1.pem")[..], "PKCS#1"),
        (&file!("private-pkcs8.pem")[..], "PKCS#8"),
        (&jwk[..], "JWK"),
    ] {
        let error = parse(file).unwrap_err();
        assert!(matches!(error, KeyError::Private(_)), "{name}: {error:?}");
        let words = format!("{error:?} {}", error.at("spec.publicKey"));
        let text = std::str::from_utf8(file).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with(['#', '-']));
        for secret in lines.chain(["c2VjcmV0"]) {
            assert!(!words.contains(secret), "{words}");
        }
    }
}

#[test]
fn keys_of_other_algorithms_are_refused_by_name() {
    for (file, name) in [
        (&file!("ec.pem")[..], "elliptic curves"),
        (&file!("ed25519.pem")[..], "Ed25519"),
        (&file!("ed25519.pub")[..], "Ed25519"),
        (&br#"{"kty":"EC","crv":"P-256"}"#[..], "elliptic curves"),
    ] {
        let error = parse(file).unwrap_err();
        assert!(matches!(error, KeyError::OtherAlgorithm(_)), "{error:?}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_key_cut_anywhere_is_refused() {
    for (file, format) in FILES {
        let whole = file.trim_ascii_end().len();
        // A PEM block is whole up to its last dashes; an OpenSSH line may lose its comment.
        for length in 0..whole {
            if let Ok(key) = parse(&file[..length]) {
                assert_eq!(key.modulus, modulus(), "{format} cut to {length} bytes");
            }
        }
        assert!(parse(&file[..whole / 2]).is_err(), "{format}");
    }
}

#[test]
fn texts_that_are_no_key() {
    assert_eq!(parse(b" \n"), Err(KeyError::Empty));
    for garbage in [&b"hello"[..], b"\xff\xfe\x00", b"12345", b"\x30\x80"] {
        assert_eq!(parse(garbage), Err(KeyError::Unknown), "{garbage:?}");
    }
    let long = vec![b'A'; MAX_BYTES + 1];
    assert_eq!(parse(&long), Err(KeyError::TooLong(MAX_BYTES + 1)));
    // 4097 bits: a one, and 512 bytes of zero but for the last bit.
    let mut large = vec![0; 513];
    (large[0], large[512]) = (1, 1);
    let n = <base64ct::Base64UrlUnpadded as base64ct::Encoding>::encode_string(&large);
    let jwk = format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"}}"#);
    assert_eq!(parse(jwk.as_bytes()), Err(KeyError::TooLarge(4097)));
    let zero = br#"{"kty":"RSA","n":"AA","e":"AQAB"}"#;
    assert_eq!(parse(zero), Err(KeyError::Zero("modulus")));
    assert_eq!(
        parse(br#"{"keys":[]}"#).unwrap_err().to_string(),
        "is no well-formed JWK: there is no key in it"
    );
}

#[test]
fn a_spec_is_about_its_number_or_its_key() {
    let mut spec = RSACrackerSpec::default();
    assert_eq!(spec.target(), Err(TargetError::Missing));
    spec.public_key = Some(String::from_utf8(file!("spki.pem").to_vec()).unwrap());
    let target = spec.target().unwrap();
    assert_eq!(target.number, modulus());
    assert_eq!(target.exponent, Some(65537u32.into()));
    spec.number_to_factor = Some("0xff".into());
    assert_eq!(spec.target(), Err(TargetError::Both));
    spec.public_key = None;
    let target = spec.target().unwrap();
    assert_eq!((target.number, target.exponent), (255u32.into(), None));
    spec.public_key = spec.number_to_factor.take().map(|_| "garbage".into());
    assert_eq!(spec.target(), Err(TargetError::Key(KeyError::Unknown)));
}

/// Writes the private key of the primes and has openssl check it.
fn openssl_checks(primes: &[BigUint]) {
    let pem = private_key_pem(primes, &65537u32.into()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key.pem");
    std::fs::write(&path, pem.expose()).unwrap();
    let check = Command::new("openssl")
        .args(["rsa", "-check", "-noout", "-in"])
        .arg(&path)
        .output();
    match check {
        Ok(output) => assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => skipped(),
        Err(error) => panic!("openssl cannot be started: {error}"),
    }
    assert_eq!(format!("{pem:?}"), "PrivateKeyPem(hidden)");
}

fn skipped() {
    eprintln!("skipped: openssl is not installed, private keys were not checked");
}

#[test]
fn openssl_takes_the_private_key_of_two_primes_and_of_three() {
    // 2^521 - 1, 2^607 - 1, 2^1279 - 1: Mersenne primes, so that nobody need test them.
    let primes = [521u32, 607, 1279].map(|power| (BigUint::from(1u32) << power) - 1u32);
    openssl_checks(&primes[..2]);
    openssl_checks(&primes);
}

#[test]
fn factors_that_make_no_key() {
    let key = |factors: &[u32], exponent: u32| {
        let factors: Vec<BigUint> = factors.iter().map(|factor| (*factor).into()).collect();
        private_key_pem(&factors, &exponent.into()).map(|_| ())
    };
    assert_eq!(key(&[11, 17], 3), Ok(()));
    assert_eq!(key(&[11], 3), Err(PrivateKeyError::TooFewPrimes));
    assert_eq!(key(&[11, 11], 3), Err(PrivateKeyError::RepeatedPrime));
    assert_eq!(key(&[11, 1], 3), Err(PrivateKeyError::NoPrime));
    assert_eq!(
        key(&[7, 11], 3),
        Err(PrivateKeyError::NotInvertible(3u32.into()))
    );
}
