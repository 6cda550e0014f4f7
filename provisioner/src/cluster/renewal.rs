//! A client for a cluster whose credentials can be had anew: where the API server no longer
//! takes those that are kept, or shows a certificate of another authority, they are fetched
//! once, and the request is sent again. The Azure provider opens its clusters so.

use super::{Cluster, KubeconfigError, Target, patience};
use async_trait::async_trait;
use axum::http::{Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use rustls::AlertDescription;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Mutex;
use tower::service_fn;

/// Where a cluster's kubeconfig comes from.
#[async_trait]
pub trait Renew: Send + Sync {
    /// Puts the cluster's kubeconfig of now into the target's file; false where it cannot be
    /// had. Whoever implements it says what happened.
    async fn renew(&self) -> bool;
}

/// The one way to renew what all clients of a stack in this process use.
pub struct Renewal {
    source: Box<dyn Renew>,
    /// It was tried since a request was last let in: another try would help no more.
    is_spent: AtomicBool,
}

impl Renewal {
    /// By this source.
    pub fn by(source: impl Renew + 'static) -> Self {
        Self {
            source: Box::new(source),
            is_spent: AtomicBool::new(false),
        }
    }
}

/// The client of now, and how it becomes another.
struct Renewing {
    target: Target,
    renewal: Arc<Renewal>,
    now: Mutex<Now>,
}

struct Now {
    client: Client,
    /// What the kubeconfig said when the client was made of it.
    text: String,
    /// How many clients there were before.
    age: u64,
}

impl Cluster {
    /// The cluster of a context, whose credentials are renewed where it refuses them. Nothing
    /// is asked yet.
    ///
    /// # Errors
    /// When the kubeconfig has no such context, or it cannot be used.
    pub async fn open_renewing(
        target: &Target,
        renewal: Arc<Renewal>,
    ) -> Result<Self, KubeconfigError> {
        let text = said_in(target);
        let plain = Self::open(target).await?;
        let namespace = plain.client.default_namespace().to_owned();
        let renewing = Arc::new(Renewing {
            target: target.clone(),
            renewal,
            now: Mutex::new(Now {
                client: plain.client,
                text,
                age: 0,
            }),
        });
        let service = service_fn(move |request| Arc::clone(&renewing).send(request));
        Ok(Self {
            client: Client::new(service, namespace),
            context: plain.context,
            server: plain.server,
        })
    }
}

impl Renewing {
    async fn send(self: Arc<Self>, request: Request<Body>) -> kube::Result<Response<Body>> {
        let again = patience::copy(&request);
        let (client, age) = {
            let now = self.now.lock().await;
            (now.client.clone(), now.age)
        };
        let answer = client.send(request).await;
        if !is_refused(&answer) {
            if answer.is_ok() {
                self.renewal.is_spent.store(false, Ordering::Relaxed);
            }
            return answer;
        }
        let Some(again) = again else {
            return answer;
        };
        match self.renewed(age).await {
            Some(client) => client.send(again).await,
            None => answer,
        }
    }

    /// Another client than the one of that age, if there is one to be had.
    async fn renewed(&self, age: u64) -> Option<Client> {
        // Who comes meanwhile waits for the same one.
        let mut now = self.now.lock().await;
        if now.age == age {
            // Another process may have renewed it.
            if said_in(&self.target) == now.text && !self.fetched().await {
                return None;
            }
            let text = said_in(&self.target);
            if text == now.text {
                return None;
            }
            let opened = Cluster::open(&self.target).await;
            let cluster = opened.map_err(|error| tracing::warn!("{error}")).ok()?;
            *now = Now {
                client: cluster.client,
                text,
                age: age + 1,
            };
        }
        Some(now.client.clone())
    }

    async fn fetched(&self) -> bool {
        let spent = &self.renewal.is_spent;
        if spent.load(Ordering::Relaxed) {
            return false;
        }
        let is_renewed = self.renewal.source.renew().await;
        // Of one that is cut short in its middle nothing is known.
        spent.store(true, Ordering::Relaxed);
        is_renewed
    }
}

/// What the files of a target say.
fn said_in(target: &Target) -> String {
    let texts = target.files.iter().map(std::fs::read_to_string);
    texts.filter_map(Result::ok).collect()
}

/// Whether credentials that are no longer right explain an answer.
fn is_refused(answer: &kube::Result<Response<Body>>) -> bool {
    match answer {
        Ok(answer) => answer.status() == StatusCode::UNAUTHORIZED,
        Err(error) => match of_tls(error) {
            Some(rustls::Error::InvalidCertificate(_)) => true,
            Some(rustls::Error::AlertReceived(alert)) => matches!(
                alert,
                AlertDescription::BadCertificate
                    | AlertDescription::CertificateExpired
                    | AlertDescription::CertificateRequired
                    | AlertDescription::CertificateRevoked
                    | AlertDescription::CertificateUnknown
                    | AlertDescription::UnknownCA
            ),
            _ => false,
        },
    }
}

/// The error of TLS that an error comes from. `source` of an [`io::Error`] passes over what
/// it is made of.
fn of_tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(tls) = error.downcast_ref() {
        return Some(tls);
    }
    let within = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match within {
        Some(within) => of_tls(within),
        None => of_tls(error.source()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::CertificateError;

    #[test]
    fn a_foreign_certificate_is_found_however_deep_it_is() {
        let tls = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let io = io::Error::new(io::ErrorKind::InvalidData, tls);
        let deep = io::Error::other(io::Error::other(io));
        let answer = Err(kube::Error::Service(Box::new(deep)));
        assert!(is_refused(&answer));
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        for other in [
            refused,
            io::Error::other(rustls::Error::DecryptError),
            io::Error::other(rustls::Error::AlertReceived(
                AlertDescription::InternalError,
            )),
        ] {
            let answer = Err(kube::Error::Service(Box::new(other)));
            assert!(!is_refused(&answer), "{answer:?}");
        }
    }

    #[test]
    fn of_answers_only_an_unknown_user_is_refused() {
        for (status, refused) in [(200, false), (401, true), (403, false), (500, false)] {
            let answer = Response::builder().status(status).body(Body::empty());
            assert_eq!(is_refused(&Ok(answer.unwrap())), refused, "{status}");
        }
    }
}
