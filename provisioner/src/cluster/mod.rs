//! A Kubernetes cluster as rsac-infra reaches it: a context of a kubeconfig, a client, and
//! its errors in words that help. Providers open one; the deployment and the words' access
//! work through its client. A kubeconfig is only ever read, save by [`merge`].

mod error;
mod kubeconfig;
pub mod merge;
mod patience;
mod renewal;

pub use error::{ApiError, Cause};
pub use kubeconfig::{KubeconfigError, Target, default_files};
pub use renewal::{Renew, Renewal};

use kube::Client;
use kube::client::ClientBuilder;
use std::time::Duration;
use tower::buffer::BufferLayer;

/// The oldest minor version of Kubernetes 1 that is served: what the client library
/// speaks, and what the operator's objects use.
pub const OLDEST_MINOR: u32 = 33;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// How many requests may wait for the connection.
const REQUESTS: usize = 1024;
/// How long the first answer may take.
const FIRST_ANSWER: Duration = Duration::from_secs(20);

/// A cluster that can be asked.
#[derive(Clone)]
pub struct Cluster {
    /// The client.
    pub client: Client,
    /// The context's name.
    pub context: String,
    /// The API server's address.
    pub server: String,
}

/// Why a cluster cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The kubeconfig, or what it says.
    #[error(transparent)]
    Kubeconfig(#[from] KubeconfigError),
    /// No answer.
    #[error("the cluster of context {context:?} ({server}) does not answer: {why}")]
    Unreachable {
        /// The context.
        context: String,
        /// The address.
        server: String,
        /// Why.
        why: String,
    },
    /// It answers, and does not let this user in.
    #[error("the cluster of context {context:?} ({server}) refuses this user: {why}")]
    Refused {
        /// The context.
        context: String,
        /// The address.
        server: String,
        /// Why.
        why: String,
    },
    /// Its version.
    #[error(
        "the cluster of context {context:?} runs Kubernetes {found}; 1.{OLDEST_MINOR} or later is needed"
    )]
    TooOld {
        /// The context.
        context: String,
        /// Its version.
        found: String,
    },
}

impl ClusterError {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Kubeconfig(error) => error.remedy(),
            Self::Unreachable { context, .. } => format!(
                "see that it runs and that you reach it: `kubectl --context {context} version`"
            ),
            Self::Refused { context, .. } => format!(
                "log in again, or take another --context: `kubectl --context {context} auth whoami`"
            ),
            Self::TooOld { .. } => "upgrade the cluster, or take another --context".to_owned(),
        }
    }
}

impl Cluster {
    /// The cluster of a context. Nothing is asked yet.
    ///
    /// # Errors
    /// When the kubeconfig has no such context, or it cannot be used.
    pub async fn open(target: &Target) -> Result<Self, KubeconfigError> {
        let (mut config, context) = kubeconfig::load(target).await?;
        let server = config.cluster_url.to_string();
        // A retry of kube's own takes minutes: whoever asks says how long it may take, and
        // `patience` what is waited for.
        config.default_retry = false;
        config.connect_timeout = Some(CONNECT);
        let builder = ClientBuilder::try_from(config);
        let builder = builder.map_err(|error| KubeconfigError::Unusable {
            context: context.clone(),
            why: error::causes(&error),
        })?;
        // A request that is sent again wants a service that can be copied: a buffer's.
        let buffer = BufferLayer::new(REQUESTS);
        let client = builder
            .with_layer(&buffer)
            .with_layer(&patience::layer())
            .build();
        Ok(Self {
            client,
            context,
            server,
        })
    }

    /// Its version, as it says it, where this build can serve it.
    ///
    /// # Errors
    /// When it does not answer, does not let this user in, or is too old.
    pub async fn version(&self) -> Result<String, ClusterError> {
        let (context, server) = (self.context.clone(), self.server.clone());
        let asked = tokio::time::timeout(FIRST_ANSWER, self.client.apiserver_version()).await;
        let info = match asked {
            Err(_) => {
                let why = format!("no answer in {} s", FIRST_ANSWER.as_secs());
                return Err(ClusterError::Unreachable {
                    context,
                    server,
                    why,
                });
            }
            Ok(Err(error)) => return Err(self.unusable(error)),
            Ok(Ok(info)) => info,
        };
        if is_served(&info.major, &info.minor) {
            Ok(info.git_version)
        } else {
            let found = info.git_version;
            Err(ClusterError::TooOld { context, found })
        }
    }

    fn unusable(&self, error: kube::Error) -> ClusterError {
        let (context, server) = (self.context.clone(), self.server.clone());
        let error = ApiError::from(error);
        let why = error.to_string();
        match error.cause {
            Cause::Unauthorized | Cause::Forbidden => ClusterError::Refused {
                context,
                server,
                why,
            },
            _ => ClusterError::Unreachable {
                context,
                server,
                why,
            },
        }
    }
}

/// Providers add to the minor version: "33+".
fn is_served(major: &str, minor: &str) -> bool {
    let number = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().unwrap_or(0)
    };
    (number(major), number(minor)) >= (1, OLDEST_MINOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_from_the_oldest_served_on() {
        for (major, minor) in [("1", "33"), ("1", "35"), ("1", "33+"), ("2", "0")] {
            assert!(is_served(major, minor), "{major}.{minor}");
        }
        for (major, minor) in [("1", "32"), ("1", "9"), ("0", "99"), ("", "")] {
            assert!(!is_served(major, minor), "{major}.{minor}");
        }
    }
}
