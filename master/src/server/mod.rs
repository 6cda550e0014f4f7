//! HTTP around the core: what `rsac-infra master` runs.
//!
//! One thread owns the [`crate::Master`] ([`engine`]); the routes ([`routes`]) only
//! decode, ask that thread and encode. Connections are accepted and bounded in
//! [`listen`]; in a cluster they are encrypted ([`tls`]).

mod announce;
mod engine;
mod error;
mod listen;
mod metrics;
mod routes;
mod start;
mod tls;

pub use error::MasterError;
pub use hyper::Uri;
pub use start::{Options, Secured, run};
