//! Where the nodes pull the image from: a Basic container registry in the stack's own group,
//! which goes with it, and credentials scoped to one repository, which a Contributor may make
//! (a role assignment, the usual way, takes more rights).
//!
//! Source: the REST API of Microsoft.ContainerRegistry, registries, scopeMaps, tokens and
//! generateCredentials. No recording of it was at hand: its answers are the simulator's.

use super::session::Session;
use super::versions::REGISTRY;
use crate::provider::{ProviderError, Say};
use rsac_arm::Call;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The repository of the image.
pub(crate) const REPOSITORY: &str = "rsac-infra";

/// A name and a password for one repository.
pub(crate) struct Login {
    /// The registry's host.
    pub(crate) host: String,
    /// The token's name.
    pub(crate) user: String,
    /// Its password.
    pub(crate) password: String,
}

/// What a login is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum For {
    /// The nodes.
    Pull,
    /// This run.
    Push,
}

impl For {
    fn name(self) -> &'static str {
        match self {
            Self::Pull => "rsac-pull",
            Self::Push => "rsac-push",
        }
    }

    fn actions(self) -> Vec<String> {
        let actions: &[&str] = match self {
            Self::Pull => &["content/read", "metadata/read"],
            Self::Push => &["content/read", "content/write", "metadata/read"],
        };
        let whole = |action: &&str| format!("repositories/{REPOSITORY}/{action}");
        actions.iter().map(whole).collect()
    }
}

/// The stack's registry.
#[derive(Debug, Clone)]
pub(crate) struct Registry {
    /// Its id.
    pub(crate) id: String,
}

impl Registry {
    /// Of a stack in a group. Names are global, 5 to 50 letters and digits: the stack's id
    /// makes one that nobody else has, and that every run finds again.
    pub(crate) fn of(group: &str, subscription: &str, stack: &str) -> Self {
        let digest = Sha256::digest(format!("{subscription}/{stack}").to_lowercase());
        let hex: String = digest
            .iter()
            .take(10)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            id: format!("{group}/providers/Microsoft.ContainerRegistry/registries/rsac{hex}"),
        }
    }

    /// Makes it; answers its host.
    pub(crate) async fn make(
        &self,
        session: &Session,
        location: &str,
        tags: &Map<String, Value>,
        say: Say<'_>,
    ) -> Result<String, ProviderError> {
        if let Some(there) = session.arm.get(&self.id, REGISTRY).await?
            && there.pointer("/properties/provisioningState") == Some(&json!("Succeeded"))
        {
            return host(&there);
        }
        let body = json!({
            "location": location,
            "tags": tags,
            "sku": {"name": "Basic"},
            "properties": {"adminUserEnabled": false},
        });
        let call = Call::put(&self.id, REGISTRY, body);
        let made = session.finish(&call, say).await?;
        let made = match made {
            Some(made) => Some(made),
            None => session.arm.get(&self.id, REGISTRY).await?,
        };
        host(&made.unwrap_or_default())
    }

    /// A login of a token of its own. Each call makes a new password in the place of the
    /// last.
    pub(crate) async fn login(
        &self,
        session: &Session,
        host: &str,
        purpose: For,
        say: Say<'_>,
    ) -> Result<Login, ProviderError> {
        let name = purpose.name();
        let map = format!("{}/scopeMaps/{name}", self.id);
        let body = json!({"properties": {"actions": purpose.actions()}});
        session
            .finish(&Call::put(&map, REGISTRY, body), say)
            .await?;
        let token = self.token(purpose);
        let body = json!({"properties": {"scopeMapId": map, "status": "enabled"}});
        session
            .finish(&Call::put(&token, REGISTRY, body), say)
            .await?;
        let path = format!("{}/generateCredentials", self.id);
        let body = json!({"tokenId": token, "name": "password1"});
        // A second one takes the place of the first, whose answer was lost.
        let call = Call::post(path, REGISTRY, Some(body)).repeating();
        let made = session.finish(&call, say).await?.unwrap_or_default();
        let password = made.pointer("/passwords/0/value").and_then(Value::as_str);
        let user = made.get("username").and_then(Value::as_str).unwrap_or(name);
        match password {
            Some(password) => Ok(Login {
                host: host.to_owned(),
                user: user.to_owned(),
                password: password.to_owned(),
            }),
            None => Err(ProviderError::Failed(
                "the registry made credentials without a password".to_owned(),
            )),
        }
    }

    fn token(&self, purpose: For) -> String {
        format!("{}/tokens/{}", self.id, purpose.name())
    }

    /// Takes the right to push away again.
    pub(crate) async fn revoke(
        &self,
        session: &Session,
        purpose: For,
        say: Say<'_>,
    ) -> Result<(), ProviderError> {
        session
            .finish(&Call::delete(self.token(purpose), REGISTRY), say)
            .await
            .map(|_| ())
    }

    /// Deletes it; good when it is gone already.
    pub(crate) async fn delete(
        &self,
        session: &Session,
        say: Say<'_>,
    ) -> Result<(), ProviderError> {
        session
            .finish(&Call::delete(&self.id, REGISTRY), say)
            .await
            .map(|_| ())
    }
}

fn host(registry: &Value) -> Result<String, ProviderError> {
    let host = registry
        .pointer("/properties/loginServer")
        .and_then(Value::as_str);
    host.map(str::to_owned).ok_or_else(|| {
        ProviderError::Failed("the registry does not say its loginServer".to_owned())
    })
}

impl Login {
    /// The content of a Secret of type `kubernetes.io/dockerconfigjson`.
    pub(crate) fn docker_config(&self) -> Value {
        json!({"auths": {(self.host.clone()): {"username": self.user, "password": self.password}}})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registrys_name_is_the_stacks_own_and_fits() {
        let group = "/subscriptions/s/resourceGroups/g";
        let one = Registry::of(group, "s", "id");
        let name = one.id.rsplit('/').next().unwrap();
        assert!((5..=50).contains(&name.len()));
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()));
        assert_eq!(one.id, Registry::of(group, "S", "id").id);
        assert_ne!(one.id, Registry::of(group, "s", "other").id);
    }

    #[test]
    fn only_who_pushes_may_write() {
        assert!(
            !For::Pull
                .actions()
                .iter()
                .any(|action| action.ends_with("write"))
        );
        assert!(
            For::Push
                .actions()
                .contains(&"repositories/rsac-infra/content/write".to_owned())
        );
    }
}
