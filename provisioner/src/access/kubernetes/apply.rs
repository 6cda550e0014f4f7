//! `create` of a job, and `apply` of a manifest by server-side apply.
//!
//! The rule is that of a local stack, for whoever wrote before (`kubectl edit`, `scale`,
//! another `apply`): **a field that the manifest has is as the manifest says; one that it
//! leaves out stays as it is**. Number and public key are one choice: a manifest with one
//! takes back the other. Maps (labels, resources) are merged key by key, lists replaced.
//!
//! Server-side apply alone would take back a field that only an earlier manifest of ours
//! set and this one leaves out; so what we own and the manifest leaves out is sent along
//! as it is.

use super::{KubernetesAccess, TRIES, ask};
use crate::access::{AccessError, Applied};
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use kube::core::Request;
use rsac_api::{API_VERSION, KIND, RSACracker, names};
use serde_json::{Map, Value, json};

/// The two ways to give the number.
const NUMBERS: [&str; 2] = ["numberToFactor", "publicKey"];

impl KubernetesAccess {
    pub(super) async fn create_new(&self, cracker: &RSACracker) -> Result<RSACracker, AccessError> {
        let name = cracker.metadata.name.clone().unwrap_or_default();
        let mut new = cracker.clone();
        self.marks.job(&mut new.metadata);
        let body = manifest(&new, to_value(&new.spec)?, None);
        // Not an apply, which would change one that another makes at this moment.
        let body = serde_json::to_vec(&body).map_err(|e| AccessError::Other(e.to_string()))?;
        let params = PostParams {
            field_manager: Some(names::PROVISIONER.to_owned()),
            ..PostParams::default()
        };
        let request = Request::new(self.crackers().resource_url()).create(&params, body);
        let mut request = request.map_err(|e| AccessError::Other(e.to_string()))?;
        // kube has no parameter for it.
        let uri = format!("{}&fieldValidation=Strict", request.uri());
        *request.uri_mut() = uri
            .parse()
            .map_err(|e| AccessError::Other(format!("{uri}: {e}")))?;
        ask(&name, self.client.request(request)).await
    }

    pub(super) async fn apply_manifest(
        &self,
        cracker: &RSACracker,
    ) -> Result<(RSACracker, Applied), AccessError> {
        let name = cracker.metadata.name.clone().unwrap_or_default();
        let mut tries = 0;
        loop {
            let applied = match ask(&name, self.raw().get_opt(&name)).await? {
                None => self
                    .create_new(cracker)
                    .await
                    .map(|new| (new, Applied::Created)),
                Some(there) => self.change(&name, cracker, &there).await,
            };
            tries += 1;
            match applied {
                // Somebody else changed it between reading and writing: look again.
                Err(AccessError::Conflict(_) | AccessError::AlreadyExists(_)) if tries < TRIES => {}
                applied => return applied,
            }
        }
    }

    async fn change(
        &self,
        name: &str,
        cracker: &RSACracker,
        there: &DynamicObject,
    ) -> Result<(RSACracker, Applied), AccessError> {
        let version = there.metadata.resource_version.as_deref();
        let wanted = to_value(&cracker.spec)?;
        let spec = there.data.get("spec").cloned().unwrap_or_default();
        let now = if takes_back(&spec, &wanted) {
            // The other of number and key may be another writer's, which an apply cannot
            // take back, and both at once break a rule: one patch does both.
            self.try_patch(name, &choosing(&wanted), version).await?;
            self.apply_over(name, cracker, wanted).await?
        } else {
            let kept = own_fields(there);
            self.send(name, &over(cracker, wanted, &kept, version))
                .await?
        };
        // The generation rises with every change of the spec, and with nothing else.
        let (before, after) = (&there.metadata, &now.metadata);
        let same = before.generation == after.generation
            && before.labels == after.labels
            && before.annotations == after.annotations;
        let applied = if same {
            Applied::Unchanged
        } else {
            Applied::Changed
        };
        Ok((now, applied))
    }

    /// Applies to the object as it is now.
    async fn apply_over(
        &self,
        name: &str,
        cracker: &RSACracker,
        wanted: Value,
    ) -> Result<RSACracker, AccessError> {
        let Some(there) = ask(name, self.raw().get_opt(name)).await? else {
            return Err(AccessError::Conflict(name.to_owned()));
        };
        let version = there.metadata.resource_version.as_deref();
        self.send(name, &over(cracker, wanted, &own_fields(&there), version))
            .await
    }

    async fn send(&self, name: &str, body: &Value) -> Result<RSACracker, AccessError> {
        let params = PatchParams::apply(names::PROVISIONER)
            .force()
            .validation_strict();
        let api = self.crackers();
        ask(name, api.patch(name, &params, &Patch::Apply(body))).await
    }
}

/// The body of an apply.
fn manifest(cracker: &RSACracker, spec: Value, version: Option<&str>) -> Value {
    let mut metadata = json!({ "name": cracker.metadata.name });
    for (field, map) in [
        ("labels", &cracker.metadata.labels),
        ("annotations", &cracker.metadata.annotations),
    ] {
        if let Some(map) = map.as_ref().filter(|map| !map.is_empty()) {
            metadata[field] = json!(map);
        }
    }
    if let Some(version) = version {
        metadata["resourceVersion"] = version.into();
    }
    json!({"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec})
}

/// The body of an apply to an object that is there: what we own, and over it what the
/// manifest says; only to the version that was read.
fn over(cracker: &RSACracker, mut spec: Value, kept: &Value, version: Option<&str>) -> Value {
    if let Value::Object(fields) = &mut spec {
        fields.retain(|_, value| !value.is_null());
    }
    let mut body = json!({
        "metadata": {
            "labels": kept["metadata"]["labels"],
            "annotations": kept["metadata"]["annotations"],
        },
        "spec": kept["spec"],
    });
    if NUMBERS.iter().any(|field| spec.get(field).is_some())
        && let Some(kept) = body["spec"].as_object_mut()
    {
        kept.retain(|field, _| !NUMBERS.contains(&field.as_str()));
    }
    merge(&mut body, manifest(cracker, spec, version));
    drop_nulls(&mut body);
    body
}

/// Whether the manifest gives the number the other way than it is given now.
fn takes_back(there: &Value, wanted: &Value) -> bool {
    NUMBERS.iter().any(|field| wanted.get(field).is_some())
        && NUMBERS
            .iter()
            .any(|field| there.get(field).is_some() && wanted.get(field).is_none())
}

/// The patch that chooses the manifest's way.
fn choosing(wanted: &Value) -> Value {
    let value = |field: &str| wanted.get(field).cloned().unwrap_or(Value::Null);
    NUMBERS
        .map(|field| (field.to_owned(), value(field)))
        .into_iter()
        .collect::<Map<_, _>>()
        .into()
}

/// The fields of the object that our earlier applies own, with the values that they have.
fn own_fields(there: &DynamicObject) -> Value {
    let whole = json!({
        "metadata": {"labels": there.metadata.labels, "annotations": there.metadata.annotations},
        "spec": there.data.get("spec"),
    });
    let entries = there.metadata.managed_fields.iter().flatten();
    let mut own = entries.filter(|entry| {
        entry.manager.as_deref() == Some(names::PROVISIONER)
            && entry.operation.as_deref() == Some("Apply")
            && entry.subresource.as_deref().unwrap_or_default().is_empty()
    });
    match own.next().and_then(|entry| entry.fields_v1.as_ref()) {
        Some(fields) => keep(&whole, &fields.0),
        None => Value::Null,
    }
}

/// The part of a value that a set of fields names (`f:spec: {f:workerCount: {}}`).
fn keep(value: &Value, fields: &Value) -> Value {
    let (Value::Object(value), Some(fields)) = (value, fields.as_object()) else {
        return value.clone();
    };
    let mut names = fields
        .iter()
        .filter_map(|(key, inner)| Some((key.strip_prefix("f:")?, inner)));
    let mut kept = Map::new();
    let mut any = false;
    for (name, inner) in names.by_ref() {
        any = true;
        if let Some(value) = value.get(name) {
            kept.insert(name.to_owned(), keep(value, inner));
        }
    }
    // A set without names is of the value as a whole.
    if any {
        kept.into()
    } else {
        Value::Object(value.clone())
    }
}

fn merge(target: &mut Value, over: Value) {
    match (target, over) {
        (Value::Object(target), Value::Object(over)) => {
            for (key, value) in over {
                merge(target.entry(key).or_insert(Value::Null), value);
            }
        }
        (target, over) => *target = over,
    }
}

fn drop_nulls(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, value| !value.is_null());
        fields.values_mut().for_each(drop_nulls);
    }
}

fn to_value(spec: &rsac_api::RSACrackerSpec) -> Result<Value, AccessError> {
    serde_json::to_value(spec).map_err(|error| AccessError::Other(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(spec: Value, own: Value) -> DynamicObject {
        serde_json::from_value(json!({
            "apiVersion": API_VERSION, "kind": KIND,
            "metadata": {
                "name": "j", "resourceVersion": "7",
                "labels": {"ours": "1", "theirs": "2"},
                "managedFields": [
                    {"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:spec": {"f:suspend": {}}}},
                    {"manager": names::PROVISIONER, "operation": "Update", "subresource": "scale",
                        "fieldsV1": {"f:spec": {"f:maxCpuHours": {}}}},
                    {"manager": names::PROVISIONER, "operation": "Apply", "fieldsV1": own},
                ],
            },
            "spec": spec,
        }))
        .unwrap()
    }

    fn body(manifest: Value, there: &DynamicObject) -> Value {
        let cracker = serde_json::from_value(json!({
            "apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": "j"}, "spec": manifest,
        }))
        .unwrap();
        let cracker: RSACracker = cracker;
        let spec = to_value(&cracker.spec).unwrap();
        over(&cracker, spec, &own_fields(there), Some("7"))
    }

    #[test]
    fn what_is_left_out_is_sent_as_it_is_where_it_is_ours_and_not_at_all_where_it_is_not() {
        let there = there(
            json!({"numberToFactor": "15", "workerCount": 4, "suspend": true, "maxCpuHours": 2.0,
                "master": {"labels": {"a": "1", "b": "2"}}}),
            json!({"f:metadata": {"f:labels": {"f:ours": {}}},
                "f:spec": {"f:numberToFactor": {}, "f:workerCount": {},
                    "f:master": {"f:labels": {"f:a": {}}}}}),
        );
        assert_eq!(
            body(
                json!({"numberToFactor": "21", "master": {"labels": {"c": "3"}}}),
                &there
            ),
            json!({
                "apiVersion": API_VERSION, "kind": KIND,
                "metadata": {"name": "j", "resourceVersion": "7", "labels": {"ours": "1"}},
                "spec": {"numberToFactor": "21", "workerCount": 4,
                    "master": {"labels": {"a": "1", "c": "3"}}},
            })
        );
    }

    #[test]
    fn a_manifest_with_a_key_does_not_keep_the_number() {
        let there = there(
            json!({"numberToFactor": "15"}),
            json!({"f:spec": {"f:numberToFactor": {}}}),
        );
        let body = body(json!({"publicKey": "k"}), &there);
        assert_eq!(body["spec"], json!({"publicKey": "k"}));
        let spec = json!({"numberToFactor": "15"});
        assert!(takes_back(&spec, &json!({"publicKey": "k"})));
        assert!(!takes_back(&spec, &json!({"numberToFactor": "21"})));
        assert!(!takes_back(&spec, &json!({"workerCount": 2})));
        assert_eq!(
            choosing(&json!({"publicKey": "k", "workerCount": 2})),
            json!({"publicKey": "k", "numberToFactor": null})
        );
    }

    #[test]
    fn lists_and_maps_owned_as_a_whole_are_kept_as_a_whole() {
        let value = json!({"workers": {"tolerations": [{"key": "a"}], "threads": 2}, "x": 1});
        let fields = json!({"f:workers": {".": {}, "f:tolerations": {}}});
        assert_eq!(
            keep(&value, &fields),
            json!({"workers": {"tolerations": [{"key": "a"}]}})
        );
        assert_eq!(keep(&value, &json!({})), value);
    }
}
