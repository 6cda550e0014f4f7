//! Writing a status: transitions at once, progress alone at most every ten seconds, and
//! nothing where nothing changed.

use crate::context::Context;
use crate::events;
use crate::memory::{Memory, WrittenStatus, version};
use crate::writer::CallError;
use rsac_api::{API_VERSION, KIND, RSACracker, RSACrackerStatus};
use serde_json::json;
use std::time::{Duration, Instant};

const PROGRESS_ROUND: Duration = Duration::from_secs(10);

/// How a status is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Apply,
    /// For a job that is not of the definition's types.
    Set,
}

/// Whether a status is to be written now.
pub(crate) fn is_due(
    old: Option<&RSACrackerStatus>,
    new: &RSACrackerStatus,
    since_last: Option<Duration>,
) -> bool {
    let Some(old) = old else {
        return true;
    };
    if without_progress(old) != without_progress(new) {
        return true;
    }
    old != new && since_last.is_none_or(|since| since >= PROGRESS_ROUND)
}

/// What is left when the figures that always move are taken out.
fn without_progress(status: &RSACrackerStatus) -> RSACrackerStatus {
    RSACrackerStatus {
        progress: None,
        rate: None,
        seconds_left: None,
        active_seconds: None,
        useful_workers: None,
        ..status.clone()
    }
}

/// Writes the status where that is due. The version that it was decided on goes with it:
/// a job that changed meanwhile is looked at again instead.
///
/// # Errors
/// When it was to be written, and was not.
pub(crate) async fn say(
    context: &Context,
    cracker: &RSACracker,
    memory: &mut Memory,
    status: RSACrackerStatus,
    way: Way,
) -> Result<(), CallError> {
    let old = cracker.status.as_ref();
    let since_last = memory.status.as_ref().map(|written| written.at.elapsed());
    if !is_due(old, &status, since_last) {
        return Ok(());
    }
    let meta = &cracker.metadata;
    let (namespace, name) = (
        meta.namespace.as_deref().unwrap_or_default(),
        meta.name.as_deref().unwrap_or_default(),
    );
    let body = json!({
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
        },
        "status": status,
    });
    let writer = &context.writer;
    let written = match way {
        Way::Apply => writer.status(namespace, name, &body).await?,
        Way::Set => writer.set_status(namespace, name, &body).await?,
    };
    events::tell(context, cracker, old, &status);
    memory.status = Some(WrittenStatus {
        version: version(written.resource_version.as_deref()),
        text: written.resource_version,
        status,
        at: Instant::now(),
    });
    Ok(())
}

/// The job with the status that was written last, where the watch does not show it yet.
pub(crate) fn with_newest_status(cracker: &RSACracker, memory: &Memory) -> RSACracker {
    let mut cracker = cracker.clone();
    let seen = version(cracker.metadata.resource_version.as_deref());
    if let Some(written) = memory
        .status
        .as_ref()
        .filter(|written| written.version > seen)
    {
        cracker.status = Some(written.status.clone());
        cracker.metadata.resource_version = written.text.clone();
    }
    cracker
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsac_api::ProgressStatus;

    #[test]
    fn transitions_are_due_at_once_and_progress_every_ten_seconds() {
        let old = RSACrackerStatus {
            stage: Some("Search".into()),
            ..RSACrackerStatus::default()
        };
        let moved = RSACrackerStatus {
            progress: Some(ProgressStatus {
                done: 5,
                ..ProgressStatus::default()
            }),
            rate: Some("5 divisors/s".into()),
            active_seconds: Some(9),
            ..old.clone()
        };
        let staged = RSACrackerStatus {
            stage: Some("Done".into()),
            ..old.clone()
        };
        let soon = Some(Duration::from_secs(9));
        let late = Some(Duration::from_secs(10));
        assert!(is_due(None, &old, None));
        assert!(!is_due(Some(&old), &old, late));
        assert!(!is_due(Some(&old), &moved, soon));
        assert!(is_due(Some(&old), &moved, late));
        assert!(is_due(Some(&old), &moved, None));
        assert!(is_due(Some(&old), &staged, soon));
    }
}
