//! From a job to the objects that it consists of: pure functions, a file a child. The
//! reconcile loop calls them with what [`rsac_workload`] decided and applies what they
//! answer; nothing here talks to a cluster.

pub(crate) mod access;
mod budget;
pub(crate) mod certificate;
mod job;
mod master;
mod network;
mod pod;
pub(crate) mod result;
mod services;
pub(crate) mod templates;
mod workers;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use budget::budget;
pub(crate) use job::job_config;
pub(crate) use master::master;
pub(crate) use network::{Hearer, master_policy, worker_policy};
pub(crate) use services::{headless_service, progress_service};
pub(crate) use workers::workers;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use kube::Resource;
use rsac_api::{RSACracker, names};
use std::collections::BTreeMap;

/// The labels by which all children of all jobs are watched.
pub(crate) const CHILDREN: &str =
    "app.kubernetes.io/name=rsac,app.kubernetes.io/managed-by=rsac-operator";
/// User and group of all containers: nobody's on the node.
const USER: i64 = 65532;

/// Whose child it is: what every child's metadata is made of.
#[derive(Debug, Clone)]
pub(crate) struct Parent {
    /// The job's name.
    pub(crate) name: String,
    /// Its namespace.
    pub(crate) namespace: String,
    /// What it is known by: one of the same name made later is another.
    pub(crate) uid: String,
    owner: OwnerReference,
}

impl Parent {
    /// None for an object that no API server has stored.
    pub(crate) fn of(cracker: &RSACracker) -> Option<Self> {
        let owner = OwnerReference {
            block_owner_deletion: Some(true),
            ..cracker.controller_owner_ref(&())?
        };
        Some(Self {
            name: owner.name.clone(),
            namespace: cracker.metadata.namespace.clone()?,
            uid: owner.uid.clone(),
            owner,
        })
    }

    fn labels(&self, component: Option<&str>) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::from(
            [
                (names::NAME_LABEL, names::NAME),
                (names::MANAGED_BY_LABEL, names::OPERATOR),
                (names::JOB_LABEL, self.name.as_str()),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
        if let Some(component) = component {
            labels.insert(names::COMPONENT_LABEL.into(), component.into());
        }
        labels
    }

    fn selector(&self, component: &str) -> BTreeMap<String, String> {
        BTreeMap::from([
            (names::JOB_LABEL.to_owned(), self.name.clone()),
            (names::COMPONENT_LABEL.to_owned(), component.to_owned()),
        ])
    }

    fn label_selector(&self, component: &str) -> LabelSelector {
        LabelSelector {
            match_labels: Some(self.selector(component)),
            ..LabelSelector::default()
        }
    }

    pub(crate) fn meta(&self, name: String, component: Option<&str>) -> ObjectMeta {
        ObjectMeta {
            name: Some(name),
            namespace: Some(self.namespace.clone()),
            labels: Some(self.labels(component)),
            owner_references: Some(vec![self.owner.clone()]),
            ..ObjectMeta::default()
        }
    }
}

/// What of a pod's surroundings restarts it when it changes: annotations of the template.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    /// Digest of the job file.
    pub(crate) job: String,
    /// Which Secret with token and authority: a Secret made anew has another uid.
    pub(crate) access: String,
}

impl Bound {
    /// What a master was made with.
    pub(crate) fn of(master: &StatefulSet) -> Option<Self> {
        let template = &master.spec.as_ref()?.template;
        let annotations = template.metadata.as_ref()?.annotations.as_ref()?;
        Some(Self {
            job: annotations.get(JOB_ANNOTATION)?.clone(),
            access: annotations.get(ACCESS_ANNOTATION)?.clone(),
        })
    }
}

/// The annotation with [`Bound::job`]; a master pod that bears another is of an old job.
pub(crate) const JOB_ANNOTATION: &str = "suu-kopf.dev/job-digest";
const ACCESS_ANNOTATION: &str = "suu-kopf.dev/access-uid";
