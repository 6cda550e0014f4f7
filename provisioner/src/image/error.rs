//! Why there is no image.

use crate::exit::{Exit, Failure};
use std::path::{Path, PathBuf};

/// Why an image cannot be made, kept or sent.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file that is read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not an executable that a container could run.
    #[error("--executable {path}: {why}")]
    Executable {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
        /// What to do, a line each.
        remedies: Vec<String>,
    },
    /// A shared library that the executable names is nowhere.
    #[error(
        "{path} needs the shared library {library}, which is in none of this machine's library folders"
    )]
    Library {
        /// Who needs it.
        path: PathBuf,
        /// Its name.
        library: String,
    },
    /// A name of an image.
    #[error("image reference {reference:?}: {why}")]
    Reference {
        /// Which.
        reference: String,
        /// Why.
        why: String,
    },
    /// The registry.
    #[error("the registry {registry} did not take the image: {why}")]
    Registry {
        /// Which.
        registry: String,
        /// Its words.
        why: String,
    },
    /// A program that loads images.
    #[error("{program} did not take the image: {why}")]
    Load {
        /// Which.
        program: String,
        /// Its words.
        why: String,
    },
    /// Cannot happen with the documents that are made here.
    #[error("the image's description cannot be written: {0}")]
    Json(String),
}

impl ImageError {
    pub(super) fn json(error: serde_json::Error) -> Self {
        Self::Json(error.to_string())
    }

    pub(super) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        let message = error.to_string();
        let (exit, remedies) = match error {
            ImageError::Executable { remedies, .. } => (Exit::BadInput, remedies),
            ImageError::Library { .. } => (
                Exit::BadInput,
                vec![
                    format!(
                        "`{}` makes one that needs none",
                        super::executable::BUILD_STATIC
                    ),
                    "--executable FILE takes it".to_owned(),
                ],
            ),
            ImageError::Reference { .. } => (
                Exit::BadInput,
                vec!["write it like registry.example.com/team/rsac-infra:1.0".to_owned()],
            ),
            ImageError::Registry { registry, .. } => (
                Exit::Provider,
                vec![
                    format!(
                        "log in first, as `docker login {registry}` does, or set DOCKER_CONFIG"
                    ),
                    "--plain-http where the registry speaks no TLS".to_owned(),
                ],
            ),
            ImageError::Load { program, .. } => (
                Exit::Provider,
                vec![format!(
                    "see that `{program}` works, or write the image to a file with --output FILE"
                )],
            ),
            ImageError::File { .. } => (Exit::Failure, Vec::new()),
            ImageError::Json(_) => (Exit::Failure, Vec::new()),
        };
        let failure = Self::new(exit, message);
        remedies.into_iter().fold(failure, Self::remedy)
    }
}
