//! Long-running operations: their progress and their ends. Handlers begin one, `gateway` lets
//! it age with each look; `polls` has their URLs.

use crate::request::{Request, within};
use crate::resources::{cluster_ends, deployments, groups, node_group, registries};
use crate::world::World;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How the polls of an operation look; each service has its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Style {
    /// AKS: name, status, startTime, endTime; progress in the status.
    Aks,
    /// Microsoft.Network and registries: status alone.
    Plain,
    /// Deployments: `operationStatuses` below the deployment.
    Deployment,
    /// Only `Location`: groups, what-if, credentials.
    Location,
}

/// What happens when an operation ends well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Deed {
    /// The resource becomes `Succeeded`.
    Settle,
    /// A cluster is made or changed.
    Cluster,
    /// A cluster goes, and its node resource group with it.
    DeleteCluster,
    /// An agent pool is made or changed.
    Pool,
    /// An agent pool goes.
    DeletePool,
    /// The latest operation of a cluster is aborted.
    Abort,
    /// A cluster's certificates are others: what was handed out before opens nothing.
    Rotate,
    /// The resource goes.
    Delete,
    /// A group goes with all that is in it.
    DeleteGroup,
    /// A deployment's resources appear; the operations that it waits for.
    Deploy(Vec<String>),
    /// Nothing but an answer.
    Answer(Value),
}

/// One operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) style: Style,
    pub(crate) deed: Deed,
    /// Id of what it is about.
    pub(crate) resource: String,
    /// Path of its status URL; `None` for those with only a Location.
    pub(crate) status_path: Option<String>,
    pub(crate) result_path: String,
    pub(crate) api: String,
    /// What its status says on the way, first to last.
    pub(crate) stages: Vec<String>,
    pub(crate) looks: u32,
    pub(crate) wanted: u32,
    pub(crate) started: String,
    pub(crate) ended: Option<String>,
    /// `None` while it runs.
    pub(crate) outcome: Option<Outcome>,
    /// How it will fail, if that was scripted.
    pub(crate) doom: Option<(String, String)>,
    /// An `error` that is shown although it goes on and ends well.
    pub(crate) warning: Option<(String, String)>,
    /// The status of the last answer at the Location: 200, or 204 where nothing is left.
    pub(crate) end_status: u16,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Succeeded,
    Failed(String, String),
    Canceled,
}

/// What a handler says of an operation that it begins.
pub(crate) struct Begin<'a> {
    pub(crate) style: Style,
    pub(crate) deed: Deed,
    pub(crate) resource: &'a str,
    pub(crate) location: &'a str,
    pub(crate) api: &'a str,
    pub(crate) stages: Vec<String>,
}

impl World {
    /// Begins an operation; answers its id.
    pub(crate) fn begin(&mut self, begin: Begin<'_>) -> String {
        let id = self.state.guid();
        let root = format!("/subscriptions/{}", self.settings.subscription);
        let namespace = begin
            .resource
            .rsplit_once("/providers/")
            .map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
        let at = format!("{root}/providers/{namespace}/locations/{}", begin.location);
        let (status_path, result_path) = match begin.style {
            Style::Aks => (
                Some(format!("{at}/operations/{id}")),
                format!("{at}/operationresults/{id}"),
            ),
            Style::Plain if namespace == "Microsoft.ContainerRegistry" => (
                Some(format!("{at}/operationStatuses/registries-{id}")),
                format!("{at}/operationResults/registries-{id}"),
            ),
            Style::Plain => (
                Some(format!("{at}/operations/{id}")),
                format!("{at}/operationResults/{id}"),
            ),
            Style::Deployment => (
                Some(format!("{}/operationStatuses/{id}", begin.resource)),
                format!("{root}/operationresults/{id}"),
            ),
            Style::Location => (None, format!("{root}/operationresults/{id}")),
        };
        let plan = self.plan.take_operation();
        // AKS' operations live at an api-version of their own.
        let api = if begin.style == Style::Aks {
            "2025-03-01"
        } else {
            begin.api
        };
        let operation = Operation {
            id: id.clone(),
            style: begin.style,
            deed: begin.deed,
            resource: begin.resource.into(),
            status_path,
            result_path,
            api: api.into(),
            stages: begin.stages,
            looks: 0,
            wanted: plan.polls.unwrap_or(self.settings.polls),
            started: crate::world::now(),
            ended: None,
            outcome: None,
            doom: plan.doom,
            warning: plan.warning,
            end_status: 200,
        };
        self.state.operations.insert(id.clone(), operation);
        self.advance(&id, 0);
        id
    }

    /// Lets operations age by a look: a poll counts for its own operation, any other request
    /// for those whose resource is at, above or below the path.
    pub(crate) fn age(&mut self, request: &Request) {
        let polled = self.find_operation(&request.path).map(|one| one.id.clone());
        let ids: Vec<String> = match polled {
            Some(id) => vec![id],
            None => self
                .state
                .operations
                .values()
                .filter(|one| {
                    within(&one.resource, &request.path) || within(&request.path, &one.resource)
                })
                .map(|one| one.id.clone())
                .collect(),
        };
        for id in ids {
            self.advance(&id, 1);
        }
    }

    pub(crate) fn find_operation(&self, path: &str) -> Option<&Operation> {
        self.state.operations.values().find(|one| {
            path.eq_ignore_ascii_case(&one.result_path)
                || one
                    .status_path
                    .as_deref()
                    .is_some_and(|own| path.eq_ignore_ascii_case(own))
        })
    }

    /// One look more; ends the operation when it has had enough.
    pub(crate) fn advance(&mut self, id: &str, by: u32) {
        let Some(operation) = self.state.operations.get_mut(id) else {
            return;
        };
        if operation.outcome.is_some() {
            return;
        }
        operation.looks = operation.looks.saturating_add(by);
        let operation = operation.clone();
        if operation.deed == Deed::Cluster && operation.looks.saturating_mul(2) >= operation.wanted
        {
            node_group::furnish(self, &operation.resource);
        }
        if operation.looks >= operation.wanted {
            let outcome = match operation.doom.clone() {
                Some((code, message)) => Outcome::Failed(code, message),
                None => Outcome::Succeeded,
            };
            self.end(id, outcome);
        }
    }

    /// Ends an operation and does what it was for.
    pub(crate) fn end(&mut self, id: &str, outcome: Outcome) {
        let Some(operation) = self.state.operations.get_mut(id) else {
            return;
        };
        if operation.outcome.is_some() {
            return;
        }
        operation.outcome = Some(outcome.clone());
        operation.ended = Some(crate::world::now());
        let operation = operation.clone();
        let resource = operation.resource.as_str();
        match (&operation.deed, &outcome) {
            (Deed::Settle, Outcome::Succeeded) => {
                self.state.set_provisioning(resource, "Succeeded")
            }
            (Deed::Delete, Outcome::Succeeded) => self.state.remove(resource),
            (Deed::Answer(_), _) => {}
            (Deed::DeleteGroup, _) => groups::deleted(self, resource, &outcome),
            (Deed::Deploy(parts), _) => deployments::ended(self, resource, parts, &outcome),
            (Deed::Abort, Outcome::Succeeded) => cluster_ends::aborted(self, resource, id),
            (Deed::Abort, _) => {}
            (
                Deed::Cluster | Deed::DeleteCluster | Deed::Pool | Deed::DeletePool | Deed::Rotate,
                _,
            ) => cluster_ends::ended(self, &operation, &outcome),
            (Deed::Settle | Deed::Delete, Outcome::Failed(..)) => {
                self.state.set_provisioning(resource, "Failed");
            }
            (Deed::Settle | Deed::Delete, Outcome::Canceled) => {
                self.state.set_provisioning(resource, "Canceled");
            }
        }
        registries::settled(self, &operation);
    }

    /// The operation of a resource that still runs.
    pub(crate) fn running(&self, resource: &str) -> Option<&Operation> {
        self.state
            .operations
            .values()
            .find(|one| one.outcome.is_none() && one.resource.eq_ignore_ascii_case(resource))
    }
}
