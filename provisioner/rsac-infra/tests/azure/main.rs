//! `up`, `down` and their like on Azure, by the real executable against the simulator: what
//! is made, what is refused, what goes and what stays.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests: a failure is the test's"
)]

mod adoption;
mod again;
mod api_server;
mod asking;
mod cloud;
mod ground;
mod images;
mod interrupts;
mod kubernetes;
mod leaving;
#[path = "../pty/mod.rs"]
mod pty;
mod refusals;
mod registry;
mod renewal;
#[path = "../screens/mod.rs"]
mod screens;
mod secrets;
mod served;
mod sign_in;
mod up_and_down;
mod watcher;
mod wire;
