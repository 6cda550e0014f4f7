//! `plan`: what `up` would do, and what is to be seen to before; nothing is touched, here or
//! there.

use super::Context;
use super::bring_up::{name_of_stack, tell};
use super::place::Wanted;
use crate::cli::Plan;
use crate::engine::Engine;
use crate::exit::{Exit, Failure};
use crate::settings;
use crate::stack::{Stack, StackError};

pub(super) async fn run(ctx: &Context<'_>, args: Plan) -> Result<(), Failure> {
    let wanted = Wanted::of(&args.place, None)?;
    let provider = args
        .provider
        .as_deref()
        .map(settings::provider)
        .transpose()?;
    let name = name_of_stack(ctx, provider)?;
    let mut stack = match ctx.store.open(&name) {
        Err(StackError::Unknown { .. }) => {
            let asked = provider.unwrap_or(settings::DEFAULT_PROVIDER);
            ctx.store.imagined(&name, asked)?
        }
        other => other?,
    };
    must_be_of(&stack, provider)?;
    wanted.must_be_of(&stack.record.provider)?;
    stack.record.place = wanted.settled(&stack).await?;
    stack.once = wanted.once;
    let place = (ctx.open)(&stack)?;
    let steps = place.observe().await?;
    Engine::new(ctx.out, &stack, &*place, &ctx.interrupts)?.show_plan(&steps, &[])?;
    if steps.iter().all(|step| step.done) {
        return Ok(());
    }
    tell(ctx, &place.check(&steps).await?)?;
    match place.forecast().await {
        Ok(lines) => tell(ctx, &lines),
        // Advice that cannot be had is no reason to stop.
        Err(error) => tell(ctx, &[format!("no forecast: {error}")]),
    }
}

fn must_be_of(stack: &Stack, provider: Option<&str>) -> Result<(), Failure> {
    match provider {
        Some(asked) if asked != stack.record.provider => {
            let (name, lives) = (stack.name(), &stack.record.provider);
            let what = format!("--provider {asked}: stack {name} lives on {lives}");
            Err(Failure::new(Exit::Conflict, what).remedy("take another --stack"))
        }
        _ => Ok(()),
    }
}
