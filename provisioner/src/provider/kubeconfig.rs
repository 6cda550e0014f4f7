//! Any cluster that exists, by a context of a kubeconfig. `up` installs what the cluster
//! lacks, `down` leaves there what others use; the cluster itself is never touched.

use super::kubernetes::{OnCluster, is_within};
use super::{Provider, ProviderError, Say, Step};
use crate::access::Access;
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
}

#[async_trait]
impl Provider for Kubeconfig {
    async fn observe(&self) -> Result<Vec<Step>, ProviderError> {
        let cluster = self.within.open().await?;
        let version = cluster.version().await?;
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

    async fn undo(&self, step: &str, say: Say<'_>) -> Result<(), ProviderError> {
        match step {
            CLUSTER => Ok(()),
            step => {
                let cluster = self.within.open().await?;
                self.within.undo(&cluster, step, say).await
            }
        }
    }

    async fn access(&self) -> Result<Box<dyn Access>, ProviderError> {
        self.within.access().await
    }

    async fn leftovers(&self) -> Result<Vec<String>, ProviderError> {
        let cluster = self.within.open().await?;
        self.within.leftovers(&cluster).await
    }

    fn kept(&self) -> Vec<String> {
        self.within.kept()
    }

    fn is_of_cluster(&self, step: &str) -> bool {
        !is_within(step)
    }
}
