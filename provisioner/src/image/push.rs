//! An image to a registry (distribution-spec), with the credentials that `docker login`
//! or a helper of Docker's keeps for it.

use super::login::{self, is_loopback};
use super::{Image, ImageError};
use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::manifest::{
    IMAGE_CONFIG_MEDIA_TYPE, IMAGE_LAYER_GZIP_MEDIA_TYPE, OciImageManifest,
};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use std::time::Duration;

/// A registry that is silent for so long is given up.
const SILENCE: Duration = Duration::from_secs(60);

/// Who pushes.
pub enum Auth {
    /// Whom `docker login`, or a helper of Docker's, knows for the registry.
    OfDocker,
    /// A name with its password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
}

/// Pushes the image to `target`: a repository (`registry/team/rsac-infra`), whose tag is
/// then the image's, or a whole reference. Answers the reference by digest, which names
/// this image for ever.
///
/// A registry on this machine's loopback speaks plain HTTP, as Docker has it; any other
/// does with `plain_http`.
///
/// # Errors
/// When the reference is none, or the registry refuses.
pub async fn push(
    image: &Image,
    target: &str,
    plain_http: bool,
    auth: Auth,
) -> Result<String, ImageError> {
    let reference = reference(target, &image.tag)?;
    let registry = reference.resolve_registry().to_owned();
    let client = Client::new(ClientConfig {
        protocol: match plain_http || is_loopback(&registry) {
            true => ClientProtocol::Http,
            false => ClientProtocol::Https,
        },
        connect_timeout: Some(Duration::from_secs(10)),
        read_timeout: Some(SILENCE),
        ..ClientConfig::default()
    });
    let layer = ImageLayer::new(
        image.layer.bytes.clone(),
        IMAGE_LAYER_GZIP_MEDIA_TYPE.to_owned(),
        None,
    );
    let config = Config::new(
        image.config.bytes.clone(),
        IMAGE_CONFIG_MEDIA_TYPE.to_owned(),
        None,
    );
    let manifest: OciImageManifest =
        serde_json::from_slice(&image.manifest.bytes).map_err(ImageError::json)?;
    let refused = |why: String| ImageError::Registry {
        registry: registry.clone(),
        why,
    };
    let auth = match auth {
        Auth::OfDocker => credentials(&registry).map_err(refused)?,
        Auth::Password { user, password } => RegistryAuth::Basic(user, password),
    };
    let layers = [layer];
    let pushed = client.push(&reference, &layers, config, &auth, Some(manifest));
    let pushed = pushed.await.map_err(|error| refused(error.to_string()))?;
    tracing::debug!(manifest = pushed.manifest_url, "pushed");
    // What the registry has is what counts.
    let digest = client.fetch_manifest_digest(&reference, &auth);
    let digest = digest.await.map_err(|error| refused(error.to_string()))?;
    Ok(format!(
        "{}/{}@{digest}",
        reference.registry(),
        reference.repository()
    ))
}

/// A whole reference, with `tag` where the target has none.
fn reference(target: &str, tag: &str) -> Result<Reference, ImageError> {
    let bad = |why: String| ImageError::Reference {
        reference: target.to_owned(),
        why,
    };
    if target.contains('@') {
        return Err(bad("a push goes to a tag, not to a digest".to_owned()));
    }
    let last = target.rsplit('/').next().unwrap_or_default();
    let whole = match last.contains(':') {
        true => target.to_owned(),
        false => format!("{target}:{tag}"),
    };
    whole
        .parse()
        .map_err(|error: oci_client::ParseError| bad(error.to_string()))
}

fn credentials(registry: &str) -> Result<RegistryAuth, String> {
    let login = login::of_docker(registry)?;
    Ok(login.map_or(RegistryAuth::Anonymous, |login| {
        RegistryAuth::Basic(login.user, login.password)
    }))
}

/// Refuses what is no repository to push to.
///
/// # Errors
/// When the reference is none.
pub(crate) fn check_target(target: &str) -> Result<(), ImageError> {
    reference(target, "tag").map(|_| ())
}

/// The host that has an image, as credentials are kept for it.
///
/// # Errors
/// When the reference is none.
pub(crate) fn host_of(image: &str) -> Result<String, ImageError> {
    let parsed = image.parse();
    parsed
        .map(|reference: Reference| reference.resolve_registry().to_owned())
        .map_err(|error: oci_client::ParseError| ImageError::Reference {
            reference: image.to_owned(),
            why: error.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_added_where_there_is_none() {
        let whole = |target| reference(target, "1-abc").map(|r| r.to_string());
        assert_eq!(
            whole("127.0.0.1:5000/rsac").unwrap(),
            "127.0.0.1:5000/rsac:1-abc"
        );
        assert_eq!(
            whole("r.example.com/t/rsac:2").unwrap(),
            "r.example.com/t/rsac:2"
        );
        assert!(whole("r.example.com/T/rsac").is_err());
        assert!(whole("").is_err());
        assert!(whole("r.example.com/t/rsac@sha256:00").is_err());
    }
}
