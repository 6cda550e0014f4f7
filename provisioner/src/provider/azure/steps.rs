//! `up` on Azure: what there is, what is missing, and each step.

use super::cluster::{Difference, State as ClusterState, differences};
use super::group::{Group, State as GroupState};
use super::tags::Owner;
use super::versions::RESOURCES;
use super::{Azure, ssh, watcher};
use crate::provider::kubernetes::{has_operator, step};
use crate::provider::{ProviderError, Say, Step};
use crate::stack::{StackError, write_private};
use rsac_arm::Call;
use serde_json::Value;
use std::sync::PoisonError;
use std::time::Duration;

pub(super) const WATCHERS: &str = "azure/watchers";
pub(super) const PROVIDERS: &str = "azure/providers";
pub(super) const GROUP: &str = "azure/group";
pub(super) const CLUSTER: &str = "azure/cluster";
pub(super) const KUBECONFIG: &str = "azure/kubeconfig";
pub(super) const IMAGE: &str = "azure/image";

/// The file with the name of the group that holds the nodes.
pub(super) const NODE_GROUP: &str = "azure-node-group";

/// How long the registration of a resource provider may take.
const REGISTERED: Duration = Duration::from_secs(600);
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What of a cluster cannot be changed: Azure refuses, with the first half of the work done.
const FIXED: [&str; 6] = [
    "location",
    "properties/dnsPrefix",
    "properties/agentPoolProfiles/0/vmSize",
    "properties/agentPoolProfiles/0/osDiskSizeGB",
    "properties/linuxProfile",
    "properties/networkProfile",
];

/// Whether `up --only cluster` performs a step.
pub(super) fn is_of_cluster(step: &str) -> bool {
    [WATCHERS, PROVIDERS, GROUP, CLUSTER, KUBECONFIG].contains(&step)
}

impl Azure {
    pub(super) async fn observed(&self) -> Result<Vec<Step>, ProviderError> {
        let session = self.session()?;
        let (declared, group) = (self.declaration()?, self.group()?);
        let place = watcher::place(session, &declared.location);
        let mut steps = vec![Step {
            done: self.records().open(place)?.is_some(),
            ..step(WATCHERS, "note the network watchers".to_owned())
        }];
        let found = group.look(session, &self.stack.record.id).await?;
        let managed = self.managed(&declared)?;
        let cluster = match &found {
            GroupState::There {
                is_going: false, ..
            } => managed.look(session).await?,
            _ => ClusterState::Absent,
        };
        // Where there is a cluster, they are registered.
        if matches!(cluster, ClusterState::Absent) {
            let missing = super::preflight::unregistered(session).await?;
            if !missing.is_empty() {
                let title = format!("register resource providers {}", missing.join(", "));
                steps.push(step(PROVIDERS, title));
            }
        }
        let (title, done) = self.group_step(&group, &found, &declared.location);
        steps.push(Step {
            done,
            ..step(GROUP, title)
        });
        let changes = self.changes(&declared.cluster.body, &cluster);
        let is_noted = self.has_noted(&managed)?;
        steps.push(Step {
            done: cluster.is_ready() && changes.is_empty() && is_noted,
            ..step(
                CLUSTER,
                cluster_title(&declared, &cluster, &changes, is_noted),
            )
        });
        self.now_seen(found, cluster.clone());
        steps.push(Step {
            done: cluster.is_ready() && self.has_given_access()?,
            ..step(KUBECONFIG, self.access_title(&declared.cluster.name))
        });
        let within = self.observed_within(cluster.is_ready()).await?;
        if self.makes_image() {
            steps.push(Step {
                done: has_operator(&within),
                ..step(IMAGE, self.image_title())
            });
        }
        steps.extend(within);
        Ok(steps)
    }

    /// Whether the run that made the cluster came so far as to note it. A stack whose cluster
    /// no run here made has nothing to note.
    fn has_noted(&self, managed: &super::cluster::Managed) -> Result<bool, ProviderError> {
        let journal = self.stack.journal().map_err(StackError::from);
        let journal = journal.map_err(|error| ProviderError::Failed(error.to_string()))?;
        let is_noted = !managed.has_kept() && self.folder().join(NODE_GROUP).exists();
        Ok(is_noted || !journal.begun().contains(&CLUSTER))
    }

    fn now_seen(&self, group: GroupState, cluster: ClusterState) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Some((group, cluster));
    }

    fn was_seen(&self) -> Option<(GroupState, ClusterState)> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.take()
    }

    /// The steps within the cluster. One that does not answer hinders no `down`: its steps
    /// are shown as missing, and performing one says why it cannot be.
    async fn observed_within(&self, is_ready: bool) -> Result<Vec<Step>, ProviderError> {
        if is_ready && let Some(cluster) = self.cluster().await? {
            match self.within.observe(Some(&cluster)).await {
                Ok(steps) => return Ok(steps),
                Err(error) => tracing::debug!(%error, "the cluster does not answer"),
            }
        }
        self.within.observe(None).await
    }

    /// What is declared otherwise than it is. Tags tell the run, which a resumed or later
    /// `up` need not rewrite.
    fn changes(&self, body: &Value, cluster: &ClusterState) -> Vec<Difference> {
        match cluster {
            ClusterState::Absent => Vec::new(),
            ClusterState::There { resource, .. } => {
                let mut changes = differences(body, resource);
                changes.retain(|change| {
                    change.path != format!("tags/{}", super::tags::RUN)
                        && !change.path.ends_with("keyData")
                });
                changes
            }
        }
    }

    fn group_step(&self, group: &Group, found: &GroupState, location: &str) -> (String, bool) {
        match found {
            GroupState::Absent => (
                format!("make resource group {} in {location}", group.name),
                false,
            ),
            GroupState::There { is_going: true, .. } => (
                format!(
                    "make resource group {} again, once it is deleted",
                    group.name
                ),
                false,
            ),
            GroupState::There {
                owner: Owner::Ours, ..
            } => (
                format!("make resource group {} in {location}", group.name),
                true,
            ),
            GroupState::There { .. } => (
                format!("use resource group {}, which stays", group.name),
                true,
            ),
        }
    }

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
        if azure.expires_at.is_some() {
            lines.push(
                "--ttl is a tag: it is enforced only where `rsac-infra reap` runs".to_owned(),
            );
        }
        Ok(lines)
    }

    fn group_may_be_used(&self, group: &Group, found: &GroupState) -> Result<(), ProviderError> {
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

    pub(super) async fn performed(&self, step: &str, say: Say<'_>) -> Result<(), ProviderError> {
        match step {
            WATCHERS => {
                let (session, declared) = (self.session()?, self.declaration()?);
                let (name, run) = (self.stack.name(), self.run()?);
                let (records, whose) = (self.records(), (name, run.as_str()));
                watcher::note(session, &records, &declared.location, whose).await?;
                Ok(())
            }
            PROVIDERS => self.register(say).await,
            GROUP => self.make_group(say).await,
            CLUSTER => self.make_cluster(say).await,
            KUBECONFIG => self.give_access(say).await,
            IMAGE => self.push_image(say).await,
            step => match self.cluster().await? {
                Some(cluster) => self.within.perform(&cluster, step, say).await,
                None => Err(ProviderError::Failed(
                    "the stack has no kubeconfig of its cluster".to_owned(),
                )),
            },
        }
    }

    async fn register(&self, say: Say<'_>) -> Result<(), ProviderError> {
        let session = self.session()?;
        for provider in super::preflight::unregistered(session).await? {
            say(provider);
            let path = session.provider_path(&format!("{provider}/register"));
            session
                .finish(&Call::post(path, RESOURCES, None), say)
                .await?;
        }
        let mut waited = Duration::ZERO;
        loop {
            let missing = super::preflight::unregistered(session).await?;
            if missing.is_empty() {
                return Ok(());
            }
            if waited >= REGISTERED {
                return Err(ProviderError::Failed(format!(
                    "{} is not registered after {} s",
                    missing.join(", "),
                    waited.as_secs()
                )));
            }
            say(&missing.join(", "));
            session.pause(LOOK_AGAIN).await;
            waited += LOOK_AGAIN;
        }
    }

    async fn make_group(&self, say: Say<'_>) -> Result<(), ProviderError> {
        let (session, group) = (self.session()?, self.group()?);
        let declared = self.declaration()?;
        loop {
            let found = group.look(session, &self.stack.record.id).await?;
            self.group_may_be_used(&group, &found)?;
            match found {
                GroupState::There { is_going: true, .. } => {
                    say("waiting until the old one is deleted");
                    session.pause(LOOK_AGAIN).await;
                }
                // Nobody's group is used as it is, and stays.
                GroupState::There {
                    owner: Owner::Nobody,
                    ..
                } => return Ok(()),
                _ => break,
            }
        }
        group.put(session, &declared.location, &self.tags()?).await
    }

    async fn make_cluster(&self, say: Say<'_>) -> Result<(), ProviderError> {
        if !self.azure().parameters.contains_key(super::SSH_KEY) {
            ssh::own(self.folder()).await?;
        }
        let (session, declared) = (self.session()?, self.declaration()?);
        let managed = self.managed(&declared)?;
        let body = &declared.cluster.body;
        let is_right = |state: &ClusterState| self.changes(body, state).is_empty();
        let state = managed.look(session).await?;
        managed.must_be_ours(&state, &self.stack.record.id)?;
        let is_made = state.is_ready() && is_right(&state);
        let state = if self.azure().via_deployment == Some(true) && !is_made {
            super::deployment::submit(self, session, say).await?;
            managed.made_by_others(session).await?
        } else {
            managed.make(session, state, (body, &is_right), say).await?
        };
        match state.node_group() {
            Some(group) => self.remember(NODE_GROUP, &group),
            None => Ok(()),
        }
    }

    pub(super) fn remember(&self, file: &str, text: &str) -> Result<(), ProviderError> {
        let written = write_private(&self.folder().join(file), text);
        written.map_err(|error| ProviderError::Failed(error.to_string()))
    }
}

fn cluster_title(
    declared: &super::declaration::Declaration,
    cluster: &ClusterState,
    changes: &[Difference],
    is_noted: bool,
) -> String {
    let name = &declared.cluster.name;
    match cluster {
        _ if cluster.is_ready() && changes.is_empty() && !is_noted => {
            format!("note that cluster {name} is made")
        }
        ClusterState::Absent => format!("make cluster {}", declared.summary()),
        ClusterState::There { state, .. } if cluster.is_moving() => {
            format!("wait for cluster {name}, which is {state}")
        }
        _ if cluster.is_ready() && changes.is_empty() => {
            format!("make cluster {}", declared.summary())
        }
        ClusterState::There { state, .. } if changes.is_empty() => {
            format!("make cluster {name} anew, which is {state}")
        }
        ClusterState::There { .. } => {
            let change = |c: &Difference| format!("{} {} to {}", c.path, c.there, c.declared);
            let changes: Vec<String> = changes.iter().map(change).collect();
            format!("change cluster {name}: {}", changes.join(", "))
        }
    }
}
