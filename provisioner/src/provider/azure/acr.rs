//! `--attach-acr`: a container registry of the user's that the nodes are let to pull from, as
//! `az aks update --attach-acr` does. The check before the first step, the image's step and
//! `down` call it. What it assigns is noted first, and taken back by `down`.

use super::cluster::State as ClusterState;
use super::session::Session;
use super::versions::{AUTHORIZATION, REGISTRY};
use super::{Azure, id, rights};
use crate::provider::{ProviderError, Say};
use crate::stack::read_optional;
use rsac_arm::{Call, Class};
use serde_json::{Value, json};
use sha2::Digest;

/// The built-in role AcrPull.
const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
/// The right to assign it.
const ASSIGN: &str = "Microsoft.Authorization/roleAssignments/write";
/// The file with the id of the assignment that this stack made.
const ASSIGNED: &str = "azure-role-assignment";

/// A registry of the user's.
pub(super) struct Acr {
    id: String,
    /// Its host.
    pub(super) host: String,
}

impl Azure {
    /// The registry that is named, wherever in the subscription it is.
    pub(super) async fn acr(&self, named: &str) -> Result<Acr, ProviderError> {
        let session = self.session()?;
        let found = match named.starts_with('/') {
            true => session.arm.get(named, REGISTRY).await?,
            false => {
                let all = session.provider_path("Microsoft.ContainerRegistry/registries");
                let all = session.arm.list(&all, REGISTRY).await?;
                all.into_iter().find(|registry| {
                    let name = registry.get("name").and_then(Value::as_str);
                    name.is_some_and(|name| name.eq_ignore_ascii_case(named))
                })
            }
        };
        let text = |pointer: &str| {
            let value = found.as_ref().and_then(|found| found.pointer(pointer));
            value.and_then(Value::as_str).map(str::to_owned)
        };
        match (text("/id"), text("/properties/loginServer")) {
            (Some(id), Some(host)) => Ok(Acr { id, host }),
            _ => Err(ProviderError::Setting {
                what: format!("--attach-acr {named:?}: there is no such container registry"),
                remedy: "`az acr list --output table` shows those of the subscription; another \
                         subscription's is named by its whole id"
                    .to_owned(),
            }),
        }
    }

    /// Looks at the registry while nothing costs yet, with a line for people. `is_new` says
    /// that there is no cluster, to which somebody else could have given the role.
    pub(super) async fn acr_may_be_attached(
        &self,
        named: &str,
        is_new: bool,
    ) -> Result<Option<String>, ProviderError> {
        let (session, acr) = (self.session()?, self.acr(named).await?);
        let path = format!("{}/providers/Microsoft.Authorization/permissions", acr.id);
        let permissions = match session.arm.list(&path, AUTHORIZATION).await {
            Err(error) if error.class() == Class::Permission => {
                let what = "the right to assign roles";
                let named = &acr.id;
                return Ok(Some(format!(
                    "{what} on {named}: not checked, this caller may not read it"
                )));
            }
            permissions => permissions?,
        };
        if is_new && !rights::missing(&permissions, &[ASSIGN]).is_empty() {
            return Err(self.may_not_assign(named, &format!("this caller has no {ASSIGN} on it")));
        }
        Ok(None)
    }

    fn may_not_assign(&self, named: &str, why: &str) -> ProviderError {
        let azure = self.azure();
        let group = azure.resource_group.unwrap_or_default();
        let cluster = self.declaration().map(|declared| declared.cluster.name);
        ProviderError::Setting {
            what: format!("--attach-acr {named}: {why}"),
            remedy: format!(
                "without --attach-acr the stack makes a registry of its own, which a Contributor \
                 may; or `rsac-infra up --only cluster`, then let somebody who may assign roles \
                 run `az aks update --name {} --resource-group {group} --attach-acr {named}`, \
                 then `up` again",
                cluster.unwrap_or_default()
            ),
        }
    }

    /// Lets the nodes pull from it. Who assigned the role before is not asked.
    pub(super) async fn attach(&self, named: &str, say: Say<'_>) -> Result<Acr, ProviderError> {
        let (session, acr) = (self.session()?, self.acr(named).await?);
        let declared = self.declaration()?;
        let found = self.managed(&declared)?.look(session).await?;
        let kubelets = match &found {
            ClusterState::There { resource, .. } => {
                let id = resource.pointer("/properties/identityProfile/kubeletidentity/objectId");
                id.and_then(Value::as_str)
            }
            ClusterState::Absent => None,
        };
        let Some(principal) = kubelets else {
            return Err(ProviderError::Failed(
                "the cluster does not say its kubelets' identity".to_owned(),
            ));
        };
        say("letting the nodes pull");
        let path = assignment(&acr.id, principal);
        let noted = read_optional(&self.folder().join(ASSIGNED)).unwrap_or_default();
        if noted.as_ref().is_some_and(|noted| !id::same(noted, &path)) {
            // Of a registry that this stack was told of before.
            self.detach(say).await?;
        }
        self.remember(ASSIGNED, &path)?;
        // The registry may be another subscription's than the cluster.
        let subscription = id::subscription(&acr.id).unwrap_or(&session.subscription);
        let role = format!(
            "/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{ACR_PULL}"
        );
        let body = json!({"properties": {
            "roleDefinitionId": role,
            "principalId": principal,
            "principalType": "ServicePrincipal",
        }});
        let made = session
            .arm
            .run(&Call::put(&path, AUTHORIZATION, body))
            .await;
        let Err(error) = made else {
            return Ok(acr);
        };
        let is_refused = error.class() == Class::Permission;
        if !is_refused && error.code() != "RoleAssignmentExists" {
            return Err(error.into());
        }
        // Ours of an earlier run is ours still; another's is left alone. Where that cannot be
        // told the note stays: `down` looks again.
        match session.arm.get(&path, AUTHORIZATION).await {
            Ok(Some(_)) => {}
            Ok(None) => self.forget_assignment(),
            Err(error) if error.class() == Class::Permission => self.forget_assignment(),
            Err(error) => return Err(error.into()),
        }
        match is_refused && !may_pull(session, &acr.id, principal).await {
            true => Err(self.may_not_assign(named, &error.to_string())),
            false => Ok(acr),
        }
    }

    fn forget_assignment(&self) {
        let _ = std::fs::remove_file(self.folder().join(ASSIGNED));
    }

    /// The assignment that `down` takes back.
    pub(super) fn assigned(&self) -> Option<String> {
        let noted = read_optional(&self.folder().join(ASSIGNED));
        noted.ok().flatten()
    }

    /// Takes the role away again, if this stack gave it. Where it may not, that is said: a
    /// role of an identity that is gone costs nothing, the cluster does.
    pub(super) async fn detach(&self, say: Say<'_>) -> Result<bool, ProviderError> {
        let Some(assigned) = self.assigned() else {
            return Ok(false);
        };
        let session = self.session()?;
        if let Ok(None) = session.arm.get(&assigned, AUTHORIZATION).await {
            self.forget_assignment();
            return Ok(false);
        }
        say("taking the nodes' role back");
        let call = Call::delete(&assigned, AUTHORIZATION);
        match session.arm.run(&call).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) if matches!(error.class(), Class::Permission | Class::Locked) => {
                self.keep(format!(
                    "role assignment {assigned}, which could not be taken back ({error}): `az role \
                     assignment delete --ids {assigned}`"
                ));
                self.forget_assignment();
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
        self.deleted(assigned);
        self.forget_assignment();
        Ok(true)
    }
}

/// Whether somebody gave the identity the role, there or above.
async fn may_pull(session: &Session, registry: &str, principal: &str) -> bool {
    let path = format!("{registry}/providers/Microsoft.Authorization/roleAssignments");
    let call =
        Call::new(rsac_arm::Method::Get, path, AUTHORIZATION).with_query("$filter", "atScope()");
    let assigned = session.arm.list_call(&call).await.unwrap_or_default();
    assigned.iter().any(|one| {
        let text = |key: &str| {
            let value = one.pointer(&format!("/properties/{key}"));
            value.and_then(Value::as_str).unwrap_or_default()
        };
        text("principalId").eq_ignore_ascii_case(principal)
            && text("roleDefinitionId").to_lowercase().ends_with(ACR_PULL)
    })
}

/// The id of an assignment. The same one has the same name, whoever makes it how often: a
/// GUID made of what is assigned to whom.
fn assignment(registry: &str, principal: &str) -> String {
    let what = format!("{registry}|{principal}|{ACR_PULL}").to_lowercase();
    let digest = sha2::Sha256::digest(what);
    let hex: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let (a, b, c, d, e) = (
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    );
    format!("{registry}/providers/Microsoft.Authorization/roleAssignments/{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_named_by_what_it_gives_to_whom() {
        let one = assignment("/subscriptions/S/registries/r", "p");
        let name = one.rsplit('/').next().unwrap();
        let lengths: Vec<usize> = name.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        let same = assignment("/subscriptions/s/registries/R", "P");
        assert!(id::same(&one, &same));
        assert!(!id::same(
            &one,
            &assignment("/subscriptions/S/registries/r", "q")
        ));
    }
}
