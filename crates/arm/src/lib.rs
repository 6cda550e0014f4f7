//! Azure Resource Manager: a small client on azure_core's pipeline that survives what the
//! service really does (throttling, two error bodies, long-running operations), the
//! credentials and the subscription it is used with, and typed managed clusters.
//!
//! The provisioner's Azure provider calls it; nothing here knows of stacks or plans.

mod answer;
mod auth;
mod call;
mod classify;
mod client;
mod clock;
mod cloud;
pub mod credentials;
mod error;
mod fault;
mod follow;
pub mod managed_clusters;
mod operation;
mod options;
mod patience;
mod redact;
mod said;
mod send;
pub mod subscription;
mod throttle;
mod transport;

pub use azure_core::credentials::TokenCredential;
pub use azure_core::http::Url;
pub use call::{Call, Method};
pub use client::Arm;
pub use cloud::Cloud;
pub use error::ArmError;
pub use fault::{ArmFault, Class, Detail};
pub use operation::{Begun, Operation, Progress};
pub use options::Options;
pub use patience::Patience;
