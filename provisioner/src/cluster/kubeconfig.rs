//! The kubeconfig: which files, which context. Read only.

use super::error::causes;
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Which context of which files.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// The files, the first to name a thing wins.
    pub files: Vec<PathBuf>,
    /// The context; the files' current one where none is named.
    pub context: Option<String>,
}

/// Why a kubeconfig cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    /// None of the files is there.
    #[error("there is no kubeconfig: {}", shown(.0))]
    Missing(Vec<PathBuf>),
    /// A file.
    #[error("kubeconfig {path}: {why}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No context was named, and none is current.
    #[error("the kubeconfig names no current context; it has {}", .0.join(", "))]
    NoCurrent(Vec<String>),
    /// No such context.
    #[error("--context {context:?}: the kubeconfig {} has {}", shown(.files), listed(.known))]
    Unknown {
        /// The context.
        context: String,
        /// The files.
        files: Vec<PathBuf>,
        /// Those there are.
        known: Vec<String>,
    },
    /// Its entries.
    #[error("context {context:?} of the kubeconfig cannot be used: {why}")]
    Unusable {
        /// The context.
        context: String,
        /// Why.
        why: String,
    },
}

impl KubeconfigError {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Missing(_) => "--kubeconfig FILE, or KUBECONFIG".to_owned(),
            Self::File { .. } => "see that it is readable, or give another --kubeconfig".to_owned(),
            Self::NoCurrent(known) => match known.first() {
                Some(first) => format!("--context {first}"),
                None => "--kubeconfig FILE of one with a context".to_owned(),
            },
            Self::Unknown { context, known, .. } => {
                match crate::words::closest(context, known.iter().map(String::as_str)) {
                    Some(close) => format!("did you mean --context {close}?"),
                    None => "`kubectl config get-contexts` shows them".to_owned(),
                }
            }
            Self::Unusable { .. } => {
                "see its cluster and user: `kubectl config view --minify`".to_owned()
            }
        }
    }
}

fn shown(files: &[PathBuf]) -> String {
    let all: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
    all.join(", ")
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "no context".to_owned(),
        names => names.join(", "),
    }
}

/// The user's own files, as kubectl finds them: KUBECONFIG, else ~/.kube/config.
/// Absolute: other words may run elsewhere.
pub fn default_files(environment: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let set = |name: &str| environment(name).filter(|value| !value.is_empty());
    let files: Vec<PathBuf> = match (set("KUBECONFIG"), set("HOME")) {
        (Some(list), _) => std::env::split_paths(&list)
            .filter(|path| !path.as_os_str().is_empty())
            .collect(),
        (None, Some(home)) => vec![Path::new(&home).join(".kube/config")],
        (None, None) => Vec::new(),
    };
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    files.into_iter().map(absolute).collect()
}

/// The configuration of a context, and the context's name.
pub(super) async fn load(target: &Target) -> Result<(Config, String), KubeconfigError> {
    let kubeconfig = read(&target.files)?;
    let known: Vec<String> = kubeconfig.contexts.iter().map(|c| c.name.clone()).collect();
    let current = kubeconfig.current_context.clone();
    let Some(context) = target.context.clone().or(current.filter(|c| !c.is_empty())) else {
        return Err(KubeconfigError::NoCurrent(known));
    };
    if !known.contains(&context) {
        return Err(KubeconfigError::Unknown {
            context,
            files: target.files.clone(),
            known,
        });
    }
    let options = KubeConfigOptions {
        context: Some(context.clone()),
        ..KubeConfigOptions::default()
    };
    match Config::from_custom_kubeconfig(kubeconfig, &options).await {
        Ok(config) => Ok((config, context)),
        Err(error) => Err(KubeconfigError::Unusable {
            context,
            why: causes(&error),
        }),
    }
}

/// All files merged; those that are not there are passed over, as kubectl does.
fn read(files: &[PathBuf]) -> Result<Kubeconfig, KubeconfigError> {
    let mut merged: Option<Kubeconfig> = None;
    for path in files.iter().filter(|path| path.exists()) {
        let failed = |error: kube::config::KubeconfigError| KubeconfigError::File {
            path: path.clone(),
            why: causes(&error),
        };
        let next = Kubeconfig::read_from(path).map_err(failed)?;
        merged = Some(match merged {
            Some(merged) => merged.merge(next).map_err(failed)?,
            None => next,
        });
    }
    merged.ok_or_else(|| KubeconfigError::Missing(files.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]
users: [{name: u, user: {token: t}}]
contexts:
- {name: staging, context: {cluster: c, user: u}}
- {name: broken, context: {cluster: nowhere, user: u}}
";

    fn target(folder: &Path, context: Option<&str>) -> Target {
        let path = folder.join("config");
        std::fs::write(&path, TWO).unwrap();
        Target {
            files: vec![folder.join("absent"), path],
            context: context.map(str::to_owned),
        }
    }

    async fn refused(target: &Target) -> KubeconfigError {
        load(target).await.map(|_| ()).unwrap_err()
    }

    #[tokio::test]
    async fn a_context_is_found_and_a_wrong_one_is_told_with_the_right() {
        let folder = tempfile::tempdir().unwrap();
        let (config, context) = load(&target(folder.path(), Some("staging"))).await.unwrap();
        assert_eq!(context, "staging");
        assert_eq!(config.cluster_url.to_string(), "https://127.0.0.1:1/");
        let error = refused(&target(folder.path(), Some("stagin"))).await;
        assert!(
            error.to_string().starts_with("--context \"stagin\": "),
            "{error}"
        );
        assert_eq!(error.remedy(), "did you mean --context staging?");
        let error = refused(&target(folder.path(), None)).await;
        assert_eq!(error.remedy(), "--context staging");
        let error = refused(&target(folder.path(), Some("broken"))).await;
        assert!(matches!(error, KubeconfigError::Unusable { .. }), "{error}");
    }

    #[tokio::test]
    async fn absent_and_damaged_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let target = Target {
            files: vec![path.clone()],
            context: None,
        };
        let error = refused(&target).await;
        assert!(matches!(error, KubeconfigError::Missing(_)), "{error}");
        std::fs::write(&path, "contexts: 3").unwrap();
        let error = refused(&target).await;
        assert!(matches!(error, KubeconfigError::File { .. }), "{error}");
    }

    #[test]
    fn files_are_found_as_kubectl_finds_them() {
        let files = |kubeconfig: Option<&str>| {
            default_files(|name| match name {
                "KUBECONFIG" => kubeconfig.map(OsString::from),
                "HOME" => Some("/home/u".into()),
                _ => None,
            })
        };
        assert_eq!(files(None), [Path::new("/home/u/.kube/config")]);
        assert_eq!(files(Some("")), [Path::new("/home/u/.kube/config")]);
        assert_eq!(files(Some("/a::/b")), [Path::new("/a"), Path::new("/b")]);
    }
}
