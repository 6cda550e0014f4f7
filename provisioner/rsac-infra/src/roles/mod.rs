//! The hidden roles of the one binary: `rsac-infra master`, `worker`, `operator` and
//! `supervisor` are what the local provider's supervisor and the container image run. Compiled into
//! the binary, which alone links all rooms; `main` calls [`dispatch`] before it reads
//! the words that people use.

mod life;
mod logging;
mod master;
mod operator;
mod supervisor;
mod worker;

use clap::{Parser, Subcommand};
use life::Life;
use std::ffi::OsStr;
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(
    name = "rsac-infra",
    about = "A role of rsac-infra; started by it, not by people"
)]
struct Roles {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Plans a job, hands out its units and keeps its ledger
    Master(master::Args),
    /// Takes units of a job, computes, reports
    Worker(worker::Args),
    /// Keeps the RSACrackers of a cluster
    Operator(operator::Args),
    /// Keeps the jobs of a local stack running
    Supervisor(supervisor::Args),
}

/// Runs the role that this process was started with; none when it was started with a
/// word of people's instead.
pub(crate) fn dispatch() -> Option<ExitCode> {
    let first = std::env::args_os().nth(1)?;
    let is_role = ["master", "worker", "operator", "supervisor"]
        .iter()
        .any(|role| first == OsStr::new(role));
    is_role.then(|| match Roles::parse().role {
        Role::Master(args) => args.life.clone().live(|end| master::run(args, end)),
        Role::Worker(args) => args.life.clone().live(|end| worker::run(args, end)),
        Role::Operator(args) => args.life.clone().live(|end| operator::run(args, end)),
        Role::Supervisor(args) => {
            let life = Life::of_supervisor();
            life.live(|end| supervisor::run(args, end))
        }
    })
}
