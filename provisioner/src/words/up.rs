//! `up`: a stack, and a job on it.

use super::bring_up::{bring_up, bring_up_cluster};
use super::place::Wanted;
use super::view::View;
use super::{Context, apply, manifest};
use crate::cli::Up;
use crate::exit::Failure;

pub(super) async fn run(ctx: &Context<'_>, args: Up) -> Result<(), Failure> {
    let wanted = Wanted::of(&args.place, args.only)?;
    if args.only.is_some() {
        return bring_up_cluster(ctx, args.provider.as_deref(), &wanted).await;
    }
    // A bad manifest is told before anything is made.
    let crackers = match &args.file {
        Some(file) => manifest::load(ctx, file)?,
        None => manifest::example()?,
    };
    let job = |cracker| {
        let view = View(cracker);
        format!("apply the job {}: {}", view.name(), view.task())
    };
    let jobs: Vec<String> = crackers.iter().map(job).collect();
    let connection = bring_up(ctx, args.provider.as_deref(), &wanted, "up", &jobs).await?;
    let done = apply::all(ctx, connection, &crackers, args.wait).await;
    if args.file.is_none() {
        ctx.out.busy(
            "Next",
            "this was the bundled example; crack a number or key of your own with \
             `rsac-infra crack NUMBER --wait` or `rsac-infra crack public.pem --wait`",
        );
    }
    done
}
