//! The cluster's kubeconfig: into the stack's folder, for the tool, and merged into the
//! user's, for kubectl; out of it again at `down`. `steps` and `removal` call it.

use super::cluster::State;
use super::{Azure, KUBECONFIG};
use crate::cluster::merge::{self, MergeError, Merged, OnConflict};
use crate::provider::{ProviderError, Say};
use crate::stack::{read_optional, write_private};
use rsac_arm::managed_clusters::ManagedClusters;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// The file that says what was added to the user's kubeconfig; `null`: it was not to be.
const MERGED: &str = "kubeconfig-merged.json";

impl Azure {
    pub(super) fn record(&self) -> PathBuf {
        self.folder().join(MERGED)
    }

    /// The user's kubeconfig; none where there is to be no entry in any.
    fn target(&self) -> Result<Option<PathBuf>, ProviderError> {
        let path = self.azure().merge_into;
        let path = path.filter(|path| path != Path::new("-"));
        let whole = path.map(|path| {
            std::path::absolute(&path).map_err(|source| ProviderError::Io { path, source })
        });
        whole.transpose()
    }

    /// What this stack merged, or was about to: none without a record, and none in it where
    /// nothing was to be merged.
    pub(super) fn merged(&self) -> Result<Option<Option<Merged>>, ProviderError> {
        let path = self.record();
        let failed = |why: String| ProviderError::Failed(format!("{}: {why}", path.display()));
        let text = read_optional(&path).map_err(|error| failed(error.to_string()))?;
        let read = text.map(|text| serde_json::from_str(&text));
        read.transpose().map_err(|error| failed(error.to_string()))
    }

    /// What the step does, for people.
    pub(super) fn access_title(&self, cluster: &str) -> String {
        match self.azure().merge_into {
            Some(path) if path == Path::new("-") => format!("ask for the kubeconfig of {cluster}"),
            Some(path) => format!("add {cluster} to {}", path.display()),
            None => format!("add {cluster} to the kubeconfig"),
        }
    }

    /// Whether the kubeconfig is in the stack's folder, and where the user wants it.
    pub(super) fn has_given_access(&self) -> Result<bool, ProviderError> {
        if !Self::kubeconfig_in(self.folder()).exists() {
            return Ok(false);
        }
        Ok(match (self.merged()?, self.target()?) {
            (Some(None), None) => true,
            (Some(Some(merged)), Some(path)) => {
                merged.path == path && merge::is_there(&merged).unwrap_or(false)
            }
            _ => false,
        })
    }

    /// Whether an entry of the user's kubeconfig may be replaced.
    fn may_overwrite(&self) -> bool {
        self.within.once().overwrite_kubeconfig || self.agreed.load(Ordering::Relaxed)
    }

    /// Somebody's entry in the user's kubeconfig that has the cluster's name. What this stack
    /// merged before makes way.
    fn conflict(&self, name: &str) -> Result<Option<String>, ProviderError> {
        let Some(path) = self.target()?.filter(|_| !self.may_overwrite()) else {
            return Ok(None);
        };
        let merged = self.merged()?.flatten();
        let is_ours = merged.is_some_and(|it| it.path == path && it.context == name);
        let is_taken = !is_ours && merge::has(&path, name)?;
        Ok(is_taken.then(|| {
            let path = path.display();
            format!("kubeconfig {path} has another cluster or context {name:?}")
        }))
    }

    /// A conflict is told before there is a cluster that costs.
    pub(super) fn name_must_be_free(&self, name: &str) -> Result<(), ProviderError> {
        match self.conflict(name)? {
            None => Ok(()),
            Some(what) => Err(ProviderError::Conflict {
                what,
                remedy: "--overwrite-existing, another --kubeconfig, or another --cluster-name"
                    .to_owned(),
            }),
        }
    }

    /// What to ask about the user's kubeconfig, before there is a cluster.
    pub(super) async fn conflict_to_ask(&self) -> Result<Option<String>, ProviderError> {
        let declared = self.declaration()?;
        let Some(what) = self.conflict(&declared.cluster.name)? else {
            return Ok(None);
        };
        let cluster = self.managed(&declared)?.look(self.session()?).await?;
        Ok(matches!(cluster, State::Absent).then(|| format!("{what}: replace it?")))
    }

    /// Asks Azure for it, and puts it where it belongs.
    pub(super) async fn give_access(&self, say: Say<'_>) -> Result<(), ProviderError> {
        let text = self.credentials(say).await?;
        self.remember(KUBECONFIG, &text)?;
        let (mut earlier, target) = (self.merged()?.flatten(), self.target()?);
        // Entries in another file than now would be nobody's.
        if let Some(there) = earlier.take_if(|it| Some(&it.path) != target.as_ref()) {
            self.take_out(there).await?;
        }
        let Some(path) = target else {
            return self.remember(MERGED, "null");
        };
        let overwrites = self.may_overwrite();
        let record = self.record();
        let merged = blocking(move || {
            let on_conflict = match overwrites {
                true => OnConflict::Overwrite,
                false => OnConflict::Fail,
            };
            let mut note = |merged: &Merged| note(&record, merged);
            merge::merge_again(&path, &text, earlier.as_ref(), on_conflict, &mut note)
        });
        note(&self.record(), &merged.await?).map_err(ProviderError::Failed)
    }

    /// The kubeconfig that Azure gives the cluster's user.
    pub(super) async fn credentials(&self, say: Say<'_>) -> Result<String, ProviderError> {
        let (session, declared) = (self.session()?, self.declaration()?);
        say("asking for its kubeconfig");
        let managed = self.managed(&declared)?;
        let clusters = session.clusters(&managed.api_version);
        let mut all = clusters.user_credentials(&managed.id).await?;
        match all.is_empty() {
            false => Ok(all.swap_remove(0).yaml),
            true => Err(ProviderError::Failed(
                "Azure answers no kubeconfig of the cluster".to_owned(),
            )),
        }
    }

    /// Takes it away again, here and from the user's.
    pub(super) async fn take_access_back(&self) -> Result<(), ProviderError> {
        if let Some(merged) = self.merged()?.flatten() {
            self.take_out(merged).await?;
        }
        for file in [MERGED, KUBECONFIG] {
            let _ = std::fs::remove_file(self.folder().join(file));
        }
        Ok(())
    }

    async fn take_out(&self, merged: Merged) -> Result<(), ProviderError> {
        let removed = blocking(move || merge::remove_from(&merged)).await?;
        for entry in removed.kept {
            self.keep(format!("{entry} of the kubeconfig, which somebody changed"));
        }
        Ok(())
    }
}

/// Keeps what was merged, or is about to be.
pub(super) fn note(record: &Path, merged: &Merged) -> Result<(), String> {
    let text = serde_json::to_string(merged).map_err(|error| error.to_string())?;
    write_private(record, &text).map_err(|error| error.to_string())
}

/// Locks of other programs are waited for.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MergeError> + Send + 'static,
) -> Result<T, ProviderError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(error) => Err(ProviderError::Failed(error.to_string())),
    }
}
