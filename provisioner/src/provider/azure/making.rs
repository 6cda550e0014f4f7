//! The steps of `up` that make something in Azure: registrations, group, cluster. `steps` calls
//! them; each can be repeated.

use super::cluster::State as ClusterState;
use super::group::State as GroupState;
use super::steps::NODE_GROUP;
use super::tags::Owner;
use super::versions::RESOURCES;
use super::{Azure, ssh};
use crate::provider::{ProviderError, Say};
use crate::stack::write_private;
use rsac_arm::Call;
use std::time::Duration;

/// How long the registration of a resource provider may take.
const REGISTERED: Duration = Duration::from_secs(600);
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl Azure {
    pub(super) async fn register(&self, say: Say<'_>) -> Result<(), ProviderError> {
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

    pub(super) async fn make_group(&self, say: Say<'_>) -> Result<(), ProviderError> {
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
