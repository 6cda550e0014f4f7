//! Builders of HTTP clients that are set up alike: no proxy, no redirects, and no other
//! root of trust than the one that is given. Workers, supervisor and words build on it.

use crate::tls::{TlsError, from_file, trusting_nobody};
use std::path::Path;

/// A client for plain HTTP: a socket, or loopback. No certificate is trusted, so that
/// `https` fails.
pub fn plain() -> reqwest::ClientBuilder {
    builder(trusting_nobody())
}

/// A client that trusts what the authority in a PEM file has signed, and nobody else.
///
/// # Errors
/// When the file cannot be read, or holds no certificate.
pub fn trusting(ca_file: &Path) -> Result<reqwest::ClientBuilder, TlsError> {
    Ok(builder(from_file(ca_file)?))
}

fn builder(tls: rustls::ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
}
