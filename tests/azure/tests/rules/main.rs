//! The simulator is strict, and says no in Azure's words: each rule refuses something here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it is wrong"
)]

mod access;
mod client;
mod clusters;
mod deployments;
mod disk;
mod faults;
mod gateway;
mod groups;
mod network;
mod one_at_a_time;
mod pools;
mod registries;
