//! `delete`: a job and all that belongs to it; its factors are shown first where no word
//! has shown them.

use super::connection::Connection;
use super::view::View;
use super::{Context, down};
use crate::cli::Delete;
use crate::exit::Failure;
use crate::output::Event;

pub(super) async fn run(ctx: &Context<'_>, args: Delete) -> Result<(), Failure> {
    let connection = Connection::open(ctx).await?;
    let cracker = connection.get(&args.name).await?;
    down::show_unseen(ctx, &connection, &cracker).await?;
    let name = View(&cracker).name();
    connection.access.delete(name).await?;
    ctx.out.event(&Event::Deleted { name })?;
    ctx.out.step("Deleted", name);
    Ok(())
}
