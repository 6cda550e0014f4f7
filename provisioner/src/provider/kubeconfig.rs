//! Any cluster that exists, by a context of a kubeconfig. `up` installs what the cluster
//! lacks, `down` leaves there what others use; the cluster itself is never touched.

use super::kubernetes::{OnCluster, is_within};
use super::{Provider, ProviderError, Say, Step, Undone};
use crate::access::Access;
use crate::cluster::{Cluster, ClusterError};
use crate::stack::Stack;
use async_trait::async_trait;

const CLUSTER: &str = "cluster";

/// The provider of one stack.
pub struct Kubeconfig {
    within: OnCluster,
}

impl Kubeconfig {
    /// For a stack whose context is settled.
    pub fn new(stack: Stack) -> Self {
        Self {
            within: OnCluster::new(stack),
        }
    }

    /// The cluster, and its version. None of one that does not answer, where the user forces
    /// its stack to be forgotten: it may be gone for good.
    async fn reach(&self) -> Result<Option<(Cluster, String)>, ProviderError> {
        let cluster = match self.within.open().await {
            Ok(cluster) => cluster,
            // An entry that is gone from the kubeconfig leads nowhere either.
            Err(_) if self.is_forced() => return Ok(self.given_up()),
            Err(error) => return Err(error),
        };
        match cluster.version().await {
            Ok(version) => Ok(Some((cluster, version))),
            Err(ClusterError::Unreachable { .. }) if self.is_forced() => Ok(self.given_up()),
            Err(error) => Err(error.into()),
        }
    }

    fn is_forced(&self) -> bool {
        self.within.once().down.force
    }

    fn given_up<T>(&self) -> Option<T> {
        let context = self.within.place().context.as_deref().unwrap_or("?");
        self.within.keep(format!(
            "whatever rsac has in the cluster of context {context}, which does not answer"
        ));
        None
    }
}

#[async_trait]
impl Provider for Kubeconfig {
    async fn observe(&self) -> Result<Vec<Step>, ProviderError> {
        let Some((cluster, version)) = self.reach().await? else {
            return self.within.observe(None).await;
        };
        let mut steps = vec![Step {
            id: CLUSTER.to_owned(),
            title: format!("reach Kubernetes {version} of context {}", cluster.context),
            done: true,
        }];
        steps.extend(self.within.observe(Some(&cluster)).await?);
        Ok(steps)
    }

    async fn perform(&self, step: &str, say: Say<'_>) -> Result<(), ProviderError> {
        let cluster = self.within.open().await?;
        match step {
            CLUSTER => {
                cluster.version().await?;
                Ok(())
            }
            step => self.within.perform(&cluster, step, say).await,
        }
    }

    async fn undo(&self, step: &str, say: Say<'_>) -> Result<Undone, ProviderError> {
        match step {
            CLUSTER => Ok(Undone::Left),
            step => match self.reach().await? {
                Some((cluster, _)) => self.within.undo(&cluster, step, say).await,
                None => Ok(Undone::Left),
            },
        }
    }

    async fn access(&self) -> Result<Box<dyn Access>, ProviderError> {
        self.within.access().await
    }

    async fn leftovers(&self) -> Result<Vec<String>, ProviderError> {
        match self.reach().await? {
            Some((cluster, _)) => self.within.leftovers(&cluster).await,
            None => Ok(Vec::new()),
        }
    }

    fn kept(&self) -> Vec<String> {
        self.within.kept()
    }

    fn is_of_cluster(&self, step: &str) -> bool {
        !is_within(step)
    }
}
