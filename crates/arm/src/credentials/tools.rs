//! Runs `az` and `azd` for azure_identity: bounded in time, killed when nobody waits, and
//! with the environment that the chain was given.

use super::environment::Environment;
use azure_identity::Executor;
use std::ffi::OsStr;
use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

/// Longer than the slowest start of the Azure CLI; a tool that waits for a person is ended.
const LONGEST: Duration = Duration::from_secs(90);

#[derive(Debug)]
pub(super) struct Tools(pub(super) Environment);

#[async_trait::async_trait]
impl Executor for Tools {
    async fn run(&self, program: &OsStr, arguments: &[&OsStr]) -> io::Result<Output> {
        let output = tokio::process::Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(self.0.all())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        match tokio::time::timeout(LONGEST, output).await {
            Ok(output) => output,
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no answer within {} s", LONGEST.as_secs()),
            )),
        }
    }
}
