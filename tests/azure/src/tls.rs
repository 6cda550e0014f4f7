//! An authority of its own and a certificate for loopback. `lib` makes them at the start, or
//! takes those that a state folder holds.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

/// Certificates, as PEM.
pub(crate) struct Certificates {
    pub(crate) ca: String,
    leaf: String,
    key: String,
}

/// Takes the certificates of a folder, or makes new ones (and keeps them there).
pub(crate) fn certificates(folder: Option<&Path>) -> Result<Certificates, String> {
    let names = ["ca.pem", "server.pem", "server.key"];
    if let Some(folder) = folder {
        let read = |name| std::fs::read_to_string(folder.join(name));
        if let (Ok(ca), Ok(leaf), Ok(key)) = (read(names[0]), read(names[1]), read(names[2])) {
            return Ok(Certificates { ca, leaf, key });
        }
    }
    let made = make().map_err(|error| format!("certificates cannot be made: {error}"))?;
    if let Some(folder) = folder {
        for (name, text) in names.iter().zip([&made.ca, &made.leaf, &made.key]) {
            crate::disk::write_private(&folder.join(name), text.as_bytes())?;
        }
    }
    Ok(made)
}

fn make() -> Result<Certificates, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Simulated Azure");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca = params.self_signed(&key)?.pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate()?;
    let names = ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec();
    let mut params = CertificateParams::new(names)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    params.use_authority_key_identifier_extension = true;
    let leaf = params.signed_by(&key, &issuer)?.pem();
    Ok(Certificates {
        ca,
        leaf,
        key: key.serialize_pem(),
    })
}

/// What the listener needs.
pub(crate) fn server(certificates: &Certificates) -> Result<Arc<rustls::ServerConfig>, String> {
    let broken = |error: &dyn std::fmt::Display| format!("the certificate is unusable: {error}");
    let chain = CertificateDer::pem_slice_iter(certificates.leaf.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| broken(&error))?;
    let key = PrivateKeyDer::from_pem_slice(certificates.key.as_bytes())
        .map_err(|error| broken(&error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| broken(&error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| broken(&error))?;
    Ok(Arc::new(config))
}
