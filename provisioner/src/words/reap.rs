//! `reap`: takes down the stacks of an Azure subscription whose `--ttl` is over, wherever they
//! were made. For a schedule: a time to live is enforced only where this runs.

use super::Context;
use super::adopt::{adopt, surveyed};
use super::down;
use crate::cli::{Down, Reap};
use crate::exit::{Exit, Failure};
use crate::provider::azure::survey;

pub(super) async fn run(ctx: &Context<'_>, args: Reap) -> Result<(), Failure> {
    if !args.yes && ctx.ask.is_none() {
        let what = "`reap` deletes, and nobody is there to ask";
        return Err(Failure::new(Exit::Usage, what).remedy("--yes"));
    }
    let session = surveyed(ctx, &args.subscription)?;
    let found = ctx
        .interruptible(async { Ok(survey::all(&session).await?) })
        .await?;
    let over = survey::over(&found, session.arm.now());
    if over.is_empty() {
        ctx.out.note(format_args!(
            "nothing in subscription {} is past its time",
            session.subscription
        ));
        return Ok(());
    }
    let mut failures = Vec::new();
    for group in &over {
        let taken = take_down(ctx, &args, group).await;
        if let Err(failure) = taken {
            // The others are past their time too.
            ctx.out
                .warn(format_args!("resource group {group}: {}", failure.message));
            failures.push(group.clone());
            if failure.exit == Exit::Interrupted {
                return Err(failure);
            }
        }
    }
    match failures.as_slice() {
        [] => Ok(()),
        failures => {
            let what = format!("not taken down: {}", failures.join(", "));
            Err(Failure::new(Exit::Provider, what).remedy("see the reason of each above"))
        }
    }
}

async fn take_down(ctx: &Context<'_>, args: &Reap, group: &str) -> Result<(), Failure> {
    let name = adopt(ctx, group, &args.subscription).await?;
    let down = Down {
        yes: args.yes,
        ..Down::default()
    };
    down::of(ctx, &name, &down).await
}
