//! `up`: a stack, and a job on it.

use super::bring_up::{bring_up, bring_up_cluster, name_of_stack};
use super::place::{Wanted, is_dash};
use super::view::View;
use super::{Context, apply, manifest};
use crate::cli::Up;
use crate::exit::{Exit, Failure};
use crate::provider::azure::Azure;
use std::path::Path;

pub(super) async fn run(ctx: &Context<'_>, args: Up) -> Result<(), Failure> {
    let wanted = Wanted::of(&args.place, args.only)?;
    let is_shown = is_dash(args.place.cluster.kubeconfig.as_deref());
    if is_shown && ctx.out.is_json() {
        let what = "--kubeconfig - and --output json both write to stdout";
        return Err(Failure::new(Exit::Usage, what).remedy("--kubeconfig FILE"));
    }
    if args.only.is_some() {
        bring_up_cluster(ctx, args.provider.as_deref(), &wanted).await?;
        return match is_shown {
            true => {
                let name = name_of_stack(ctx, args.provider.as_deref())?;
                show_kubeconfig(ctx, &ctx.store.open(&name)?.folder)
            }
            false => Ok(()),
        };
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
    let folder = connection.stack.folder.clone();
    let done = apply::all(ctx, connection, &crackers, args.wait).await;
    // The cluster is there, however the job ended.
    if is_shown {
        show_kubeconfig(ctx, &folder)?;
    }
    if args.file.is_none() {
        ctx.out.busy(
            "Next",
            "this was the bundled example; crack a number or key of your own with \
             `rsac-infra crack NUMBER --wait` or `rsac-infra crack public.pem --wait`",
        );
    }
    done
}

/// `--kubeconfig -`: the cluster's kubeconfig on stdout.
fn show_kubeconfig(ctx: &Context<'_>, folder: &Path) -> Result<(), Failure> {
    let path = Azure::kubeconfig_in(folder);
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::new(Exit::State, format!("{}: {error}", path.display())))?;
    ctx.out.to_stdout(&text)
}
