//! `down --with-network-watcher` where no stack on Azure is left: the record of network
//! watchers outlived its stack, and counts as one for this word alone.

use super::Context;
use super::down::report;
use crate::cli::Down;
use crate::exit::{Exit, Failure};
use crate::output::Event;
use crate::provider::azure::AzureSession;
use crate::provider::azure::watcher::neighbour::{kept_for, neighbour};
use crate::provider::azure::watcher::{self, record::Record, record::Records};
use crate::stack::{AzurePlace, StackError};

pub(super) async fn run(ctx: &Context<'_>, args: &Down) -> Result<(), Failure> {
    let records = Records::beside(ctx.store.root());
    let mut open = records.all()?;
    if let Some(name) = &ctx.stack {
        open.retain(|record| record.stack == *name);
    }
    if open.is_empty() {
        let none = Failure::from(match &ctx.stack {
            Some(name) => StackError::Unknown {
                name: name.clone(),
                known: ctx.store.names()?,
            },
            None => StackError::None(ctx.store.root().to_owned()),
        });
        return Err(none.remedy(
            "there is no record of network watchers either: rsac-infra deletes none without; \
             `az network watcher list` shows those there are",
        ));
    }
    for record in open {
        // A stack that was not named may be in that region, or what the scripts made.
        let other = neighbour(ctx.store.root(), record.place(), None);
        if let Some(other) = other {
            report(ctx, Vec::new(), vec![kept_for(&other, &record.location)])?;
            continue;
        }
        if !args.yes && !confirmed(ctx, &record).await? {
            let what = format!("the network watcher of {} stays", record.location);
            return Err(Failure::new(Exit::Failure, what));
        }
        remove(ctx, &records, &record).await?;
    }
    Ok(())
}

async fn remove(ctx: &Context<'_>, records: &Records, record: &Record) -> Result<(), Failure> {
    let session = AzureSession::open(&AzurePlace {
        subscription: Some(record.subscription.clone()),
        cloud: Some(record.cloud.clone()),
        ..AzurePlace::default()
    })?;
    let say = |message: &str| {
        let _ = ctx.out.event(&Event::Note { message });
        ctx.out.live(message);
    };
    let removed = ctx
        .interruptible(async {
            Ok(watcher::remove(&session, records, &record.location, &say).await?)
        })
        .await;
    ctx.out.still();
    let (deleted, kept) = removed?.told(&record.location);
    report(ctx, deleted, kept)
}

async fn confirmed(ctx: &Context<'_>, record: &Record) -> Result<bool, Failure> {
    let question = format!(
        "Delete the network watcher of {} in subscription {}, where that is safe?",
        record.location, record.subscription
    );
    let answer = ctx.says_yes(&question).await?;
    answer.ok_or_else(|| {
        let what = "`down --with-network-watcher` deletes, and nobody is there to ask";
        Failure::new(Exit::Usage, what).remedy("--yes")
    })
}
