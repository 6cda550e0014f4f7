//! Arguments of the words that write files: images, manifests, completions, man pages.

use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// `image`
#[derive(Debug, Clone, Args)]
pub struct Image {
    /// What to do
    #[command(subcommand)]
    pub word: ImageWord,
}

/// The words of `image`.
#[derive(Debug, Clone, Subcommand)]
pub enum ImageWord {
    /// Build the image, and write, load or push it
    Build(ImageBuild),
}

/// `image build`; its file is the global `--output`'s.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Examples:
  rsac-infra image build --output rsac-infra.tar
  rsac-infra image build --load minikube
  rsac-infra image build --push registry.example.com/team/rsac-infra
  rsac-infra image build --executable target/x86_64-unknown-linux-gnu/release/rsac-infra --output rsac-infra.tar")]
pub struct ImageBuild {
    /// The executable to put into it: rsac-infra of this version, for Linux [default: this one]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub executable: Option<PathBuf>,

    /// The name under which it is written or loaded [default: localhost/rsac-infra with a tag of its content]
    #[arg(long, value_name = "REFERENCE")]
    pub name: Option<String>,

    /// Load it: minikube, minikube:PROFILE, or containerd (of this machine); repeatable
    #[arg(long, value_name = "STORE")]
    pub load: Vec<crate::image::Store>,

    /// Push it to a repository, under a tag of its content unless one is given
    #[arg(long, value_name = "REGISTRY/REPOSITORY[:TAG]")]
    pub push: Option<String>,

    /// The registry speaks plain HTTP, as one on this machine always does
    #[arg(long, requires = "push")]
    pub plain_http: bool,
}

/// `manifests`
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Examples:
  rsac-infra manifests --image registry.example/rsac-infra:0.1.0 | kubectl apply --server-side -f -
  rsac-infra manifests --dir deploy")]
pub struct Manifests {
    /// The image of operator, masters and workers [default: localhost/rsac-infra of this version]
    #[arg(long, value_name = "REF")]
    pub image: Option<String>,

    /// The Secret of the operator's namespace with which the image is pulled, if that takes one
    #[arg(long, value_name = "NAME")]
    pub pull_secret: Option<String>,

    /// The operator's namespace [default: rsac-system]
    #[arg(long, value_name = "NAMESPACE")]
    pub operator_namespace: Option<String>,

    /// Only work on jobs in this namespace, and take no rights in others; repeatable
    #[arg(long, value_name = "NAMESPACE")]
    pub watch: Vec<String>,

    /// Write files into this folder (crd/, operator/, kustomize/), instead of all to stdout
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}

/// `completions`
#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Clone, Default, Args)]
pub struct Man {
    /// Write a page a word into this folder, instead of the main page to stdout
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}
