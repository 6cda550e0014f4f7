//! `crack`: a number or a key, without a manifest.

use super::bring_up::bring_up;
use super::connection::Connection;
use super::place::Wanted;
use super::view::View;
use super::{Context, apply, manifest};
use crate::access::AccessError;
use crate::cli::Crack;
use crate::crack::{self, Subject};
use crate::exit::{Exit, Failure};
use crate::stack::StackError;
use rsac_api::RSACracker;
use serde_json::{Map, Value, json};
use std::num::NonZeroUsize;

pub(super) async fn run(ctx: &Context<'_>, args: Crack) -> Result<(), Failure> {
    let subject = crack::read(&args.input, ctx.stdin)?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => subject.default_name(),
    };
    let cracker = resource(&args, &name, &subject)?;
    let connection = match ctx.store.resolve(ctx.stack.as_deref()) {
        Ok(stack) if stack.journal().map_err(StackError::from)?.is_complete() => {
            ctx.interruptible(Connection::open(ctx)).await?
        }
        Ok(_) | Err(StackError::None(_) | StackError::Unknown { .. }) => {
            let job = format!("apply the job {name}: {}", View(&cracker).task());
            bring_up(ctx, None, &Wanted::default(), "crack", &[job]).await?
        }
        Err(error) => return Err(error.into()),
    };
    ctx.interruptible(must_be_the_same(&connection, &name, &subject))
        .await?;
    let wait = args.wait;
    apply::all(ctx, connection, &[cracker], wait).await
}

/// A job of that name for another number is somebody's: `apply` changes it when that is
/// meant, `crack` does not.
async fn must_be_the_same(
    connection: &Connection,
    name: &str,
    subject: &Subject,
) -> Result<(), Failure> {
    let there = match connection.access.get(name).await {
        Err(AccessError::NotFound(_)) => return Ok(()),
        other => other?,
    };
    if subject.is_of(&there) {
        return Ok(());
    }
    let what = format!(
        "--name {name:?}: there is a job of that name, for {}",
        View(&there).subject()
    );
    Err(Failure::new(Exit::Conflict, what).remedy(format!(
        "take another --name, or `rsac-infra delete {name}`"
    )))
}

/// The resource, built as a manifest is written, and held to the same rules.
fn resource(args: &Crack, name: &str, subject: &Subject) -> Result<RSACracker, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut spec = Map::new();
    let mut set = |field: &str, value: Option<Value>| {
        if let Some(value) = value {
            spec.insert(field.to_owned(), value);
        }
    };
    let (field, value) = subject.field();
    set(field, Some(value.into()));
    let workers = args.workers.unwrap_or_else(|| cores.min(1000) as i64);
    set("workerCount", Some(workers.into()));
    set("method", args.method.clone().map(Value::from));
    set("workers", args.threads.map(|n| json!({ "threads": n })));
    set("maxCpuHours", args.max_cpu_hours.map(Value::from));
    set("deadlineSeconds", args.deadline.map(|d| d.as_secs().into()));
    let manifest = json!({
        "apiVersion": rsac_api::API_VERSION,
        "kind": rsac_api::KIND,
        "metadata": { "name": name },
        "spec": spec,
    });
    manifest::built("crack", &manifest)
}
