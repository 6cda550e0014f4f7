//! The single credentials of the chain: whether each is set up here, and how it is made.

use super::environment::Environment;
use super::tools::Tools;
use crate::cloud::Cloud;
use crate::error::ArmError;
use crate::options::Options;
use crate::patience::Patience;
use crate::transport;
use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{
    ClientOptions, ExponentialRetryOptions, HttpClient, Method, Request, RetryOptions, Transport,
    Url,
};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential,
    AzureDeveloperCliCredentialOptions, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Environment,
    WorkloadIdentity,
    ManagedIdentity,
    AzureCli,
    AzureDeveloperCli,
}

impl Link {
    pub(super) const ALL: [Link; 5] = [
        Link::Environment,
        Link::WorkloadIdentity,
        Link::ManagedIdentity,
        Link::AzureCli,
        Link::AzureDeveloperCli,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Link::Environment => "environment",
            Link::WorkloadIdentity => "workload identity",
            Link::ManagedIdentity => "managed identity",
            Link::AzureCli => "Azure CLI",
            Link::AzureDeveloperCli => "azd",
        }
    }

    /// Whether someone set it up on purpose: then its failure is the answer, and not a
    /// reason to act as somebody else.
    pub(super) fn is_deliberate(self) -> bool {
        matches!(self, Link::Environment | Link::WorkloadIdentity)
    }
}

/// What all links are made from.
pub(super) struct Material {
    environment: Environment,
    cloud: Cloud,
    patience: Patience,
    transport: Arc<dyn HttpClient>,
    /// Never through a proxy: the address means this machine.
    direct: Arc<dyn HttpClient>,
}

impl Material {
    pub(super) fn new(options: &Options, environment: &Environment) -> Result<Material, ArmError> {
        Ok(Material {
            environment: environment.clone(),
            cloud: options.cloud.clone(),
            patience: options.patience.clone(),
            transport: transport::transport(options)?,
            direct: transport::direct(options)?,
        })
    }

    /// Makes a link's credential, or says why it is not set up here.
    pub(super) async fn make(&self, link: Link) -> Result<Arc<dyn TokenCredential>, String> {
        match link {
            Link::Environment => self.service_principal(),
            Link::WorkloadIdentity => self.workload_identity(),
            Link::ManagedIdentity => self.managed_identity().await,
            Link::AzureCli => {
                let options = AzureCliCredentialOptions {
                    tenant_id: self.environment.text("AZURE_TENANT_ID"),
                    executor: Some(Arc::new(Tools(self.environment.clone()))),
                    ..AzureCliCredentialOptions::default()
                };
                let made = AzureCliCredential::new(Some(options));
                Ok(made.map_err(|error| error.to_string())?)
            }
            Link::AzureDeveloperCli => {
                let options = AzureDeveloperCliCredentialOptions {
                    tenant_id: self.environment.text("AZURE_TENANT_ID"),
                    executor: Some(Arc::new(Tools(self.environment.clone()))),
                };
                let made = AzureDeveloperCliCredential::new(Some(options));
                Ok(made.map_err(|error| error.to_string())?)
            }
        }
    }

    fn service_principal(&self) -> Result<Arc<dyn TokenCredential>, String> {
        let variable = |name: &str| self.environment.text(name);
        let Some(secret) = variable("AZURE_CLIENT_SECRET") else {
            return Err(match variable("AZURE_CLIENT_CERTIFICATE_PATH") {
                Some(_) => "AZURE_CLIENT_CERTIFICATE_PATH is set, but certificates are not \
                            supported: set AZURE_CLIENT_SECRET"
                    .to_owned(),
                None => "AZURE_CLIENT_SECRET is not set".to_owned(),
            });
        };
        let required = |name: &str| {
            variable(name).ok_or_else(|| format!("AZURE_CLIENT_SECRET is set, but not {name}"))
        };
        let tenant = required("AZURE_TENANT_ID")?;
        let client = required("AZURE_CLIENT_ID")?;
        let options = ClientSecretCredentialOptions {
            client_options: self.client(&self.transport, true),
        };
        let made = ClientSecretCredential::new(&tenant, client, Secret::new(secret), Some(options));
        Ok(made.map_err(|error| error.to_string())?)
    }

    fn workload_identity(&self) -> Result<Arc<dyn TokenCredential>, String> {
        let file = self
            .environment
            .path("AZURE_FEDERATED_TOKEN_FILE")
            .ok_or("AZURE_FEDERATED_TOKEN_FILE is not set")?;
        let mut options = WorkloadIdentityCredentialOptions {
            credential_options: ClientAssertionCredentialOptions::default(),
            client_id: self.environment.text("AZURE_CLIENT_ID"),
            tenant_id: self.environment.text("AZURE_TENANT_ID"),
            token_file_path: Some(file),
        };
        if options.client_id.is_none() || options.tenant_id.is_none() {
            return Err(
                "AZURE_FEDERATED_TOKEN_FILE is set, but not both AZURE_TENANT_ID and \
                        AZURE_CLIENT_ID"
                    .to_owned(),
            );
        }
        options.credential_options.client_options = self.client(&self.transport, true);
        let made = WorkloadIdentityCredential::new(Some(options));
        Ok(made.map_err(|error| error.to_string())?)
    }

    async fn managed_identity(&self) -> Result<Arc<dyn TokenCredential>, String> {
        let elsewhere = ["IDENTITY_ENDPOINT", "MSI_ENDPOINT"];
        let told = elsewhere
            .iter()
            .any(|name| self.environment.text(name).is_some());
        if !told && !metadata_answers(&self.direct).await {
            return Err("this is no Azure machine: its metadata service does not answer".into());
        }
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: self
                .environment
                .text("AZURE_CLIENT_ID")
                .map(UserAssignedId::ClientId),
            client_options: self.client(&self.direct, false),
        };
        let made = ManagedIdentityCredential::new(Some(options));
        Ok(made.map_err(|error| error.to_string())?)
    }

    fn client(&self, transport: &Arc<dyn HttpClient>, retries: bool) -> ClientOptions {
        let mut authority = CustomConfiguration::default();
        authority.authority_host = self.authority();
        let retry = if retries {
            let scaled = |wait: Duration| wait.mul_f64(self.patience.scale.clamp(0.0, 1000.0));
            RetryOptions::exponential(ExponentialRetryOptions {
                initial_delay: azure_core::time::Duration::try_from(scaled(self.patience.base))
                    .unwrap_or(azure_core::time::Duration::SECOND),
                max_retries: 3,
                ..ExponentialRetryOptions::default()
            })
        } else {
            RetryOptions::none()
        };
        ClientOptions {
            transport: Some(Transport::new(transport.clone())),
            retry,
            cloud: Some(Arc::new(CloudConfiguration::Custom(authority))),
            ..ClientOptions::default()
        }
    }

    /// A cloud given in full stands; a named one yields to the variable, as in Azure's tools.
    fn authority(&self) -> String {
        let variable = self.environment.text("AZURE_AUTHORITY_HOST");
        match variable.filter(|_| self.cloud.name != "custom") {
            Some(host) if host.contains("://") => host,
            Some(host) => format!("https://{host}"),
            None => self
                .cloud
                .authority
                .as_str()
                .trim_end_matches('/')
                .to_owned(),
        }
    }
}

/// Whether Azure's metadata service is there. It refuses this request, which lacks a header,
/// with 400. Off Azure nobody answers at its address, often not even with a refusal, and at
/// other clouds another service does: azure_identity would ask that one for over a minute.
async fn metadata_answers(direct: &Arc<dyn HttpClient>) -> bool {
    let probe = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01";
    let Ok(url) = Url::parse(probe) else {
        return false;
    };
    let request = Request::new(url, Method::Get);
    let answer = direct.execute_request(&request);
    match tokio::time::timeout(Duration::from_secs(2), answer).await {
        Ok(Ok(answer)) => u16::from(answer.status()) == 400,
        _ => false,
    }
}
