//! Bringing up a stack: what `up` does before the job, and `crack` where there is none.

use super::Context;
use super::connection::Connection;
use super::down::report;
use super::place::Wanted;
use crate::engine::{Ended, Engine};
use crate::exit::{Exit, Failure};
use crate::output::Event;
use crate::provider::{Provider, Step};
use crate::settings;
use crate::stack::{Stack, StackError, StackLock};

/// Brings up the stack that was named, or the only one, or a new one, as far as it is
/// not up already. `job` are lines of the plan for what comes after.
pub(super) async fn bring_up(
    ctx: &Context<'_>,
    provider: Option<&str>,
    wanted: &Wanted,
    command: &str,
    job: &[String],
) -> Result<Connection, Failure> {
    let Ready {
        stack,
        lock,
        place,
        is_changed,
    } = prepare(ctx, provider, wanted, command).await?;
    let (steps, lock) = observe(ctx, &stack, &*place, lock).await?;
    let mut engine = Engine::new(ctx.out, &stack, &*place, &ctx.interrupts)?;
    engine.show_plan(&steps, job)?;
    let lock = check(ctx, &stack, &*place, &steps, lock).await?;
    if is_changed {
        stack.save()?;
    }
    if engine.perform(&steps).await? == Ended::Interrupted {
        return Err(leave_or_undo(ctx, engine, &*place, lock).await);
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

/// Brings up the cluster alone, without CRD, operator and jobs.
pub(super) async fn bring_up_cluster(
    ctx: &Context<'_>,
    provider: Option<&str>,
    wanted: &Wanted,
) -> Result<(), Failure> {
    let Ready {
        stack,
        lock,
        place,
        is_changed,
    } = prepare(ctx, provider, wanted, "up").await?;
    let (mut steps, lock) = observe(ctx, &stack, &*place, lock).await?;
    let mut engine = Engine::new(ctx.out, &stack, &*place, &ctx.interrupts)?;
    steps.retain(|step| place.is_of_cluster(&step.id));
    engine.show_plan(&steps, &[])?;
    let lock = check(ctx, &stack, &*place, &steps, lock).await?;
    if is_changed {
        stack.save()?;
    }
    if engine.perform(&steps).await? == Ended::Interrupted {
        return Err(leave_or_undo(ctx, engine, &*place, lock).await);
    }
    ctx.out.busy(
        "Next",
        format_args!(
            "`rsac-infra up --stack {}` installs the operator and runs a job",
            stack.name()
        ),
    );
    Ok(())
}

/// A stack that is locked, with its place.
struct Ready {
    stack: Stack,
    lock: StackLock,
    place: Box<dyn Provider>,
    /// Whether its settings are others than are kept: they are, once nothing refuses them.
    is_changed: bool,
}

/// Finds or makes the stack, and settles where it lives.
async fn prepare(
    ctx: &Context<'_>,
    provider: Option<&str>,
    wanted: &Wanted,
    command: &str,
) -> Result<Ready, Failure> {
    let provider = provider.map(settings::provider).transpose()?;
    let name = name_of_stack(ctx, provider)?;
    let asked = provider.unwrap_or(settings::DEFAULT_PROVIDER);
    // Before a stack is made that nothing could be done with.
    if let Err(StackError::Unknown { .. }) = ctx.store.open(&name) {
        wanted.must_be_of(asked)?;
    }
    let lock = ctx.store.lock(&name, command)?;
    let mut stack = ctx.store.open_or_make(&lock, asked)?;
    if provider.is_some_and(|provider| provider != stack.record.provider) {
        let what = format!(
            "--provider {asked}: stack {name} lives on {}",
            stack.record.provider
        );
        return Err(Failure::new(Exit::Conflict, what).remedy("take another --stack"));
    }
    wanted.must_be_of(&stack.record.provider)?;
    let is_new = stack
        .journal()
        .is_ok_and(|journal| journal.records.is_empty());
    let mut is_changed = false;
    match ctx.interruptible(wanted.settled(&stack)).await {
        // One that is forgotten where something refuses them must be known until then.
        Ok(place) if is_new => stack.settle(place)?,
        Ok(place) => {
            is_changed = place != stack.record.place;
            stack.record.place = place;
        }
        Err(failure) => {
            // A new stack that never came to live anywhere is no stack.
            if is_new {
                ctx.store.remove(&stack, lock)?;
            }
            return Err(failure);
        }
    }
    stack.once = wanted.once;
    let place = (ctx.open)(&stack)?;
    Ok(Ready {
        stack,
        lock,
        place,
        is_changed,
    })
}

/// The steps of a stack as they stand.
async fn observe(
    ctx: &Context<'_>,
    stack: &Stack,
    place: &dyn Provider,
    lock: StackLock,
) -> Result<(Vec<Step>, StackLock), Failure> {
    let looked = ctx.interruptible(async { Ok(place.observe().await?) });
    match looked.await {
        Ok(steps) => Ok((steps, lock)),
        Err(failure) => Err(forget_if_new(ctx, stack, lock, failure)),
    }
}

/// What is to be seen to before the first step that is missing.
async fn check(
    ctx: &Context<'_>,
    stack: &Stack,
    place: &dyn Provider,
    steps: &[Step],
    lock: StackLock,
) -> Result<StackLock, Failure> {
    if steps.iter().all(|step| step.done) {
        return Ok(lock);
    }
    let checked = ctx.interruptible(async {
        if let Some(question) = place.question().await?
            && ctx.says_yes(&question).await? == Some(true)
        {
            place.agree();
        }
        Ok(place.check(steps).await?)
    });
    match checked.await {
        Ok(lines) => {
            tell(ctx, &lines)?;
            Ok(lock)
        }
        Err(failure) => Err(forget_if_new(ctx, stack, lock, failure)),
    }
}

/// What a check found, for people and programs.
pub(super) fn tell(ctx: &Context<'_>, lines: &[String]) -> Result<(), Failure> {
    for message in lines {
        ctx.out.tell(&Event::Note { message })?;
        ctx.out.note(format_args!("{:>12} {message}", "i"));
    }
    Ok(())
}

/// A new stack that never came to live anywhere is no stack: it leaves nothing to go on
/// with, and its name for another try.
fn forget_if_new(ctx: &Context<'_>, stack: &Stack, lock: StackLock, failure: Failure) -> Failure {
    let is_new = stack
        .journal()
        .is_ok_and(|journal| journal.records.is_empty() && journal.damaged.is_empty());
    match is_new.then(|| ctx.store.remove(stack, lock)) {
        Some(Err(error)) => failure.remedy(error.to_string()),
        _ => failure,
    }
}

/// The stack that was named; else the provider's; else the only one; else a new one.
pub(super) fn name_of_stack(ctx: &Context<'_>, provider: Option<&str>) -> Result<String, Failure> {
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
    place: &dyn Provider,
    lock: StackLock,
) -> Failure {
    let stack = engine.stack;
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
        Ok(Ended::Complete) => {
            if let Err(error) = ctx.store.remove(stack, lock) {
                return error.into();
            }
            let kept = place.kept();
            let rest = match kept.is_empty() {
                true => "nothing is left",
                false => "nothing is left but what is said above",
            };
            if let Err(failure) = report(ctx, place.removed(), kept) {
                return failure;
            }
            let what = format!("interrupted: stack {name} is undone, {rest}");
            Failure::new(Exit::Interrupted, what)
        }
        Ok(Ended::Interrupted) => left,
        Err(failure) => failure,
    }
}
