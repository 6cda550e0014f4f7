//! Leader election over a Lease, as client-go does it: whoever sees the holder's renewals
//! stand still for the Lease's duration, by its own clock, takes it; the holder stops
//! writing some seconds before that. Of our own, because the gate needs the moment until
//! which the Lease is held, and wall clocks of nodes are not to be trusted.

use crate::gate::Gate;
use crate::options::LeaderElection;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client};
use rsac_api::names;
use std::time::{Duration, Instant};

/// Others may take the Lease when it was not renewed for so long.
const DURATION: Duration = Duration::from_secs(15);
/// The holder writes nothing when it could not renew for so long.
const HELD: Duration = Duration::from_secs(10);
const ROUND: Duration = Duration::from_secs(2);
const CALL: Duration = Duration::from_secs(5);

/// What was seen of another holder, and since when it stands still.
struct Seen {
    version: Option<String>,
    since: Instant,
}

pub(crate) struct Elector {
    api: Api<Lease>,
    identity: String,
    gate: Gate,
    seen: Option<Seen>,
}

impl Elector {
    pub(crate) fn new(client: Client, election: &LeaderElection, gate: Gate) -> Self {
        Self {
            api: Api::namespaced(client, &election.namespace),
            identity: election.identity.clone(),
            gate,
            seen: None,
        }
    }

    /// Waits until the Lease is held.
    pub(crate) async fn acquire(&mut self) {
        let mut said = String::new();
        loop {
            match self.round().await {
                Ok(true) => return tracing::info!(identity = self.identity, "leading"),
                Ok(false) if said.is_empty() => {
                    said = "waiting".into();
                    tracing::info!(identity = self.identity, "another operator leads; waiting");
                }
                Ok(false) => {}
                Err(error) if error != said => {
                    tracing::warn!("the Lease {}: {error}", names::OPERATOR);
                    said = error;
                }
                Err(_) => {}
            }
            tokio::time::sleep(ROUND).await;
        }
    }

    /// Renews the Lease until it is lost.
    pub(crate) async fn hold(&mut self) {
        loop {
            tokio::time::sleep(ROUND).await;
            match self.round().await {
                Ok(true) => {}
                Ok(false) => break tracing::warn!("another operator took the Lease"),
                Err(error) => {
                    tracing::warn!("the Lease cannot be renewed: {error}");
                    if self.gate.check().is_err() {
                        break tracing::warn!("the Lease is past");
                    }
                }
            }
        }
        self.gate.close();
    }

    /// Gives the Lease up, so that another need not wait for its end.
    pub(crate) async fn release(&mut self) {
        self.gate.close();
        let Ok(Ok(Some(mut lease))) =
            tokio::time::timeout(CALL, self.api.get_opt(names::OPERATOR)).await
        else {
            return;
        };
        let Some(spec) = lease.spec.as_mut() else {
            return;
        };
        if spec.holder_identity.as_ref() != Some(&self.identity) {
            return;
        }
        spec.holder_identity = None;
        spec.renew_time = Some(MicroTime(Timestamp::now()));
        let params = PostParams::default();
        let replaced = self.api.replace(names::OPERATOR, &params, &lease);
        if let Ok(Err(error)) = tokio::time::timeout(CALL, replaced).await {
            tracing::debug!("the Lease could not be given up: {error}");
        }
    }

    /// Tries to take or renew the Lease; whether it is held. On success the gate is open
    /// counting from before the request.
    async fn round(&mut self) -> Result<bool, String> {
        let asked = Instant::now();
        let held = tokio::time::timeout(CALL, self.try_hold())
            .await
            .map_err(|_| "no answer in time".to_owned())?
            .map_err(|error| error.to_string())?;
        if held {
            self.gate.open_for(asked, HELD);
        }
        Ok(held)
    }

    async fn try_hold(&mut self) -> kube::Result<bool> {
        let params = PostParams::default();
        let Some(lease) = self.api.get_opt(names::OPERATOR).await? else {
            let lease = Lease {
                metadata: ObjectMeta {
                    name: Some(names::OPERATOR.into()),
                    ..ObjectMeta::default()
                },
                spec: Some(self.spec(None)),
            };
            return won(self.api.create(&params, &lease).await);
        };
        if !self.may_take(&lease) {
            return Ok(false);
        }
        // The version read goes with it: of two that try, one is refused.
        let spec = self.spec(lease.spec.as_ref());
        let lease = Lease {
            spec: Some(spec),
            ..lease
        };
        won(self.api.replace(names::OPERATOR, &params, &lease).await)
    }

    fn may_take(&mut self, lease: &Lease) -> bool {
        let holder = lease
            .spec
            .as_ref()
            .and_then(|spec| spec.holder_identity.as_ref());
        if holder.is_none_or(|holder| holder.is_empty() || *holder == self.identity) {
            self.seen = None;
            return true;
        }
        let version = &lease.metadata.resource_version;
        match &self.seen {
            Some(seen) if seen.version == *version => seen.since.elapsed() > DURATION,
            _ => {
                self.seen = Some(Seen {
                    version: version.clone(),
                    since: Instant::now(),
                });
                false
            }
        }
    }

    fn spec(&self, old: Option<&LeaseSpec>) -> LeaseSpec {
        let now = MicroTime(Timestamp::now());
        let ours = old.and_then(|old| old.holder_identity.as_ref()) == Some(&self.identity);
        let transitions = old.and_then(|old| old.lease_transitions);
        let seconds = i32::try_from(DURATION.as_secs()).ok();
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: seconds,
            acquire_time: match old.and_then(|old| old.acquire_time.clone()) {
                Some(since) if ours => Some(since),
                _ => Some(now.clone()),
            },
            renew_time: Some(now),
            lease_transitions: match (ours, transitions) {
                (true, count) => count.or(Some(0)),
                (false, Some(count)) => Some(count.saturating_add(1)),
                (false, None) => Some(0),
            },
            ..LeaseSpec::default()
        }
    }
}

fn won(result: kube::Result<Lease>) -> kube::Result<bool> {
    match result {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(error) => Err(error),
    }
}
