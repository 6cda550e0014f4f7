//! Azure: a resource group with an AKS cluster and a registry in it, as bicep/main.bicep
//! declares them; then as on any cluster. `down` deletes what `up` made and nothing else, save
//! the network watcher that Azure makes behind the user's back.

mod acr;
mod acr_login;
pub(crate) mod adopt;
mod check;
mod cluster;
mod declaration;
mod deployment;
mod difference;
mod errors;
mod going;
mod group;
pub(crate) mod id;
mod image;
mod kubeconfig;
pub(crate) mod limits;
mod making;
mod nodes;
mod pools;
mod preflight;
mod registry;
mod removal;
mod renewal;
mod rights;
mod session;
mod ssh;
mod steps;
pub(crate) mod survey;
pub(crate) mod tags;
mod versions;
pub(crate) mod watcher;

use super::kubernetes::OnCluster;
use super::{Provider, ProviderError, Say, Step, Undone};
use crate::access::Access;
use crate::cluster::{Cluster, Renewal};
use crate::stack::{AzurePlace, Stack, StackError};
use async_trait::async_trait;
use declaration::Declaration;
use group::Group;
use rsac_arm::managed_clusters::ClusterId;
use serde_json::{Map, Value};
use session::Session;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use watcher::record::Records;

pub(crate) use declaration::{LOCATION, SSH_KEY, parameters, template, wrong};
pub use renewal::Tell;
pub(crate) use session::{Session as AzureSession, no_subscription};
pub(crate) use ssh::read as read_ssh_key;

/// The kubeconfig of the cluster in the stack's folder: what every word reaches it by.
const KUBECONFIG: &str = "kubeconfig";

/// The provider of one stack.
pub struct Azure {
    within: OnCluster,
    stack: Stack,
    session: OnceLock<Session>,
    /// How the cluster's credentials are had anew, once they are refused.
    renewal: OnceLock<Arc<Renewal>>,
    /// Where to tell what is done unasked.
    tell: Option<Tell>,
    /// The user lets an entry of the kubeconfig be replaced.
    agreed: AtomicBool,
    /// Group and cluster as they were observed, for the check that follows.
    seen: Mutex<Option<(group::State, cluster::State)>>,
    /// What is deleted and what is kept, for the report at the end.
    report: Mutex<Report>,
}

/// What `down` did.
#[derive(Debug, Default)]
struct Report {
    deleted: Vec<String>,
    kept: Vec<String>,
    /// Deletion goes on in Azure, and nobody waits for it.
    is_going: bool,
}

impl Azure {
    /// For a stack whose settings are settled.
    pub fn new(stack: Stack) -> Self {
        Self {
            within: OnCluster::new(stack.clone()),
            stack,
            session: OnceLock::new(),
            renewal: OnceLock::new(),
            tell: None,
            agreed: AtomicBool::new(false),
            seen: Mutex::default(),
            report: Mutex::default(),
        }
    }

    fn azure(&self) -> AzurePlace {
        self.within.place().azure.clone().unwrap_or_default()
    }

    fn folder(&self) -> &Path {
        self.within.folder()
    }

    /// The cluster's kubeconfig in the stack's folder.
    pub(crate) fn kubeconfig_in(folder: &Path) -> PathBuf {
        folder.join(KUBECONFIG)
    }

    fn session(&self) -> Result<&Session, ProviderError> {
        if let Some(session) = self.session.get() {
            return Ok(session);
        }
        let session = Session::open(&self.azure())?;
        Ok(self.session.get_or_init(|| session))
    }

    fn group(&self) -> Result<Group, ProviderError> {
        let name = self.azure().resource_group.unwrap_or_default();
        Ok(Group::of(self.session()?, &name))
    }

    fn run(&self) -> Result<String, ProviderError> {
        let journal = self.stack.journal().map_err(StackError::from);
        let journal = journal.map_err(|error| ProviderError::Failed(error.to_string()))?;
        Ok(journal.run().to_owned())
    }

    fn tags(&self) -> Result<Map<String, Value>, ProviderError> {
        Ok(tags::of(&self.stack.record, &self.run()?, &self.azure()))
    }

    /// The stack's own SSH key; before it is made a text in its place, with which nothing is
    /// sent that makes anything.
    fn ssh_key(&self) -> String {
        ssh::kept(self.folder()).unwrap_or_else(|| "ssh-rsa (made by `up`)".to_owned())
    }

    /// What is to be there.
    fn declaration(&self) -> Result<Declaration, ProviderError> {
        let (session, key) = (self.session()?, self.ssh_key());
        declaration::declare(&self.azure(), &session.subscription, &key, &self.tags()?)
    }

    fn managed(&self, declared: &Declaration) -> Result<cluster::Managed, ProviderError> {
        let group = self.azure().resource_group.unwrap_or_default();
        let subscription = &self.session()?.subscription;
        Ok(cluster::Managed {
            id: ClusterId::new(subscription, group, &declared.cluster.name)?,
            api_version: declared.cluster.api_version.clone(),
            kept: cluster::kept_in(self.folder()),
        })
    }

    /// Records outlive the stack: they are beside the folder of stacks.
    fn records(&self) -> Records {
        Records::beside(self.state())
    }

    /// The state directory that the stack is remembered in.
    fn state(&self) -> &Path {
        let state = self.folder().parent().and_then(Path::parent);
        state.unwrap_or(self.folder())
    }

    fn deleted(&self, what: impl Into<String>) {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.deleted.push(what.into());
    }

    fn keep(&self, what: impl Into<String>) {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let what = what.into();
        if !report.kept.contains(&what) {
            report.kept.push(what);
        }
    }

    /// The cluster, by the stack's own kubeconfig; none where there is none yet.
    async fn cluster(&self) -> Result<Option<Cluster>, ProviderError> {
        match Self::kubeconfig_in(self.folder()).exists() {
            true => Ok(Some(self.open_cluster().await?)),
            false => Ok(None),
        }
    }
}

#[async_trait]
impl Provider for Azure {
    async fn observe(&self) -> Result<Vec<Step>, ProviderError> {
        self.observed().await
    }

    async fn check(&self, steps: &[Step]) -> Result<Vec<String>, ProviderError> {
        self.checked(steps).await
    }

    async fn question(&self) -> Result<Option<String>, ProviderError> {
        self.conflict_to_ask().await
    }

    fn agree(&self) {
        self.agreed.store(true, Ordering::Relaxed);
    }

    async fn forecast(&self) -> Result<Vec<String>, ProviderError> {
        deployment::forecast(self).await
    }

    async fn perform(&self, step: &str, say: Say<'_>) -> Result<(), ProviderError> {
        self.performed(step, say).await
    }

    async fn going(&self) -> Result<Vec<String>, ProviderError> {
        self.to_go().await
    }

    async fn undo(&self, step: &str, say: Say<'_>) -> Result<Undone, ProviderError> {
        self.undone(step, say).await
    }

    async fn access(&self) -> Result<Box<dyn Access>, ProviderError> {
        self.within.access_by(&self.open_cluster().await?)
    }

    async fn leftovers(&self) -> Result<Vec<String>, ProviderError> {
        self.left().await
    }

    fn kept(&self) -> Vec<String> {
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = self.within.kept();
        kept.extend(report.kept.iter().cloned());
        kept
    }

    fn removed(&self) -> Vec<String> {
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.deleted.clone()
    }

    fn is_going(&self) -> bool {
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.is_going
    }

    fn is_of_cluster(&self, step: &str) -> bool {
        steps::is_of_cluster(step)
    }

    fn may_be_silent(&self) -> bool {
        true
    }

    async fn is_gone(&self) -> Result<bool, ProviderError> {
        self.is_no_cluster().await
    }
}
