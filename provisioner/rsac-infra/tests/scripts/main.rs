//! scripts/bash (deploy, teardown, teardown-nw) as users run them, against stand-ins of az,
//! kubectl and rsac-infra (tests/stand-in/azure), and together with the real rsac-infra on the
//! simulated Azure.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests: a failure is the test's"
)]

mod machine;
mod neighbours;
mod over_az;
mod over_the_tool;
mod together;
mod watcher;
