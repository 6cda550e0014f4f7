//! A way into one subscription: credential, cloud and client, from the stack's settings and
//! the environment.

use crate::provider::{ProviderError, Say};
use crate::stack::AzurePlace;
use rsac_arm::credentials::{self, Chain};
use rsac_arm::managed_clusters::AksClusters;
use rsac_arm::{Arm, ArmError, Begun, Call, Cloud, Operation, Options, Patience, TokenCredential};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Another address than the cloud's: a simulator's, for trying the tool without Azure.
const ENDPOINT: &str = "RSAC_ARM_ENDPOINT";
/// The certificate authority of that address.
const CA_FILE: &str = "RSAC_ARM_CA_FILE";
/// What waits and pauses are multiplied by; below 1 for a simulator whose time runs faster.
const PATIENCE: &str = "RSAC_ARM_PATIENCE";
/// The seconds that one request and its answer may take.
const TIMEOUT: &str = "RSAC_ARM_TIMEOUT";

/// A way into one subscription.
#[derive(Clone)]
pub(crate) struct Session {
    /// The client.
    pub(crate) arm: Arm,
    credential: Arc<Chain>,
    /// The subscription's id.
    pub(crate) subscription: String,
    /// The cloud's name.
    pub(crate) cloud: String,
}

impl Session {
    /// Opens one. Nothing is asked yet but the credential's own.
    pub(crate) fn open(azure: &AzurePlace) -> Result<Self, ProviderError> {
        let cloud = azure.cloud.clone().unwrap_or_else(|| "public".to_owned());
        let subscription = azure.subscription.clone().ok_or_else(no_subscription)?;
        let (arm, credential) = client(&cloud)?;
        Ok(Self {
            arm,
            credential,
            subscription,
            cloud,
        })
    }

    /// A token for Azure Resource Manager, for what takes it in exchange for one of its own.
    pub(super) async fn token(&self) -> Result<String, ProviderError> {
        let scope = self.arm.options().cloud.scope.as_str();
        let token = self.credential.get_token(&[scope], None).await;
        let token = token.map_err(|error| ArmError::Credential(error.to_string()))?;
        Ok(token.token.secret().to_owned())
    }

    /// `/subscriptions/ID`.
    pub(crate) fn subscription_path(&self) -> String {
        format!("/subscriptions/{}", self.subscription)
    }

    /// Typed clusters, at an api-version.
    pub(crate) fn clusters(&self, api_version: &str) -> AksClusters {
        AksClusters::new(self.arm.clone()).at(api_version)
    }

    /// Sleeps, a simulator's faster time considered.
    pub(crate) async fn pause(&self, time: Duration) {
        let scale = self.arm.options().patience.scale;
        tokio::time::sleep(time.mul_f64(scale.clamp(0.0, 10.0))).await;
    }

    /// A path under a resource provider at the subscription.
    pub(crate) fn provider_path(&self, rest: &str) -> String {
        format!("{}/providers/{rest}", self.subscription_path())
    }

    /// Does what a call asks for, to its end.
    pub(crate) async fn finish(
        &self,
        call: &Call,
        say: Say<'_>,
    ) -> Result<Option<Value>, ProviderError> {
        match self.arm.begin(call).await? {
            Begun::Done { body, .. } => Ok(body),
            Begun::Running(operation) => self.follow(&operation, say).await,
        }
    }

    /// Waits for the end of an operation, telling its states.
    pub(crate) async fn follow(
        &self,
        operation: &Operation,
        say: Say<'_>,
    ) -> Result<Option<Value>, ProviderError> {
        let tell = |progress: &rsac_arm::Progress| {
            say(&progress.status);
            if let Some(warning) = &progress.warning {
                say(&format!("{} ({warning})", progress.status));
            }
        };
        Ok(self.arm.follow(operation, &tell).await?)
    }
}

/// Nothing names a subscription.
pub(crate) fn no_subscription() -> ProviderError {
    ProviderError::Setting {
        what: "no subscription is named, and neither the Azure CLI nor azd has a current one"
            .to_owned(),
        remedy: "--subscription ID, AZURE_SUBSCRIPTION_ID, or `az account set --subscription ID`"
            .to_owned(),
    }
}

fn client(cloud: &str) -> Result<(Arm, Arc<Chain>), ProviderError> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let bad = |name: &str, value: &str, why: &str, remedy: &str| ProviderError::Setting {
        what: format!("{name} {value:?}: {why}"),
        remedy: remedy.to_owned(),
    };
    let cloud = match set(ENDPOINT) {
        Some(endpoint) => {
            let authority = set("AZURE_AUTHORITY_HOST").unwrap_or_else(|| endpoint.clone());
            Cloud::custom(&endpoint, &authority)?
        }
        None => Cloud::named(cloud)?,
    };
    let ca_pem = match set(CA_FILE).map(PathBuf::from) {
        Some(path) => {
            Some(std::fs::read(&path).map_err(|source| ProviderError::Io { path, source })?)
        }
        None => None,
    };
    let mut patience = Patience::default();
    if let Some(text) = set(PATIENCE) {
        let factor = text.parse().ok().filter(|f: &f64| (0.0..=10.0).contains(f));
        patience.scale =
            factor.ok_or_else(|| bad(PATIENCE, &text, "no number from 0 to 10", "unset it"))?;
    }
    if let Some(text) = set(TIMEOUT) {
        let seconds = text.parse().ok().filter(|s| (1..=3600).contains(s));
        let seconds = seconds.ok_or_else(|| {
            bad(
                TIMEOUT,
                &text,
                "no number of seconds from 1 to 3600",
                "unset it",
            )
        })?;
        patience.request = Duration::from_secs(seconds);
    }
    let options = Options {
        ca_pem,
        patience,
        ..Options::new(cloud, concat!("rsac-infra/", env!("CARGO_PKG_VERSION")))
    };
    let credential = credentials::chain(&options)?;
    Ok((Arm::new(credential.clone(), options)?, credential))
}
