//! `down`: shows the results that no word has shown, asks, undoes a stack's steps in
//! reverse, checks that nothing is left, and forgets the stack.

use super::connection::Connection;
use super::view::View;
use super::{Context, solved};
use crate::cli::Down;
use crate::engine::{Ended, Engine};
use crate::exit::{Exit, Failure};
use crate::output::Event;
use crate::provider::Provider;
use crate::stack::Stack;
use rsac_api::RSACracker;

pub(super) async fn run(ctx: &Context<'_>, args: Down) -> Result<(), Failure> {
    let name = ctx.store.resolve(ctx.stack.as_deref())?.record.name;
    let lock = ctx.store.lock(&name, "down")?;
    // Again, now that nobody can take it away.
    let stack = ctx.store.open(&name)?;
    if !args.yes && ctx.ask.is_none() {
        let what = format!("`down` removes stack {name} and its jobs, and nobody is there to ask");
        return Err(Failure::new(Exit::Usage, what).remedy("--yes"));
    }
    let place = (ctx.open)(&stack)?;
    let jobs = ctx
        .interruptible(rescue_results(ctx, &stack, &*place, args.force))
        .await?;
    if !args.yes && !confirmed(ctx, &name, &jobs).await? {
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
    ctx.store.remove(&stack, lock)?;
    ctx.out.event(&Event::Removed { stack: &name })?;
    let kept = place.kept();
    for line in &kept {
        ctx.out.event(&Event::Note { message: line })?;
        ctx.out.busy("Kept", line);
    }
    let rest = match kept.is_empty() {
        true => "nothing of it is left",
        false => "nothing of it is left but what others use",
    };
    ctx.out
        .step("Removed", format_args!("stack {name}; {rest}"));
    Ok(())
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
    match look.await {
        Ok(jobs) => Ok(jobs),
        Err(failure) if force => {
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
    let Some(ask) = ctx.ask else {
        return Ok(false);
    };
    let jobs = match jobs {
        [] => "no job".to_owned(),
        jobs => jobs.join(", "),
    };
    let question = format!("Remove stack {name} with {jobs}? [y/N] ");
    let asked = async {
        ask(question)
            .await
            .map_err(|error| Failure::new(Exit::Failure, format!("the terminal: {error}")))
    };
    let answer = ctx.interruptible(asked).await?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
