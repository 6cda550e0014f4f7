//! The client of the Kubernetes API.

use crate::options::{Access, OperatorError};
use crate::pace::Pace;
use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use std::time::Duration;

/// The client. It repeats nothing by itself: the reconcile loop does, with its own waits,
/// and a Lease must not be renewed late. With a pace, it keeps it.
///
/// # Errors
/// When there is no usable access.
pub(crate) async fn client(access: &Access, pace: Option<&Pace>) -> Result<Client, OperatorError> {
    let said = |error: &dyn std::fmt::Display| OperatorError::Access(error.to_string());
    let mut config = match access {
        Access::Pod => Config::incluster().map_err(|error| {
            said(&format!(
                "{error}; outside a cluster give --kubeconfig FILE"
            ))
        })?,
        Access::Kubeconfig { path, context } => {
            let options = KubeConfigOptions {
                context: context.clone(),
                ..KubeConfigOptions::default()
            };
            let loaded = match path {
                Some(path) => match Kubeconfig::read_from(path) {
                    Ok(file) => Config::from_custom_kubeconfig(file, &options).await,
                    Err(error) => Err(error),
                },
                None => Config::from_kubeconfig(&options).await,
            };
            loaded.map_err(|error| said(&error))?
        }
    };
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(10));
    with(config, pace).map_err(|error| said(&error))
}

pub(crate) fn with(config: Config, pace: Option<&Pace>) -> kube::Result<Client> {
    let builder = ClientBuilder::try_from(config)?;
    Ok(match pace {
        Some(pace) => builder.with_layer(pace).build(),
        None => builder.build(),
    })
}
