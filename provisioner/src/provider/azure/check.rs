//! What is seen to before the first step of `up`: fails where the steps cannot be performed,
//! while nothing costs yet. The provider's `check` calls it.

use super::Azure;
use super::cluster::{Difference, State as ClusterState};
use super::group::{Group, State as GroupState};
use super::steps::{CLUSTER, IMAGE};
use super::tags::Owner;
use crate::provider::kubernetes::OPERATOR;
use crate::provider::{ProviderError, Step};

/// What of a cluster cannot be changed: Azure refuses, with the first half of the work done.
const FIXED: [&str; 6] = [
    "location",
    "properties/dnsPrefix",
    "properties/agentPoolProfiles/0/vmSize",
    "properties/agentPoolProfiles/0/osDiskSizeGB",
    "properties/linuxProfile",
    "properties/networkProfile",
];

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
        let is_made = steps.iter().any(|step| step.id == CLUSTER && step.done);
        if !is_made {
            self.fixed_must_stay(&declared, &cluster)?;
            if matches!(cluster, ClusterState::Absent) {
                self.name_must_be_free(&declared.cluster.name)?;
                lines.extend(super::preflight::check(session, &declared.needs()).await?);
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
        if azure.expires_at.is_some() {
            lines.push(
                "--ttl is a tag: it is enforced only where `rsac-infra reap` runs".to_owned(),
            );
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
        Err(ProviderError::Setting {
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

    fn fixed_must_stay(
        &self,
        declared: &super::declaration::Declaration,
        cluster: &ClusterState,
    ) -> Result<(), ProviderError> {
        let changes = self.changes(&declared.cluster.body, cluster);
        let fixed = changes.iter().find(|change| {
            FIXED
                .iter()
                .any(|path| super::id::is_within(&change.path, path))
        });
        match fixed {
            None => Ok(()),
            Some(Difference {
                path,
                declared,
                there,
            }) => Err(ProviderError::Setting {
                what: format!(
                    "{path} of a cluster cannot be changed: it is {there}, not {declared}"
                ),
                remedy: "`rsac-infra down` first, or take another --stack".to_owned(),
            }),
        }
    }
}
