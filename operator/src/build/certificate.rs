//! The authority of a job and its master's certificate.

use super::Parent;
use super::access::{Access, encoded};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rsac_api::names;
use rsac_protocol::Digest;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use std::collections::BTreeMap;
use std::time::Duration;

const DAY: u64 = 24 * 3600;
/// The authority lives as long as the job, which nobody expects to take ten years.
const AUTHORITY_DAYS: u64 = 3653;
const LEAF_DAYS: u64 = 90;
/// Clocks of nodes differ.
const SKEW: Duration = Duration::from_secs(300);

/// When a certificate is to be renewed.
const RENEW_ANNOTATION: &str = "suu-kopf.dev/renew-after";
/// A digest over certificate, key, authority and names: what does not fit is made anew.
const ISSUED_ANNOTATION: &str = "suu-kopf.dev/issued-digest";

/// The name under which every master is asked, wherever it is.
const SERVER_NAME: &str = "master.rsac";

/// Why no certificate was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    #[error("no certificate can be made: {0}")]
    Refused(#[from] rcgen::Error),
    #[error("no certificate can be made: ca.crt is none that could sign it: {0}")]
    Authority(#[from] pem::Error),
}

/// A certificate that may sign, with its key; both PEM.
pub(crate) struct Authority {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(job: &str, now: Timestamp) -> Result<Self, CertificateError> {
        let mut params = lasting(CertificateParams::new(Vec::new())?, now, AUTHORITY_DAYS);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name = authority_name(job);
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

/// A new certificate for the master.
///
/// # Errors
/// When authority or key are unusable.
pub(crate) fn tls_secret(
    parent: &Parent,
    access: &Access,
    now: Timestamp,
) -> Result<Secret, CertificateError> {
    CertificateDer::from_pem_slice(access.ca.as_bytes())?;
    // What an issuer is known by, in place of its certificate: to parse one would take
    // another library, and this one was made here.
    let mut authority = CertificateParams::default();
    authority.distinguished_name = authority_name(&parent.name);
    let issuer = Issuer::new(authority, KeyPair::from_pem(&access.ca_key)?);
    let mut params = lasting(
        CertificateParams::new(server_names(parent))?,
        now,
        LEAF_DAYS,
    );
    params
        .distinguished_name
        .push(DnType::CommonName, SERVER_NAME);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &issuer)?.pem();
    let key = key.serialize_pem();
    let renew = now
        .checked_add(SignedDuration::from_secs((LEAF_DAYS * DAY * 2 / 3) as i64))
        .unwrap_or(Timestamp::MAX);
    let mut metadata = parent.meta(
        names::tls_secret(&parent.name),
        Some(names::MASTER_COMPONENT),
    );
    metadata.annotations = Some(BTreeMap::from([
        (RENEW_ANNOTATION.to_owned(), renew.to_string()),
        (
            ISSUED_ANNOTATION.to_owned(),
            issued(parent, access, &certificate, &key),
        ),
    ]));
    Ok(Secret {
        metadata,
        type_: Some("kubernetes.io/tls".into()),
        data: Some(encoded([("tls.crt", certificate), ("tls.key", key)])),
        ..Secret::default()
    })
}

/// When the certificate in a Secret is to be renewed; none when that is now, because it is
/// no certificate of this authority for these names, or was touched.
pub(crate) fn renew_after(secret: &Secret, parent: &Parent, access: &Access) -> Option<Timestamp> {
    let annotations = secret.metadata.annotations.as_ref()?;
    let text = |key: &str| {
        let bytes = secret.data.as_ref()?.get(key)?;
        String::from_utf8(bytes.0.clone()).ok()
    };
    let digest = issued(parent, access, &text("tls.crt")?, &text("tls.key")?);
    if annotations.get(ISSUED_ANNOTATION) != Some(&digest) {
        return None;
    }
    annotations.get(RENEW_ANNOTATION)?.parse().ok()
}

fn issued(parent: &Parent, access: &Access, certificate: &str, key: &str) -> String {
    let names = server_names(parent).join(" ");
    // Certificate texts are of different lengths, but each ends with a line of its own.
    Digest::of(&format!("{certificate}{key}{}{names}", access.ca)).to_string()
}

fn authority_name(job: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, format!("{job} authority"));
    name.push(DnType::OrganizationName, "rsac");
    name
}

fn server_names(parent: &Parent) -> Vec<String> {
    let namespace = &parent.namespace;
    let services = [
        names::master(&parent.name),
        names::progress_service(&parent.name),
    ];
    let mut all: Vec<String> = Vec::new();
    for service in services {
        all.push(service.clone());
        all.push(format!("{service}.{namespace}"));
        all.push(format!("{service}.{namespace}.svc"));
    }
    all.extend(["localhost", "127.0.0.1", SERVER_NAME].map(ToOwned::to_owned));
    all
}

fn lasting(mut params: CertificateParams, now: Timestamp, days: u64) -> CertificateParams {
    let since_1970 = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or(0));
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + since_1970.saturating_sub(SKEW);
    params.not_after = epoch + since_1970 + Duration::from_secs(days * DAY);
    params
}

#[cfg(test)]
mod tests {
    use super::super::access;
    use super::super::tests::{NOW, parent};
    use super::*;
    use rustls::pki_types::{ServerName, UnixTime};
    use std::sync::Arc;

    fn made() -> (Access, Secret) {
        let access = access::read(&access::new_secret(&parent(), NOW).unwrap()).unwrap();
        let secret = tls_secret(&parent(), &access, NOW).unwrap();
        (access, secret)
    }

    #[test]
    fn clients_that_trust_the_authority_accept_the_master_for_ninety_days() {
        let (access, secret) = made();
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(access.ca.as_bytes()).unwrap())
            .unwrap();
        let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::new(rustls::crypto::ring::default_provider()),
        )
        .build()
        .unwrap();
        let leaf =
            CertificateDer::from_pem_slice(&secret.data.as_ref().unwrap()["tls.crt"].0).unwrap();
        let accepts = |name: &str, days: u64| {
            use rustls::client::danger::ServerCertVerifier;
            let name = ServerName::try_from(name.to_owned()).unwrap();
            let seconds = u64::try_from(NOW.as_second()).unwrap() + days * DAY;
            let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
            verifier
                .verify_server_cert(&leaf, &[], &name, &[], now)
                .is_ok()
        };
        for name in [
            "master.rsac",
            "my-rsac-master",
            "my-rsac-master.jobs.svc",
            "my-rsac-progress.jobs",
            "localhost",
            "127.0.0.1",
        ] {
            assert!(accepts(name, 0), "{name}");
            assert!(accepts(name, 89), "{name}");
            assert!(!accepts(name, 91), "{name}");
        }
        assert!(!accepts("other-master", 0));
    }

    #[test]
    fn a_certificate_is_kept_until_two_thirds_and_replaced_when_it_does_not_fit() {
        let (access, secret) = made();
        let renew = renew_after(&secret, &parent(), &access).unwrap();
        assert_eq!(renew.as_second() - NOW.as_second(), 60 * DAY as i64);

        let (others, _) = made();
        assert_eq!(renew_after(&secret, &parent(), &others), None);
        let mut touched = secret.clone();
        let data = touched.data.as_mut().unwrap();
        data.get_mut("tls.crt").unwrap().0.push(b'\n');
        assert_eq!(renew_after(&touched, &parent(), &access), None);
        let mut bare = secret;
        bare.metadata.annotations = None;
        assert_eq!(renew_after(&bare, &parent(), &access), None);
    }

    #[test]
    fn an_authority_that_is_none_signs_nothing() {
        let (access, _) = made();
        for (ca, ca_key) in [("no PEM", access.ca_key.as_str()), (&access.ca, "no PEM")] {
            let broken = Access {
                ca: ca.to_owned(),
                ca_key: ca_key.to_owned(),
                ..access.clone()
            };
            let refused = tls_secret(&parent(), &broken, NOW).unwrap_err().to_string();
            assert!(refused.contains("no certificate can be made"), "{refused}");
            assert!(!refused.contains("BEGIN"), "{refused}");
        }
    }

    #[test]
    fn tokens_are_of_64_digits_and_never_shown() {
        let (access, _) = made();
        assert_eq!(access.token.len(), 64);
        assert!(access.token.bytes().all(|b| b.is_ascii_hexdigit()));
        assert!(!format!("{access:?}").contains(&access.token));
        assert_ne!(access.token, made().0.token);
    }
}
