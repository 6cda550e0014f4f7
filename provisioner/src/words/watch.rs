//! `watch`: following a job until it ends.

use super::connection::Connection;
use super::view::View;
use super::{Context, wait};
use crate::cli::Watch;
use crate::exit::Failure;

pub(super) async fn run(ctx: &Context<'_>, args: Watch) -> Result<(), Failure> {
    let connect = async {
        let connection = Connection::open(ctx).await?;
        let cracker = connection.pick(args.name.as_deref()).await?;
        Ok((connection, View(&cracker).name().to_owned()))
    };
    let (mut connection, name) = ctx.interruptible(connect).await?;
    wait::until_ended(ctx, &mut connection, &name).await
}
