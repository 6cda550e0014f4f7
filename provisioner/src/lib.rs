//! The provisioner: settings → plan → journal → provider → access.
//!
//! [`provider`] brings up a place to compute, and undoes it. [`access`] is the one
//! seam of the user's words: the same words act on a local supervisor's socket and,
//! on other providers, on the Kubernetes API.

pub mod access;
pub mod provider;
