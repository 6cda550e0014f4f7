//! The custom resource definition: the derived schema.

use crate::RSACracker;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

/// The definition that `deploy/crd/` holds and clusters are given.
pub fn crd() -> CustomResourceDefinition {
    RSACracker::crd()
}
