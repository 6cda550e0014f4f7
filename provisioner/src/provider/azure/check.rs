//! What is seen to before the first step of `up`: fails where the steps cannot be performed,
//! while nothing costs yet. The provider's `check` calls it.

use super::Azure;
use super::cluster::State as ClusterState;
use super::difference::Difference;
use super::group::{Group, State as GroupState};
use super::steps::{CLUSTER, IMAGE};
use super::tags::Owner;
use crate::output::seconds;
use crate::provider::kubernetes::OPERATOR;
use crate::provider::{ProviderError, Step};

/// What of a cluster cannot be changed: Azure refuses, with the first half of the work done.
const FIXED: [&str; 4] = [
    "location",
    "properties/dnsPrefix",
    "properties/linuxProfile",
    "properties/networkProfile",
];

/// How many seconds a clock may be off unmentioned.
const SKEW: u64 = 120;

impl Azure {
    /// What is looked at before anything is made: fails where it cannot be made.
    pub(super) async fn checked(&self, steps: &[Step]) -> Result<Vec<String>, ProviderError> {
        let session = self.session()?;
        let azure = self.azure();
        let mut lines = Vec::new();
        if let Some(from) = &azure.subscription_from {
            lines.push(format!(
                "subscription {} (from {from})",
                session.subscription
            ));
        }
        if session.cloud != "public" {
            lines.push(format!("cloud {}", session.cloud));
        }
        let declared = self.declaration()?;
        // As it was observed a moment ago; each step looks again before it changes anything.
        let (found, cluster) = match self.was_seen() {
            Some(seen) => seen,
            None => {
                let found = self.group()?.look(session, &self.stack.record.id).await?;
                (found, self.managed(&declared)?.look(session).await?)
            }
        };
        self.group_may_be_used(&self.group()?, &found)?;
        self.cluster_must_stay(&declared).await?;
        self.cluster_must_run(&declared.cluster.name, &cluster)?;
        lines.extend(self.life_must_last()?);
        let is_made = steps.iter().any(|step| step.id == CLUSTER && step.done);
        if !is_made {
            self.fixed_must_stay(&declared, &cluster)?;
            if matches!(cluster, ClusterState::Absent) {
                self.name_must_be_free(&declared.cluster.name)?;
                lines.extend(super::preflight::check(session, &declared.needs()).await?);
                lines.extend(declared.small_disks());
            }
        }
        let is_missing = |id: &str| steps.iter().any(|step| step.id == id && !step.done);
        if is_missing(IMAGE) {
            lines.extend(
                self.image_checked(matches!(cluster, ClusterState::Absent))
                    .await?,
            );
        }
        if is_missing(OPERATOR) {
            self.within.must_have_login()?;
        }
        Ok(lines)
    }

    /// What is to be known of the stack's time to live; an error where it is over. `reap` goes
    /// by Azure's clock, the flag by this machine's.
    fn life_must_last(&self) -> Result<Vec<String>, ProviderError> {
        let Some(at) = self.azure().expires_at else {
            return Ok(Vec::new());
        };
        let arm = &self.session()?.arm;
        let (now, ahead) = (arm.now(), arm.clock_ahead());
        if at <= now {
            return Err(ProviderError::Setting {
                what: format!(
                    "stack {}: its time was over {} ago, and `rsac-infra reap` would delete it",
                    self.stack.name(),
                    seconds((now - at) as f64)
                ),
                remedy: "give it another: --ttl 3h".to_owned(),
            });
        }
        let mut lines =
            vec!["--ttl is a tag: it is enforced only where `rsac-infra reap` runs".to_owned()];
        if ahead.unsigned_abs() > SKEW {
            let off = seconds(ahead.unsigned_abs() as f64);
            lines.push(format!(
                "this machine's clock is {off} off Azure's, by which `rsac-infra reap` goes: in {} \
                 there",
                seconds((at - now) as f64)
            ));
        }
        Ok(lines)
    }

    /// Whether the image can go where it is to go.
    async fn image_checked(&self, is_new: bool) -> Result<Option<String>, ProviderError> {
        let azure = self.azure();
        match (azure.registry, azure.attach_acr) {
            (Some(registry), _) if !self.within.shares_login() => Ok(Some(format!(
                "the nodes get no login for {registry}: they must be able to pull from it, or \
                 --pull-with-login gives them yours"
            ))),
            (None, Some(acr)) => self.acr_may_be_attached(&acr, is_new).await,
            _ => Ok(None),
        }
    }

    pub(super) fn group_may_be_used(
        &self,
        group: &Group,
        found: &GroupState,
    ) -> Result<(), ProviderError> {
        let GroupState::There {
            owner: Owner::Another { name, id },
            is_going: false,
            ..
        } = found
        else {
            return Ok(());
        };
        Err(ProviderError::Conflict {
            what: format!(
                "resource group {} belongs to stack {name} ({id})",
                group.name
            ),
            remedy: format!(
                "take another --resource-group; `rsac-infra down --adopt {}` takes that stack down",
                group.name
            ),
        })
    }

    /// A stack has one cluster: another name would make a second, and forget the first.
    async fn cluster_must_stay(
        &self,
        declared: &super::declaration::Declaration,
    ) -> Result<(), ProviderError> {
        let Some(noted) = self.cluster_noted() else {
            return Ok(());
        };
        if super::id::same(&noted, &declared.cluster.id) {
            return Ok(());
        }
        let session = self.session()?;
        let there = session.arm.get(&noted, &declared.cluster.api_version);
        let is_ours = |there: &serde_json::Value| {
            super::tags::owner(there, &self.stack.record.id) == Owner::Ours
        };
        match there.await?.as_ref().is_some_and(is_ours) {
            false => Ok(()),
            true => Err(ProviderError::Conflict {
                what: format!(
                    "--cluster-name {}: stack {} is made, and its cluster is {}",
                    declared.cluster.name,
                    self.stack.name(),
                    super::id::name(&noted)
                ),
                remedy: "`rsac-infra down` first, or take another --stack".to_owned(),
            }),
        }
    }

    /// One that somebody stopped answers nothing, and takes no change.
    fn cluster_must_run(&self, name: &str, cluster: &ClusterState) -> Result<(), ProviderError> {
        let ClusterState::There { resource, .. } = cluster else {
            return Ok(());
        };
        let power = resource.pointer("/properties/powerState/code");
        match power.and_then(serde_json::Value::as_str) {
            Some("Stopped") => Err(ProviderError::Setting {
                what: format!("cluster {name} is stopped"),
                remedy: format!(
                    "`az aks start --name {name} --resource-group {}`, then `up` again",
                    self.azure().resource_group.unwrap_or_default()
                ),
            }),
            _ => Ok(()),
        }
    }

    fn fixed_must_stay(
        &self,
        declared: &super::declaration::Declaration,
        cluster: &ClusterState,
    ) -> Result<(), ProviderError> {
        let changes = self.changes(&declared.cluster.body, cluster);
        let fixed = changes.iter().find(|change| {
            super::pools::is_fixed(change)
                || FIXED
                    .iter()
                    .any(|path| super::id::is_within(&change.path, path))
        });
        match fixed {
            None => Ok(()),
            Some(Difference {
                path,
                declared,
                there,
            }) => Err(ProviderError::Conflict {
                what: format!(
                    "{path} of a cluster cannot be changed: it is {there}, not {declared}"
                ),
                remedy: "`rsac-infra down` first, or take another --stack".to_owned(),
            }),
        }
    }
}
