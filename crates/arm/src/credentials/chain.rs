//! The chain: tries its links in order, remembers the one that gave a token, and says what
//! each answered when none did.

use super::environment::Environment;
use super::links::{Link, Material};
use crate::auth::Renew;
use crate::error::ArmError;
use crate::options::Options;
use crate::redact;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// No link is waited for longer than this.
const LONGEST: Duration = Duration::from_secs(120);

/// Credentials in order; see [`super::chain`].
pub struct Chain {
    material: Material,
    chosen: Mutex<Option<(Link, Arc<dyn TokenCredential>)>>,
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Chain").finish_non_exhaustive()
    }
}

impl Chain {
    pub(super) fn new(options: &Options, environment: &Environment) -> Result<Chain, ArmError> {
        Ok(Chain {
            material: Material::new(options, environment)?,
            chosen: Mutex::new(None),
        })
    }

    /// Which credential gave the token, as `Azure CLI`; none before the first one.
    pub async fn used(&self) -> Option<&'static str> {
        self.chosen
            .lock()
            .await
            .as_ref()
            .map(|(link, _)| link.name())
    }

    async fn search(
        &self,
        scopes: &[&str],
    ) -> azure_core::Result<(Link, Arc<dyn TokenCredential>, AccessToken)> {
        let mut answers = Vec::new();
        for link in Link::ALL {
            let credential = match self.material.make(link).await {
                Ok(credential) => credential,
                Err(why) => {
                    // Half of a setting is a mistake, but it names nobody.
                    answers.push((link, why));
                    continue;
                }
            };
            match bounded(&credential, scopes).await {
                Ok(token) => {
                    tracing::debug!(credential = link.name(), "a token was given");
                    return Ok((link, credential, token));
                }
                Err(why) => {
                    answers.push((link, why));
                    if link.is_deliberate() {
                        break;
                    }
                }
            }
        }
        Err(Error::with_message(
            ErrorKind::Credential,
            complaint(&answers),
        ))
    }
}

#[async_trait::async_trait]
impl TokenCredential for Chain {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let renew = options
            .is_some_and(|options| options.method_options.context.value::<Renew>().is_some());
        let mut chosen = self.chosen.lock().await;
        if let Some((link, credential)) = chosen.as_mut() {
            // The identity of a run does not change in its middle: no other link is tried.
            if renew {
                // Links keep tokens: only a new one asks for a new token.
                *credential = self.material.make(*link).await.map_err(|why| {
                    Error::with_message(ErrorKind::Credential, complaint(&[(*link, why)]))
                })?;
            }
            return bounded(credential, scopes).await.map_err(|why| {
                Error::with_message(ErrorKind::Credential, complaint(&[(*link, why)]))
            });
        }
        let (link, credential, token) = self.search(scopes).await?;
        *chosen = Some((link, credential));
        Ok(token)
    }
}

async fn bounded(
    credential: &Arc<dyn TokenCredential>,
    scopes: &[&str],
) -> Result<AccessToken, String> {
    match tokio::time::timeout(LONGEST, credential.get_token(scopes, None)).await {
        Ok(Ok(token)) => Ok(token),
        Ok(Err(error)) => Err(causes(&error)),
        Err(_) => Err(format!("no answer within {} s", LONGEST.as_secs())),
    }
}

/// An error and its causes, each once.
fn causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    redact::text(&text)
}

fn complaint(answers: &[(Link, String)]) -> String {
    let mut text = String::from("no Azure credential works:");
    for (link, why) in answers {
        text.push_str(&format!("\n  {}: {why}", link.name()));
    }
    let deliberate = answers.last().filter(|(link, _)| link.is_deliberate());
    text.push_str(&match deliberate {
        Some((link, _)) => format!(
            "\nOther credentials were not tried, since {} is set up: correct it, or unset its \
             variables.",
            link.name()
        ),
        None => "\nSign in with `az login` or `azd auth login`, or set AZURE_TENANT_ID, \
                 AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of a service principal."
            .to_owned(),
    });
    text
}
