//! The image of operator, masters and workers to where the cluster's nodes can pull it: a
//! registry of the stack's own, one of the user's that the nodes are let to pull from, or any
//! other that the user names.

use super::Azure;
use super::registry::{For, Login};
use super::versions::REGISTRY;
use crate::image::{Auth, push};
use crate::provider::kubernetes::image as kubernetes_image;
use crate::provider::{ProviderError, Say, Undone};
use crate::stack::read_optional;

/// The file that says how the image came to the nodes.
const WAY: &str = "image-way";

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
            self.within.forget_pull_secret();
            push(&image, &registry, false, Auth::OfDocker).await?
        } else if let Some(acr) = azure.attach_acr {
            let acr = self.attach(&acr, say).await?;
            let auth = super::acr_login::login(self.session()?, &acr).await?;
            let target = format!("{}/{}", acr.host, super::registry::REPOSITORY);
            say(&target);
            self.within.forget_pull_secret();
            push(&image, &target, false, auth).await?
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
        self.within.use_image(&reference)?;
        self.remember(WAY, &self.way())
    }

    /// How the image comes to the nodes, as it is noted with the image.
    fn way(&self) -> String {
        let azure = self.azure();
        match (azure.registry, azure.attach_acr) {
            (Some(registry), _) => format!("registry {registry}"),
            (None, Some(acr)) => format!("acr {acr}"),
            (None, None) => "own".to_owned(),
        }
    }

    /// Whether the image was pushed to another place than it is to be in now.
    pub(super) fn image_is_elsewhere(&self) -> bool {
        let noted = read_optional(&self.folder().join(WAY)).ok().flatten();
        self.within.loaded_image().is_some() && noted.is_some_and(|noted| noted != self.way())
    }

    /// What of the image is outside the group that goes.
    pub(super) async fn undo_image(&self, say: Say<'_>) -> Result<Undone, ProviderError> {
        let azure = self.azure();
        if let Some(image) = self.within.loaded_image()
            && (azure.registry.is_some() || azure.attach_acr.is_some())
        {
            self.keep(format!("image {image}"));
        }
        let mut undone = match self.detach(say).await? {
            true => Undone::Gone,
            false => Undone::Left,
        };
        let (session, group) = (self.session()?, self.group()?);
        let registry = self.registry(&group)?;
        let there = session.arm.get(&registry.id, REGISTRY).await?;
        if there.is_some() && !self.group_is_ours(session, &group).await? {
            registry.delete(session, say).await?;
            self.deleted(registry.id);
            undone = Undone::Gone;
        }
        Ok(undone)
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
