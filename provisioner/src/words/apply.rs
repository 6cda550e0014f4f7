//! `apply -f`: resources as a manifest says.

use super::connection::Connection;
use super::view::View;
use super::{Context, manifest, spot, wait};
use crate::access::Applied;
use crate::cli::Apply;
use crate::exit::{Exit, Failure};
use crate::output::Event;
use rsac_api::RSACracker;

pub(super) async fn run(ctx: &Context<'_>, args: Apply) -> Result<(), Failure> {
    let crackers = manifest::load(ctx, &args.file)?;
    let connection = ctx.interruptible(Connection::open(ctx)).await?;
    all(ctx, connection, &crackers, args.wait).await
}

/// Applies all resources; then waits for each, or says how to.
pub(super) async fn all(
    ctx: &Context<'_>,
    mut connection: Connection,
    crackers: &[RSACracker],
    wait: bool,
) -> Result<(), Failure> {
    for cracker in crackers {
        ctx.interruptible(one(ctx, &connection, cracker)).await?;
    }
    let names: Vec<&str> = crackers.iter().map(|c| View(c).name()).collect();
    if !wait {
        for name in &names {
            ctx.out.busy(
                "Next",
                format_args!("`rsac-infra watch {name}` follows it, `rsac-infra result {name}` shows its factors"),
            );
        }
        return Ok(());
    }
    // Each job is waited for, whatever became of those before; a failure is told at the
    // end, an interrupt at once.
    let mut failed = None;
    for name in names {
        match wait::until_ended(ctx, &mut connection, name).await {
            Ok(()) => {}
            Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
            Err(failure) => {
                if let Some(earlier) = failed.replace(failure) {
                    ctx.out.failure(&earlier);
                }
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn one(
    ctx: &Context<'_>,
    connection: &Connection,
    cracker: &RSACracker,
) -> Result<(), Failure> {
    let cracker = spot::placed(&connection.stack, cracker);
    let (now, applied) = connection.access.apply(&cracker).await?;
    let outcome = match applied {
        Applied::Created => "created",
        Applied::Changed => "changed",
        Applied::Unchanged => "unchanged",
    };
    let view = View(&now);
    ctx.out.tell(&Event::Applied {
        name: view.name(),
        outcome,
    })?;
    ctx.out
        .step("Applied", format_args!("{} ({outcome})", view.name()));
    Ok(())
}
