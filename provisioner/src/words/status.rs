//! `status`: how a job stands, all that its status says.

use super::Context;
use super::connection::Connection;
use super::view::View;
use crate::cli::Status;
use crate::exit::{Exit, Failure};
use crate::output::{Event, count, rate, seconds};
use rsac_api::RSACracker;

pub(super) async fn run(ctx: &Context<'_>, args: Status) -> Result<(), Failure> {
    let connection = Connection::open(ctx).await?;
    let crackers = match args.name {
        Some(name) => vec![connection.get(&name).await?],
        None => connection.access.list().await?,
    };
    let is_local = connection.stack.record.provider == crate::settings::LOCAL;
    if crackers.is_empty() {
        ctx.out
            .note(format_args!("stack {} has no job", connection.stack.name()));
    }
    for (i, cracker) in crackers.iter().enumerate() {
        if ctx.out.is_json() {
            event(ctx, cracker)?;
            continue;
        }
        let gap = if i > 0 { "\n" } else { "" };
        let name = ctx.out.bold(View(cracker).name());
        ctx.out
            .to_stdout(&format!("{gap}{name}\n{}", screen(cracker, is_local)))?;
    }
    Ok(())
}

/// The resource as it is, for programs.
pub(super) fn event(ctx: &Context<'_>, cracker: &RSACracker) -> Result<(), Failure> {
    let resource = serde_json::to_value(cracker)
        .map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
    ctx.out.event(&Event::Cracker {
        resource: &resource,
    })
}

/// A line for everything that is known.
fn screen(cracker: &RSACracker, is_local: bool) -> String {
    let view = View(cracker);
    let mut text = String::new();
    let mut line = |label: &str, value: String| {
        text.push_str(&format!("  {label:<12} {value}\n"));
    };
    line("Number", view.subject());
    line("State", view.state().to_owned());
    if let Some(end) = view.end() {
        line("Outcome", end.message.to_owned());
    }
    let Some(status) = view.status() else {
        line("Workers", view.workers());
        return text;
    };
    let wanted = match &status.method {
        Some(method) => method.clone(),
        None => cracker.spec.method().name().to_owned(),
    };
    line("Method", wanted);
    let useful = match status.useful_workers {
        Some(useful) => format!(", {useful} useful"),
        None => String::new(),
    };
    line("Workers", format!("{} ready{useful}", view.workers()));
    let bar = view.bar();
    if bar.all > 0 {
        line(
            "Progress",
            format!(
                "{:.1} % ({} of {} {})",
                bar.percent(),
                count(bar.done),
                count(bar.all),
                bar.word
            ),
        );
    }
    if bar.rate > 0.0 {
        line("Rate", format!("{} {}/s", rate(bar.rate), bar.word));
    }
    if let Some(left) = bar.seconds_left {
        line("Left", seconds(left));
    }
    if let Some(active) = status.active_seconds {
        line("Active", seconds(active as f64));
    }
    if let Some(address) = &status.address {
        let way = match is_local {
            true => format!("http://{address}/progress"),
            // In a network the master wants its token, and shows a certificate of the job's
            // own authority.
            false => format!(
                "https://{address}/progress (with token and ca.crt of Secret {})",
                rsac_api::names::access_secret(view.name())
            ),
        };
        line("Master", way);
    }
    for condition in &status.conditions {
        let value = format!(
            "{} ({}) {}",
            condition.status, condition.reason, condition.message
        );
        line(&condition.type_, value.trim_end().to_owned());
    }
    text
}
