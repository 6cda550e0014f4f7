//! The way to the network for azure_core and azure_identity: reqwest on rustls with ring, no
//! redirects (a token would follow them), the system's certificates and further ones.

use crate::error::ArmError;
use crate::options::Options;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request, StatusCode};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::sync::Arc;
use std::time::Duration;

/// Answers are lists and documents: what is longer is no answer of this service.
const LONGEST_BODY: usize = 64 * 1024 * 1024;

/// The transport that the options ask for.
///
/// # Errors
/// When the certificates are no PEM, or the system has none and none were given.
pub(crate) fn transport(options: &Options) -> Result<Arc<dyn HttpClient>, ArmError> {
    build(options, options.cloud.on_loopback())
}

/// A transport that never goes through a proxy.
pub(crate) fn direct(options: &Options) -> Result<Arc<dyn HttpClient>, ArmError> {
    build(options, true)
}

fn build(options: &Options, no_proxy: bool) -> Result<Arc<dyn HttpClient>, ArmError> {
    if let Some(given) = &options.transport {
        return Ok(given.clone());
    }
    let tls = tls(options.ca_pem.as_deref())?;
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(20).min(options.patience.request))
        .timeout(options.patience.request);
    if no_proxy {
        builder = builder.no_proxy();
    }
    let client = builder
        .build()
        .map_err(|error| ArmError::Setup(format!("HTTP client: {error}")))?;
    Ok(Arc::new(Network(client)))
}

fn tls(ca_pem: Option<&[u8]>) -> Result<rustls::ClientConfig, ArmError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let wrong =
        |what: &str, error: &dyn std::fmt::Display| ArmError::Setup(format!("{what}: {error}"));
    let extra = match ca_pem {
        Some(pem) => certificates(pem)?,
        None => Vec::new(),
    };
    let verifier =
        rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider.clone())
            .map_err(|error| wrong("trusted certificates (give some with a CA file)", &error))?;
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("TLS", &error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, ArmError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(list) if !list.is_empty() => Ok(list),
        Ok(_) => Err(ArmError::Setup(
            "CA file: no certificate in it: give one in PEM (-----BEGIN CERTIFICATE-----)".into(),
        )),
        Err(error) => Err(ArmError::Setup(format!("CA file: not PEM: {error}"))),
    }
}

#[derive(Debug)]
struct Network(reqwest::Client);

#[async_trait::async_trait]
impl HttpClient for Network {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes())
            .map_err(|error| Error::with_error(ErrorKind::Other, error, "method"))?;
        let mut sent = self.0.request(method, request.url().clone());
        for (name, value) in request.headers().iter() {
            sent = sent.header(name.as_str(), value.as_str());
        }
        let body = match request.body() {
            Body::Bytes(bytes) => bytes.clone(),
            Body::SeekableStream(_) => {
                return Err(Error::with_message(
                    ErrorKind::Other,
                    "streams are not sent",
                ));
            }
        };
        let mut answer = sent.body(body).send().await.map_err(broken)?;
        let status = StatusCode::from(answer.status().as_u16());
        let mut headers = Headers::new();
        for (name, value) in answer.headers() {
            headers.insert(
                HeaderName::from(name.as_str().to_owned()),
                HeaderValue::from(String::from_utf8_lossy(value.as_bytes()).into_owned()),
            );
        }
        let mut whole = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(broken)? {
            if whole.len() + chunk.len() > LONGEST_BODY {
                return Err(Error::with_message(
                    ErrorKind::DataConversion,
                    "an answer of more than 64 MiB",
                ));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(AsyncRawResponse::from_bytes(status, headers, whole))
    }
}

/// The chain of causes without the URL: its query may be signed.
fn broken(error: reqwest::Error) -> Error {
    let kind = if error.is_connect() {
        ErrorKind::Connection
    } else {
        ErrorKind::Io
    };
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    Error::with_message(kind, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_without_certificates_is_refused() {
        for bad in [
            &b""[..],
            b"hello",
            b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
        ] {
            let error = tls(Some(bad)).unwrap_err().to_string();
            assert!(error.contains("CA file"), "{error}");
        }
    }
}
