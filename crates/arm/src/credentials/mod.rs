//! Who we are to Azure: a chain of the credentials that people and machines have, tried in
//! order. The provider makes one and hands it to [`crate::Arm::new`].

mod chain;
mod environment;
mod links;
mod tools;

pub use chain::Chain;
pub use environment::Environment;

use crate::error::ArmError;
use crate::options::Options;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::{Duration, OffsetDateTime};
use std::sync::Arc;

/// The chain for the process's environment: environment service principal, workload
/// identity, managed identity, Azure CLI, azd.
///
/// # Errors
/// When the options' certificates do not do. Whether a credential works is seen at the first
/// token.
pub fn chain(options: &Options) -> Result<Arc<Chain>, ArmError> {
    chain_in(options, &Environment::process())
}

/// The chain for a given environment.
///
/// # Errors
/// As [`chain`].
pub fn chain_in(options: &Options, environment: &Environment) -> Result<Arc<Chain>, ArmError> {
    Chain::new(options, environment).map(Arc::new)
}

/// A token that someone else got: for a simulator on loopback, and for replays.
pub fn fixed(token: impl Into<String>) -> Arc<dyn TokenCredential> {
    Arc::new(Fixed(token.into().into()))
}

#[derive(Debug)]
struct Fixed(azure_core::credentials::Secret);

#[async_trait::async_trait]
impl TokenCredential for Fixed {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let tomorrow = OffsetDateTime::now_utc() + Duration::days(1);
        Ok(AccessToken::new(self.0.clone(), tomorrow))
    }
}
