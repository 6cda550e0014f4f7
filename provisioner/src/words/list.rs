//! `list`: all jobs of a stack, a line each.

use super::Context;
use super::connection::Connection;
use super::view::View;
use crate::exit::Failure;
use crate::output::Table;

pub(super) async fn run(ctx: &Context<'_>) -> Result<(), Failure> {
    let connection = Connection::open(ctx).await?;
    let all = connection.access.list().await?;
    if ctx.out.is_json() {
        for cracker in &all {
            super::status::event(ctx, cracker)?;
        }
        return Ok(());
    }
    if all.is_empty() {
        ctx.out.note(format_args!(
            "stack {} has no job; `rsac-infra crack NUMBER` makes one",
            connection.stack.name()
        ));
        return Ok(());
    }
    let mut table = Table::new(&["NAME", "STATE", "WORKERS", "PROGRESS", "NUMBER"]);
    for cracker in &all {
        let view = View(cracker);
        let bar = view.bar();
        let progress = match bar.all {
            0 => String::new(),
            _ => format!("{:.1} %", bar.percent()),
        };
        table.row(vec![
            view.name().to_owned(),
            view.state().to_owned(),
            view.workers(),
            progress,
            view.subject(),
        ]);
    }
    ctx.out.to_stdout(&table.render())
}
