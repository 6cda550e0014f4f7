//! The image of this very program, for nodes that can run it.

use super::errors::api;
use crate::cluster::Cluster;
use crate::image::{Executable, Image, ImageError, Platform};
use crate::provider::ProviderError;
use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, ListParams};

/// This program, if a container can run it.
pub(crate) async fn of_this_program() -> Result<Executable, ProviderError> {
    let path = std::env::current_exe().map_err(|error| {
        ProviderError::Failed(format!("this executable cannot be found: {error}"))
    })?;
    blocking(move || Executable::read(&path)).await
}

/// The image of this program, if the cluster's nodes can run it.
pub(crate) async fn for_nodes_of(cluster: &Cluster) -> Result<Image, ProviderError> {
    let executable = of_this_program().await?;
    let nodes: Api<Node> = Api::all(cluster.client.clone());
    let nodes = nodes.list(&ListParams::default()).await.map_err(api)?;
    let platforms: Vec<Platform> = nodes
        .items
        .into_iter()
        .filter_map(|node| node.status?.node_info)
        .map(|info| Platform::new(&info.operating_system, &info.architecture))
        .collect();
    executable.fits(&platforms)?;
    blocking(move || Image::build(&executable)).await
}

/// Reading, hashing and compressing take seconds.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ImageError> + Send + 'static,
) -> Result<T, ProviderError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(error) => Err(ProviderError::Failed(format!("the image: {error}"))),
    }
}
