//! Asking a job's master how it stands: the way to it, the client that is kept from look to
//! look, and what its answer leaves in the memory of the job.

use crate::build::access::Access;
use crate::build::{JOB_ANNOTATION, Parent};
use crate::context::Context;
use crate::memory::{MasterMemory, Memory};
use crate::observe::{Seen, host_port};
use crate::pods;
use kube::{Resource, ResourceExt};
use rsac_master_client::{MasterClient, PORT, TlsError, Way};
use rsac_protocol::Summary;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A master that does not answer in this time is asked again later.
const ANSWER: Duration = Duration::from_secs(3);
/// One that just announced itself answers at once, or it is somebody else's word.
const FIRST_ANSWER: Duration = Duration::from_millis(500);

/// The client that a job's master was asked with last. To make one is to parse the authority
/// and to have no session that could be taken up, ten times a second for a young master.
#[derive(Default)]
pub(crate) struct Kept(Option<Made>);

/// A client, and the contents of the Secret that it was made from.
struct Made {
    token: String,
    ca: String,
    client: MasterClient,
}

impl Kept {
    /// The client for a way to the master: the kept one's, as long as it is of the same token
    /// and authority. Where it is depends on its pod and is no part of it.
    fn client(&mut self, way: Way, access: &Access) -> Result<MasterClient, TlsError> {
        if let Some(made) = &self.0
            && made.token == access.token
            && made.ca == access.ca
        {
            return Ok(made.client.at(way));
        }
        self.0 = None;
        let client = MasterClient::new(way, &access.token, access.ca.as_bytes())?;
        self.0 = Some(Made {
            token: access.token.clone(),
            ca: access.ca.clone(),
            client: client.clone(),
        });
        Ok(client)
    }
}

/// The way to ask a master whose pod runs; none while there is none, or while the pod is
/// one of an older job file, whose answers are old news.
pub(crate) fn client(
    context: &Context,
    parent: &Parent,
    seen: &Seen,
    access: Option<&Access>,
    job_digest: Option<&str>,
    kept: &mut Kept,
) -> Option<MasterClient> {
    let (pod, access) = (seen.running_master()?, access?);
    let of_job = pod.annotations().get(JOB_ANNOTATION).map(String::as_str);
    if of_job != job_digest {
        return None;
    }
    let way = if context.in_cluster() {
        Way::Dial(host_port(&seen.master_ip()?, PORT))
    } else {
        Way::PortForward {
            pods: Box::new(kube::Api::namespaced(
                context.client.clone(),
                &parent.namespace,
            )),
            pod: pod.meta().name.clone()?,
            port: PORT,
        }
    };
    kept.client(way, access)
        .inspect_err(|error| tracing::warn!(job = parent.name, "{error}"))
        .ok()
}

/// Asks the master, and remembers since when and whether it answers.
pub(crate) async fn summary(
    context: &Context,
    parent: &Parent,
    seen: &Seen,
    client: &MasterClient,
    memory: &mut Memory,
) -> Option<Summary> {
    let uid = seen
        .master_pod
        .as_ref()
        .and_then(|pod| pod.uid())
        .unwrap_or_default();
    if memory
        .master
        .as_ref()
        .is_none_or(|master| master.uid != uid)
    {
        memory.master = Some(MasterMemory {
            uid,
            since: Instant::now(),
            answered: None,
        });
    }
    context.metrics.asks.fetch_add(1, Ordering::Relaxed);
    let patience = match seen.master_pod.as_ref().is_some_and(pods::runs) {
        true => ANSWER,
        false => FIRST_ANSWER,
    };
    let why = match tokio::time::timeout(patience, client.summary()).await {
        Ok(Ok(summary)) => {
            if let Some(master) = &mut memory.master {
                master.answered = Some(Instant::now());
            }
            let old = memory.stage.map(|(stage, _)| stage);
            if old != Some(summary.stage) {
                memory.stage = Some((summary.stage, Instant::now()));
            }
            return Some(summary);
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    context.metrics.asks_failed.fetch_add(1, Ordering::Relaxed);
    tracing::debug!(
        job = parent.name,
        namespace = parent.namespace,
        "the master: {why}"
    );
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::tests::parent;
    use crate::build::{access, certificate};
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{HandshakeKind, ServerConfig};
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;
    use tokio_rustls::TlsAcceptor;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

    fn an_access() -> Access {
        let now = k8s_openapi::jiff::Timestamp::now();
        access::read(&access::new_secret(&parent(), now).unwrap()).unwrap()
    }

    /// What a master serves with, by the certificate that the operator gives it.
    fn acceptor(access: &Access) -> TlsAcceptor {
        let now = k8s_openapi::jiff::Timestamp::now();
        let secret = certificate::tls_secret(&parent(), access, now).unwrap();
        let data = secret.data.unwrap();
        let chain = vec![CertificateDer::from_pem_slice(&data["tls.crt"].0).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(&data["tls.key"].0).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    /// A master that tells how each connection came about; none for one that did not.
    async fn master(access: &Access) -> (Way, mpsc::UnboundedReceiver<Option<HandshakeKind>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let way = Way::Dial(listener.local_addr().unwrap().to_string());
        let acceptor = acceptor(access);
        let (tell, told) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    tell.send(None).unwrap();
                    continue;
                };
                tell.send(stream.get_ref().1.handshake_kind()).unwrap();
                let mut request = [0; 4096];
                assert!(stream.read(&mut request).await.unwrap() > 0);
                stream.write_all(ANSWER).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        (way, told)
    }

    #[tokio::test]
    async fn a_client_is_kept_from_look_to_look_until_token_or_authority_change() {
        let access = an_access();
        let (way, mut told) = master(&access).await;
        let mut kept = Kept::default();
        let mut ask = async |access: &Access| {
            let client = kept.client(way.clone(), access).unwrap();
            let answered = client.progress().await.is_ok();
            (answered, told.recv().await.unwrap())
        };
        // The certificates are looked at once, and then their session is taken up.
        assert_eq!(ask(&access).await, (true, Some(HandshakeKind::Full)));
        for _ in 0..3 {
            assert_eq!(ask(&access).await, (true, Some(HandshakeKind::Resumed)));
        }
        let other_token = Access {
            token: "other".into(),
            ..access.clone()
        };
        assert_eq!(ask(&other_token).await, (true, Some(HandshakeKind::Full)));
        // An authority made anew does not vouch for the old one's master.
        let other_authority = an_access();
        assert_eq!(ask(&other_authority).await, (false, None));
        assert_eq!(ask(&access).await, (true, Some(HandshakeKind::Full)));
    }
}
