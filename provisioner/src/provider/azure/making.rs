//! The steps of `up` that make something in Azure: registrations, group, cluster. `steps` calls
//! them; each can be repeated.

use super::cluster::State as ClusterState;
use super::group::State as GroupState;
use super::tags::{self, Owner};
use super::versions::RESOURCES;
use super::{Azure, pools, ssh};
use crate::provider::{ProviderError, Say};
use crate::stack::{read_optional, write_private};
use rsac_arm::Call;
use std::time::Duration;

/// How long the registration of a resource provider may take.
const REGISTERED: Duration = Duration::from_secs(600);
/// The file with the id of the stack's cluster.
const MADE: &str = "azure-cluster";
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl Azure {
    pub(super) async fn register(&self, say: Say<'_>) -> Result<(), ProviderError> {
        let session = self.session()?;
        for provider in super::preflight::unregistered(session).await? {
            say(provider);
            let path = session.provider_path(&format!("{provider}/register"));
            let call = Call::post(path, RESOURCES, None).repeating();
            session.finish(&call, say).await?;
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

    pub(super) async fn make_group(&self, say: Say<'_>) -> Result<(), ProviderError> {
        let (session, group) = (self.session()?, self.group()?);
        let declared = self.declaration()?;
        let tags = self.tags()?;
        loop {
            let found = group.look(session, &self.stack.record.id).await?;
            self.group_may_be_used(&group, &found)?;
            match found {
                GroupState::There { is_going: true, .. } => {
                    say("waiting until the old one is deleted");
                    self.gone(&group, say).await?;
                }
                // Nobody's group is used as it is, and stays.
                GroupState::There {
                    owner: Owner::Nobody,
                    ..
                } => return Ok(()),
                // Who reaps goes by them.
                GroupState::There { resource, .. } => match tags::renewed(&resource, &tags) {
                    Some(tags) => return group.tag(session, &tags).await,
                    None => return Ok(()),
                },
                GroupState::Absent => break,
            }
        }
        group.put(session, &declared.location, &tags).await
    }

    pub(super) async fn make_cluster(&self, say: Say<'_>) -> Result<(), ProviderError> {
        if !self.azure().parameters.contains_key(super::SSH_KEY) {
            ssh::own(self.folder()).await?;
        }
        let (session, declared) = (self.session()?, self.declaration()?);
        let managed = self.managed(&declared)?;
        let body = &declared.cluster.body;
        let is_right = |state: &ClusterState| self.changes(body, state).is_empty();
        let state = managed.look(session).await?;
        managed.must_be_ours(&state, &self.stack.record.id)?;
        // Before there is one: its name cannot change any more.
        self.remember(MADE, &managed.id.path())?;
        let state = self.without_unwanted(&managed, body, state, say).await?;
        let is_made = state.is_ready() && is_right(&state);
        let state = if self.azure().via_deployment == Some(true) && !is_made {
            super::deployment::submit(self, session, say).await?;
            managed.made_by_others(session).await?
        } else {
            managed.make(session, state, (body, &is_right), say).await?
        };
        match state.node_group() {
            Some(group) => self.note_nodes(&group),
            None => Ok(()),
        }
    }

    /// Takes away what is not declared any more; answers how the cluster stands then.
    async fn without_unwanted(
        &self,
        managed: &super::cluster::Managed,
        body: &serde_json::Value,
        state: ClusterState,
        say: Say<'_>,
    ) -> Result<ClusterState, ProviderError> {
        let changes = self.changes(body, &state);
        if !changes.iter().any(|c| pools::taken_away(c).is_some()) {
            return Ok(state);
        }
        let session = self.session()?;
        managed.at_rest(session, state, say).await?;
        let cluster = (&managed.id, managed.api_version.as_str());
        pools::take_away(session, cluster, &changes, say).await?;
        managed.look(session).await
    }

    /// The id of the cluster that this stack made, or was about to.
    pub(super) fn cluster_noted(&self) -> Option<String> {
        read_optional(&self.folder().join(MADE)).ok().flatten()
    }

    pub(super) fn remember(&self, file: &str, text: &str) -> Result<(), ProviderError> {
        let written = write_private(&self.folder().join(file), text);
        written.map_err(|error| ProviderError::Failed(error.to_string()))
    }
}
