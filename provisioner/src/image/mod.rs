//! The container image, made without Docker: this executable (or another one), the shared
//! libraries that it names, and nothing else. No shell, no root, one layer.
//!
//! `rsac-infra image build` and the providers' image steps call it. The same content is
//! always the same image: no time, no order of a disk, no machine's name goes into it, and
//! its tag is made from its content, so that a node never runs an older one under its name.
//!
//! | module | what |
//! |---|---|
//! | [`executable`] | what an executable is for, and whether it is one of ours |
//! | [`libraries`] | the shared libraries that it needs |
//! | [`layer`] | the one layer, as tar |
//! | [`archive`] | image as a file, for `ctr`, `docker`, `minikube` |
//! | [`load`](self::load()) | image onto nodes |
//! | `login` | what `docker login` keeps for a registry |
//! | [`push`](self::push()) | image to a registry |

mod archive;
mod error;
mod executable;
mod layer;
mod libraries;
mod load;
mod login;
mod push;

pub use archive::write_archive;
pub use error::ImageError;
pub use executable::{Executable, Platform};
pub use load::{Store, load};
pub use push::{Auth, push};

pub(crate) use login::{Login, TOKEN_USER, is_azures, is_loopback, of_docker};
pub(crate) use push::{check_target, host_of};

use bytes::Bytes;
use oci_client::config::{Architecture, Config, ConfigFile, History, Os, Rootfs};
use oci_client::manifest::{
    IMAGE_CONFIG_MEDIA_TYPE, IMAGE_LAYER_GZIP_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE, OciDescriptor,
    OciImageManifest,
};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;

/// The user and group that everything in the image runs as; nobody's anywhere else.
pub const USER: u32 = 65532;
/// Where the image has the executable.
pub const EXECUTABLE: &str = "/rsac-infra";
/// The name of an image that no registry has.
const LOCAL_NAME: &str = "localhost/rsac-infra";

/// An image, whole and in memory.
#[derive(Debug, Clone)]
pub struct Image {
    /// What it runs on.
    pub platform: Platform,
    /// Its tag: the version, and the beginning of the digest of its content.
    pub tag: String,
    layer: Blob,
    config: Blob,
    manifest: Blob,
}

/// Bytes under the name that their content gives them.
#[derive(Debug, Clone)]
struct Blob {
    digest: String,
    bytes: Bytes,
}

impl Blob {
    fn new(bytes: Vec<u8>) -> Self {
        Self {
            digest: digest(&bytes),
            bytes: Bytes::from(bytes),
        }
    }

    fn descriptor(&self, media_type: &str) -> OciDescriptor {
        OciDescriptor {
            media_type: media_type.to_owned(),
            digest: self.digest.clone(),
            size: i64::try_from(self.bytes.len()).unwrap_or(i64::MAX),
            ..OciDescriptor::default()
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hex}")
}

impl Image {
    /// Makes the image of an executable.
    ///
    /// # Errors
    /// When it is not for Linux, not rsac-infra of this version, or lacks a library.
    pub fn build(executable: &Executable) -> Result<Self, ImageError> {
        let libraries = libraries::find(executable)?;
        let layer = layer::make(executable, &libraries)?;
        let config = config(executable, &libraries, &layer.diff_id)?;
        let layer = Blob::new(layer.gzip);
        let manifest = OciImageManifest {
            schema_version: 2,
            media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
            config: config.descriptor(IMAGE_CONFIG_MEDIA_TYPE),
            layers: vec![layer.descriptor(IMAGE_LAYER_GZIP_MEDIA_TYPE)],
            ..OciImageManifest::default()
        };
        let manifest = Blob::new(json(&manifest)?);
        let short = manifest.digest["sha256:".len()..].get(..12);
        let version = env!("CARGO_PKG_VERSION");
        Ok(Self {
            platform: executable.platform.clone(),
            tag: format!("{version}-{}", short.unwrap_or_default()),
            layer,
            config,
            manifest,
        })
    }

    /// The digest of its manifest, `sha256:…`: what a registry and `kubectl` call it.
    pub fn digest(&self) -> &str {
        &self.manifest.digest
    }

    /// The reference under which it is loaded where no registry is: never pulled.
    pub fn local_reference(&self) -> String {
        format!("{LOCAL_NAME}:{}", self.tag)
    }

    /// What a registry keeps of it, in bytes.
    pub fn size(&self) -> u64 {
        self.layer.bytes.len() as u64
    }
}

/// The path is for `kubectl exec POD -- rsac-infra …`, as people write it.
fn environment(libraries: &libraries::Libraries) -> Vec<String> {
    let libraries = libraries.search_path();
    let libraries = libraries.map(|path| format!("LD_LIBRARY_PATH={path}"));
    std::iter::once("PATH=/".to_owned())
        .chain(libraries)
        .collect()
}

fn config(
    executable: &Executable,
    libraries: &libraries::Libraries,
    diff_id: &str,
) -> Result<Blob, ImageError> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let labels = [
        ("org.opencontainers.image.title", "rsac-infra".to_owned()),
        ("org.opencontainers.image.version", version),
        ("org.opencontainers.image.licenses", "Apache-2.0".to_owned()),
    ];
    let file = ConfigFile {
        architecture: Architecture::from(executable.platform.architecture.as_str()),
        os: Os::from(executable.platform.system.as_str()),
        config: Some(Config {
            user: Some(format!("{USER}:{USER}")),
            entrypoint: Some(vec![EXECUTABLE.to_owned()]),
            env: Some(environment(libraries)),
            working_dir: Some("/".to_owned()),
            labels: Some(
                labels
                    .map(|(k, v)| (k.to_owned(), v))
                    .into_iter()
                    .collect::<HashMap<_, _>>(),
            ),
            ..Config::default()
        }),
        rootfs: Rootfs {
            r#type: oci_client::config::ROOTFS_TYPE.to_owned(),
            diff_ids: vec![diff_id.to_owned()],
        },
        history: Some(vec![History {
            created_by: Some("rsac-infra image build".to_owned()),
            ..History::default()
        }]),
        ..ConfigFile::default()
    };
    // By way of a tree, whose keys have an order that a hash map's have not.
    let tree = serde_json::to_value(&file).map_err(ImageError::json)?;
    Ok(Blob::new(json(&tree)?))
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, ImageError> {
    serde_json::to_vec(value).map_err(ImageError::json)
}

#[cfg(test)]
mod tests;
