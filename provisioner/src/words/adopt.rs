//! `down --adopt`: a stack on Azure that is remembered nowhere, known by its tags, is
//! remembered again, so that `down` takes it down like any other.

use super::Context;
use super::subscription::{Meant, subscription};
use crate::cli::SubscriptionArgs;
use crate::exit::Failure;
use crate::provider::azure::adopt::{self as by_tags, Adopted};
use crate::provider::azure::{Azure, AzureSession};
use crate::settings::AZURE;
use crate::stack::{AzurePlace, Place, Stack, StackError};

/// A way into the subscription that is meant.
pub(super) fn session(args: &SubscriptionArgs) -> Result<AzureSession, Failure> {
    opened(subscription(args.subscription.as_deref())?, args)
}

fn opened(meant: Meant, args: &SubscriptionArgs) -> Result<AzureSession, Failure> {
    let place = AzurePlace {
        subscription: Some(meant.id),
        cloud: args.cloud.clone().or(meant.cloud),
        ..AzurePlace::default()
    };
    Ok(AzureSession::open(&place)?)
}

/// The same for a word that looks through the whole of it: says which one that is, and which
/// stacks that are remembered here are in another.
pub(super) fn surveyed(
    ctx: &Context<'_>,
    args: &SubscriptionArgs,
) -> Result<AzureSession, Failure> {
    let meant = subscription(args.subscription.as_deref())?;
    let (id, from) = (&meant.id, &meant.from);
    ctx.out
        .note(format_args!("{:>12} subscription {id} (from {from})", "i"));
    for name in ctx.store.names()? {
        let Ok(stack) = ctx.store.open(&name) else {
            continue;
        };
        let azure = stack.record.place.azure;
        let other = azure.and_then(|azure| azure.subscription);
        if let Some(other) = other.filter(|other| !other.eq_ignore_ascii_case(id)) {
            ctx.out.note(format_args!(
                "{:>12} stack {name} is in another: --subscription {other}",
                "i"
            ));
        }
    }
    opened(meant, args)
}

/// Remembers the stack of a resource group; answers its name here.
pub(super) async fn adopt(
    ctx: &Context<'_>,
    group: &str,
    args: &SubscriptionArgs,
) -> Result<String, Failure> {
    let session = session(args)?;
    let adopted = ctx
        .interruptible(async { Ok(by_tags::adopt(&session, group).await?) })
        .await?;
    remember(ctx, adopted).await
}

/// Remembers a stack that was read off its tags; one that is known here stays as it is.
async fn remember(ctx: &Context<'_>, adopted: Adopted) -> Result<String, Failure> {
    if let Some(known) = known(ctx, &adopted.id)? {
        return Ok(known.record.name);
    }
    let name = match ctx.store.open(&adopted.name) {
        Err(StackError::Unknown { .. }) => adopted.name,
        // Another stack has its name, or its tag is none that a stack can have.
        _ => {
            let plain = adopted.id.chars().filter(char::is_ascii_alphanumeric);
            let id: String = plain.take(8).collect();
            format!("adopted-{}", id.to_lowercase())
        }
    };
    let lock = ctx.store.lock(&name, "down")?;
    let folder = ctx.store.imagined(&name, AZURE)?.folder;
    let place = Place {
        kubeconfig: vec![Azure::kubeconfig_in(&folder)],
        azure: Some(adopted.place),
        ..Place::default()
    };
    let stack = ctx.store.adopt(&lock, (&adopted.id, AZURE), place)?;
    ctx.out.note(format_args!(
        "adopted stack {name} of resource group {}",
        stack
            .record
            .place
            .azure
            .as_ref()
            .and_then(|a| a.resource_group.as_deref())
            .unwrap_or("?")
    ));
    let azure = Azure::new(stack);
    azure.note_adopted()?;
    if let Some(nodes) = adopted.nodes {
        azure.note_nodes(&nodes)?;
        return Ok(name);
    }
    // For the results that nobody has seen; without access they are lost, as `down` says.
    let fetched = async { Ok(azure.fetch_access().await) };
    if let Err(error) = ctx.interruptible(fetched).await? {
        ctx.out
            .warn(format_args!("its cluster gives no access: {error}"));
    }
    Ok(name)
}

/// The stack of that id, if it is remembered here.
pub(super) fn known(ctx: &Context<'_>, id: &str) -> Result<Option<Stack>, Failure> {
    let stacks = ctx
        .store
        .names()?
        .into_iter()
        .filter_map(|name| ctx.store.open(&name).ok());
    Ok(stacks.into_iter().find(|stack| stack.record.id == id))
}
