//! The client's behaviour, seen from outside: against a transport that answers from a
//! script, and against the simulator over real TLS.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod clusters;
mod credentials;
mod operations;
mod reading;
mod scripted;
mod sending;
mod wire;
