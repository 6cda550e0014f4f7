//! Brings one child to what it should be: looks, asks whose it is, applies where something
//! differs, remembers what went wrong and when to try again.

use crate::build::Parent;
use crate::compare::{DESIRED_ANNOTATION, covers, settled};
use crate::context::Context;
use crate::memory::{ChildMemory, Failure, backoff, version};
use crate::watch::{Guarded, seen};
use crate::writer::{CallError, Child};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::reflector::Store;
use rsac_api::conditions::Reason;
use rsac_protocol::Digest;
use rsac_workload::Obstacle;
use serde_json::Value;
use std::time::Instant;

/// Why a child is not as it should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// To be said in the status.
    #[error("{}", .0.message)]
    Obstacle(Obstacle),
    /// It passes by itself: an old child is still being removed.
    #[error("{0}")]
    Passing(String),
    /// The API server did not answer, or this operator may not write.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Whose an object is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Ours,
    /// An earlier job's of the same name: it is being removed.
    Predecessors,
    Others,
}

pub(crate) fn whose(meta: &ObjectMeta, parent: &Parent) -> Whose {
    let owners = meta.owner_references.as_deref().unwrap_or_default();
    if owners.iter().any(|owner| owner.uid == parent.uid) {
        return Whose::Ours;
    }
    let old = |kind: &str, name: &str| kind == rsac_api::KIND && name == parent.name;
    if owners.iter().any(|owner| old(&owner.kind, &owner.name)) {
        Whose::Predecessors
    } else {
        Whose::Others
    }
}

/// # Errors
/// When it is not ours.
pub(crate) fn must_be_ours(what: &str, meta: &ObjectMeta, parent: &Parent) -> Result<(), Trouble> {
    match whose(meta, parent) {
        Whose::Ours => Ok(()),
        Whose::Predecessors => Err(Trouble::Passing(format!(
            "{what} of an earlier job of this name is still being removed"
        ))),
        Whose::Others => Err(Trouble::Obstacle(Obstacle {
            reason: Reason::NameTaken,
            message: format!(
                "{what} is there and not this job's; it is left alone. Delete it, or give the job \
                 another name"
            ),
        })),
    }
}

/// What is said of a call that the API server refused.
pub(crate) fn refused(what: &str, error: CallError) -> Trouble {
    if error.to_string().contains("is being terminated") {
        Trouble::Passing(format!("{what}: its namespace is being deleted"))
    } else if error.is_refusal() {
        Trouble::Obstacle(Obstacle {
            reason: Reason::ChildRefused,
            message: format!("{what} was refused: {error}"),
        })
    } else {
        Trouble::Call(error)
    }
}

/// Brings a child to `desired`.
///
/// # Errors
/// When it is not so, and why; a failed one is left alone for a while that grows.
pub(crate) async fn ensure<K: Child>(
    context: &Context,
    parent: &Parent,
    memory: &mut ChildMemory,
    store: &Store<Guarded<K>>,
    desired: K,
) -> Result<(), Trouble> {
    let mut desired = desired;
    let text = serde_json::to_string(&desired).unwrap_or_default();
    let digest = Digest::of(&text).short();
    let annotations = desired.meta_mut().annotations.get_or_insert_default();
    annotations.insert(DESIRED_ANNOTATION.into(), digest.clone());
    if memory.digest != digest {
        memory.failure = None;
    }
    if let Some(failure) = &memory.failure
        && failure.retry_at > Instant::now()
    {
        return Err(Trouble::Obstacle(failure.obstacle.clone()));
    }
    let result = bring(context, parent, memory, store, &desired, &digest).await;
    memory.digest = digest;
    match &result {
        Ok(()) => memory.failure = None,
        Err(Trouble::Obstacle(obstacle)) => {
            let count = memory.failure.as_ref().map_or(0, |failure| failure.count);
            let count = count.saturating_add(1);
            let options = &context.options;
            memory.failure = Some(Failure {
                obstacle: obstacle.clone(),
                count,
                retry_at: Instant::now() + backoff(count, options.retry_base, options.retry_cap),
            });
        }
        Err(_) => {}
    }
    result
}

async fn bring<K: Child>(
    context: &Context,
    parent: &Parent,
    memory: &mut ChildMemory,
    store: &Store<Guarded<K>>,
    desired: &K,
    digest: &str,
) -> Result<(), Trouble> {
    let name = desired.meta().name.clone().unwrap_or_default();
    let what = format!("{} {name}", K::kind(&()));
    let desired_value = serde_json::to_value(desired).unwrap_or_default();
    // What the watch does not show may be there without our labels, or newer than the watch.
    let watched = seen(store, &parent.namespace, &name);
    let there = match watched {
        Some(object) => Some(object),
        None => {
            let api = context.writer.api::<K>(&parent.namespace);
            context.writer.read(api.get_opt(&name)).await?
        }
    };
    if let Some(object) = &there {
        must_be_ours(&what, object.meta(), parent)?;
        if object.meta().deletion_timestamp.is_some() {
            return Err(Trouble::Passing(format!("{what} is being deleted")));
        }
        let mut known = serde_json::to_value(object).unwrap_or_default();
        if let Some(applied) = &memory.applied
            && version_of(applied) > version_of(&known)
        {
            known = applied.clone();
        }
        if is_as_desired(&known, &desired_value, digest, memory) {
            return Ok(());
        }
    }
    tracing::debug!(
        job = parent.name,
        namespace = parent.namespace,
        "applying {what}"
    );
    // Without force where it should not exist: what appeared meanwhile is somebody's.
    let applied = context
        .writer
        .apply(desired, there.is_some())
        .await
        .map_err(|error| refused(&what, error))?;
    memory.applied = serde_json::to_value(&applied).ok();
    Ok(())
}

fn is_as_desired(known: &Value, desired: &Value, digest: &str, memory: &ChildMemory) -> bool {
    let stored = known["metadata"]["annotations"][DESIRED_ANNOTATION].as_str();
    if stored != Some(digest) {
        return false;
    }
    if covers(known, desired) {
        return true;
    }
    // A webhook, or the API server's own way of writing a value, may change what we apply:
    // as long as it is what our last apply made of it, applying again would change nothing.
    let last = memory.applied.as_ref().filter(|_| memory.digest == digest);
    last.is_some_and(|last| settled(last.clone()) == settled(known.clone()))
}

fn version_of(object: &Value) -> u64 {
    version(object["metadata"]["resourceVersion"].as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::Parent;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
    use rsac_api::{RSACracker, RSACrackerSpec};
    use serde_json::json;

    fn parent() -> Parent {
        let mut cracker = RSACracker::new("my-rsac", RSACrackerSpec::default());
        cracker.metadata.namespace = Some("jobs".into());
        cracker.metadata.uid = Some("new".into());
        Parent::of(&cracker).unwrap()
    }

    fn owned_by(kind: &str, name: &str, uid: &str) -> ObjectMeta {
        ObjectMeta {
            owner_references: Some(vec![OwnerReference {
                kind: kind.into(),
                name: name.into(),
                uid: uid.into(),
                ..OwnerReference::default()
            }]),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn only_what_bears_the_jobs_uid_is_its_own() {
        let parent = parent();
        let is = |meta: &ObjectMeta| whose(meta, &parent);
        assert_eq!(is(&owned_by("RSACracker", "my-rsac", "new")), Whose::Ours);
        assert_eq!(
            is(&owned_by("RSACracker", "my-rsac", "old")),
            Whose::Predecessors
        );
        assert_eq!(is(&owned_by("RSACracker", "other", "old")), Whose::Others);
        assert_eq!(is(&owned_by("Deployment", "my-rsac", "old")), Whose::Others);
        assert_eq!(is(&ObjectMeta::default()), Whose::Others);
    }

    #[test]
    fn what_the_server_made_of_our_apply_is_as_desired_until_somebody_changes_it() {
        let desired = json!({"metadata": {"annotations": {DESIRED_ANNOTATION: "d"}},
                             "spec": {"cpu": "1000m"}});
        let stored = |cpu: &str, version: &str, digest: &str| {
            json!({"metadata": {"annotations": {DESIRED_ANNOTATION: digest},
                                "resourceVersion": version},
                   "spec": {"cpu": cpu}})
        };
        let mut memory = ChildMemory {
            digest: "d".into(),
            ..ChildMemory::default()
        };
        assert!(!is_as_desired(
            &stored("1", "5", "d"),
            &desired,
            "d",
            &memory
        ));
        memory.applied = Some(stored("1", "5", "d"));
        assert!(is_as_desired(
            &stored("1", "6", "d"),
            &desired,
            "d",
            &memory
        ));
        assert!(!is_as_desired(
            &stored("2", "7", "d"),
            &desired,
            "d",
            &memory
        ));
        assert!(!is_as_desired(
            &stored("1000m", "8", "c"),
            &desired,
            "d",
            &memory
        ));
    }
}
