//! What a word and the supervisor say to each other over the socket: routes, messages,
//! limits. Refusals are [`AccessError`]s as JSON.

use crate::access::{AccessError, Applied};
use rsac_api::RSACracker;
use serde::{Deserialize, Serialize};

/// The version of these messages: raised with every change that an older side would
/// misread.
pub(crate) const VERSION: u32 = 1;

/// The largest request: a manifest with a key of 4096 bits is far below.
pub(crate) const MAX_REQUEST_BYTES: usize = 256 * 1024;

/// How many words may be connected at once.
pub(crate) const MAX_CONNECTIONS: usize = 256;

/// GET → [`Greeting`].
pub(crate) const HELLO: &str = "/v1/version";
/// GET → all; POST a resource → the created one; PUT one → [`AppliedAnswer`].
pub(crate) const CRACKERS: &str = "/v1/crackers";
/// GET, PATCH a merge patch of the spec (`?resourceVersion=`), DELETE.
pub(crate) const CRACKER: &str = "/v1/crackers/{name}";
/// GET → [`rsac_protocol::Solution`] or null.
pub(crate) const SOLUTION: &str = "/v1/crackers/{name}/solution";
/// GET `?plan=&after=` → [`rsac_protocol::UnitsPage`].
pub(crate) const UNITS: &str = "/v1/crackers/{name}/units";
/// GET → the master's `/progress`, as it is.
pub(crate) const PROGRESS: &str = "/v1/crackers/{name}/progress";
/// GET `?component=&tail=&follow=` → lines of JSON, each a [`crate::access::LogLine`].
pub(crate) const LOGS: &str = "/v1/crackers/{name}/logs";
/// GET `?name=` → lines of JSON, each a [`Change`].
pub(crate) const WATCH: &str = "/v1/watch";

/// The supervisor presents itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Greeting {
    /// [`VERSION`] of the supervisor.
    pub(crate) api: u32,
    /// The version of its executable.
    pub(crate) build: String,
    /// Its process.
    pub(crate) pid: u32,
}

impl Greeting {
    /// This executable's.
    pub(crate) fn own() -> Self {
        Self {
            api: VERSION,
            build: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
        }
    }

    /// For people: two builds may have one version and yet not understand each other.
    pub(crate) fn version(&self) -> String {
        format!("{} (messages {})", self.build, self.api)
    }

    /// Whether both sides are of one build.
    pub(crate) fn fits(&self) -> bool {
        self.api == VERSION && self.build == env!("CARGO_PKG_VERSION")
    }
}

/// The answer to PUT.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AppliedAnswer {
    /// The resource as it is now.
    pub(crate) cracker: RSACracker,
    /// What was done.
    pub(crate) applied: Applied,
}

/// The query of PATCH.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PatchQuery {
    /// The version that the patch is meant for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resource_version: Option<String>,
}

/// The query of units.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnitsQuery {
    /// The plan's number; none for the one in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan: Option<u64>,
    /// The unit after which the page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<u64>,
}

/// The query of a watch.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WatchQuery {
    /// Only this resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// A line of a watch.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type", content = "cracker")]
pub(crate) enum Change {
    /// The resource is there, and this is what it is now.
    Now(Box<RSACracker>),
    /// All that was there when the watch began has been told.
    Synced,
    /// It is gone.
    Gone(Box<RSACracker>),
}

/// The HTTP status that goes with a refusal.
pub(crate) fn status(error: &AccessError) -> u16 {
    match error {
        AccessError::NotFound(_) => 404,
        AccessError::AlreadyExists(_) | AccessError::Conflict(_) => 409,
        AccessError::Invalid(_) => 422,
        AccessError::NoMaster { .. } | AccessError::Unreachable(_) => 503,
        AccessError::Other(_) => 500,
    }
}
