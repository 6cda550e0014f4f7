//! The pipeline's policy that signs requests: one cached token, renewed before it expires
//! and when the service says that it has, sent to the cloud's own endpoint only.

use crate::cloud::Cloud;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{ClientMethodOptions, Context, Request};
use azure_core::time::{Duration, OffsetDateTime};
use std::sync::Arc;
use tokio::sync::Mutex;

/// In a context: the token that was cached is not accepted any more. Our chain of
/// credentials takes it as a request for one that is new.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Renew;

pub(crate) struct Signer {
    credential: Arc<dyn TokenCredential>,
    cloud: Cloud,
    user_agent: String,
    cached: Mutex<Option<AccessToken>>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Signer").finish_non_exhaustive()
    }
}

impl Signer {
    pub(crate) fn new(
        credential: Arc<dyn TokenCredential>,
        cloud: Cloud,
        user_agent: String,
    ) -> Signer {
        Signer {
            credential,
            cloud,
            user_agent,
            cached: Mutex::new(None),
        }
    }

    async fn token(&self, renew: bool) -> azure_core::Result<AccessToken> {
        let mut cached = self.cached.lock().await;
        if !renew && let Some(token) = cached.as_ref().filter(|token| lasts(token)) {
            return Ok(token.clone());
        }
        let mut context = Context::new();
        if renew {
            context.insert(Renew);
        }
        let options = TokenRequestOptions {
            method_options: ClientMethodOptions { context },
        };
        let token = self
            .credential
            .get_token(&[&self.cloud.scope], Some(options))
            .await
            .map_err(|error| {
                let text = error.to_string();
                Error::with_error(ErrorKind::Credential, error, text)
            })?;
        *cached = Some(token.clone());
        Ok(token)
    }
}

/// Whether a token is still good for a request and its retries.
fn lasts(token: &AccessToken) -> bool {
    token.expires_on > OffsetDateTime::now_utc() + Duration::minutes(2)
}

#[async_trait::async_trait]
impl Policy for Signer {
    async fn send(
        &self,
        context: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        if !self.cloud.owns(request.url()) {
            return Err(Error::with_message(
                ErrorKind::Credential,
                "a token is sent to the cloud's own endpoint only",
            ));
        }
        let token = self.token(context.value::<Renew>().is_some()).await?;
        request.insert_header("authorization", format!("Bearer {}", token.token.secret()));
        request.insert_header("user-agent", self.user_agent.clone());
        match next.split_first() {
            Some((policy, rest)) => policy.send(context, request, rest).await,
            None => Err(Error::with_message(ErrorKind::Other, "no transport")),
        }
    }
}
