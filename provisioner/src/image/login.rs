//! What `docker login`, or a helper of Docker's, keeps for a registry: for pushing there, and
//! for whoever wants nodes to pull with it.

use docker_credential::{CredentialRetrievalError, DockerCredential};

/// Who has a token of one of Azure's registries for a password, as `az acr login
/// --expose-token` tells it.
pub(crate) const TOKEN_USER: &str = "00000000-0000-0000-0000-000000000000";
/// Hosts of Azure's registries, in its three clouds.
const AZURES: [&str; 3] = [".azurecr.io", ".azurecr.us", ".azurecr.cn"];

/// A name and its password. Neither is ever shown.
pub(crate) struct Login {
    /// The name.
    pub(crate) user: String,
    /// The password, or a token in its place.
    pub(crate) password: String,
    /// Whether it ends within hours.
    pub(crate) is_short_lived: bool,
}

/// What Docker keeps for a registry; none where it keeps nothing.
///
/// # Errors
/// Why what it keeps cannot be used, in words.
pub(crate) fn of_docker(registry: &str) -> Result<Option<Login>, String> {
    match docker_credential::get_credential(registry) {
        Ok(DockerCredential::UsernamePassword(user, password)) => Ok(Some(Login {
            is_short_lived: user == TOKEN_USER,
            user,
            password,
        })),
        // As `az acr login` leaves it.
        Ok(DockerCredential::IdentityToken(token)) if is_azures(registry) => Ok(Some(Login {
            user: TOKEN_USER.to_owned(),
            password: token,
            is_short_lived: true,
        })),
        Ok(DockerCredential::IdentityToken(_)) => Err(
            "Docker keeps an identity token for it, which is not supported; log in with a password"
                .to_owned(),
        ),
        Err(
            CredentialRetrievalError::ConfigNotFound
            | CredentialRetrievalError::ConfigReadError
            | CredentialRetrievalError::NoCredentialConfigured,
        ) => Ok(None),
        // What a helper printed is not told: it may be the secret.
        Err(CredentialRetrievalError::HelperFailure { helper, .. }) => {
            Err(format!("Docker's helper {helper} fails"))
        }
        Err(error) => Err(format!("Docker's credentials cannot be read: {error}")),
    }
}

/// Whether a host is a registry of Azure's.
pub(crate) fn is_azures(host: &str) -> bool {
    let host = host.to_lowercase();
    AZURES.iter().any(|end| host.ends_with(end))
}

/// Whether a registry is on this machine, and so speaks plain HTTP.
pub(crate) fn is_loopback(registry: &str) -> bool {
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_plain() {
        for (registry, plain) in [
            ("127.0.0.1:5000", true),
            ("localhost:5000", true),
            ("[::1]:5000", true),
            ("localhost", true),
            ("registry.example.com", false),
            ("10.0.0.1:5000", false),
        ] {
            assert_eq!(is_loopback(registry), plain, "{registry}");
        }
    }

    #[test]
    fn azures_hosts_are_told_by_their_end() {
        assert!(is_azures("mine.azurecr.io") && is_azures("Mine.AzureCR.us"));
        assert!(!is_azures("mine.azurecr.io.example.com") && !is_azures("azurecr.io"));
    }
}
