//! The words of the command line; their arguments by what they are about.

mod jobs;
mod stacks;
mod tools;

pub use jobs::{
    Apply, Crack, Delete, Logs, Named, Progress, ResultOf, Scale, Status, Units, Watch,
};
pub use stacks::{Down, Orphans, Plan, Reap, SubscriptionArgs, Up};
pub use tools::{Completions, Image, ImageBuild, ImageWord, Man, Manifests};

use clap::Subcommand;

/// The words.
#[derive(Debug, Clone, Subcommand)]
pub enum Word {
    /// Bring up a stack and run a job on it
    Up(Up),
    /// Show what `up` would do, and touch nothing
    Plan(Plan),
    /// Factor a number or a public key
    Crack(Crack),
    /// Create the jobs of a manifest, or bring them to what it says
    Apply(Apply),
    /// Show all jobs of the stack
    #[command(visible_alias = "ls")]
    List,
    /// Show how one job, or each, stands
    Status(Status),
    /// Follow a job until it ends, then show its factors
    Watch(Watch),
    /// Set how many workers a job has
    Scale(Scale),
    /// Stop a job's work for now; what was found is kept
    Suspend(Named),
    /// Go on with a suspended job
    Resume(Named),
    /// Show the factors of a job
    Result(ResultOf),
    /// Show who holds or held which range of a job, how far, with what outcome
    Units(Units),
    /// Show the three numbers of a job's master: all, done, and the solution
    Progress(Progress),
    /// Show the log of a job's master and workers
    Logs(Logs),
    /// Remove a job and all that belongs to it
    Delete(Delete),
    /// Remove a stack, and leave nothing behind
    Down(Down),
    /// Show the stacks that are remembered here
    Stacks,
    /// Show what rsac-infra made anywhere in an Azure subscription
    Orphans(Orphans),
    /// Delete what rsac-infra made in an Azure subscription and whose time is over
    Reap(Reap),
    /// Make this program a container image, without Docker
    Image(Image),
    /// Write the manifests of CRD and operator, for kubectl or another tool
    Manifests(Manifests),
    /// Write a shell's completion script
    Completions(Completions),
    /// Write the man page, or all of them into a folder
    Man(Man),
}
