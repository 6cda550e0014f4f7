//! What exists in the simulated subscription: groups, resources, running operations. Plain
//! data, so that it can be kept on disk; the handlers in `resources/` change it.

use crate::operations::Operation;
use crate::request::within;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// All of it. Keys of `groups` and `resources` are in small letters.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) resources: BTreeMap<String, Resource>,
    pub(crate) operations: BTreeMap<String, Operation>,
    /// Namespace in small letters to `Registered`, `Registering` or `NotRegistered`.
    pub(crate) providers: BTreeMap<String, String>,
    /// Regions whose watcher is to come, with the requests left until then.
    pub(crate) coming_watchers: BTreeMap<String, u32>,
    /// How often the certificates of a cluster were rotated, by its id in small letters.
    #[serde(default)]
    pub(crate) rotated: BTreeMap<String, usize>,
    /// Counts everything that needs a fresh name.
    pub(crate) serial: u64,
}

/// A resource group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) tags: Option<Map<String, Value>>,
    pub(crate) managed_by: Option<String>,
    pub(crate) provisioning: String,
    /// For so many reads it is not there yet.
    pub(crate) hidden: u32,
}

/// A resource, its body as a GET shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Resource {
    pub(crate) id: String,
    /// The type in Azure's own spelling.
    pub(crate) kind: String,
    pub(crate) body: Value,
    pub(crate) etag: String,
    /// For so many reads it is not there yet.
    pub(crate) hidden: u32,
}

impl Group {
    /// The group as a GET shows it.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({
            "id": self.id, "name": self.name, "type": "Microsoft.Resources/resourceGroups",
            "location": self.location,
        });
        if let Some(managed_by) = &self.managed_by {
            body["managedBy"] = json!(managed_by);
        }
        if let Some(tags) = &self.tags {
            body["tags"] = json!(tags);
        }
        body["properties"] = json!({"provisioningState": self.provisioning});
        body
    }
}

impl Resource {
    /// `properties.provisioningState`.
    pub(crate) fn provisioning(&self) -> &str {
        self.body["properties"]["provisioningState"]
            .as_str()
            .unwrap_or("Succeeded")
    }

    /// The name, the last word of the id.
    pub(crate) fn name(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or_default()
    }

    /// What `…/resources` shows of it: no properties.
    pub(crate) fn summary(&self) -> Value {
        let mut body = json!({"id": self.id, "name": self.name(), "type": self.kind});
        for field in ["sku", "kind", "managedBy", "location", "identity", "tags"] {
            if let Some(value) = self.body.get(field) {
                body[field] = value.clone();
            }
        }
        body
    }
}

impl State {
    /// A fresh number.
    pub(crate) fn next(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// A fresh GUID, the same in each run of the same story.
    pub(crate) fn guid(&mut self) -> String {
        let serial = self.next();
        let digest = Sha256::digest(format!("simulated {serial}"));
        let hex: String = digest
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!(
            "{}-{}-4{}-8{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..]
        )
    }

    /// A fresh ETag as Microsoft.Network writes them.
    pub(crate) fn etag(&mut self) -> String {
        format!("W/\"{}\"", self.guid())
    }

    /// A group by its name, without case.
    pub(crate) fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(&name.to_ascii_lowercase())
    }

    /// A resource by its id, without case.
    pub(crate) fn resource(&self, id: &str) -> Option<&Resource> {
        self.resources.get(&id.to_ascii_lowercase())
    }

    /// A resource by its id, to be changed.
    pub(crate) fn resource_mut(&mut self, id: &str) -> Option<&mut Resource> {
        self.resources.get_mut(&id.to_ascii_lowercase())
    }

    /// Puts a resource with a fresh ETag; answers the id it goes by (the one it was first
    /// created with).
    pub(crate) fn put(&mut self, id: &str, kind: &str, body: Value) {
        let etag = self.etag();
        let key = id.to_ascii_lowercase();
        let hidden = self.resources.get(&key).map_or(0, |old| old.hidden);
        let resource = Resource {
            id: id.into(),
            kind: kind.into(),
            body,
            etag,
            hidden,
        };
        self.resources.insert(key, resource);
    }

    /// Changes `properties.provisioningState`, and with it the ETag.
    pub(crate) fn set_provisioning(&mut self, id: &str, to: &str) {
        let etag = self.etag();
        if let Some(resource) = self.resource_mut(id) {
            resource.body["properties"]["provisioningState"] = json!(to);
            resource.etag = etag;
        }
    }

    /// Removes a resource and everything below it (its children, its locks).
    pub(crate) fn remove(&mut self, id: &str) {
        self.resources
            .retain(|_, resource| !within(&resource.id, id));
    }

    /// Removes a group with everything in it.
    pub(crate) fn remove_group(&mut self, name: &str) {
        if let Some(group) = self.groups.remove(&name.to_ascii_lowercase()) {
            self.remove(&group.id);
        }
    }

    /// Resources of a type (without case) at or below a path.
    pub(crate) fn of_kind<'a>(
        &'a self,
        kind: &'a str,
        below: &'a str,
    ) -> impl Iterator<Item = &'a Resource> {
        self.resources
            .values()
            .filter(move |one| one.kind.eq_ignore_ascii_case(kind) && within(&one.id, below))
    }
}
