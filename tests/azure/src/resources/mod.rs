//! One file a resource type. `gateway` has checked token, path, version and rights before
//! [`dispatch`] hands a request to the type's handler.

pub(crate) mod authorization;
pub(crate) mod cluster_body;
pub(crate) mod cluster_ends;
pub(crate) mod cluster_rules;
pub(crate) mod clusters;
pub(crate) mod compute;
pub(crate) mod credentials;
pub(crate) mod deployment_operations;
pub(crate) mod deployments;
pub(crate) mod evaluation;
pub(crate) mod groups;
pub(crate) mod listing;
pub(crate) mod node_group;
pub(crate) mod pools;
pub(crate) mod registries;
pub(crate) mod registry_tokens;
pub(crate) mod schema;
pub(crate) mod subscriptions;
pub(crate) mod template;
mod template_functions;
pub(crate) mod tracked;
pub(crate) mod watchers;
pub(crate) mod what_if;

use crate::answer::{Answer, Reply};
use crate::gateway::Call;
use crate::state::Resource;

/// Hands a request to the handler of its type.
pub(crate) fn dispatch(call: &mut Call<'_>) -> Reply {
    match call.kind.name {
        "Microsoft.Resources/subscriptions" => subscriptions::handle(call),
        "Microsoft.Resources/subscriptions/locations" => subscriptions::locations(call),
        "Microsoft.Resources/subscriptions/providers" => subscriptions::providers(call),
        "Microsoft.Resources/subscriptions/resources" => subscriptions::resources(call),
        "Microsoft.Resources/subscriptions/resourceGroups" => groups::handle(call),
        "Microsoft.Resources/deployments" | "Microsoft.Resources/deployments/operations" => {
            deployments::handle(call)
        }
        "Microsoft.ContainerService/managedClusters" => clusters::handle(call),
        "Microsoft.ContainerService/managedClusters/agentPools" => pools::handle(call),
        "Microsoft.ContainerRegistry/registries" => registries::handle(call),
        "Microsoft.ContainerRegistry/registries/scopeMaps"
        | "Microsoft.ContainerRegistry/registries/tokens" => registry_tokens::handle(call),
        "Microsoft.Features/providers/features" => subscriptions::features(call),
        "Microsoft.Compute/skus" => compute::skus(call),
        "Microsoft.Compute/locations/usages" => compute::usages(call),
        "Microsoft.Authorization/permissions" => authorization::permissions(call),
        "Microsoft.Authorization/locks" | "Microsoft.Authorization/roleAssignments" => {
            authorization::handle(call)
        }
        _ => tracked::handle(call),
    }
}

/// All of a type at the request's scope that the caller may see.
pub(crate) fn listed(call: &mut Call<'_>, kind: &str) -> Reply {
    call.need_group()?;
    call.need_registered()?;
    let scope = call.target.scope.clone();
    let all = call.world.state.of_kind(kind, &scope);
    let items = all
        .filter(|one| one.hidden == 0 && call.may_read(kind, &one.id))
        .map(|one| one.body.clone())
        .collect();
    listing::answer(call, items)
}

/// The resource that a request names, where a reader sees it.
pub(crate) fn named<'c>(call: &'c mut Call<'_>) -> Result<&'c Resource, Answer> {
    call.need_group()?;
    let path = call.target.path.clone();
    match call.visible(&path) {
        true => call
            .world
            .state
            .resource(&path)
            .ok_or_else(|| not_found(call)),
        false => Err(not_found(call)),
    }
}

/// 404 where what a resource is to be made in is not there.
pub(crate) fn no_parent(call: &Call<'_>) -> Answer {
    Answer::gateway(
        404,
        "ParentResourceNotFound",
        format!(
            "Failed to perform 'write' on resource(s) of type '{}', because the parent resource \
             '{}' could not be found.",
            call.kind.short(),
            tracked::parent_of(&call.target.path)
        ),
    )
}

/// 405, with what is allowed.
pub(crate) fn not_allowed(call: &Call<'_>) -> Answer {
    Answer::gateway(
        405,
        "MethodNotAllowed",
        format!(
            "The request method '{}' is not allowed for '{}'.",
            call.request.method, call.kind.name
        ),
    )
}

/// 404 as the gateway answers it, where the service need not be asked.
pub(crate) fn not_found(call: &Call<'_>) -> Answer {
    let short = format!("{}/{}", call.kind.name, call.target.names.join("/"));
    Answer::gateway(
        404,
        "ResourceNotFound",
        format!(
            "The Resource '{short}' under resource group '{}' was not found. For more details \
             please go to https://aka.ms/ARMResourceNotFoundFix",
            call.target.group.clone().unwrap_or_else(|| "<null>".into())
        ),
    )
}

impl Call<'_> {
    /// Whether the resource is there for a reader; one that is hidden gets a read nearer.
    pub(crate) fn visible(&mut self, id: &str) -> bool {
        match self.world.state.resource_mut(id) {
            Some(resource) if resource.hidden > 0 => {
                resource.hidden -= 1;
                false
            }
            Some(_) => true,
            None => false,
        }
    }

    /// Hides what was just created for as many reads as the script says.
    pub(crate) fn hide(&mut self, id: &str) {
        let reads = self.world.plan.hide;
        if let Some(resource) = self.world.state.resource_mut(id) {
            resource.hidden = reads;
        }
    }
}
