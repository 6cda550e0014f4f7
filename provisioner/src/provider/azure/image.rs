//! The image of operator, masters and workers to where the cluster's nodes can pull it: a
//! registry of the stack's own, one of the user's that the nodes are let to pull from, or any
//! other that the user names.

use super::Azure;
use super::registry::{For, Login};
use super::versions::{AUTHORIZATION, REGISTRY};
use crate::image::{Auth, push};
use crate::provider::kubernetes::image as kubernetes_image;
use crate::provider::{ProviderError, Say};
use rsac_arm::{Call, Class};
use serde_json::{Value, json};

/// The built-in role AcrPull.
const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

impl Azure {
    /// Whether the image is made of this program, and not named.
    pub(super) fn makes_image(&self) -> bool {
        self.within.place().image.is_none()
    }

    pub(super) fn image_title(&self) -> String {
        let azure = self.azure();
        match (azure.registry, azure.attach_acr) {
            (Some(registry), _) => format!("push the image of this program to {registry}"),
            (None, Some(acr)) => format!("push the image of this program to {acr}"),
            (None, None) => {
                "push the image of this program to a registry of the stack's own".to_owned()
            }
        }
    }

    pub(super) async fn push_image(&self, say: Say<'_>) -> Result<(), ProviderError> {
        let Some(cluster) = self.cluster().await? else {
            return Err(ProviderError::Failed(
                "the stack has no kubeconfig of its cluster".to_owned(),
            ));
        };
        say("building it");
        let image = kubernetes_image::for_nodes_of(&cluster).await?;
        let azure = self.azure();
        let reference = if let Some(registry) = azure.registry {
            say(&registry);
            push(&image, &registry, false, Auth::OfDocker).await?
        } else if let Some(acr) = azure.attach_acr {
            let host = self.attach(&acr, say).await?;
            let target = format!("{host}/{}", super::registry::REPOSITORY);
            say(&target);
            push(&image, &target, false, Auth::OfDocker).await?
        } else {
            let (session, group) = (self.session()?, self.group()?);
            let registry = self.registry(&group)?;
            say("making the registry");
            let location = self.declaration()?.location;
            let host = registry
                .make(session, &location, &self.tags()?, say)
                .await?;
            let login = registry.login(session, &host, For::Push, say).await?;
            let target = format!("{host}/{}", super::registry::REPOSITORY);
            say(&target);
            let pushed = push(&image, &target, false, auth(&login)).await;
            registry.revoke(session, For::Push, say).await?;
            let reference = pushed?;
            let pull = registry.login(session, &host, For::Pull, say).await?;
            self.within
                .keep_pull_secret(&cluster, &pull.docker_config())
                .await?;
            reference
        };
        self.within.use_image(&reference)
    }

    /// Lets the nodes pull from a registry of the user's, as `az aks update --attach-acr`
    /// does; answers its host.
    async fn attach(&self, acr: &str, say: Say<'_>) -> Result<String, ProviderError> {
        let session = self.session()?;
        let registry = self.registry_named(acr).await?;
        let text = |value: &Value, pointer: &str| {
            value
                .pointer(pointer)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let id = text(&registry, "/id").unwrap_or_default();
        let host = text(&registry, "/properties/loginServer").unwrap_or_default();
        let declared = self.declaration()?;
        let found = self.managed(&declared)?.look(session).await?;
        let principal = match &found {
            super::cluster::State::There { resource, .. } => text(
                resource,
                "/properties/identityProfile/kubeletidentity/objectId",
            ),
            super::cluster::State::Absent => None,
        };
        let Some(principal) = principal else {
            return Err(ProviderError::Failed(
                "the cluster does not say its kubelets' identity".to_owned(),
            ));
        };
        say("letting the nodes pull");
        // The same assignment has the same name, whoever makes it how often.
        let name = assignment_name(&id, &principal);
        let path = format!("{id}/providers/Microsoft.Authorization/roleAssignments/{name}");
        let role = session.provider_path(&format!(
            "Microsoft.Authorization/roleDefinitions/{ACR_PULL}"
        ));
        let body = json!({"properties": {
            "roleDefinitionId": role,
            "principalId": principal,
            "principalType": "ServicePrincipal",
        }});
        match session.arm.run(&Call::put(path, AUTHORIZATION, body)).await {
            Err(error) if error.code() == "RoleAssignmentExists" => Ok(host),
            Err(error) if error.class() == Class::Permission => Err(ProviderError::Setting {
                what: format!("--attach-acr {acr}: {error}"),
                remedy: "ask who may assign roles there; without --attach-acr the stack makes a \
                         registry of its own, which a Contributor may"
                    .to_owned(),
            }),
            made => made.map(|_| host).map_err(ProviderError::from),
        }
    }

    async fn registry_named(&self, acr: &str) -> Result<Value, ProviderError> {
        let session = self.session()?;
        let missing = || ProviderError::Setting {
            what: format!("--attach-acr {acr:?}: there is no such container registry"),
            remedy: "`az acr list --output table` shows them".to_owned(),
        };
        if acr.starts_with('/') {
            return session.arm.get(acr, REGISTRY).await?.ok_or_else(missing);
        }
        let all = session.provider_path("Microsoft.ContainerRegistry/registries");
        let all = session.arm.list(&all, REGISTRY).await?;
        let named = |r: &Value| {
            let name = r.get("name").and_then(Value::as_str);
            name.is_some_and(|name| name.eq_ignore_ascii_case(acr))
        };
        all.into_iter().find(named).ok_or_else(missing)
    }

    /// What of the image is outside the group that goes.
    pub(super) async fn undo_image(&self, say: Say<'_>) -> Result<(), ProviderError> {
        let azure = self.azure();
        if let Some(image) = self.within.loaded_image()
            && (azure.registry.is_some() || azure.attach_acr.is_some())
        {
            self.keep(format!("image {image}"));
        }
        let (session, group) = (self.session()?, self.group()?);
        let registry = self.registry(&group)?;
        let there = session.arm.get(&registry.id, REGISTRY).await?;
        if there.is_some() && !self.group_is_ours(session, &group).await? {
            registry.delete(session, say).await?;
            self.deleted(registry.id);
        }
        Ok(())
    }

    async fn group_is_ours(
        &self,
        session: &super::Session,
        group: &super::Group,
    ) -> Result<bool, ProviderError> {
        let found = group.look(session, &self.stack.record.id).await?;
        Ok(matches!(
            found,
            super::group::State::There {
                owner: super::tags::Owner::Ours,
                ..
            }
        ))
    }
}

fn auth(login: &Login) -> Auth {
    Auth::Password {
        user: login.user.clone(),
        password: login.password.clone(),
    }
}

/// A GUID made of what is assigned to whom.
fn assignment_name(registry: &str, principal: &str) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(format!("{registry}|{principal}|{ACR_PULL}").to_lowercase());
    let hex: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}
