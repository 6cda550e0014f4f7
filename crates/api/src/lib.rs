//! RSACracker, the custom resource: its types, its rules, its conditions, and what it
//! takes to read one from a manifest.
//!
//! Everybody who speaks of a job to a user stands on this crate: `rsac-infra` reads
//! manifests, numbers and keys with it before it sends anything ([`manifest`],
//! [`number`], [`key`]); the local supervisor and the operator read a spec with the
//! same defaults ([`RSACrackerSpec::worker_count`] and its like) and write a status
//! with the same conditions ([`conditions`]); the custom resource definition in
//! `deploy/crd/` is generated from the types and rules here ([`crd`]).

pub mod conditions;
mod crd;
mod duration;
mod field_error;
mod int_or_text;
pub mod key;
pub mod manifest;
pub mod names;
pub mod number;
pub mod rules;
mod schemas;
mod spec;
mod status;
mod target;

pub use crd::{crd, crd_yaml};
pub use duration::{ParseDurationError, format_duration, parse_duration};
pub use field_error::FieldError;
pub use int_or_text::IntOrText;
pub use num_bigint::BigUint;
pub use spec::{
    LedgerSpec, MasterSpec, MethodName, RSACracker, RSACrackerSpec, Resources, ServiceSpec,
    ServiceType, WorkersSpec, defaults,
};
pub use status::{ProgressStatus, RSACrackerStatus};
pub use target::{Target, TargetError};

/// Group and version of the resource, as a manifest's `apiVersion` says them.
pub const API_VERSION: &str = "suu-kopf.dev/v1";
/// The resource's kind.
pub const KIND: &str = "RSACracker";
