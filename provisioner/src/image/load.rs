//! An image onto nodes, without a registry: by minikube's own command, or into the
//! containerd of this machine by its `ctr`.

use super::{Image, ImageError, write_archive};
use std::fmt;
use std::io;
use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;

/// Whose image store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// All nodes of a minikube profile.
    Minikube {
        /// The profile.
        profile: String,
    },
    /// The containerd of this machine, for its kubelet.
    Containerd,
}

impl std::str::FromStr for Store {
    type Err = String;

    /// `minikube`, `minikube:PROFILE` or `containerd`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "minikube" => Ok(Self::Minikube {
                profile: "minikube".to_owned(),
            }),
            Some(("minikube", profile)) if !profile.is_empty() => Ok(Self::Minikube {
                profile: profile.to_owned(),
            }),
            None if text == "containerd" => Ok(Self::Containerd),
            _ => Err("write minikube, minikube:PROFILE or containerd".to_owned()),
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minikube { profile } => write!(f, "minikube:{profile}"),
            Self::Containerd => f.write_str("containerd"),
        }
    }
}

impl Store {
    fn command(&self, archive: &Path) -> Command {
        let mut command;
        match self {
            Self::Minikube { profile } => {
                command = Command::new("minikube");
                command
                    .args(["--profile", profile, "image", "load"])
                    .arg(archive);
            }
            Self::Containerd => {
                command = Command::new("ctr");
                command
                    .args(["--namespace", "k8s.io", "images", "import"])
                    .arg(archive);
            }
        }
        command
    }
}

/// Loads the image under that reference, by way of a file that is removed again.
///
/// # Errors
/// When the command is not there, or fails: in its own last words.
pub async fn load(image: &Image, reference: &str, store: &Store) -> Result<(), ImageError> {
    let folder = tempfile::tempdir().map_err(ImageError::file(Path::new("a temporary folder")))?;
    let archive = folder.path().join("rsac-infra.tar");
    write_archive(image, reference, &archive)?;
    let mut command = store.command(&archive);
    let program = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    command.stdin(Stdio::null()).kill_on_drop(true);
    let failed = |why: String| ImageError::Load {
        program: program.clone(),
        why,
    };
    let output = command.output().await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => failed("it is not installed, or not in PATH".to_owned()),
        _ => failed(error.to_string()),
    })?;
    // minikube says on either stream what went wrong, and may end with 0 nevertheless.
    let said = [&output.stderr[..], &output.stdout[..]].concat();
    let said = String::from_utf8_lossy(&said);
    let complaint = said
        .lines()
        .rfind(|line| line.contains("error") || line.contains("rror:") || line.contains("failed"))
        .map(|line| line.trim().to_owned());
    match (output.status.success(), complaint) {
        (true, None) => Ok(()),
        (true, Some(complaint)) if complaint.contains("failed") => Err(failed(complaint)),
        (true, Some(_)) => Ok(()),
        (false, complaint) => Err(failed(
            complaint.unwrap_or_else(|| output.status.to_string()),
        )),
    }
}
