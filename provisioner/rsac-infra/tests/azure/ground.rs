//! What tests of the image's ways stand on: a subscription whose clusters are all one stand-in
//! of a Kubernetes API, and a stand-in of a registry.

use crate::api_server::ApiServer;
use crate::cloud::{Cloud, SSH_KEY, Said, said};
use crate::registry::Registry;
use base64ct::{Base64, Encoding};
use rsac_azure_simulator::{Grant, Settings};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

pub(crate) const THEIRS: &str =
    "/resourceGroups/theirs/providers/Microsoft.ContainerRegistry/registries/theirAcr";
pub(crate) const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

/// The executable without what debuggers want of it: an image of it is a fifth in size.
fn executable() -> &'static Path {
    static SMALL: OnceLock<PathBuf> = OnceLock::new();
    SMALL.get_or_init(|| {
        let whole = Path::new(env!("CARGO_BIN_EXE_rsac-infra"));
        let small = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rsac-infra-small");
        let unique = small.with_extension(std::process::id().to_string());
        let strip = Command::new("strip")
            .arg("-o")
            .arg(&unique)
            .arg(whole)
            .status();
        if !strip.is_ok_and(|status| status.success()) {
            return whole.to_owned();
        }
        std::fs::rename(&unique, &small).unwrap();
        small
    })
}

/// A subscription whose clusters are all one stand-in, and a registry.
pub(crate) struct Ground {
    pub(crate) cloud: Cloud,
    pub(crate) cluster: ApiServer,
    pub(crate) registry: Registry,
}

impl Ground {
    /// Whoever is signed in is Contributor, or Owner.
    pub(crate) fn new(is_owner: bool) -> Self {
        let (cluster, registry) = (ApiServer::start(), Registry::start());
        let cloud = Cloud::with(Settings {
            kubeconfig: Some(cluster.kubeconfig()),
            registry: Some(registry.host().to_owned()),
            ..Settings::default()
        });
        std::fs::write(cloud.path("key.pub"), SSH_KEY).unwrap();
        let ground = Self {
            cloud,
            cluster,
            registry,
        };
        if is_owner {
            ground.grant(Grant::owner);
        }
        ground
    }

    pub(crate) fn grant(&self, grant: fn(&str) -> Grant) {
        self.cloud.azure.change(|settings| {
            let scope = format!("/subscriptions/{}", settings.subscription);
            settings.callers[0].grants = vec![grant(&scope)];
        });
    }

    /// Somebody's registry in a group of his.
    pub(crate) fn theirs(&self) -> String {
        let azure = &self.cloud.azure;
        azure.make_group("theirs", "uksouth", json!({}));
        let properties = json!({"loginServer": self.registry.host()});
        let body =
            json!({"location": "uksouth", "sku": {"name": "Basic"}, "properties": properties});
        azure.make(THEIRS, body);
        format!(
            "/subscriptions/{}{THEIRS}",
            Settings::default().subscription
        )
    }

    /// What `docker login` leaves.
    pub(crate) fn docker_login(&self, host: &str, user: &str, password: &str) {
        let auth = Base64::encode_string(format!("{user}:{password}").as_bytes());
        let config = json!({"auths": {host: {"auth": auth}}});
        let folder = self.cloud.path("docker");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    }

    pub(crate) fn run(&self, words: &[&str]) -> Said {
        let whole = self.cloud.command_of("state", words);
        let mut command = Command::new(executable());
        let set = whole
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        command
            .args(whole.get_args())
            .env_clear()
            .envs(set)
            .env("DOCKER_CONFIG", self.cloud.path("docker"))
            .stdin(Stdio::null());
        said(command)
    }

    pub(crate) fn up(&self, more: &[&str]) -> Said {
        let key = self.cloud.path("key.pub");
        let words = [
            "up",
            "--provider",
            "azure",
            "--ssh-public-key",
            key.to_str().unwrap(),
        ];
        self.run(&[&words, more].concat())
    }

    pub(crate) fn down(&self) -> Said {
        self.run(&["down", "--yes", "--with-network-watcher"])
    }

    /// Ids of all role assignments.
    pub(crate) fn roles(&self) -> Vec<String> {
        let mut all = self.cloud.azure.resources();
        all.retain(|id| id.contains("/roleAssignments/"));
        all
    }

    /// The object id of the nodes' identity.
    pub(crate) fn kubelets(&self) -> String {
        let cluster = &self.cloud.azure.clusters()[0];
        let cluster = self.cloud.azure.resource(cluster).unwrap();
        let id = &cluster["properties"]["identityProfile"]["kubeletidentity"]["objectId"];
        id.as_str().unwrap().to_owned()
    }

    /// Somebody gives the nodes the role, as `az aks update --attach-acr` does.
    pub(crate) fn others_assign(&self) -> String {
        let name = "01234567-89ab-4cde-8f01-23456789abcd";
        let path = format!("{THEIRS}/providers/Microsoft.Authorization/roleAssignments/{name}");
        let root = format!("/subscriptions/{}", Settings::default().subscription);
        let role = format!("{root}/providers/Microsoft.Authorization/roleDefinitions/{ACR_PULL}");
        let given = json!({"principalId": self.kubelets(), "roleDefinitionId": role});
        self.cloud.azure.make(&path, json!({"properties": given}));
        format!("{root}{path}")
    }

    pub(crate) fn nothing_was_sent(&self) {
        assert_eq!(self.cloud.changes(), Vec::<String>::new());
        assert!(!self.cloud.path("state").exists());
    }
}
