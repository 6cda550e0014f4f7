//! Credentials that the cluster no longer takes, because AKS rotated its certificates or
//! somebody reset them: asked for anew, into the stack's folder and, where it is still ours,
//! the user's kubeconfig. `cluster::renewal` calls it, at a request that was refused.

use super::{Azure, KUBECONFIG};
use crate::cluster::merge::{self, Merged};
use crate::cluster::{Cluster, Renew, Renewal};
use crate::provider::ProviderError;
use crate::stack::read_optional;
use async_trait::async_trait;
use std::sync::Arc;

/// Says what happened, by a verb and what it was done to.
pub type Tell = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// A stack's place once more, which lives as long as a client does.
struct Source(Azure);

#[async_trait]
impl Renew for Source {
    async fn renew(&self) -> bool {
        match self.0.renew_access().await {
            Ok(()) => true,
            Err(error) => {
                let what = format!("to renew the credentials that the cluster refuses: {error}");
                self.0.told("Failed", &what);
                false
            }
        }
    }
}

impl Azure {
    /// Tells by this what it does unasked.
    #[must_use]
    pub fn telling(mut self, tell: Tell) -> Self {
        self.tell = Some(tell);
        self
    }

    fn told(&self, verb: &str, what: &str) {
        match &self.tell {
            Some(tell) => tell(verb, what),
            None => tracing::warn!("{verb} {what}"),
        }
    }

    /// The cluster by the stack's own kubeconfig, which is renewed where it is refused.
    pub(super) async fn open_cluster(&self) -> Result<Cluster, ProviderError> {
        let renewal = self.renewal.get_or_init(|| {
            let mut again = Self::new(self.stack.clone());
            again.tell.clone_from(&self.tell);
            Arc::new(Renewal::by(Source(again)))
        });
        let target = self.within.target();
        Ok(Cluster::open_renewing(&target, Arc::clone(renewal)).await?)
    }

    /// Asks Azure for the kubeconfig of now. The user's comes first: if it ends in between, the
    /// stack's own is still the old one, and the next request begins anew.
    async fn renew_access(&self) -> Result<(), ProviderError> {
        let text = self.credentials(&|_| {}).await?;
        let own = Self::kubeconfig_in(self.folder());
        let kept = read_optional(&own).map_err(|e| ProviderError::Failed(e.to_string()))?;
        // A stack that is being taken down has none any more, and one that is refused for
        // another reason gets the same.
        if kept.is_none_or(|kept| kept == text) {
            return Ok(());
        }
        let mut what = "the credentials that the cluster no longer takes".to_owned();
        if let Some(merged) = self.merged()?.flatten() {
            let path = merged.path.display().to_string();
            match self.renew_merged(merged, &text).await {
                Ok(true) => what = format!("{what}, also in {path}"),
                Ok(false) => {}
                Err(error) => what = format!("{what}; {path} keeps the old ones: {error}"),
            }
        }
        self.remember(KUBECONFIG, &text)?;
        self.told("Renewed", &what);
        Ok(())
    }

    /// The entry in the user's kubeconfig; one that somebody took out stays out, and one that
    /// somebody changed as it is.
    async fn renew_merged(&self, earlier: Merged, text: &str) -> Result<bool, ProviderError> {
        if !merge::is_there(&earlier)? {
            return Ok(false);
        }
        let (record, text) = (self.record(), text.to_owned());
        let merged = super::kubeconfig::blocking(move || {
            let mut note = |merged: &Merged| {
                // `down` may have taken the entry out meanwhile: then it has no record.
                match record.exists() {
                    true => super::kubeconfig::note(&record, merged),
                    false => Err("the entry was taken out".to_owned()),
                }
            };
            merge::renew(&earlier, &text, &mut note)
        });
        let merged = merged.await?;
        super::kubeconfig::note(&self.record(), &merged).map_err(ProviderError::Failed)?;
        Ok(true)
    }
}
