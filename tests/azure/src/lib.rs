//! Azure Resource Manager in this process: as strict as the real one about versions, fields,
//! names, ids, locks and rights, with scripted faults. For tests of the Azure provider, and
//! (binary `azure-simulator`) for users who want to try the tool without a subscription.
//!
//! ```no_run
//! # fn main() -> Result<(), rsac_azure_simulator::StartError> {
//! use rsac_azure_simulator::{Settings, Simulator};
//! let simulator = Simulator::start(Settings::default())?;
//! for (name, value) in simulator.environment() {
//!     // …into the tool's environment; `ca_pem` goes into a file.
//! #   drop((name, value));
//! }
//! # Ok(()) }
//! ```

mod access;
mod answer;
mod authority;
mod disk;
mod fault;
pub mod fault_answers;
mod gateway;
mod log;
mod needs;
mod operations;
mod polls;
mod request;
mod resources;
mod server;
mod settings;
mod state;
mod tls;
mod types;
mod world;

pub use answer::{Answer, Body};
pub use fault::{Effect, Fault, Go, Hook, When};
pub use log::Seen;
pub use settings::{Caller, Grant, Secret, Settings, WatcherCreation};

use fault::Armed;
use serde_json::{Value, json};
use server::Shared;
use state::{Group, State};
use std::sync::Arc;
use world::World;

/// Why a simulator could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the simulator cannot start: {0}")]
pub struct StartError(String);

/// A running simulator. It ends when it is dropped.
pub struct Simulator {
    /// Azure Resource Manager: `https://127.0.0.1:PORT`.
    pub endpoint: String,
    /// The token authority, for `AZURE_AUTHORITY_HOST`.
    pub authority: String,
    /// The certificate to trust, PEM.
    pub ca_pem: String,
    shared: Shared,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Simulator {
    /// Starts one, on threads of its own: from a test with a runtime or without.
    ///
    /// # Errors
    /// When it cannot listen, or its state folder cannot be used.
    pub fn start(settings: Settings) -> Result<Simulator, StartError> {
        let folder = settings.state_dir.as_deref();
        let state = folder
            .map_or_else(|| Ok(State::default()), disk::load)
            .map_err(StartError)?;
        let certificates = tls::certificates(folder).map_err(StartError)?;
        let tls = tls::server(&certificates).map_err(StartError)?;
        let failed = |what: &str, error: std::io::Error| StartError(format!("{what}: {error}"));
        let listener = std::net::TcpListener::bind(&settings.listen)
            .map_err(|error| failed(&format!("cannot listen on {}", settings.listen), error))?;
        listener
            .set_nonblocking(true)
            .map_err(|error| failed("socket", error))?;
        let address = listener
            .local_addr()
            .map_err(|error| failed("socket", error))?;
        let endpoint = format!("https://{address}");
        let shared = Shared::new(World::new(settings, endpoint.clone(), state));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("azure-simulator")
            .enable_all()
            .build()
            .map_err(|error| failed("runtime", error))?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(|error| failed("socket", error))?
        };
        runtime.spawn(server::serve(listener, tls.into(), shared.clone()));
        Ok(Simulator {
            authority: format!("{endpoint}/"),
            endpoint,
            ca_pem: certificates.ca,
            shared,
            runtime: Some(runtime),
        })
    }

    /// The environment that leads the tool here, for the first caller; `RSAC_ARM_CA_FILE` is
    /// left to whoever writes [`Simulator::ca_pem`] into a file.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let world = self.shared.lock();
        let caller = world.settings.callers.first();
        let own = |of: fn(&Caller) -> String| caller.map(of).unwrap_or_default();
        vec![
            ("AZURE_TENANT_ID", world.settings.tenant.clone()),
            ("AZURE_CLIENT_ID", own(|caller| caller.client_id.clone())),
            ("AZURE_CLIENT_SECRET", own(|caller| caller.secret.0.clone())),
            ("AZURE_AUTHORITY_HOST", self.authority.clone()),
            ("AZURE_SUBSCRIPTION_ID", world.settings.subscription.clone()),
            ("RSAC_ARM_ENDPOINT", self.endpoint.clone()),
        ]
    }

    /// Every request so far, to the authority and to Azure Resource Manager.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.lock().log.clone()
    }

    /// How many requests went to Azure Resource Manager, and how many of them could change
    /// something: the numbers that [`When`] counts.
    pub fn counts(&self) -> (u64, u64) {
        let world = self.shared.lock();
        (world.requests, world.mutations)
    }

    /// Forgets the log and starts counting anew; what exists stays.
    pub fn forget_requests(&self) {
        let mut world = self.shared.lock();
        (world.requests, world.mutations) = (0, 0);
        world.log.clear();
    }

    /// Names of the resource groups that exist, those that are being deleted too.
    pub fn groups(&self) -> Vec<String> {
        self.shared
            .lock()
            .state
            .groups
            .values()
            .map(|group| group.name.clone())
            .collect()
    }

    /// A group as a GET shows it.
    pub fn group(&self, name: &str) -> Option<Value> {
        self.shared.lock().state.group(name).map(Group::body)
    }

    /// Ids of the clusters.
    pub fn clusters(&self) -> Vec<String> {
        let world = self.shared.lock();
        let root = world.root();
        let all = world.state.of_kind(resources::clusters::KIND, &root);
        all.map(|one| one.id.clone()).collect()
    }

    /// Ids of all resources: clusters, what is in node resource groups, watchers, locks,
    /// deployments.
    pub fn resources(&self) -> Vec<String> {
        self.shared
            .lock()
            .state
            .resources
            .values()
            .map(|one| one.id.clone())
            .collect()
    }

    /// A resource as a GET shows it; the id without case.
    pub fn resource(&self, id: &str) -> Option<Value> {
        self.shared
            .lock()
            .state
            .resource(id)
            .map(|one| one.body.clone())
    }

    /// Whether an operation still runs.
    pub fn busy(&self) -> bool {
        self.shared
            .lock()
            .state
            .operations
            .values()
            .any(|one| one.outcome.is_none())
    }

    /// Time passes: whatever runs comes to its end.
    pub fn settle(&self) {
        let mut world = self.shared.lock();
        let running: Vec<String> = world
            .state
            .operations
            .values()
            .filter(|one| one.outcome.is_none())
            .map(|one| one.id.clone())
            .collect();
        for id in running {
            world.advance(&id, u32::MAX);
        }
        for left in world.state.coming_watchers.values_mut() {
            *left = 0;
        }
        resources::watchers::pass_time(&mut world);
    }

    /// Somebody else makes a resource group.
    pub fn make_group(&self, name: &str, location: &str, tags: Value) {
        let mut world = self.shared.lock();
        let group = Group {
            id: format!("{}/resourceGroups/{name}", world.root()),
            name: name.into(),
            location: location.into(),
            tags: tags.as_object().cloned(),
            managed_by: None,
            provisioning: "Succeeded".into(),
            hidden: 0,
        };
        world.state.groups.insert(name.to_ascii_lowercase(), group);
    }

    /// Somebody else makes a resource: a network, a disk, a lock, a flow log. `path` is its id
    /// below the subscription (`/resourceGroups/G/providers/…`), `body` its fields but id,
    /// name and type. What Azure makes of its own accord follows.
    pub fn make(&self, path: &str, body: Value) {
        let mut world = self.shared.lock();
        let id = format!("{}{path}", world.root());
        let target = request::Target::parse(&id).unwrap_or_default();
        let kind = target.kind();
        let kind = types::find(&kind).map_or(kind.clone(), |known| known.name.to_owned());
        let mut whole = body;
        whole["id"] = json!(id);
        whole["name"] = json!(target.name());
        whole["type"] = json!(kind);
        if whole["properties"]["provisioningState"].is_null() {
            whole["properties"]["provisioningState"] = json!("Succeeded");
        }
        world.put(&id, &kind, whole);
    }

    /// Somebody else locks a scope below the subscription (`/resourceGroups/G`); the level is
    /// `CanNotDelete` or `ReadOnly`.
    pub fn lock(&self, scope: &str, name: &str, level: &str) {
        let path = format!("{scope}/providers/Microsoft.Authorization/locks/{name}");
        self.make(&path, json!({"properties": {"level": level}}));
    }

    /// Somebody else changes tags of a group, or takes all of them off.
    pub fn tag_group(&self, name: &str, tags: Value) {
        if let Some(group) = self
            .shared
            .lock()
            .state
            .groups
            .get_mut(&name.to_ascii_lowercase())
        {
            group.tags = tags.as_object().cloned();
        }
    }

    /// Somebody else rotates the certificates of a cluster, by its path below the subscription,
    /// and has waited for the end.
    pub fn rotate(&self, path: &str) {
        let mut world = self.shared.lock();
        let id = format!("{}{path}", world.root()).to_ascii_lowercase();
        *world.state.rotated.entry(id).or_default() += 1;
    }

    /// Somebody else removes a group or a resource, by its path below the subscription.
    pub fn remove(&self, path: &str) {
        let mut world = self.shared.lock();
        let id = format!("{}{path}", world.root());
        let target = request::Target::parse(&id).unwrap_or_default();
        match (target.namespace.is_some(), &target.group) {
            (false, Some(group)) => world.state.remove_group(group),
            _ if target
                .kind()
                .eq_ignore_ascii_case(resources::clusters::KIND) =>
            {
                resources::cluster_ends::remove(&mut world, &id);
            }
            _ => world.state.remove(&id),
        }
    }

    /// Changes settings of the running simulator (quota, watchers, polls, callers…); address
    /// and folder stay.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.shared.lock().settings);
    }

    /// Scripts a fault.
    pub fn fault(&self, fault: Fault) {
        self.shared.lock().armed.push(Armed { fault, matched: 0 });
    }

    /// How many scripted faults are not spent.
    pub fn faults_left(&self) -> usize {
        self.shared.lock().armed.len()
    }

    /// Forgets scripted faults and hooks.
    pub fn forget_faults(&self) {
        let mut world = self.shared.lock();
        world.armed.clear();
        (world.before, world.after) = (None, None);
    }

    /// Calls `hook` before each request to Azure Resource Manager is handled. It may block.
    pub fn before(&self, hook: impl Fn(&Seen) -> Go + Send + Sync + 'static) {
        self.shared.lock().before = Some(Arc::new(hook));
    }

    /// Calls `hook` after each request was handled, before its answer goes out.
    pub fn after(&self, hook: impl Fn(&Seen) -> Go + Send + Sync + 'static) {
        self.shared.lock().after = Some(Arc::new(hook));
    }

    /// Every token handed out so far is expired from now on.
    pub fn expire_tokens(&self) {
        for token in self.shared.lock().tokens.values_mut() {
            token.expires = std::time::SystemTime::UNIX_EPOCH;
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A line to stderr; a reader that has gone is no error.
pub(crate) fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}
