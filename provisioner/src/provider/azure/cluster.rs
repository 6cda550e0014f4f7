//! The cluster's resource: made as it is declared, resumed where a run was cut short,
//! deleted. Nothing is ever read, changed and written back: what is sent is the declaration.

use super::session::Session;
use super::tags::{self, Owner};
use crate::provider::{ProviderError, Say};
use crate::stack::write_private;
use rsac_arm::managed_clusters::{ClusterId, Declared, ManagedClusters};
use rsac_arm::{Begun, Class, Method, Operation};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// How a cluster stands.
#[derive(Debug, Clone)]
pub(crate) enum State {
    /// There is none.
    Absent,
    /// There is one, with its `provisioningState`.
    There {
        /// `Succeeded`, `Creating`, `Failed` …
        state: String,
        /// As it is.
        resource: Value,
    },
}

impl State {
    /// How a resource says that it stands.
    fn of(resource: Value) -> Self {
        let state = resource.pointer("/properties/provisioningState");
        let state = state.and_then(Value::as_str).unwrap_or_default().to_owned();
        Self::There { state, resource }
    }

    fn is(&self, wanted: &[&str]) -> bool {
        match self {
            Self::Absent => false,
            Self::There { state, .. } => wanted.iter().any(|w| w.eq_ignore_ascii_case(state)),
        }
    }

    /// Whether it stands, and nothing goes on.
    pub(crate) fn is_ready(&self) -> bool {
        self.is(&["Succeeded"])
    }

    /// Whether it is on its way out.
    pub(crate) fn is_going(&self) -> bool {
        self.is(&["Deleting"])
    }

    /// Whether an operation on it has not ended. Azure's list of states is open.
    pub(crate) fn is_moving(&self) -> bool {
        matches!(self, Self::There { .. })
            && !self.is(&["Succeeded", "Failed", "Canceled", "Cancelled"])
    }

    /// The group in which Azure keeps its nodes.
    pub(crate) fn node_group(&self) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::There { resource, .. } => {
                let group = resource.pointer("/properties/nodeResourceGroup")?;
                group.as_str().map(str::to_owned)
            }
        }
    }
}

/// A cluster, and the file that keeps its operation.
#[derive(Debug, Clone)]
pub(crate) struct Managed {
    /// Its id.
    pub(crate) id: ClusterId,
    /// The api-version that it is declared for.
    pub(crate) api_version: String,
    /// Where the operation on it is kept, with the stack's other secrets: its address is
    /// signed.
    pub(crate) kept: PathBuf,
}

impl Managed {
    /// How it stands.
    pub(crate) async fn look(&self, session: &Session) -> Result<State, ProviderError> {
        let found = session.clusters(&self.api_version).get(&self.id).await?;
        Ok(found.map_or(State::Absent, State::of))
    }

    /// Waits until no operation is under way: from the one that a run was cut short at, or from
    /// the cluster's own state.
    pub(crate) async fn at_rest(
        &self,
        session: &Session,
        mut state: State,
        say: Say<'_>,
    ) -> Result<State, ProviderError> {
        let of_resource = || Operation::of_resource(Method::Put, self.id.path(), &self.api_version);
        // The kept one may have ended long ago, and another be under way.
        for operation in [self.kept_operation(), Some(of_resource())] {
            let Some(operation) = operation.filter(|_| state.is_moving()) else {
                continue;
            };
            say("an operation on it is under way");
            // How it ended is read off the cluster, whatever became of the operation.
            let ended = session.follow(&operation, say).await;
            state = self.look(session).await?;
            if let (true, Err(error)) = (state.is_moving(), ended) {
                tracing::debug!(%error, "the operation cannot be followed");
            }
        }
        match state.is_moving() {
            false => Ok(state),
            true => Err(ProviderError::Failed(
                "an operation on the cluster does not end".to_owned(),
            )),
        }
    }

    /// Makes it as `body` declares, or brings it there; goes on where a run was cut short.
    /// `state` is how it stands, and `is_right` tells whether one is as declared.
    pub(crate) async fn make(
        &self,
        session: &Session,
        state: State,
        (body, is_right): (&Value, &(dyn Fn(&State) -> bool + Sync)),
        say: Say<'_>,
    ) -> Result<State, ProviderError> {
        let mut state = self.at_rest(session, state, say).await?;
        if !(state.is_ready() && is_right(&state)) {
            let declared = Declared::from_json(body)?;
            let clusters = session.clusters(&self.api_version);
            let made = match clusters.put(&self.id, &declared).await? {
                Begun::Done { .. } => None,
                Begun::Running(operation) => {
                    self.keep(&operation)?;
                    session.follow(&operation, say).await?
                }
            };
            state = match made {
                Some(resource) => State::of(resource),
                None => self.look(session).await?,
            };
        }
        self.made(state)
    }

    /// How it stands after others, a deployment, made it.
    pub(crate) async fn made_by_others(&self, session: &Session) -> Result<State, ProviderError> {
        let path = self.id.path();
        let found = session.arm.get_settled(&path, &self.api_version).await?;
        self.made(found.map_or(State::Absent, State::of))
    }

    /// What was made stands, and nothing of it goes on.
    fn made(&self, state: State) -> Result<State, ProviderError> {
        self.forget()?;
        match &state {
            State::There { state: text, .. } if !state.is_ready() => Err(ProviderError::Failed(
                format!("the cluster's state is {text} after its operation ended"),
            )),
            State::Absent => Err(ProviderError::Failed(
                "the cluster is gone after its operation ended".to_owned(),
            )),
            State::There { .. } => Ok(state),
        }
    }

    /// One of that name that another made is neither changed nor deleted.
    pub(crate) fn must_be_ours(&self, state: &State, stack: &str) -> Result<(), ProviderError> {
        let State::There { resource, .. } = state else {
            return Ok(());
        };
        let whose = match tags::owner(resource, stack) {
            Owner::Ours => return Ok(()),
            Owner::Another { name, id } => format!("it belongs to stack {name} ({id})"),
            Owner::Nobody => "rsac-infra did not make it".to_owned(),
        };
        Err(ProviderError::Conflict {
            what: format!("cluster {}: {whose}", self.id.name),
            remedy: "take another --cluster-name or --resource-group".to_owned(),
        })
    }

    /// Begins to delete it, whatever goes on; none where there is nothing to delete.
    pub(crate) async fn delete(
        &self,
        session: &Session,
        state: &State,
        stack: &str,
        say: Say<'_>,
    ) -> Result<Option<Operation>, ProviderError> {
        if matches!(state, State::Absent) {
            return Ok(None);
        }
        self.must_be_ours(state, stack)?;
        self.settle(session, state, say).await?;
        match session.clusters(&self.api_version).delete(&self.id).await {
            Ok(Begun::Running(operation)) => {
                self.keep(&operation)?;
                Ok(Some(operation))
            }
            Ok(Begun::Done { .. }) => Ok(None),
            Err(error) if error.class() == Class::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends what goes on, for a deletion of the group that holds it.
    pub(crate) async fn settle(
        &self,
        session: &Session,
        state: &State,
        say: Say<'_>,
    ) -> Result<(), ProviderError> {
        if state.is_moving() && !state.is_going() {
            say("aborting the operation on it");
            self.abort(session, say).await?;
        }
        Ok(())
    }

    /// Ends the operation that goes on; one that ended meanwhile is as good.
    async fn abort(&self, session: &Session, say: Say<'_>) -> Result<(), ProviderError> {
        match session.clusters(&self.api_version).abort(&self.id).await {
            Ok(Begun::Done { .. }) => Ok(()),
            Ok(Begun::Running(operation)) => session.follow(&operation, say).await.map(|_| ()),
            // What cannot be aborted is waited for by the deletion itself.
            Err(error) => {
                tracing::debug!(%error, "the operation cannot be aborted");
                Ok(())
            }
        }
    }

    fn kept_operation(&self) -> Option<Operation> {
        let text = std::fs::read_to_string(&self.kept).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Kept before it is followed: a run that is killed leaves what the next goes on with.
    fn keep(&self, operation: &Operation) -> Result<(), ProviderError> {
        let text = serde_json::to_string(operation)
            .map_err(|error| ProviderError::Failed(error.to_string()))?;
        write_private(&self.kept, &text).map_err(|error| ProviderError::Failed(error.to_string()))
    }

    /// Whether an operation is kept: a run was cut short while it went on, or after it.
    pub(crate) fn has_kept(&self) -> bool {
        self.kept.exists()
    }

    /// There is no operation any more.
    pub(crate) fn forget(&self) -> Result<(), ProviderError> {
        match std::fs::remove_file(&self.kept) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                let path = self.kept.clone();
                Err(ProviderError::Io { path, source })
            }
            _ => Ok(()),
        }
    }
}

/// The file of the operation in a stack's folder.
pub(crate) fn kept_in(folder: &Path) -> PathBuf {
    folder.join("azure-operation.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_unknown_state_is_one_that_has_not_ended() {
        let state = |text: &str| State::There {
            state: text.to_owned(),
            resource: json!({}),
        };
        assert!(state("succeeded").is_ready() && !state("succeeded").is_moving());
        assert!(state("ReconcilingSomethingNew").is_moving());
        assert!(!state("Failed").is_moving() && !state("canceled").is_moving());
        assert!(state("Deleting").is_going());
        assert!(!State::Absent.is_moving());
    }
}
