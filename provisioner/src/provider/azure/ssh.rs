//! The SSH key for the nodes' user: read from a file, or made and kept with the stack. No key
//! of anyone is shipped.

use crate::provider::ProviderError;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// The private key in a stack's folder; the public one has `.pub` added.
const KEY: &str = "ssh-key";

/// A public key as it stands in a file, checked to be one that AKS takes.
///
/// # Errors
/// When it cannot be read, or is not an RSA key in OpenSSH's form.
pub(crate) fn read(path: &Path) -> Result<String, ProviderError> {
    let bad = |why: &str| ProviderError::Setting {
        what: format!("--ssh-public-key {}: {why}", path.display()),
        remedy: "`ssh-keygen -t rsa -b 3072 -f FILE`, and give FILE.pub".to_owned(),
    };
    let text = std::fs::read_to_string(path).map_err(|error| bad(&error.to_string()))?;
    if text.contains("PRIVATE KEY") {
        return Err(bad("it is a private key; the public one is wanted"));
    }
    let key = text.trim();
    match key.split_whitespace().next() {
        Some("ssh-rsa") if key.lines().count() == 1 => Ok(key.to_owned()),
        Some(kind) if kind.starts_with("ssh-") || kind.starts_with("ecdsa-") => {
            Err(bad(&format!("AKS takes ssh-rsa keys, not {kind}")))
        }
        _ => Err(bad("no public key in OpenSSH's form")),
    }
}

/// Whether two public keys are the same: their comments do not count.
pub(crate) fn is_same(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    let key = |value: &serde_json::Value| -> Option<Vec<String>> {
        let words = value.as_str()?.split_whitespace().take(2);
        Some(words.map(str::to_owned).collect())
    };
    key(a).is_some() && key(a) == key(b)
}

/// The stack's own public key, as far as it is made.
pub(crate) fn kept(folder: &Path) -> Option<String> {
    read(&public_of(&folder.join(KEY))).ok()
}

/// The stack's own key, made where there is none.
///
/// # Errors
/// When `ssh-keygen` is not there, or fails.
pub(crate) async fn own(folder: &Path) -> Result<String, ProviderError> {
    let private = folder.join(KEY);
    let public = public_of(&private);
    if !public.exists() {
        // Half a pair is none.
        let _ = std::fs::remove_file(&private);
        make(&private).await?;
    }
    read(&public)
}

fn public_of(private: &Path) -> PathBuf {
    private.with_extension("pub")
}

async fn make(private: &Path) -> Result<(), ProviderError> {
    let made = Command::new("ssh-keygen")
        .args([
            "-q",
            "-t",
            "rsa",
            "-b",
            "3072",
            "-N",
            "",
            "-C",
            "rsac-infra",
            "-f",
        ])
        .arg(private)
        .output()
        .await;
    let failed = |why: String| ProviderError::Setting {
        what: format!("an SSH key for the nodes cannot be made: {why}"),
        remedy: "--ssh-public-key FILE, or install OpenSSH's ssh-keygen".to_owned(),
    };
    match made {
        Err(error) => Err(failed(format!("ssh-keygen: {error}"))),
        Ok(output) if !output.status.success() => Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        )),
        Ok(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_stacks_own_key_is_made_once_and_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let first = own(folder.path()).await.unwrap();
        assert!(first.starts_with("ssh-rsa AAAA"), "{first}");
        assert_eq!(own(folder.path()).await.unwrap(), first);
        let mode = std::fs::metadata(folder.path().join(KEY))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn other_keys_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        for (text, why) in [
            ("-----BEGIN OPENSSH PRIVATE KEY-----", "private key"),
            ("ssh-ed25519 AAAA x", "not ssh-ed25519"),
            ("nothing", "no public key"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(
                error.contains(why) && error.contains("--ssh-public-key"),
                "{error}"
            );
        }
        assert!(read(&folder.path().join("absent")).is_err());
    }
}
