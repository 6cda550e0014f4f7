//! `suspend` and `resume`.

use super::Context;
use super::connection::Connection;
use crate::cli::Named;
use crate::exit::Failure;
use serde_json::json;

pub(super) async fn run(ctx: &Context<'_>, args: Named, suspend: bool) -> Result<(), Failure> {
    let name = args.name;
    let connection = Connection::open(ctx).await?;
    connection.get(&name).await?;
    let patch = json!({ "suspend": suspend });
    let now = connection.access.patch(&name, &patch, None).await?;
    super::status::event(ctx, &now)?;
    if suspend {
        ctx.out.step(
            "Suspended",
            format_args!("{name}; `rsac-infra resume {name}` goes on where it stopped"),
        );
    } else {
        ctx.out.step("Resumed", name);
    }
    Ok(())
}
