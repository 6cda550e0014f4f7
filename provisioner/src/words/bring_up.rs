//! Bringing up a stack: what `up` does before the job, and `crack` where there is none.

use super::Context;
use super::connection::Connection;
use crate::engine::{Ended, Engine};
use crate::exit::{Exit, Failure};
use crate::settings;
use crate::stack::{Stack, StackError, StackLock};

/// Brings up the stack that was named, or the only one, or a new one, as far as it is
/// not up already. `job` are lines of the plan for what comes after.
pub(super) async fn bring_up(
    ctx: &Context<'_>,
    provider: Option<&str>,
    command: &str,
    job: &[String],
) -> Result<Connection, Failure> {
    let provider = provider.map(settings::provider).transpose()?;
    let name = name_of_stack(ctx, provider)?;
    let lock = ctx.store.lock(&name, command)?;
    let wanted = provider.unwrap_or(settings::DEFAULT_PROVIDER);
    let stack = ctx.store.open_or_make(&lock, wanted)?;
    if provider.is_some_and(|provider| provider != stack.record.provider) {
        let what = format!(
            "--provider {wanted}: stack {name} lives on {}",
            stack.record.provider
        );
        return Err(Failure::new(Exit::Conflict, what).remedy("take another --stack"));
    }
    let place = (ctx.open)(&stack)?;
    let mut engine = Engine::new(ctx.out, &stack, &*place, &ctx.interrupts)?;
    let steps = ctx
        .interruptible(async { Ok(place.observe().await?) })
        .await?;
    engine.show_plan(&steps, job)?;
    if engine.perform(&steps).await? == Ended::Interrupted {
        return Err(leave_or_undo(ctx, engine, &stack, lock).await);
    }
    let access = ctx
        .interruptible(async { Ok(place.access().await?) })
        .await?;
    drop(engine);
    drop(lock);
    Ok(Connection {
        stack,
        provider: place,
        access,
    })
}

/// The stack that was named; else the provider's; else the only one; else a new one.
fn name_of_stack(ctx: &Context<'_>, provider: Option<&str>) -> Result<String, Failure> {
    if let Some(name) = ctx.stack.as_deref().or(provider) {
        return Ok(name.to_owned());
    }
    let mut names = ctx.store.names()?;
    if names.len() > 1 {
        return Err(StackError::Several(names).into());
    }
    let only = names.pop();
    Ok(only.unwrap_or_else(|| settings::DEFAULT_PROVIDER.to_owned()))
}

/// Ctrl-C came between the steps: whoever sits at the terminal decides, and without one
/// the stack stays as it is, for another `up`.
async fn leave_or_undo(
    ctx: &Context<'_>,
    mut engine: Engine<'_>,
    stack: &Stack,
    lock: StackLock,
) -> Failure {
    let name = stack.name();
    let left = Failure::new(
        Exit::Interrupted,
        format!("interrupted: stack {name} is left as it is"),
    )
    .remedy(format!("`rsac-infra up --stack {name}` goes on with it"))
    .remedy(format!("`rsac-infra down --stack {name}` removes it"));
    let Some(ask) = ctx.ask else {
        return left;
    };
    let question = format!("Leave stack {name} as it is, or undo what was done? [leave/undo] ");
    let answer = tokio::select! {
        answer = ask(question) => answer.unwrap_or_default(),
        () = ctx.interrupts.wait() => String::new(),
    };
    if !matches!(answer.trim(), "u" | "undo") {
        return left;
    }
    match engine.undo().await {
        Ok(Ended::Complete) => match ctx.store.remove(stack, lock) {
            Ok(()) => Failure::new(
                Exit::Interrupted,
                format!("interrupted: stack {name} is undone, nothing is left"),
            ),
            Err(error) => error.into(),
        },
        Ok(Ended::Interrupted) => left,
        Err(failure) => failure,
    }
}
