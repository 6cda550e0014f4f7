//! What a client of ours trusts: the authority of one job, and nothing that the machine
//! trusts besides.

use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A configuration asks one master: the room for the sessions of one server. By default
/// there is room for 32, taken at once, for each of perhaps a thousand jobs.
const SESSIONS: usize = 8;

/// Why the authority's certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file.
    #[error("certificate file {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its content.
    #[error("the authority's certificate: {0}")]
    Certificate(String),
}

/// The configuration of a client that trusts the authority in a PEM file, or nobody.
pub(crate) fn from_file(ca_file: &Path) -> Result<ClientConfig, TlsError> {
    let pem = std::fs::read(ca_file).map_err(|source| TlsError::File {
        path: ca_file.to_owned(),
        source,
    })?;
    trusting(&pem)
}

/// The configuration of a client that trusts the certificates of a PEM text.
pub(crate) fn trusting(pem: &[u8]) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|e| TlsError::Certificate(e.to_string()))?;
        roots
            .add(certificate)
            .map_err(|e| TlsError::Certificate(e.to_string()))?;
    }
    if roots.is_empty() {
        let why = "there is none in the PEM text".to_owned();
        return Err(TlsError::Certificate(why));
    }
    Ok(configuration(roots))
}

/// The configuration of a client that trusts nobody.
pub(crate) fn trusting_nobody() -> ClientConfig {
    configuration(RootCertStore::empty())
}

fn configuration(roots: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    #[expect(clippy::expect_used, reason = "ring has every version of TLS")]
    let versions = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("ring speaks TLS 1.3");
    let mut config = versions.with_root_certificates(roots).with_no_client_auth();
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    config
}
