//! One simulated Azure: state, tokens, script and log, behind one lock. `server` owns it,
//! handlers change it.

use crate::authority::Token;
use crate::fault::{Armed, Hook, Plan};
use crate::log::Seen;
use crate::request::{same, within};
use crate::resources::watchers;
use crate::settings::Settings;
use crate::state::State;
use std::collections::HashMap;

/// Everything that a request can see or change.
pub(crate) struct World {
    pub(crate) settings: Settings,
    /// `https://127.0.0.1:PORT`, without a slash at its end.
    pub(crate) endpoint: String,
    /// Goes into signatures of operation URLs.
    pub(crate) seal: String,
    pub(crate) state: State,
    pub(crate) tokens: HashMap<String, Token>,
    pub(crate) issued: u64,
    /// What faults ask of the handler of the present request.
    pub(crate) plan: Plan,
    pub(crate) armed: Vec<Armed>,
    pub(crate) log: Vec<Seen>,
    pub(crate) requests: u64,
    pub(crate) mutations: u64,
    pub(crate) before: Option<Hook>,
    pub(crate) after: Option<Hook>,
}

impl World {
    pub(crate) fn new(settings: Settings, endpoint: String, state: State) -> World {
        let mut state = state;
        for namespace in crate::types::namespaces() {
            // What runs the subscription itself is always registered.
            let always = matches!(
                namespace,
                "Microsoft.Resources" | "Microsoft.Authorization" | "Microsoft.Features"
            );
            let given = settings.registered.iter().any(|one| same(one, namespace));
            let word = if always || given {
                "Registered"
            } else {
                "NotRegistered"
            };
            state
                .providers
                .entry(namespace.to_ascii_lowercase())
                .or_insert_with(|| word.into());
        }
        World {
            seal: format!("{}{}", settings.tenant, settings.subscription),
            settings,
            endpoint,
            state,
            tokens: HashMap::new(),
            issued: 0,
            plan: Plan::default(),
            armed: Vec::new(),
            log: Vec::new(),
            requests: 0,
            mutations: 0,
            before: None,
            after: None,
        }
    }

    /// `/subscriptions/GUID`.
    pub(crate) fn root(&self) -> String {
        format!("/subscriptions/{}", self.settings.subscription)
    }

    /// Puts a resource, with what Azure makes of its own accord when one of its kind appears.
    pub(crate) fn put(&mut self, id: &str, kind: &str, body: serde_json::Value) {
        let region = body["location"].as_str().map(str::to_owned);
        self.state.put(id, kind, body);
        if let Some(region) = region
            && kind == "Microsoft.Network/virtualNetworks"
        {
            watchers::network_appeared(self, &region);
        }
    }

    /// Whether a group is on its way out.
    pub(crate) fn group_is_going(&self, name: &str) -> bool {
        self.state
            .group(name)
            .is_some_and(|group| group.provisioning == "Deleting")
    }

    /// Locks that hold at a scope or above it; for a delete, those below it count too.
    pub(crate) fn locks(&self, scope: &str, deleting: bool) -> Vec<String> {
        let mut held = Vec::new();
        for lock in self
            .state
            .of_kind("Microsoft.Authorization/locks", &self.root())
        {
            let level = lock.body["properties"]["level"]
                .as_str()
                .unwrap_or_default();
            let Some((locked, _)) = lock.id.rsplit_once("/providers/Microsoft.Authorization/")
            else {
                continue;
            };
            let reaches = within(scope, locked) || (deleting && within(locked, scope));
            if reaches && (deleting || level == "ReadOnly") {
                held.push(locked.to_owned());
            }
        }
        held.sort();
        held.dedup();
        held
    }
}

/// The time, as Azure writes it.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().to_string()
}
