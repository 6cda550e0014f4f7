//! What a stack's `stack.json` says, and who can read it.

use super::Place;
use serde::{Deserialize, Serialize};

/// The version of a stack's folder that this build makes, and the only one it serves.
pub const STACK_VERSION: u32 = 1;

/// The file of a stack's record in its folder.
pub(super) const RECORD: &str = "stack.json";

/// What `stack.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Record {
    /// [`STACK_VERSION`] of whoever made it.
    pub version: u32,
    /// The version of rsac-infra that made it.
    pub made_by: String,
    /// The stack's name: its folder's too.
    pub name: String,
    /// Random: what was created for this stack carries it.
    pub id: String,
    /// Its provider.
    pub provider: String,
    /// In seconds since 1970.
    pub created_at: u64,
    /// What its provider was told; older stacks have none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub place: Place,
}

fn is_default(place: &Place) -> bool {
    *place == Place::default()
}

/// Enough of a record to tell whose it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Version {
    pub(super) version: u32,
    #[serde(default)]
    pub(super) made_by: String,
}
