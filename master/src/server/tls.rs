//! The master's certificate: read from a folder, as Kubernetes mounts a Secret of type
//! `kubernetes.io/tls`, and read again while the master runs, since it is renewed long
//! before it expires.

use super::error::MasterError;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// The file of the certificate and those that vouch for it.
const CERTIFICATE: &str = "tls.crt";
/// The file of its private key.
const KEY: &str = "tls.key";

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Accepts with the certificate in `folder`, and with what replaces it there until
/// `shutdown`.
///
/// # Errors
/// When there is no usable certificate now.
pub(super) fn acceptor(
    folder: &Path,
    shutdown: CancellationToken,
) -> Result<TlsAcceptor, MasterError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let unusable = |why: String| MasterError::Certificate {
        folder: folder.to_owned(),
        why,
    };
    let files = Files::read(folder).map_err(unusable)?;
    let current = Arc::new(Current {
        key: RwLock::new(files.parse(&provider).map_err(unusable)?),
    });
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| unusable(error.to_string()))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
    let renewal = Renewal {
        folder: folder.to_owned(),
        provider,
        current,
        seen: files,
    };
    tokio::spawn(renewal.watch(shutdown));
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[derive(Debug)]
struct Current {
    key: RwLock<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let key = self.key.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&key))
    }
}

#[derive(PartialEq)]
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Files {
    fn read(folder: &Path) -> Result<Self, String> {
        let read = |name: &str| {
            std::fs::read(folder.join(name)).map_err(|error| format!("{name}: {error}"))
        };
        Ok(Self {
            certificate: read(CERTIFICATE)?,
            key: read(KEY)?,
        })
    }

    /// A half-replaced pair is refused here: the key must be the certificate's.
    fn parse(&self, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, String> {
        let chain = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| format!("{CERTIFICATE}: {error}"))?;
        if chain.is_empty() {
            return Err(format!("{CERTIFICATE}: no certificate"));
        }
        let key =
            PrivateKeyDer::from_pem_slice(&self.key).map_err(|error| format!("{KEY}: {error}"))?;
        CertifiedKey::from_der(chain, key, provider)
            .map(Arc::new)
            .map_err(|error| format!("{CERTIFICATE} and {KEY}: {error}"))
    }
}

struct Renewal {
    folder: PathBuf,
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    seen: Files,
}

impl Renewal {
    async fn watch(mut self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => self.look(),
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Takes what is new and usable; what is not is told once, and the old one serves on.
    fn look(&mut self) {
        let files = match Files::read(&self.folder) {
            Ok(files) if files == self.seen => return,
            Ok(files) => files,
            // Between two versions of the folder, say.
            Err(why) => return tracing::debug!(why, "the certificate cannot be read now"),
        };
        match files.parse(&self.provider) {
            Ok(key) => {
                let current = self.current.key.write();
                *current.unwrap_or_else(PoisonError::into_inner) = key;
                tracing::info!("a renewed certificate is in use");
            }
            Err(why) => tracing::warn!(why, "the new certificate is unusable; the old one serves"),
        }
        self.seen = files;
    }
}
