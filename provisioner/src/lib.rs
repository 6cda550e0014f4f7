//! The provisioner: settings → plan → journal → provider → access.
//!
//! [`provider`] brings up a place to compute, and undoes it. [`access`] is the one
//! seam of the user's words: the same words act on a local supervisor's socket and,
//! on other providers, on the Kubernetes API.
//!
//! | module | what |
//! |---|---|
//! | [`cli`], [`settings`] | what was typed, and what is meant |
//! | [`words`] | the user's words, a file each |
//! | [`engine`], [`journal`] | steps performed and undone, on record |
//! | [`image`] | this program as a container image |
//! | [`stack`] | what is remembered of stacks |
//! | [`cluster`], [`deploy`] | a Kubernetes cluster, and CRD and operator on it |
//! | [`output`], [`exit`] | what people and programs are told |

pub mod access;
pub mod cli;
pub mod cluster;
pub mod crack;
pub mod deploy;
pub mod engine;
pub mod exit;
pub mod image;
pub mod interrupt;
pub mod journal;
pub mod output;
pub mod provider;
pub mod settings;
pub mod stack;
pub mod words;
