//! The stack's resource group: made and tagged by `up`, deleted by `down` with all that is
//! in it, and nothing that others put there.

use super::id;
use super::session::Session;
use super::tags::{self, Owner};
use super::versions::{LOCKS, RESOURCES};
use crate::provider::ProviderError;
use rsac_arm::{Begun, Call, Class, Operation};
use serde_json::{Map, Value, json};

/// A resource group of a subscription.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// Its name.
    pub(crate) name: String,
    /// Its id.
    pub(crate) id: String,
}

/// How a group stands.
#[derive(Debug, Clone)]
pub(crate) enum State {
    /// There is none of that name.
    Absent,
    /// There is one.
    There {
        /// Whose it is.
        owner: Owner,
        /// Whether it is being deleted.
        is_going: bool,
        /// As it is.
        resource: Value,
    },
}

impl Group {
    /// The group of that name.
    pub(crate) fn of(session: &Session, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            id: format!("{}/resourceGroups/{name}", session.subscription_path()),
        }
    }

    /// How it stands; `stack` is the id of the stack that asks.
    pub(crate) async fn look(
        &self,
        session: &Session,
        stack: &str,
    ) -> Result<State, ProviderError> {
        let Some(resource) = session.arm.get(&self.id, RESOURCES).await? else {
            return Ok(State::Absent);
        };
        let state = resource.pointer("/properties/provisioningState");
        let state = state.and_then(Value::as_str).unwrap_or_default();
        Ok(State::There {
            owner: tags::owner(&resource, stack),
            is_going: state.eq_ignore_ascii_case("Deleting"),
            resource,
        })
    }

    /// Makes it.
    pub(crate) async fn put(
        &self,
        session: &Session,
        location: &str,
        tags: &Map<String, Value>,
    ) -> Result<(), ProviderError> {
        let body = json!({"location": location, "tags": tags});
        let call = Call::put(&self.id, RESOURCES, body);
        session.finish(&call, &|_| {}).await?;
        Ok(())
    }

    /// Gives it these tags in the place of those that it has.
    pub(crate) async fn tag(
        &self,
        session: &Session,
        tags: &Map<String, Value>,
    ) -> Result<(), ProviderError> {
        let call = Call::patch(&self.id, RESOURCES, json!({"tags": tags}));
        session.finish(&call, &|_| {}).await?;
        Ok(())
    }

    /// All that is in it.
    pub(crate) async fn resources(&self, session: &Session) -> Result<Vec<Value>, ProviderError> {
        let path = format!("{}/resources", self.id);
        Ok(session.arm.list(&path, RESOURCES).await?)
    }

    /// The locks on it and on what is in it.
    pub(crate) async fn locks(&self, session: &Session) -> Result<Vec<String>, ProviderError> {
        locks_at(session, &self.id).await
    }

    /// Begins to delete it with all that is in it; none where there is nothing to delete.
    pub(crate) async fn delete(
        &self,
        session: &Session,
    ) -> Result<Option<Operation>, ProviderError> {
        let call = Call::delete(&self.id, RESOURCES);
        match session.arm.begin(&call).await {
            Ok(Begun::Running(operation)) => Ok(Some(operation)),
            Ok(Begun::Done { .. }) => Ok(None),
            Err(error) if error.class() == Class::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The ids of the locks at a scope and below it.
pub(crate) async fn locks_at(session: &Session, scope: &str) -> Result<Vec<String>, ProviderError> {
    let path = format!("{scope}/providers/Microsoft.Authorization/locks");
    let locks = session.arm.list(&path, LOCKS).await?;
    Ok(ids(&locks))
}

/// The ids of resources.
pub(crate) fn ids(resources: &[Value]) -> Vec<String> {
    let id = |resource: &Value| {
        resource
            .get("id")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    resources.iter().filter_map(id).collect()
}

/// Those resources of a group that the stack did not make: tagged as another's, or neither
/// tagged as its nor within one of `ours`.
pub(crate) fn foreign(resources: &[Value], stack: &str, ours: &[String]) -> Vec<String> {
    let is_ours = |resource: &&Value| {
        let id = resource
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match tags::owner(resource, stack) {
            Owner::Ours => true,
            // Two stacks can want a cluster of the same name in a group of the same name.
            Owner::Another { .. } => false,
            Owner::Nobody => ours.iter().any(|own| id::is_within(id, own)),
        }
    };
    let foreign: Vec<Value> = resources
        .iter()
        .filter(|resource| !is_ours(resource))
        .cloned()
        .collect();
    ids(&foreign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_put_into_the_group_is_told_from_ours() {
        let cluster = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
        let resource = |id: &str, tags: Value| json!({"id": id, "tags": tags});
        let resources = [
            resource(&cluster.to_uppercase(), Value::Null),
            resource(&format!("{cluster}/agentPools/p"), Value::Null),
            resource(
                "/subscriptions/s/resourceGroups/g/providers/X/y/tagged",
                json!({"rsac-stack": "id"}),
            ),
            resource(
                "/subscriptions/s/resourceGroups/g/providers/X/y/theirs",
                json!({"rsac-stack": "other"}),
            ),
            resource(
                "/subscriptions/s/resourceGroups/g/providers/X/y/plain",
                Value::Null,
            ),
        ];
        let taken = resource(cluster, json!({"rsac-stack": "other"}));
        assert_eq!(foreign(&[taken], "id", &[cluster.to_owned()]), [cluster]);
        let found = foreign(&resources, "id", &[cluster.to_owned()]);
        let names: Vec<&str> = found.iter().map(|id| id::name(id)).collect();
        assert_eq!(names, ["theirs", "plain"]);
    }
}
