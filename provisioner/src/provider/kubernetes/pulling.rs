//! The Secret with which the image is pulled, where it takes one: of a registry that a provider
//! made, or with `--pull-with-login` what `docker login` keeps on this machine.

use super::OnCluster;
use crate::cluster::Cluster;
use crate::deploy::install;
use crate::image;
use crate::provider::ProviderError;
use crate::stack::write_private;
use rsac_api::names;
use serde_json::json;
use std::path::PathBuf;

impl OnCluster {
    /// The file that says that the image is pulled with a Secret.
    fn pull_secret_mark(&self) -> PathBuf {
        self.folder().join("pull-secret")
    }

    /// The Secret's name, where there is one or is to be one.
    pub(super) fn pull_secret(&self) -> Option<&'static str> {
        let is_used = self.shares_login() || self.pull_secret_mark().exists();
        is_used.then_some(names::PULL_SECRET)
    }

    /// Gives the operator's namespace the Secret with which the image is pulled, for the
    /// operator itself and to be copied for each job.
    pub(in crate::provider) async fn keep_pull_secret(
        &self,
        cluster: &Cluster,
        docker_config: &serde_json::Value,
    ) -> Result<(), ProviderError> {
        install::pull_secret(&cluster.client, docker_config, &self.marks()?).await?;
        write_private(&self.pull_secret_mark(), names::PULL_SECRET)
            .map_err(|error| ProviderError::Failed(error.to_string()))
    }

    /// The image is pulled without one from now on.
    pub(in crate::provider) fn forget_pull_secret(&self) {
        let _ = std::fs::remove_file(self.pull_secret_mark());
    }

    /// Whether the user gives the cluster what `docker login` keeps.
    pub(in crate::provider) fn shares_login(&self) -> bool {
        self.place().pull_with_login == Some(true)
    }

    /// Whether the nodes pull from a registry that they were given a role on.
    pub(super) fn pulls_by_role(&self) -> bool {
        let azure = self.place().azure.as_ref();
        self.place().image.is_none() && azure.is_some_and(|azure| azure.attach_acr.is_some())
    }

    /// What the operator's step does, for people.
    pub(super) fn operator_title(&self) -> String {
        match self.shares_login() {
            true => "install the operator, and your login to pull its image with".to_owned(),
            false => "install the operator".to_owned(),
        }
    }

    /// Refuses to begin what would end without a login.
    pub(in crate::provider) fn must_have_login(&self) -> Result<(), ProviderError> {
        match self.shares_login() {
            true => self.login().map(|_| ()),
            false => Ok(()),
        }
    }

    /// The host of the image, and what `docker login` keeps for it.
    fn login(&self) -> Result<(String, image::Login), ProviderError> {
        let azure = self.place().azure.as_ref();
        let named = azure.and_then(|azure| azure.registry.clone());
        let image = self.place().image.clone().or(named);
        let image = image.or_else(|| self.loaded_image()).unwrap_or_default();
        let host = image::host_of(&image)?;
        let bad = |why: &str| ProviderError::Setting {
            what: format!("--pull-with-login: {why}"),
            remedy: format!(
                "`docker login {host}` with a name and password that are good for long, of which \
                 reading suffices for the nodes; or --pull-with-login=false"
            ),
        };
        match image::of_docker(&host) {
            Ok(Some(login)) if login.is_short_lived => Err(bad(&format!(
                "what Docker keeps for {host} ends within hours, and nodes pull later too"
            ))),
            Ok(Some(login)) => Ok((host, login)),
            Ok(None) => Err(bad(&format!("Docker keeps no login for {host}"))),
            Err(why) => Err(bad(&format!("{host}: {why}"))),
        }
    }

    /// Gives the cluster the user's login, where that is wanted.
    pub(super) async fn share_login(&self, cluster: &Cluster) -> Result<(), ProviderError> {
        if !self.shares_login() {
            return Ok(());
        }
        let (host, login) = self.login()?;
        let auth = json!({"username": login.user, "password": login.password});
        let config = json!({"auths": {(host): auth}});
        self.keep_pull_secret(cluster, &config).await
    }
}
