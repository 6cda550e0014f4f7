//! From a stack's name to its resources: what every word that speaks to a running stack
//! begins with.

use super::{Context, closest};
use crate::access::{Access, AccessError};
use crate::exit::{Exit, Failure};
use crate::provider::Provider;
use crate::stack::{Stack, StackError};
use rsac_api::RSACracker;

/// A stack that answers.
pub(super) struct Connection {
    /// The stack.
    pub(super) stack: Stack,
    /// Its place: asked again for the way in when the stack stops answering.
    pub(super) provider: Box<dyn Provider>,
    /// The way to its resources.
    pub(super) access: Box<dyn Access>,
}

impl Connection {
    /// Connects to the stack that was named, or the only one; a supervisor that died is
    /// started again by the provider.
    pub(super) async fn open(ctx: &Context<'_>) -> Result<Self, Failure> {
        let stack = ctx.store.resolve(ctx.stack.as_deref())?;
        let name = stack.name();
        let journal = stack.journal().map_err(StackError::from)?;
        if !journal.is_complete() {
            let what = format!("stack {name} is not complete: its `up` or `down` did not end");
            return Err(Failure::new(Exit::Provider, what)
                .remedy(format!("`rsac-infra up --stack {name}` goes on with it"))
                .remedy(format!("`rsac-infra down --stack {name}` removes it")));
        }
        let provider = (ctx.open)(&stack)?;
        let access = provider.access().await?;
        Ok(Self {
            stack,
            provider,
            access,
        })
    }

    /// The resource of that name, or with a suggestion that there is none.
    pub(super) async fn get(&self, name: &str) -> Result<RSACracker, Failure> {
        match self.access.get(name).await {
            Err(error @ AccessError::NotFound(_)) => {
                let all = self.access.list().await.unwrap_or_default();
                let names: Vec<&str> = all.iter().filter_map(name_of).collect();
                Err(not_found(error, name, &names))
            }
            other => Ok(other?),
        }
    }

    /// The resource that was named, or the only one.
    pub(super) async fn pick(&self, named: Option<&str>) -> Result<RSACracker, Failure> {
        if let Some(name) = named {
            return self.get(name).await;
        }
        let mut all = self.access.list().await?;
        if all.len() > 1 {
            let names: Vec<&str> = all.iter().filter_map(name_of).collect();
            let what = format!(
                "there are {} jobs ({}): which one?",
                all.len(),
                names.join(", ")
            );
            return Err(Failure::new(Exit::Usage, what).remedy("name it"));
        }
        all.pop().ok_or_else(|| {
            let what = format!("stack {} has no job", self.stack.name());
            Failure::new(Exit::NotFound, what).remedy("`rsac-infra crack NUMBER` makes one")
        })
    }
}

/// The name of a resource; one that a stack has always has a name.
pub(super) fn name_of(cracker: &RSACracker) -> Option<&str> {
    cracker.metadata.name.as_deref()
}

/// Why a job's master does not answer: one that is suspended rests.
pub(super) fn of_master(cracker: &RSACracker, error: AccessError) -> Failure {
    let name = name_of(cracker).unwrap_or_default();
    match error {
        AccessError::NoMaster { .. } if cracker.spec.suspend == Some(true) => {
            let what = format!("job {name} is suspended, and its master rests");
            Failure::new(Exit::NotYet, what).remedy(format!("`rsac-infra resume {name}` goes on"))
        }
        error => error.into(),
    }
}

fn not_found(error: AccessError, name: &str, names: &[&str]) -> Failure {
    let mut failure = Failure::from(error);
    if let Some(close) = closest(name, names.iter().copied()) {
        failure.remedies = vec![format!("did you mean {close}?")];
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspended_jobs_master_rests_and_another_is_silent() {
        let silent = || AccessError::NoMaster {
            name: "my-rsac".to_owned(),
            why: "it has not started yet".to_owned(),
        };
        let mut cracker = super::super::manifest::example().unwrap().remove(0);
        assert!(
            of_master(&cracker, silent())
                .message
                .contains("not started")
        );
        cracker.spec.suspend = Some(true);
        let failure = of_master(&cracker, silent());
        assert_eq!(
            failure.message,
            "job my-rsac is suspended, and its master rests"
        );
        assert_eq!(failure.exit, Exit::NotYet);
    }
}
