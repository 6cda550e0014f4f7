//! `scale`: how many workers a job has.

use super::Context;
use super::connection::Connection;
use super::view::View;
use crate::cli::Scale;
use crate::exit::{Exit, Failure};
use rsac_api::defaults::MAX_WORKER_COUNT;

pub(super) async fn run(ctx: &Context<'_>, args: Scale) -> Result<(), Failure> {
    let Scale { name, workers } = args;
    let workers = within_bounds(workers)?;
    let connection = Connection::open(ctx).await?;
    connection.get(&name).await?;
    let now = connection.access.scale(&name, workers).await?;
    super::status::event(ctx, &now)?;
    let plural = if workers == 1 { "" } else { "s" };
    ctx.out
        .step("Scaled", format_args!("{name} to {workers} worker{plural}"));
    if let Some(useful) = View(&now).status().and_then(|status| status.useful_workers)
        && i64::from(useful) < i64::from(workers)
    {
        ctx.out
            .busy("Note", format_args!("{useful} are all that it can use now"));
    }
    Ok(())
}

fn within_bounds(workers: i64) -> Result<u32, Failure> {
    match u32::try_from(workers) {
        Ok(workers) if workers <= MAX_WORKER_COUNT => Ok(workers),
        _ => {
            let what = format!("N: {workers} workers are not 0 to {MAX_WORKER_COUNT}");
            let remedy = format!("give 0 (the job stays and waits) to {MAX_WORKER_COUNT}");
            Err(Failure::new(Exit::BadInput, what).remedy(remedy))
        }
    }
}
