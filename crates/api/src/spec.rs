//! The spec of an RSACracker, and the values that count where it is silent.
//!
//! What a user leaves out stays absent in the stored object, so that a later version
//! may choose better and a server-side apply owns no more than was written; the methods
//! here give the value that counts. The one exception is `workerCount`, whose default
//! the schema writes: without a value at that path the scale subresource answers an
//! error.

#![allow(
    clippy::duplicated_attributes,
    reason = "columns of the definition are of the same types"
)]

use crate::{IntOrText, RSACrackerStatus, parse_duration, schemas};
use k8s_openapi::api::core::v1::Toleration;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What counts where a spec is silent, and the bounds of what it may say.
pub mod defaults {
    use std::time::Duration;

    /// Workers.
    pub const WORKER_COUNT: u32 = 1;
    /// Workers at the most.
    pub const MAX_WORKER_COUNT: u32 = 1000;
    /// The longest time that a worker computes without reporting.
    pub const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(10);
    /// The longest checkpoint interval that may be asked for.
    pub const MAX_CHECKPOINT_INTERVAL: Duration = Duration::from_secs(600);
    /// CPU hours that a job may cost.
    pub const MAX_CPU_HOURS: f64 = 24.0;
    /// CPU seconds that the weak-key pre-pass may take at the most.
    pub const PRE_PASS_SECONDS: u64 = 60;
    /// The size of the ledger's volume.
    pub const LEDGER_SIZE: &str = "1Gi";
    /// Computing threads of a worker.
    pub const THREADS: u32 = 1;
}

/// A number to factor, and how.
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "suu-kopf.dev",
    version = "v1",
    kind = "RSACracker",
    singular = "rsacracker",
    plural = "rsacrackers",
    shortname = "rsac",
    shortname = "rsacs",
    namespaced,
    status = "RSACrackerStatus",
    derive = "PartialEq",
    doc = "A number to be factored into primes, by a master and workers that can be scaled and killed.",
    scale(
        spec_replicas_path = ".spec.workerCount",
        status_replicas_path = ".status.workers",
        label_selector_path = ".status.selector"
    ),
    printcolumn(
        name = "Workers",
        type_ = "integer",
        json_path = ".spec.workerCount",
        description = "Workers wanted"
    ),
    printcolumn(
        name = "Ready",
        type_ = "integer",
        json_path = ".status.readyWorkers",
        description = "Workers at work"
    ),
    printcolumn(
        name = "Progress",
        type_ = "string",
        json_path = ".status.progress.percent",
        description = "How far the job is"
    ),
    printcolumn(
        name = "Rate",
        type_ = "string",
        json_path = ".status.rate",
        description = "How fast it goes"
    ),
    printcolumn(
        name = "Outcome",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Succeeded\")].reason",
        description = "How it ended"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp",
        description = "Since when it exists"
    )
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RSACrackerSpec {
    /// How many workers search; 0 pauses the search and keeps the master. Belongs to
    /// whoever scaled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000), extend("default" = 1))]
    pub worker_count: Option<u32>,
    /// The number to factor: a bare integer up to 9223372036854775807, or a quoted text of
    /// decimal digits (or 0x and hexadecimal ones) of at most 4096 bits. Either this or
    /// publicKey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend(
        "minimum" = 0,
        "maxLength" = 1234,
        "pattern" = "^(0|[1-9][0-9]*|0x[0-9a-fA-F]+)$"
    ))]
    pub number_to_factor: Option<IntOrText>,
    /// An RSA public key whose modulus is the number to factor: PEM (PKCS#1, X.509 or a
    /// certificate), an OpenSSH line, or a JWK. Either this or numberToFactor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16384))]
    pub public_key: Option<String>,
    /// The method. auto (the default) tries known weaknesses first, answers small numbers in
    /// the master, and else takes the cheapest method; any other is used however small the
    /// number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<MethodName>,
    /// Stops master and workers; the ledger stays, and time does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// The longest time that a worker computes without reporting, which is what a killed one
    /// may lose: 1s to 10m, such as 10s (the default) or 1m30s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), pattern("^([0-9]{1,4}m)?([0-9]{1,4}s)?$"))]
    pub checkpoint_interval: Option<String>,
    /// Where the master keeps what was searched and found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerSpec>,
    /// Ends the job after so many seconds of active (not suspended) time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 315_360_000))]
    pub deadline_seconds: Option<u64>,
    /// CPU hours that the job may cost (24 by default): a number that no method reaches
    /// within them is Infeasible, and a job that used them up ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub max_cpu_hours: Option<f64>,
    /// CPU seconds that the search for known weaknesses may take at the most; 0 leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 60))]
    pub pre_pass_seconds: Option<u64>,
    /// Deletes the job so many seconds after it finished, its result too; never by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 315_360_000))]
    pub ttl_seconds_after_finished: Option<u64>,
    /// The master's pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master: Option<MasterSpec>,
    /// The workers' pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<WorkersSpec>,
    /// How the master's /progress is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceSpec>,
}

/// The names of the methods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MethodName {
    /// The master chooses.
    #[default]
    Auto,
    /// Every divisor up to the square root.
    TrialDivision,
    /// The self-initialising quadratic sieve.
    QuadraticSieve,
    /// Elliptic curves.
    EllipticCurve,
}

impl MethodName {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Auto,
        Self::TrialDivision,
        Self::QuadraticSieve,
        Self::EllipticCurve,
    ];

    /// As users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::TrialDivision => "trial-division",
            Self::QuadraticSieve => "quadratic-sieve",
            Self::EllipticCurve => "elliptic-curve",
        }
    }
}

/// Where the master keeps its ledger. Fixed when the job is made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LedgerSpec {
    /// The size of its volume, 1Gi by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schemas::quantity")]
    pub size: Option<IntOrText>,
    /// The storage class of its volume; the cluster's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub storage_class_name: Option<String>,
    /// No volume: when the master's pod goes, the search starts again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ephemeral: Option<bool>,
}

/// What a container asks for and is held to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resources {
    /// At most this much.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schemas::quantities")]
    pub limits: BTreeMap<String, IntOrText>,
    /// At least this much.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schemas::quantities")]
    pub requests: BTreeMap<String, IntOrText>,
}

/// The master's pod.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MasterSpec {
    /// What its container asks for and is held to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Labels of its pod, beside those of rsac.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schemas::labels")]
    pub labels: BTreeMap<String, String>,
    /// Labels of the nodes that it may run on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schemas::labels")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that it bears.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schemas::tolerations")]
    pub tolerations: Vec<Toleration>,
}

/// The workers' pods.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkersSpec {
    /// Computing threads of each worker, 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 256))]
    pub threads: Option<u32>,
    /// What each container asks for and is held to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Labels of their pods, beside those of rsac.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schemas::labels")]
    pub labels: BTreeMap<String, String>,
    /// Labels of the nodes that they may run on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schemas::labels")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that they bear.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schemas::tolerations")]
    pub tolerations: Vec<Toleration>,
}

/// The Service before the master.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceSpec {
    /// ClusterIP by default.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub type_: Option<ServiceType>,
}

/// How a Service is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ServiceType {
    /// From within the cluster, and by port-forward.
    #[default]
    ClusterIP,
    /// At a port of every node.
    NodePort,
    /// From outside, by the cloud's load balancer.
    LoadBalancer,
}

impl RSACrackerSpec {
    /// Workers wanted.
    pub fn worker_count(&self) -> u32 {
        self.worker_count.unwrap_or(defaults::WORKER_COUNT)
    }

    /// The method.
    pub fn method(&self) -> MethodName {
        self.method.unwrap_or_default()
    }

    /// Whether master and workers are to stop.
    pub fn suspended(&self) -> bool {
        self.suspend.unwrap_or(false)
    }

    /// The longest time that a worker computes without reporting. The default where the
    /// text is none (which [`crate::rules`] refuses).
    pub fn checkpoint_interval(&self) -> Duration {
        self.checkpoint_interval
            .as_deref()
            .and_then(|text| parse_duration(text).ok())
            .unwrap_or(defaults::CHECKPOINT_INTERVAL)
    }

    /// CPU hours that the job may cost.
    pub fn max_cpu_hours(&self) -> f64 {
        self.max_cpu_hours.unwrap_or(defaults::MAX_CPU_HOURS)
    }

    /// CPU seconds that the pre-pass may take at the most.
    pub fn pre_pass_seconds(&self) -> u64 {
        self.pre_pass_seconds.unwrap_or(defaults::PRE_PASS_SECONDS)
    }

    /// Computing threads of each worker.
    pub fn threads(&self) -> u32 {
        self.workers
            .as_ref()
            .and_then(|workers| workers.threads)
            .unwrap_or(defaults::THREADS)
    }

    /// How the master's Service is reached.
    pub fn service_type(&self) -> ServiceType {
        self.service
            .as_ref()
            .and_then(|service| service.type_)
            .unwrap_or_default()
    }
}
