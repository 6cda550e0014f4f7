//! `down`: shows the results that no word has shown, asks, undoes a stack's steps in
//! reverse, checks that nothing is left, and forgets the stack.

use super::connection::Connection;
use super::view::View;
use super::{Context, adopt, solved, watcher};
use crate::cli::Down;
use crate::engine::{Ended, Engine};
use crate::exit::{Exit, Failure};
use crate::output::Event;
use crate::provider::Provider;
use crate::settings::AZURE;
use crate::stack::{Removal, Stack, StackError};
use rsac_api::RSACracker;
use std::time::Duration;
use tokio::time::timeout;

/// How long a cluster that goes all the same is asked for results that nobody has seen.
const SILENT: Duration = Duration::from_secs(120);

pub(super) async fn run(ctx: &Context<'_>, args: Down) -> Result<(), Failure> {
    if let Some(group) = &args.adopt {
        let name = adopt::adopt(ctx, group, &args.subscription).await?;
        return of(ctx, &name, &args).await;
    }
    if args.with_network_watcher && !has_stack_on_azure(ctx)? {
        return watcher::run(ctx, &args).await;
    }
    let name = ctx.store.resolve(ctx.stack.as_deref())?.record.name;
    of(ctx, &name, &args).await
}

/// Whether the stack that is meant, or any where none is named, lives on Azure: else the
/// records of network watchers are what `--with-network-watcher` is about.
fn has_stack_on_azure(ctx: &Context<'_>) -> Result<bool, Failure> {
    if let Some(name) = &ctx.stack {
        return Ok(!matches!(
            ctx.store.open(name),
            Err(StackError::Unknown { .. })
        ));
    }
    let is_on_azure = |name: &String| match ctx.store.open(name) {
        Ok(stack) => stack.record.provider == AZURE,
        // What it is cannot be said; the word that takes it will.
        Err(_) => true,
    };
    Ok(ctx.store.names()?.iter().any(is_on_azure))
}

/// Takes down the stack of that name.
pub(super) async fn of(ctx: &Context<'_>, name: &str, args: &Down) -> Result<(), Failure> {
    let lock = ctx.store.lock(name, "down")?;
    // Again, now that nobody can take it away.
    let mut stack = ctx.store.open(name)?;
    must_fit(&stack, args)?;
    if !args.yes && ctx.ask.is_none() {
        let what = format!("`down` removes stack {name} and its jobs, and nobody is there to ask");
        return Err(Failure::new(Exit::Usage, what).remedy("--yes"));
    }
    stack.once.down = Removal {
        force: args.force,
        with_network_watcher: args.with_network_watcher,
        no_wait: args.no_wait,
    };
    let place = (ctx.open)(&stack)?;
    let going = ctx
        .interruptible(async { Ok(place.going().await?) })
        .await?;
    let jobs = ctx
        .interruptible(rescue_results(ctx, &stack, &*place, args.force))
        .await?;
    for line in &going {
        ctx.out.tell(&Event::Note { message: line })?;
        ctx.out.note(format_args!("{:>12} {line}", '-'));
    }
    if !args.yes && !confirmed(ctx, name, &jobs).await? {
        let what = format!("stack {name} stays as it is");
        return Err(Failure::new(Exit::Failure, what));
    }
    let mut engine = Engine::new(ctx.out, &stack, &*place, &ctx.interrupts)?;
    if engine.undo().await? == Ended::Interrupted {
        let what = format!("interrupted: stack {name} is taken down in part");
        return Err(Failure::new(Exit::Interrupted, what)
            .remedy(format!("`rsac-infra down --stack {name}` goes on")));
    }
    drop(engine);
    if place.is_going() {
        report(ctx, place.removed(), place.kept())?;
        ctx.out.busy(
            "Deleting",
            format_args!("stack {name}; `rsac-infra down --stack {name}` confirms its end"),
        );
        return Ok(());
    }
    ctx.store.remove(&stack, lock)?;
    report(ctx, place.removed(), place.kept())?;
    ctx.out.tell(&Event::Removed { stack: name })?;
    let rest = match place.kept().is_empty() {
        true => "nothing of it is left",
        false => "nothing of it is left but what is said above",
    };
    ctx.out
        .step("Removed", format_args!("stack {name}; {rest}"));
    Ok(())
}

/// What was deleted, and what stays and why.
pub(super) fn report(
    ctx: &Context<'_>,
    deleted: Vec<String>,
    kept: Vec<String>,
) -> Result<(), Failure> {
    for (verb, lines) in [("Deleted", deleted), ("Kept", kept)] {
        for line in &lines {
            let message = format!("{verb}: {line}");
            ctx.out.tell(&Event::Note { message: &message })?;
            ctx.out.busy(verb, line);
        }
    }
    Ok(())
}

/// Flags of Azure's are not for others.
fn must_fit(stack: &Stack, args: &Down) -> Result<(), Failure> {
    let provider = stack.record.provider.as_str();
    let given = [
        ("--with-network-watcher", args.with_network_watcher),
        ("--no-wait", args.no_wait),
    ];
    match given.iter().find(|(_, is)| *is) {
        Some((flag, _)) if provider != AZURE => {
            let what = format!("{flag}: stack {} lives on {provider}", stack.name());
            Err(Failure::new(Exit::Usage, what).remedy("leave it out"))
        }
        _ => Ok(()),
    }
}

/// Shows every result that no word has shown. Answers the stack's jobs, a line each.
async fn rescue_results(
    ctx: &Context<'_>,
    stack: &Stack,
    place: &dyn Provider,
    force: bool,
) -> Result<Vec<String>, Failure> {
    // A stack whose `up` never came to its end has no job.
    let was_up = stack.journal().is_ok_and(|journal| {
        let entries = &mut journal.records.iter().map(|record| &record.entry);
        journal.records.is_empty() || entries.any(|e| matches!(e, crate::journal::Entry::UpDone))
    });
    if !was_up {
        return Ok(Vec::new());
    }
    let look = async {
        if place.is_gone().await? {
            return Ok(Vec::new());
        }
        let connection = Connection {
            stack: stack.clone(),
            provider: (ctx.open)(stack)?,
            access: place.access().await?,
        };
        let mut all = connection.access.list().await?;
        all.retain(|cracker| connection.access.is_own(cracker));
        for cracker in &all {
            show_unseen(ctx, &connection, cracker).await?;
        }
        let line = |c| format!("{} ({})", View(c).name(), View(c).state());
        Ok::<_, Failure>(all.iter().map(line).collect())
    };
    let looked = match place.may_be_silent() {
        true => match timeout(SILENT, look).await {
            Ok(looked) => looked,
            Err(_) => {
                let what = format!("its cluster gave no answer in {} s", SILENT.as_secs());
                Err(Failure::new(Exit::Provider, what))
            }
        },
        false => look.await,
    };
    match looked {
        Ok(jobs) => Ok(jobs),
        // The cluster has said them: it is not the one that is silent.
        Err(failure) if failure.is_unread() && !force => {
            let what = format!(
                "stack {} has results that were not shown yet, and nobody reads stdout",
                stack.name()
            );
            Err(Failure::new(Exit::Failure, what).remedy("--force goes on, and loses them"))
        }
        Err(failure) if force || place.may_be_silent() => {
            ctx.out.warn(format_args!(
                "results that were not shown are lost: {}",
                failure.message
            ));
            Ok(Vec::new())
        }
        Err(mut failure) => {
            failure.message = format!(
                "stack {} cannot be asked for results that were not shown yet: {}",
                stack.name(),
                failure.message
            );
            Err(failure.remedy("--force goes on, and loses them"))
        }
    }
}

/// Shows the factors of a job that has some, where no word has shown them.
pub(super) async fn show_unseen(
    ctx: &Context<'_>,
    connection: &Connection,
    cracker: &RSACracker,
) -> Result<(), Failure> {
    let view = View(cracker);
    if !view.end().is_some_and(|end| end.solved) {
        return Ok(());
    }
    let Some(solution) = connection.access.solution(view.name()).await? else {
        return Ok(());
    };
    if solved::was_shown(&connection.stack, cracker, &solution) {
        return Ok(());
    }
    solved::show(ctx, &connection.stack, cracker, &solution)
}

async fn confirmed(ctx: &Context<'_>, name: &str, jobs: &[String]) -> Result<bool, Failure> {
    let jobs = match jobs {
        [] => "no job".to_owned(),
        jobs => jobs.join(", "),
    };
    let question = format!("Remove stack {name} with {jobs}?");
    Ok(ctx.says_yes(&question).await?.unwrap_or(false))
}
