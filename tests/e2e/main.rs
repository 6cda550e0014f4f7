//! End to end on this machine: the real executable, its real processes, nothing faked.
//!
//! Every test has a state directory of its own, and looks at the same things a user
//! sees: the words' output and exit codes, and the machine's processes and files.
//! Compiled as a test of the provisioner's package, which knows where the executable is.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "helpers of tests tell what they do, and may panic"
)]

mod example;
mod faults;
mod run;
mod support;
