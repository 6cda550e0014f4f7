//! Failures on a cluster as providers tell them: what, and the remedy where one is known.

use crate::cluster::{ApiError, ClusterError, KubeconfigError};
use crate::deploy::install::InstallError;
use crate::provider::ProviderError;

impl From<KubeconfigError> for ProviderError {
    fn from(error: KubeconfigError) -> Self {
        let remedy = error.remedy();
        let what = error.to_string();
        Self::Setting { what, remedy }
    }
}

impl From<ClusterError> for ProviderError {
    fn from(error: ClusterError) -> Self {
        let remedy = error.remedy();
        let what = error.to_string();
        Self::Setting { what, remedy }
    }
}

impl From<InstallError> for ProviderError {
    fn from(error: InstallError) -> Self {
        let what = error.to_string();
        match error.remedy() {
            Some(remedy) => Self::Setting { what, remedy },
            None => Self::Failed(what),
        }
    }
}

/// A request that has no better words.
pub(super) fn api(error: kube::Error) -> ProviderError {
    ProviderError::Failed(ApiError::from(error).to_string())
}
