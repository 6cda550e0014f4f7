//! What providers on Kubernetes have in common: the steps within a cluster (CRD, operator,
//! the jobs' namespace), the way to its jobs, and what of a stack is left there.

mod errors;
pub(super) mod image;
mod leftovers;
mod pulling;

use super::{ProviderError, Say, Step, Undone};
use crate::access::{Access, KubernetesAccess};
use crate::cluster::{Cluster, Target};
use crate::deploy::compat::{Verdict, What};
use crate::deploy::marks::Marks;
use crate::deploy::render::Options;
use crate::deploy::{install, look, remove};
use crate::journal::Journal;
use crate::stack::{Once, Place, Stack, StackError, write_private};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::Api;
use rsac_api::names;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// The namespace for jobs, unless told otherwise.
pub const DEFAULT_NAMESPACE: &str = "rsac";

const DEFINITION: &str = "kubernetes/definition";
pub(super) const OPERATOR: &str = "kubernetes/operator";
pub(super) const NAMESPACE: &str = "kubernetes/namespace";

/// A stack's part of a cluster.
pub(super) struct OnCluster {
    stack: Stack,
    /// What stayed because others use it, in words.
    kept: Mutex<Vec<String>>,
}

impl OnCluster {
    /// For a stack whose settings are settled.
    pub(super) fn new(stack: Stack) -> Self {
        Self {
            stack,
            kept: Mutex::default(),
        }
    }

    pub(super) fn place(&self) -> &Place {
        &self.stack.record.place
    }

    pub(super) fn folder(&self) -> &PathBuf {
        &self.stack.folder
    }

    /// The image that was named, or else the one that was loaded into the nodes.
    fn image(&self) -> Option<String> {
        self.place().image.clone().or_else(|| self.loaded_image())
    }

    fn image_file(&self) -> PathBuf {
        self.folder().join("image")
    }

    /// The image that was loaded into the nodes.
    pub(super) fn loaded_image(&self) -> Option<String> {
        std::fs::read_to_string(self.image_file()).ok()
    }

    /// Remembers the image that was loaded into the nodes.
    pub(super) fn use_image(&self, reference: &str) -> Result<(), ProviderError> {
        let written = write_private(&self.image_file(), reference);
        written.map_err(|error| ProviderError::Failed(error.to_string()))
    }

    /// What holds for this run only.
    pub(super) fn once(&self) -> Once {
        self.stack.once
    }

    fn namespace(&self) -> &str {
        self.place()
            .namespace
            .as_deref()
            .unwrap_or(DEFAULT_NAMESPACE)
    }

    /// Read when it is needed: the journal gets its run with its first entry.
    fn marks(&self) -> Result<Marks, ProviderError> {
        Ok(Marks {
            stack: self.stack.record.id.clone(),
            run: self.journal()?.run().to_owned(),
        })
    }

    fn journal(&self) -> Result<Journal, ProviderError> {
        let journal = self.stack.journal().map_err(StackError::from);
        journal.map_err(|error| ProviderError::Failed(error.to_string()))
    }

    /// The context that leads to the cluster.
    pub(super) fn target(&self) -> Target {
        let place = self.place();
        Target {
            files: place.kubeconfig.clone(),
            context: place.context.clone(),
        }
    }

    /// The cluster, which need not answer.
    pub(super) async fn open(&self) -> Result<Cluster, ProviderError> {
        Ok(Cluster::open(&self.target()).await?)
    }

    /// The steps within the cluster; where there is none yet, all are to be done.
    pub(super) async fn observe(
        &self,
        cluster: Option<&Cluster>,
    ) -> Result<Vec<Step>, ProviderError> {
        let namespace = self.namespace();
        let mut steps = vec![
            step(DEFINITION, "install the CRD".to_owned()),
            step(OPERATOR, self.operator_title()),
            step(NAMESPACE, format!("make namespace {namespace} for jobs")),
        ];
        let Some(cluster) = cluster else {
            return Ok(steps);
        };
        let client = &cluster.client;
        let (there, consent) = (look::look(client).await?, self.once().consent);
        steps[0].done = there.is_definition_done(consent);
        let image = self.image();
        let given = (image.as_deref(), self.pull_secret());
        steps[1].done = there.is_operator_done(consent, &self.marks()?, given);
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let found = namespaces.get_metadata_opt(namespace).await;
        steps[2].done = found.map_err(errors::api)?.is_some();
        // What is there already is used, not installed.
        for (step, found) in [(0, there.found_definition()), (1, there.found_operator())] {
            let keeps = !(step == 1 && !steps[1].done && self.shares_login());
            if let Some(version) = found.and_then(|found| found.version).filter(|_| keeps) {
                let what = ["CRD", "operator"][step];
                steps[step].title = match steps[step].done {
                    true => format!("use the cluster's {what} {version}"),
                    false => format!("check the cluster's {what} {version}"),
                };
            }
        }
        Ok(steps)
    }

    pub(super) async fn perform(
        &self,
        cluster: &Cluster,
        step: &str,
        say: Say<'_>,
    ) -> Result<(), ProviderError> {
        let (client, marks) = (&cluster.client, self.marks()?);
        let consent = self.once().consent;
        match step {
            DEFINITION => {
                let verdict = install::definition(client, &marks, consent).await?;
                tell(say, What::Definition, verdict);
            }
            OPERATOR => {
                self.share_login(cluster).await?;
                let options = self.options(client).await?;
                let verdict = install::operator(client, &options, &marks, consent, say).await?;
                tell(say, What::Operator, verdict);
            }
            NAMESPACE => install::namespace(client, self.namespace(), &marks).await?,
            other => return Err(unknown(other)),
        }
        Ok(())
    }

    /// An operator that is there needs no image of ours.
    async fn options(&self, client: &kube::Client) -> Result<Options, ProviderError> {
        let there = look::look(client).await?;
        let options = Options {
            pull_secret: self.pull_secret().map(str::to_owned),
            pulls_by_role: self.pulls_by_role(),
            ..Options::default()
        };
        match (self.image(), there.operator) {
            (Some(image), _) => Ok(Options { image, ..options }),
            (None, Some(_)) => Ok(options),
            (None, None) => Err(ProviderError::Setting {
                what: "the operator and its jobs need an image that the nodes can pull".to_owned(),
                remedy: "--image REF".to_owned(),
            }),
        }
    }

    pub(super) async fn undo(
        &self,
        cluster: &Cluster,
        step: &str,
        say: Say<'_>,
    ) -> Result<Undone, ProviderError> {
        let (client, marks) = (&cluster.client, self.marks()?);
        let stays = match step {
            NAMESPACE => {
                self.delete_jobs(cluster, &marks, say).await?;
                say(&format!("namespace {}", self.namespace()));
                remove::namespace(client, self.namespace(), &marks).await?
            }
            OPERATOR => {
                let there = look::look(client).await?.operator;
                let namespace = there.and_then(|there| there.metadata.namespace);
                let options = Options {
                    namespace: namespace.unwrap_or_else(|| names::OPERATOR_NAMESPACE.to_owned()),
                    ..Options::default()
                };
                remove::operator(client, &options, &marks, say).await?
            }
            DEFINITION => remove::definition(client, &marks).await?,
            other => return Err(unknown(other)),
        };
        if let Some(stays) = stays {
            say(&stays);
            self.keep(stays);
            return Ok(Undone::Left);
        }
        // What no run of this stack installed is another's.
        let journal = self.journal()?;
        Ok(match journal.begun().contains(&step) {
            true => Undone::Gone,
            false => Undone::Left,
        })
    }

    /// Notes what stays.
    pub(super) fn keep(&self, stays: String) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.contains(&stays) {
            kept.push(stays);
        }
    }

    /// Deletes the jobs that this stack made.
    async fn delete_jobs(
        &self,
        cluster: &Cluster,
        marks: &Marks,
        say: Say<'_>,
    ) -> Result<(), ProviderError> {
        let access = self.jobs(cluster, marks.clone());
        for name in leftovers::own_jobs(cluster, self.namespace(), marks).await? {
            say(&format!("job {name}"));
            match access.delete(&name).await {
                Ok(()) | Err(crate::access::AccessError::NotFound(_)) => {}
                Err(error) => return Err(ProviderError::Failed(format!("job {name}: {error}"))),
            }
        }
        Ok(())
    }

    fn jobs(&self, cluster: &Cluster, marks: Marks) -> KubernetesAccess {
        KubernetesAccess::new(cluster.client.clone(), self.namespace().to_owned(), marks)
    }

    pub(super) async fn access(&self) -> Result<Box<dyn Access>, ProviderError> {
        self.access_by(&self.open().await?)
    }

    /// The way to the jobs by a cluster that is open.
    pub(super) fn access_by(&self, cluster: &Cluster) -> Result<Box<dyn Access>, ProviderError> {
        Ok(Box::new(self.jobs(cluster, self.marks()?)))
    }

    /// What stayed because others use it.
    pub(super) fn kept(&self) -> Vec<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clone()
    }

    /// What is left of the stack, without what others use.
    pub(super) async fn leftovers(&self, cluster: &Cluster) -> Result<Vec<String>, ProviderError> {
        leftovers::of(cluster, self.namespace(), &self.marks()?).await
    }
}

/// Whether a step is one within the cluster, which `up --only cluster` leaves out.
pub(super) fn is_within(step: &str) -> bool {
    [DEFINITION, OPERATOR, NAMESPACE].contains(&step)
}

/// Whether the operator needs nothing done, by the steps that were observed.
pub(super) fn has_operator(steps: &[Step]) -> bool {
    steps.iter().any(|step| step.id == OPERATOR && step.done)
}

/// The operator is to be installed anew: it is given another image.
pub(super) fn redo_operator(steps: &mut [Step]) {
    for step in steps.iter_mut().filter(|step| step.id == OPERATOR) {
        step.done = false;
        "give the operator its image anew".clone_into(&mut step.title);
    }
}

/// A step that is to be done.
pub(super) fn step(id: &str, title: String) -> Step {
    Step {
        id: id.to_owned(),
        title,
        done: false,
    }
}

fn tell(say: Say<'_>, what: What, verdict: Verdict) {
    match verdict {
        Verdict::Install => {}
        Verdict::Use => say(&format!("the {what} that is there serves")),
        Verdict::Upgrade => say(&format!("the {what} is of this version now")),
        Verdict::Adopt => say(&format!("the {what} is rsac's now")),
    }
}

fn unknown(step: &str) -> ProviderError {
    ProviderError::Failed(format!("this provider has no step {step:?}"))
}
