//! `orphans`: what rsac-infra made anywhere in an Azure subscription, by its tags, remembered
//! here or not.

use super::Context;
use super::adopt::{known, surveyed};
use crate::cli::Orphans;
use crate::exit::Failure;
use crate::output::{Event, Table, seconds};
use crate::provider::azure::{id, survey};

pub(super) async fn run(ctx: &Context<'_>, args: Orphans) -> Result<(), Failure> {
    let session = surveyed(ctx, &args.subscription)?;
    let found = survey::all(&session).await?;
    if found.is_empty() {
        ctx.out.note(format_args!(
            "subscription {} has nothing that rsac-infra made",
            session.subscription
        ));
        return Ok(());
    }
    let mut table = Table::new(&["RESOURCE", "STACK", "ID", "HERE", "WANTED", "OF"]);
    // By Azure's clock, as `reap` does.
    let now = session.arm.now();
    for found in &found {
        let here = known(ctx, &found.stack_id)?;
        let wanted = match found.expires_at {
            None => "until down".to_owned(),
            Some(at) if at <= now => "no longer".to_owned(),
            Some(at) => format!("for {}", seconds((at - now) as f64)),
        };
        ctx.out.event(&Event::Orphan {
            id: &found.id,
            stack: &found.stack,
            stack_id: &found.stack_id,
            is_known: here.is_some(),
            expires_at: found.expires_at,
            managed_by: found.managed_by.as_deref(),
        })?;
        table.row(vec![
            found.id.clone(),
            found.stack.clone(),
            found.stack_id.clone(),
            if here.is_some() { "yes" } else { "no" }.to_owned(),
            wanted,
            found.managed_by.as_deref().map_or("", id::name).to_owned(),
        ]);
    }
    if ctx.out.is_json() {
        return Ok(());
    }
    ctx.out.to_stdout(&table.render())?;
    ctx.out.busy(
        "Next",
        "`rsac-infra down --adopt RESOURCE-GROUP` takes down one that is not remembered here",
    );
    Ok(())
}
