//! minikube: a profile that is found, or started; then as on any cluster. `down` deletes
//! the profile only where `up` made it, and succeeds when it is gone already.

mod command;
mod profile;

use super::kubernetes::{self, OnCluster, image};
use super::{Provider, ProviderError, Say, Step, Undone};
use crate::access::Access;
use crate::cluster::Cluster;
use crate::stack::{MinikubePlace, Stack, write_private};
use async_trait::async_trait;
use command::Minikube as Program;
use profile::State;
use std::path::PathBuf;

/// The profile, unless told otherwise; minikube's own default.
pub const DEFAULT_PROFILE: &str = "minikube";

const PROFILE: &str = "minikube/profile";
const IMAGE: &str = "minikube/image";

/// The provider of one stack.
pub struct Minikube {
    within: OnCluster,
    program: Program,
}

impl Minikube {
    /// For a stack whose profile is settled.
    pub fn new(stack: Stack) -> Self {
        let kubeconfig = stack.record.place.kubeconfig.clone();
        Self {
            within: OnCluster::new(stack),
            program: Program::new(kubeconfig),
        }
    }

    fn settings(&self) -> MinikubePlace {
        self.within.place().minikube.clone().unwrap_or_default()
    }

    fn profile(&self) -> String {
        let profile = self.settings().profile;
        profile.unwrap_or_else(|| DEFAULT_PROFILE.to_owned())
    }

    /// The file that says that this stack makes the profile: written before it is made.
    fn mark(&self) -> PathBuf {
        self.within.folder().join("minikube-profile")
    }

    fn is_own(&self) -> bool {
        self.mark().exists()
    }

    async fn state(&self) -> Result<State, ProviderError> {
        self.program.state(&self.profile()).await
    }

    async fn start(&self, state: State, say: Say<'_>) -> Result<(), ProviderError> {
        let (profile, settings) = (self.profile(), self.settings());
        if state == State::Absent {
            // What cannot run there, and a driver that does not run, are found before
            // anything is made.
            if self.builds_image() {
                image::of_this_program().await?;
            }
            say("checking the driver");
            self.program.start(&profile, &settings, true, say).await?;
            write_private(&self.mark(), &profile)
                .map_err(|error| ProviderError::Failed(error.to_string()))?;
        }
        if state != State::Running {
            self.program.start(&profile, &settings, false, say).await?;
        }
        self.reach().await.map(|_| ())
    }

    /// Whether the image is made of this program, and not named.
    fn builds_image(&self) -> bool {
        self.within.place().image.is_none()
    }

    async fn load_image(&self, say: Say<'_>) -> Result<(), ProviderError> {
        let cluster = self.reach().await?;
        say("building it");
        let image = image::for_nodes_of(&cluster).await?;
        let reference = image.local_reference();
        say(&reference);
        let profile = self.profile();
        let store = crate::image::Store::Minikube { profile };
        crate::image::load(&image, &reference, &store).await?;
        self.within.use_image(&reference)
    }

    /// The cluster of the profile; an entry that the kubeconfig lacks is made by minikube.
    async fn reach(&self) -> Result<Cluster, ProviderError> {
        if let Ok(cluster) = self.within.open().await
            && cluster.version().await.is_ok()
        {
            return Ok(cluster);
        }
        self.program.update_context(&self.profile()).await?;
        let cluster = self.within.open().await?;
        cluster.version().await?;
        Ok(cluster)
    }
}

#[async_trait]
impl Provider for Minikube {
    async fn observe(&self) -> Result<Vec<Step>, ProviderError> {
        let state = self.state().await?;
        let running = state == State::Running;
        let profile = self.profile();
        let mut steps = vec![Step {
            id: PROFILE.to_owned(),
            title: match state {
                State::Absent => format!("make minikube profile {profile}"),
                _ => format!("start minikube profile {profile}"),
            },
            done: running,
        }];
        let cluster = match running {
            true => Some(self.reach().await?),
            false => None,
        };
        let within = self.within.observe(cluster.as_ref()).await?;
        if self.builds_image() {
            steps.push(Step {
                id: IMAGE.to_owned(),
                title: format!("load the image of this program into profile {profile}"),
                // An operator that is there brings its own.
                done: kubernetes::has_operator(&within),
            });
        }
        steps.extend(within);
        Ok(steps)
    }

    async fn perform(&self, step: &str, say: Say<'_>) -> Result<(), ProviderError> {
        match step {
            PROFILE => self.start(self.state().await?, say).await,
            IMAGE => self.load_image(say).await,
            step => {
                let cluster = self.reach().await?;
                self.within.perform(&cluster, step, say).await
            }
        }
    }

    async fn undo(&self, step: &str, say: Say<'_>) -> Result<Undone, ProviderError> {
        let state = self.state().await?;
        match step {
            PROFILE if self.is_own() => {
                if state != State::Absent {
                    self.program.delete(&self.profile(), say).await?;
                }
                let removed = std::fs::remove_file(self.mark());
                removed.map_err(|source| ProviderError::Io {
                    path: self.mark(),
                    source,
                })?;
                Ok(Undone::Gone)
            }
            PROFILE => Ok(Undone::Left),
            IMAGE => match self.within.loaded_image() {
                // From a profile that stays.
                Some(reference) if state == State::Running && !self.is_own() => {
                    let profile = self.profile();
                    self.program.remove_image(&profile, &reference).await?;
                    Ok(Undone::Gone)
                }
                _ => Ok(Undone::Left),
            },
            // What is within goes with the profile, or went with it.
            _ if state == State::Absent || (self.is_own() && state != State::Running) => {
                Ok(Undone::Left)
            }
            step => {
                let cluster = self.reach().await?;
                self.within.undo(&cluster, step, say).await
            }
        }
    }

    async fn access(&self) -> Result<Box<dyn Access>, ProviderError> {
        self.within.access().await
    }

    async fn leftovers(&self) -> Result<Vec<String>, ProviderError> {
        match self.state().await? {
            State::Absent => Ok(Vec::new()),
            _ if self.is_own() => Ok(vec![format!("minikube profile {}", self.profile())]),
            State::Running => self.within.leftovers(&self.reach().await?).await,
            State::Stopped => Ok(Vec::new()),
        }
    }

    fn kept(&self) -> Vec<String> {
        self.within.kept()
    }

    fn is_of_cluster(&self, step: &str) -> bool {
        step == PROFILE
    }

    async fn is_gone(&self) -> Result<bool, ProviderError> {
        Ok(self.state().await? == State::Absent)
    }
}
