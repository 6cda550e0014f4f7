//! Settings: what was typed, then the environment, then defaults, become what is meant,
//! in one place. (Flags and their environment variables are clap's; what is left are the
//! defaults that depend on the machine.)

use crate::exit::{Exit, Failure};
use std::ffi::OsString;
use std::path::PathBuf;

/// The provider of a stack that nobody gave another.
pub const DEFAULT_PROVIDER: &str = LOCAL;

/// The providers that this build has.
pub const PROVIDERS: [&str; 4] = [LOCAL, KUBECONFIG, MINIKUBE, AZURE];

/// This machine, without Kubernetes.
pub const LOCAL: &str = "local";
/// Any cluster that exists.
pub const KUBECONFIG: &str = "kubeconfig";
/// A minikube profile.
pub const MINIKUBE: &str = "minikube";
/// A cluster of Azure Kubernetes Service.
pub const AZURE: &str = "azure";

/// The state directory: the flag or `RSAC_STATE_DIR`, else the XDG state directory, else
/// the one that XDG names as its default. Relative ones are made absolute, because the
/// supervisor works elsewhere.
///
/// # Errors
/// When there is no home to put it in.
pub fn state_directory(
    flag: Option<PathBuf>,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<PathBuf, Failure> {
    let set = |name: &str| environment(name).filter(|value| !value.is_empty());
    // The XDG specification says that relative paths are to be ignored.
    let xdg = || {
        set("XDG_STATE_HOME")
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    };
    let home = || set("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let path = flag
        .filter(|path| !path.as_os_str().is_empty())
        .or_else(|| xdg().or_else(home).map(|state| state.join("rsac")))
        .ok_or_else(|| {
            Failure::new(
                Exit::State,
                "there is no state directory: neither --state-dir, RSAC_STATE_DIR, XDG_STATE_HOME nor HOME is set",
            )
            .remedy("--state-dir DIR")
        })?;
    std::path::absolute(&path)
        .map_err(|error| Failure::new(Exit::State, format!("{}: {error}", path.display())))
}

/// The provider's name, as this build knows it.
///
/// # Errors
/// When it is none of [`PROVIDERS`].
pub fn provider(name: &str) -> Result<&'static str, Failure> {
    PROVIDERS
        .into_iter()
        .find(|known| *known == name)
        .ok_or_else(|| {
            Failure::new(
                Exit::Provider,
                format!(
                    "--provider {name:?}: this build has {}",
                    PROVIDERS.join(", ")
                ),
            )
            .remedy(format!("--provider {DEFAULT_PROVIDER}"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(flag: Option<&str>, variables: &[(&str, &str)]) -> Result<String, Failure> {
        let environment = |asked: &str| {
            let found = variables.iter().find(|(name, _)| *name == asked);
            found.map(|(_, value)| OsString::from(value))
        };
        state_directory(flag.map(PathBuf::from), environment)
            .map(|path| path.to_string_lossy().into_owned())
    }

    #[test]
    fn the_state_directory_is_the_first_that_is_set() {
        let home = ("HOME", "/home/u");
        let xdg = ("XDG_STATE_HOME", "/state");
        assert_eq!(directory(Some("/f"), &[home, xdg]).unwrap(), "/f");
        assert_eq!(directory(None, &[home, xdg]).unwrap(), "/state/rsac");
        assert_eq!(
            directory(None, &[home]).unwrap(),
            "/home/u/.local/state/rsac"
        );
        let relative = ("XDG_STATE_HOME", "state");
        assert_eq!(
            directory(None, &[home, relative]).unwrap(),
            "/home/u/.local/state/rsac"
        );
        assert_eq!(directory(None, &[]).unwrap_err().exit, Exit::State);
        assert!(directory(Some("here"), &[]).unwrap().starts_with('/'));
    }

    #[test]
    fn a_provider_that_is_not_there_is_named() {
        assert_eq!(provider("local").unwrap(), "local");
        let failure = provider("aws").unwrap_err();
        assert_eq!(
            failure.message,
            "--provider \"aws\": this build has local, kubeconfig, minikube, azure"
        );
    }
}
