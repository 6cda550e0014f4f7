//! CRD, rights and operator: rendered from templates/, installed into a cluster, and
//! removed again. They belong to the cluster, not to a stack, and several stacks and
//! users share them; [`compat`] holds the rules for that.
//!
//! | file | what | who calls it |
//! |---|---|---|
//! | [`render`] | templates → manifests | `rsac-infra manifests`, `install` |
//! | [`compat`] | use, install, upgrade or refuse what is there | `install`, providers' plans |
//! | [`marks`] | who installed what, and for which stack | all that create objects |
//! | [`look`] | what a cluster has | plans, `install`, `remove` |
//! | [`install`], [`remove`] | server-side apply, waiting; taking away | providers' steps |
//! | `diagnose` | why an operator does not become available | `install` |

pub mod compat;
mod diagnose;
pub mod install;
pub mod look;
pub mod marks;
pub mod remove;
pub mod render;
mod serves;

use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};

/// The image that is meant where none is named: of this version, loaded into the nodes.
pub const DEFAULT_IMAGE: &str = concat!("localhost/rsac-infra:", env!("CARGO_PKG_VERSION"));

/// The API of an object of a manifest, by its own kind and namespace.
fn api_of(client: &Client, object: &DynamicObject) -> Api<DynamicObject> {
    let types = object.types.clone().unwrap_or_default();
    let (group, version) = match types.api_version.split_once('/') {
        Some(parts) => parts,
        None => ("", types.api_version.as_str()),
    };
    let gvk = GroupVersionKind::gvk(group, version, &types.kind);
    let resource = ApiResource::from_gvk(&gvk);
    match &object.metadata.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}
