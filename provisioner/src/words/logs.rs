//! `logs`: what a job's master and workers wrote.

use super::Context;
use super::connection::Connection;
use super::view::View;
use crate::access::LogQuery;
use crate::cli::Logs;
use crate::exit::Failure;
use crate::output::Event;
use futures_util::StreamExt;

pub(super) async fn run(ctx: &Context<'_>, args: Logs) -> Result<(), Failure> {
    let connection = Connection::open(ctx).await?;
    let cracker = connection.pick(args.name.as_deref()).await?;
    let query = LogQuery {
        component: args.component,
        tail: args.tail,
        follow: args.follow,
    };
    let mut lines = connection
        .access
        .logs(View(&cracker).name(), &query)
        .await?;
    let mut none = true;
    while let Some(line) = lines.next().await {
        none = false;
        let line = line?;
        let (component, text) = (&line.component, &line.text);
        let event = Event::Log { component, text };
        ctx.out.answer(&event, &format!("{component:<12} {text}"))?;
    }
    if none {
        let whose = query.component.as_deref().unwrap_or("anybody");
        ctx.out.note(format_args!(
            "no line of {whose}; components are master, worker-0, worker-1 …"
        ));
    }
    Ok(())
}
