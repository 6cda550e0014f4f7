//! What a client is made with. The provider fills it from its settings.

use crate::cloud::Cloud;
use crate::patience::Patience;
use azure_core::http::HttpClient;
use std::sync::Arc;

/// Everything a client needs besides its credential.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which Azure.
    pub cloud: Cloud,
    /// Certificates in PEM that are trusted besides the system's: a simulator's authority, a
    /// company's proxy.
    pub ca_pem: Option<Vec<u8>>,
    /// The product in `User-Agent`, as `rsac-infra/1.0`: visible ASCII.
    pub user_agent: String,
    /// Retries and waits.
    pub patience: Patience,
    /// Another way to carry requests than the network: replays and tests.
    pub transport: Option<Arc<dyn HttpClient>>,
}

impl Options {
    /// The public cloud, the system's certificates, waits as in use.
    pub fn new(cloud: Cloud, user_agent: impl Into<String>) -> Options {
        Options {
            cloud,
            ca_pem: None,
            user_agent: user_agent.into(),
            patience: Patience::default(),
            transport: None,
        }
    }
}
