//! Reading the resources that a former supervisor left.

use crate::provider::local::files;
use crate::provider::local::layout::{DELETED_PREFIX, JobLayout, Layout};
use rsac_api::RSACracker;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// All resources, by name. What is unreadable is renamed and said; deletions that a
/// former supervisor had begun are finished.
///
/// # Errors
/// When the folder of the jobs cannot be read.
pub(super) fn all(layout: &Layout) -> io::Result<BTreeMap<String, Arc<RSACracker>>> {
    let mut crackers = BTreeMap::new();
    for entry in std::fs::read_dir(layout.jobs())? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if name.starts_with(DELETED_PREFIX) {
            if let Err(error) = files::remove(&entry.path()) {
                tracing::warn!(path = %entry.path().display(), %error, "not removed");
            }
            continue;
        }
        if let Some(cracker) = one(&layout.job(name), name) {
            crackers.insert(name.to_owned(), Arc::new(cracker));
        }
    }
    Ok(crackers)
}

fn one(job: &JobLayout, name: &str) -> Option<RSACracker> {
    let path = job.resource();
    let why = match std::fs::read(&path) {
        // A job whose creation did not get so far, or one that was set aside before.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => error.to_string(),
        Ok(text) => match serde_json::from_slice::<RSACracker>(&text) {
            Err(error) => error.to_string(),
            Ok(cracker) if cracker.metadata.name.as_deref() != Some(name) => {
                format!("it is named {:?}", cracker.metadata.name)
            }
            Ok(cracker) => return Some(cracker),
        },
    };
    let aside = path.with_extension("json.unreadable");
    match std::fs::rename(&path, &aside) {
        Ok(()) => tracing::error!(
            path = %path.display(), aside = %aside.display(),
            "the resource {name} is unreadable and set aside; apply its manifest again, and it \
             goes on from its ledger: {why}"
        ),
        Err(error) => {
            tracing::error!(path = %path.display(), %error, "an unreadable resource: {why}");
        }
    }
    None
}
