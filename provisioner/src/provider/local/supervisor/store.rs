//! The resources of the stack, as files. The supervisor is their only writer; every
//! change is on disk before anybody sees it, save progress, which is on disk now and
//! then.

use super::load;
use super::merge::{apply_spec, merge_patch};
use super::versions::Versions;
use crate::access::{AccessError, Applied};
use crate::provider::local::files;
use crate::provider::local::layout::Layout;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use rand::Rng;
use rsac_api::{FieldError, RSACracker, RSACrackerSpec, RSACrackerStatus, manifest, rules};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use tokio::sync::watch;

/// All resources, by name.
#[derive(Debug)]
pub(super) struct Store {
    layout: Layout,
    state: Mutex<State>,
    revision: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    crackers: BTreeMap<String, Arc<RSACracker>>,
    versions: Versions,
}

impl Store {
    /// Reads what a former supervisor left. A resource that is unreadable is set aside,
    /// and said; the others go on.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub(super) fn open(layout: Layout) -> io::Result<Self> {
        let crackers = load::all(&layout)?;
        let highest = crackers.values().filter_map(|c| version_of(c)).max();
        let versions = Versions::open(layout.versions(), highest.unwrap_or(0))?;
        Ok(Self {
            layout,
            state: Mutex::new(State { crackers, versions }),
            revision: watch::channel(0).0,
        })
    }

    /// All, in order of name.
    pub(super) fn list(&self) -> Vec<Arc<RSACracker>> {
        self.state().crackers.values().cloned().collect()
    }

    /// One.
    pub(super) fn get(&self, name: &str) -> Option<Arc<RSACracker>> {
        self.state().crackers.get(name).cloned()
    }

    /// Whether this very resource is there still.
    pub(super) fn has_uid(&self, uid: &str) -> bool {
        let uid = Some(uid);
        self.state()
            .crackers
            .values()
            .any(|c| c.metadata.uid.as_deref() == uid)
    }

    /// Changes with every change of any resource.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// Adds a resource.
    pub(super) fn create(&self, manifest: RSACracker) -> Result<RSACracker, AccessError> {
        let mut state = self.state();
        let name = name_of(&manifest)?;
        if state.crackers.contains_key(&name) {
            return Err(AccessError::AlreadyExists(name));
        }
        self.add(&mut state, manifest)
    }

    /// Adds a resource, or brings the one that is there to what the manifest says.
    pub(super) fn apply(&self, manifest: RSACracker) -> Result<(RSACracker, Applied), AccessError> {
        let mut state = self.state();
        let name = name_of(&manifest)?;
        let Some(current) = state.crackers.get(&name).cloned() else {
            return Ok((self.add(&mut state, manifest)?, Applied::Created));
        };
        let mut changed = RSACracker::clone(&current);
        changed.spec = changed_spec(&current.spec, |spec| {
            apply_spec(spec, &to_value(&manifest.spec)?);
            Ok(())
        })?;
        extend(&mut changed.metadata.labels, manifest.metadata.labels);
        extend(
            &mut changed.metadata.annotations,
            manifest.metadata.annotations,
        );
        let cracker = self.change(&mut state, &current, changed)?;
        let same = cracker.metadata.resource_version == current.metadata.resource_version;
        let applied = if same {
            Applied::Unchanged
        } else {
            Applied::Changed
        };
        Ok((cracker, applied))
    }

    /// Applies a merge patch to a spec.
    pub(super) fn patch(
        &self,
        name: &str,
        patch: &Value,
        resource_version: Option<&str>,
    ) -> Result<RSACracker, AccessError> {
        if !patch.is_object() {
            return Err(AccessError::Invalid(vec![format!(
                "a patch is an object of the spec's fields, not {patch}"
            )]));
        }
        let mut state = self.state();
        let current = existing(&state, name)?;
        if resource_version.is_some_and(|v| current.metadata.resource_version.as_deref() != Some(v))
        {
            return Err(AccessError::Conflict(name.to_owned()));
        }
        let mut changed = RSACracker::clone(&current);
        changed.spec = changed_spec(&current.spec, |spec| {
            merge_patch(spec, patch);
            Ok(())
        })?;
        self.change(&mut state, &current, changed)
    }

    /// Marks a resource as to be deleted, and answers its uid; its keeper stops what
    /// runs for it, then [`Self::remove`]s it.
    pub(super) fn mark_deleted(&self, name: &str) -> Result<String, AccessError> {
        let mut state = self.state();
        let current = existing(&state, name)?;
        if current.metadata.deletion_timestamp.is_none() {
            let mut marked = RSACracker::clone(&current);
            marked.metadata.deletion_timestamp = Some(Time(now()));
            self.put(&mut state, marked, true)?;
        }
        Ok(current.metadata.uid.clone().unwrap_or_default())
    }

    /// Removes a resource and all its files. Nothing runs for it any more.
    ///
    /// # Errors
    /// When the files cannot be removed; they are when the next supervisor starts.
    pub(super) fn remove(&self, name: &str, uid: &str) -> io::Result<()> {
        let deleted = self.layout.deleted(uid);
        {
            let mut state = self.state();
            let job = self.layout.job(name);
            if job.root().exists() {
                // Its name is free from here on, whatever becomes of the files.
                std::fs::rename(job.root(), &deleted)?;
                files::sync_folder_of(&deleted)?;
            }
            state.crackers.remove(name);
        }
        let removed = files::remove(&deleted);
        self.tell();
        removed
    }

    /// Sets the status of this very resource, where it differs. Not `durable`: whoever
    /// watches sees it, the file is left as it is.
    pub(super) fn set_status(
        &self,
        name: &str,
        uid: &str,
        status: RSACrackerStatus,
        durable: bool,
    ) -> Result<(), AccessError> {
        let mut state = self.state();
        let current = existing(&state, name)?;
        if current.metadata.uid.as_deref() != Some(uid) {
            return Err(AccessError::NotFound(name.to_owned()));
        }
        let mut changed = RSACracker::clone(&current);
        changed.status = Some(status);
        self.put(&mut state, changed, durable).map(|_| ())
    }

    fn add(&self, state: &mut State, manifest: RSACracker) -> Result<RSACracker, AccessError> {
        let name = name_of(&manifest)?;
        let metadata = ObjectMeta {
            name: Some(name.clone()),
            labels: manifest.metadata.labels,
            annotations: manifest.metadata.annotations,
            uid: Some(random_uid()),
            generation: Some(1),
            creation_timestamp: Some(Time(now())),
            ..ObjectMeta::default()
        };
        let cracker = RSACracker {
            metadata,
            spec: manifest.spec,
            status: None,
        };
        check(&cracker, Vec::new())?;
        let folder = self.layout.job(&name);
        files::make_private_folder(folder.root())
            .and_then(|()| files::sync_folder_of(folder.root()))
            .map_err(|error| unwritten(folder.root(), &error))?;
        self.put(state, cracker, true)
    }

    /// Puts a changed spec or changed metadata; raises the generation where the spec
    /// is another.
    fn change(
        &self,
        state: &mut State,
        current: &RSACracker,
        mut changed: RSACracker,
    ) -> Result<RSACracker, AccessError> {
        check(&changed, rules::check_change(&current.spec, &changed.spec))?;
        let new_spec = to_value(&changed.spec)? != to_value(&current.spec)?;
        if !new_spec && changed.metadata == current.metadata {
            return Ok(changed);
        }
        if new_spec {
            changed.metadata.generation = Some(current.metadata.generation.unwrap_or(0) + 1);
        }
        self.put(state, changed, true)
    }

    fn put(
        &self,
        state: &mut State,
        mut cracker: RSACracker,
        durable: bool,
    ) -> Result<RSACracker, AccessError> {
        let name = name_of(&cracker)?;
        let path = self.layout.job(&name).resource();
        let version = state
            .versions
            .next()
            .map_err(|error| unwritten(&path, &error))?;
        cracker.metadata.resource_version = Some(version.to_string());
        if durable {
            let text = serde_json::to_vec_pretty(&cracker)
                .map_err(|error| AccessError::Other(error.to_string()))?;
            files::write_atomically(&path, &text).map_err(|error| unwritten(&path, &error))?;
        }
        state.crackers.insert(name, Arc::new(cracker.clone()));
        self.tell();
        Ok(cracker)
    }

    fn tell(&self) {
        self.revision.send_modify(|revision| *revision += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The map is changed in single steps: what a panic left is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time.
pub(super) fn now() -> Timestamp {
    // A clock beyond the years that a time stamp holds reads as their last.
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since_1970.map_or(0, |since| since.as_secs());
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or(Timestamp::MAX)
}

fn existing(state: &State, name: &str) -> Result<Arc<RSACracker>, AccessError> {
    let found = state.crackers.get(name).cloned();
    found.ok_or_else(|| AccessError::NotFound(name.to_owned()))
}

fn version_of(cracker: &RSACracker) -> Option<u64> {
    cracker.metadata.resource_version.as_deref()?.parse().ok()
}

fn extend(current: &mut Option<BTreeMap<String, String>>, more: Option<BTreeMap<String, String>>) {
    if let Some(more) = more.filter(|more| !more.is_empty()) {
        current.get_or_insert_default().extend(more);
    }
}

fn to_value(spec: &RSACrackerSpec) -> Result<Value, AccessError> {
    serde_json::to_value(spec).map_err(|error| AccessError::Other(error.to_string()))
}

fn random_uid() -> String {
    let mut bytes = [0_u8; 16];
    rand::rng().fill_bytes(&mut bytes);
    // A random UUID (RFC 9562, version 4).
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}

fn unwritten(path: &std::path::Path, error: &io::Error) -> AccessError {
    let remedy = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; free some space",
        _ => "",
    };
    AccessError::Other(format!(
        "{} cannot be written, nothing was changed: {error}{remedy}",
        path.display()
    ))
}

fn changed_spec(
    current: &RSACrackerSpec,
    change: impl FnOnce(&mut Value) -> Result<(), AccessError>,
) -> Result<RSACrackerSpec, AccessError> {
    let mut spec = to_value(current)?;
    change(&mut spec)?;
    serde_json::from_value(spec)
        .map_err(|error| AccessError::Invalid(vec![format!("spec: {error}")]))
}

/// The resource's name: fit to name a folder too.
fn name_of(cracker: &RSACracker) -> Result<String, AccessError> {
    let name = cracker.metadata.name.clone().unwrap_or_default();
    match rsac_api::names::problem(&name) {
        None => Ok(name),
        Some(problem) => {
            let remedy = "use a-z, 0-9 and '-', and begin with a letter";
            let error = FieldError::new("metadata.name", &name, problem, remedy);
            Err(AccessError::Invalid(vec![error.to_string()]))
        }
    }
}

/// The resource's schema and rules, as the API server holds them up in Kubernetes.
fn check(cracker: &RSACracker, mut errors: Vec<FieldError>) -> Result<(), AccessError> {
    errors.extend(manifest::check(cracker));
    if errors.is_empty() {
        return Ok(());
    }
    Err(AccessError::Invalid(
        errors.iter().map(FieldError::to_string).collect(),
    ))
}
