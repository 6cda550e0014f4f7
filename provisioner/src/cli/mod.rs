//! The command line, declared once: help, completions, man pages and docs/reference
//! are all made from [`Cli`].

mod duration;
mod place;
mod words;

pub use place::{AzureArgs, ClusterArgs, MinikubeArgs, Only, PlaceArgs, Via};
pub use words::{
    Apply, Completions, Crack, Delete, Down, Image, ImageBuild, ImageWord, Logs, Man, Manifests,
    Named, Orphans, Plan, Progress, Reap, ResultOf, Scale, Status, SubscriptionArgs, Units, Up,
    Watch, Word,
};

use crate::exit::Exit;
use clap::{Args, Parser, ValueEnum, ValueHint};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Brings up a place to compute, cracks RSA numbers on it, and takes everything down again
///
/// `up` brings up a stack and runs a job on it; `crack` factors a number or a public key;
/// `down` removes the stack, and leaves nothing behind.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "rsac-infra",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "`rsac-infra WORD --help` says more of a word.",
    after_long_help = Exit::help(),
)]
pub struct Cli {
    /// What holds for every word.
    #[command(flatten)]
    pub common: Common,
    /// The word.
    #[command(subcommand)]
    pub word: Word,
}

/// What holds for every word.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Common {
    /// The stack to act on [default: the only one; for a new one, its provider's name]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "RSAC_STACK",
        hide_env_values = true
    )]
    pub stack: Option<String>,

    /// Where stacks are remembered [default: $XDG_STATE_HOME/rsac or ~/.local/state/rsac]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "RSAC_STATE_DIR",
        hide_env_values = true
    )]
    pub state_dir: Option<PathBuf>,

    /// Who reads stdout: human, or json, one object a line for every event of the run; for
    /// `image build` also the FILE.tar to write
    #[arg(
        long,
        global = true,
        value_name = "FORM",
        default_value = "human",
        env = "RSAC_OUTPUT",
        hide_env_values = true,
        value_hint = ValueHint::Other
    )]
    pub output: Vec<OutputTo>,

    /// When to use colours [default: on a terminal, unless NO_COLOR is set]
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true
    )]
    pub color: When,

    /// Says more; twice, still more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,

    /// Says only answers and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

impl Common {
    /// Who reads stdout.
    pub fn form(&self) -> OutputForm {
        let form = |to: &OutputTo| match to {
            OutputTo::Form(form) => Some(*form),
            OutputTo::File(_) => None,
        };
        self.output.iter().rev().find_map(form).unwrap_or_default()
    }

    /// The file that was asked for, which only `image build` writes.
    pub fn file(&self) -> Option<&Path> {
        self.output.iter().rev().find_map(|to| match to {
            OutputTo::Form(_) => None,
            OutputTo::File(path) => Some(path.as_path()),
        })
    }
}

/// Whether a command line that could not be understood asks for JSON all the same.
pub fn wants_json(words: impl Iterator<Item = OsString>, variable: Option<OsString>) -> bool {
    let words: Vec<OsString> = words.collect();
    let is = |word: &OsString, text: &str| word.to_string_lossy().eq_ignore_ascii_case(text);
    let is_said = words.iter().any(|word| is(word, "--output=json"))
        || words
            .windows(2)
            .any(|pair| is(&pair[0], "--output") && is(&pair[1], "json"));
    is_said || variable.is_some_and(|variable| is(&variable, "json"))
}

/// What `--output` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputTo {
    /// Who reads stdout.
    Form(OutputForm),
    /// An image's file.
    File(PathBuf),
}

impl FromStr for OutputTo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match OutputForm::from_str(text, false) {
            Ok(form) => Ok(Self::Form(form)),
            Err(_) if text.ends_with(".tar") => Ok(Self::File(text.into())),
            Err(_) => Err("write human or json; or, for `image build`, a FILE.tar".to_owned()),
        }
    }
}

/// Who reads stdout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputForm {
    /// People
    #[default]
    Human,
    /// Programs
    Json,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn json_is_wanted_however_it_is_said() {
        let wants = |line: &str, variable: Option<&str>| {
            wants_json(
                line.split(' ').map(OsString::from),
                variable.map(OsString::from),
            )
        };
        assert!(wants("up --output json --nonsense", None));
        assert!(wants("up --output=JSON", None));
        assert!(wants("up", Some("json")));
        assert!(!wants("up --output human json", Some("human")));
        assert!(!wants("up --output", None));
    }

    #[test]
    fn a_word_of_the_issue_parses() {
        for line in [
            "up --provider local -f deploy/example/01-rsac.yaml --wait",
            "up --provider kubeconfig --context c --namespace n --image r/i:1 --wait",
            "up --provider minikube --cpus 2 --memory 4g --nodes 2 --driver docker --only cluster",
            "crack 0xabcdef --name n --workers 2 --method quadratic-sieve --wait",
            "crack - --threads 2 --max-cpu-hours 0.5 --deadline 90s",
            "apply -f -",
            "list",
            "status",
            "watch my-rsac",
            "scale my-rsac 0",
            "suspend my-rsac",
            "resume my-rsac",
            "result my-rsac --private-key",
            "result my-rsac --pem",
            "units my-rsac --plan 0",
            "progress --url http://127.0.0.1:8080",
            "progress --address 127.0.0.1:8080",
            "logs my-rsac -f --tail 3 --component master",
            "delete my-rsac",
            "down --yes --stack here",
            "up --provider azure -f deploy/example/01-rsac.yaml --wait --agent-count 3 --ttl 3h --tag a=b",
            "plan --provider azure --subscription s --parameters p.json --via deployment",
            "down --with-network-watcher --yes",
            "down --adopt rsac-azure --subscription s",
            "orphans --cloud government",
            "reap --yes",
            "stacks --output json",
            "image build --output rsac.tar --executable rsac-infra",
            "image build --push 127.0.0.1:5000/rsac-infra",
            "image build --load minikube:other --load containerd",
            "manifests --image r/i:1 --operator-namespace x --watch a --watch b --dir deploy",
            "completions bash",
            "man",
        ] {
            let words = std::iter::once("rsac-infra").chain(line.split(' '));
            if let Err(error) = Cli::try_parse_from(words) {
                panic!("{line}: {error}");
            }
        }
    }
}
