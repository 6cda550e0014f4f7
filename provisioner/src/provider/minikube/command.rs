//! The program `minikube`: its words as they are used here, and its complaints.

use super::profile::{self, State};
use crate::provider::{ProviderError, Say};
use crate::stack::MinikubePlace;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

/// The program, and the kubeconfig that it writes its entries into.
pub(super) struct Minikube {
    kubeconfig: Vec<PathBuf>,
}

impl Minikube {
    pub(super) fn new(kubeconfig: Vec<PathBuf>) -> Self {
        Self { kubeconfig }
    }

    /// How a profile stands.
    pub(super) async fn state(&self, profile: &str) -> Result<State, ProviderError> {
        let args = ["profile", "list", "--output", "json"].map(str::to_owned);
        let said = self.run(&args, &|_| {}).await?;
        // Where the list cannot be made, its reason is in the JSON.
        profile::state(&said.out, profile).map_err(|error| match said.ended_well {
            true => error,
            false => said.complaint(&args),
        })
    }

    /// Makes or starts a profile; with `dry_run`, only whether that would do.
    pub(super) async fn start(
        &self,
        profile: &str,
        settings: &MinikubePlace,
        dry_run: bool,
        say: Say<'_>,
    ) -> Result<(), ProviderError> {
        self.must(&start_args(profile, settings, dry_run), say)
            .await
    }

    /// Writes the profile's entries into the kubeconfig.
    pub(super) async fn update_context(&self, profile: &str) -> Result<(), ProviderError> {
        let args = ["update-context", "--profile", profile].map(str::to_owned);
        self.must(&args, &|_| {}).await
    }

    /// Takes an image from a profile's nodes; one that is not there is no failure.
    pub(super) async fn remove_image(
        &self,
        profile: &str,
        reference: &str,
    ) -> Result<(), ProviderError> {
        let args = ["image", "rm", reference, "--profile", profile].map(str::to_owned);
        self.must(&args, &|_| {}).await
    }

    /// Deletes a profile.
    pub(super) async fn delete(&self, profile: &str, say: Say<'_>) -> Result<(), ProviderError> {
        let args = ["delete", "--profile", profile].map(str::to_owned);
        self.must(&args, say).await
    }

    async fn must(&self, args: &[String], say: Say<'_>) -> Result<(), ProviderError> {
        let said = self.run(args, say).await?;
        match said.ended_well {
            true => Ok(()),
            false => Err(said.complaint(args)),
        }
    }

    async fn run(&self, args: &[String], say: Say<'_>) -> Result<Said, ProviderError> {
        let mut command = Command::new("minikube");
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(list) = self.environment() {
            command.env("KUBECONFIG", list);
        }
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ProviderError::Setting {
                what: "minikube is not installed, or not in PATH".to_owned(),
                remedy: "install it: https://minikube.sigs.k8s.io/docs/start/".to_owned(),
            },
            _ => ProviderError::Failed(format!("minikube cannot be started: {error}")),
        })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (out, err) = tokio::join!(read(stdout, say), read(stderr, say));
        let ended = child.wait().await;
        let ended = ended.map_err(|error| ProviderError::Failed(format!("minikube: {error}")))?;
        Ok(Said {
            ended_well: ended.success(),
            out,
            err,
        })
    }

    fn environment(&self) -> Option<OsString> {
        match self.kubeconfig.is_empty() {
            true => None,
            false => std::env::join_paths(&self.kubeconfig).ok(),
        }
    }
}

fn start_args(profile: &str, settings: &MinikubePlace, dry_run: bool) -> Vec<String> {
    let mut args = ["start", "--profile", profile].map(str::to_owned).to_vec();
    // The user's current context stays; nobody is there to be asked.
    args.extend(["--keep-context", "--interactive=false"].map(str::to_owned));
    let nodes = settings.nodes.map(|nodes| nodes.to_string());
    for (flag, value) in [
        ("--cpus", &settings.cpus),
        ("--memory", &settings.memory),
        ("--nodes", &nodes),
        ("--driver", &settings.driver),
        ("--kubernetes-version", &settings.kubernetes_version),
    ] {
        args.extend(value.iter().map(|value| format!("{flag}={value}")));
    }
    args.extend(dry_run.then(|| "--dry-run".to_owned()));
    args
}

/// Reads a stream to its end, telling each line.
async fn read(stream: Option<impl AsyncRead + Unpin>, say: Say<'_>) -> String {
    let mut text = String::new();
    let Some(stream) = stream else {
        return text;
    };
    let mut lines = BufReader::new(stream).lines();
    // A stream that breaks ends: how the program ended decides.
    while let Ok(Some(line)) = lines.next_line().await {
        let shown = without_decoration(&line);
        if !shown.is_empty() {
            say(shown);
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// minikube begins its lines with a picture.
fn without_decoration(line: &str) -> &str {
    line.trim_start_matches(|c: char| !c.is_ascii_alphanumeric() && !"\"'`<(".contains(c))
        .trim_end()
}

/// What a run said.
struct Said {
    ended_well: bool,
    out: String,
    err: String,
}

impl Said {
    /// Its complaint: "Exiting due to CODE: …" with its own suggestion, or its last words.
    fn complaint(&self, args: &[String]) -> ProviderError {
        let lines = || {
            self.err
                .lines()
                .chain(self.out.lines())
                .map(without_decoration)
        };
        let word = args.first().map_or("", String::as_str);
        let exiting = lines().find_map(|line| {
            let start = line.find("Exiting due to ")?;
            Some(&line[start + "Exiting due to ".len()..])
        });
        let last = lines().rfind(|line| !line.is_empty());
        let why = exiting.or(last).unwrap_or("it says nothing");
        let what = format!("`minikube {word}` failed: {why}");
        let suggestion = lines().find_map(|line| line.strip_prefix("Suggestion: "));
        match known_remedy(why).or(suggestion.map(str::to_owned)) {
            Some(remedy) => ProviderError::Setting { what, remedy },
            None => ProviderError::Failed(what),
        }
    }
}

/// For complaints whose remedy is one and known, by minikube's codes.
fn known_remedy(why: &str) -> Option<String> {
    let code = why.split(':').next().unwrap_or_default();
    if let Some(driver) = code
        .strip_prefix("PROVIDER_")
        .and_then(|c| c.strip_suffix("_NOT_RUNNING"))
    {
        let driver = driver.to_ascii_lowercase();
        return Some(format!("start {driver}, or take another --driver"));
    }
    if let Some(driver) = code
        .strip_prefix("PROVIDER_")
        .and_then(|c| c.strip_suffix("_NOT_FOUND"))
    {
        let driver = driver.to_ascii_lowercase();
        return Some(format!("install {driver}, or take another --driver"));
    }
    let remedy = match code {
        "DRV_NOT_DETECTED" | "DRV_NOT_HEALTHY" | "DRV_UNSUPPORTED_OS" => {
            "install and start a driver (docker, podman, kvm2 …), and name it with --driver"
        }
        "DRV_AS_ROOT" => "run as a user that is not root, or take another --driver",
        "RSRC_INSUFFICIENT_CORES" => "ask for fewer --cpus",
        "RSRC_INSUFFICIENT_REQ_MEMORY"
        | "RSRC_INSUFFICIENT_SYS_MEMORY"
        | "RSRC_INSUFFICIENT_CONTAINER_MEMORY"
        | "RSRC_OVER_ALLOC_MEM" => "ask for another --memory",
        _ => return None,
    };
    Some(remedy.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(err: &str) -> (String, String) {
        let said = Said {
            ended_well: false,
            out: String::new(),
            err: err.to_owned(),
        };
        match said.complaint(&["start".to_owned()]) {
            ProviderError::Setting { what, remedy } => (what, remedy),
            other => (other.to_string(), String::new()),
        }
    }

    #[test]
    fn a_driver_that_does_not_run_is_named_with_the_remedy() {
        let said = "😄  minikube v1.36.0 on Debian 12\n\
            ❌  Exiting due to PROVIDER_DOCKER_NOT_RUNNING: \"docker version\" exit status 1: \
            Cannot connect to the Docker daemon\n💡  Suggestion: Start the Docker service\n";
        let (what, remedy) = complaint(said);
        assert_eq!(
            what,
            "`minikube start` failed: PROVIDER_DOCKER_NOT_RUNNING: \"docker version\" exit \
             status 1: Cannot connect to the Docker daemon"
        );
        assert_eq!(remedy, "start docker, or take another --driver");
    }

    #[test]
    fn what_is_not_known_has_minikubes_own_suggestion_or_its_last_words() {
        let said = "X Exiting due to IF_SSH: no\n* Suggestion: try again\n* Related issue: none\n";
        assert_eq!(complaint(said).1, "try again");
        assert_eq!(complaint("one\ntwo\n").0, "`minikube start` failed: two");
        assert_eq!(complaint("").0, "`minikube start` failed: it says nothing");
    }

    #[test]
    fn only_what_was_set_is_passed() {
        let none = MinikubePlace::default();
        let fixed = "start --profile p --keep-context --interactive=false";
        assert_eq!(start_args("p", &none, false).join(" "), fixed);
        let all = MinikubePlace {
            profile: Some("p".into()),
            cpus: Some("max".into()),
            memory: Some("4g".into()),
            nodes: Some(2),
            driver: Some("docker".into()),
            kubernetes_version: Some("v1.35.0".into()),
        };
        assert_eq!(
            start_args("p", &all, true).join(" "),
            format!(
                "{fixed} --cpus=max --memory=4g --nodes=2 --driver=docker \
                 --kubernetes-version=v1.35.0 --dry-run"
            )
        );
    }
}
