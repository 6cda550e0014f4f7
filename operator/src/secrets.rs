//! The Secrets of a job: looked up by name at each look, never watched. Token and
//! authority are created and never applied; the certificate is renewed; the result is
//! written when the master has it.

use crate::build::access::{self, Access};
use crate::build::{Parent, certificate, result};
use crate::children::{Trouble, must_be_ours, refused};
use crate::context::Context;
use crate::memory::{Memory, Secrets};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::Timestamp;
use rsac_api::conditions::Reason;
use rsac_api::names;
use rsac_master_client::MasterClient;
use rsac_workload::Obstacle;
use std::time::Instant;

/// Sees to token, authority and certificate.
///
/// # Errors
/// When they are not there.
pub(crate) async fn ensure(
    context: &Context,
    parent: &Parent,
    memory: &mut Secrets,
    now: Timestamp,
) -> Result<(), Trouble> {
    if memory.is_fresh() && memory.renew_after.is_some_and(|renew| renew > now) {
        return Ok(());
    }
    memory.access = Some(ensure_access(context, parent, now).await?);
    if let Some(access) = &memory.access {
        memory.renew_after = Some(ensure_certificate(context, parent, access, now).await?);
    }
    ensure_pull(context, parent).await?;
    memory.looked = Some(Instant::now());
    // Known anew at the next look for a result.
    memory.result = None;
    Ok(())
}

async fn ensure_access(
    context: &Context,
    parent: &Parent,
    now: Timestamp,
) -> Result<Access, Trouble> {
    let name = names::access_secret(&parent.name);
    let what = format!("Secret {name}");
    let secret = match look(context, parent, &name).await? {
        Some(secret) => secret,
        None => {
            let secret = access::new_secret(parent, now).map_err(|error| told(&what, &error))?;
            match context.writer.create(&secret).await {
                Ok(secret) => secret,
                // Another operator was first: its Secret counts.
                Err(error) if error.code() == Some(409) => look(context, parent, &name)
                    .await?
                    .ok_or_else(|| Trouble::Passing(format!("{what} comes and goes")))?,
                Err(error) => return Err(refused(&what, error)),
            }
        }
    };
    must_be_ours(&what, &secret.metadata, parent)?;
    access::read(&secret).map_err(|key| {
        Trouble::Obstacle(Obstacle {
            reason: Reason::ChildRefused,
            message: format!("{what} has no {key}; delete it, and it is made anew"),
        })
    })
}

/// The job's copy of the Secret with which its image is pulled, as the operator's is now.
async fn ensure_pull(context: &Context, parent: &Parent) -> Result<(), Trouble> {
    let Some(source) = &context.options.pull_secret else {
        return Ok(());
    };
    let (from, name) = (&source.name, names::pull_secret(&parent.name));
    let api = context.writer.api::<Secret>(&source.namespace);
    let there = context
        .writer
        .read(api.get_opt(from))
        .await
        .map_err(|error| refused(&format!("looking up Secret {from}"), error))?;
    let Some(there) = there else {
        return Err(Trouble::Obstacle(Obstacle {
            reason: Reason::ChildRefused,
            message: format!(
                "Secret {from} of namespace {} is gone, and images cannot be pulled without it; \
                 `rsac-infra up` makes it anew",
                source.namespace
            ),
        }));
    };
    let what = format!("Secret {name}");
    let copy = look(context, parent, &name).await?;
    if let Some(copy) = &copy {
        must_be_ours(&what, &copy.metadata, parent)?;
        if copy.data == there.data {
            return Ok(());
        }
    }
    let secret = Secret {
        metadata: parent.meta(name, None),
        type_: there.type_,
        data: there.data,
        ..Secret::default()
    };
    let applied = context.writer.apply(&secret, copy.is_some()).await;
    applied.map(|_| ()).map_err(|error| refused(&what, error))
}

/// When the certificate is to be renewed next.
async fn ensure_certificate(
    context: &Context,
    parent: &Parent,
    access: &Access,
    now: Timestamp,
) -> Result<Timestamp, Trouble> {
    let name = names::tls_secret(&parent.name);
    let what = format!("Secret {name}");
    let there = look(context, parent, &name).await?;
    if let Some(secret) = &there {
        must_be_ours(&what, &secret.metadata, parent)?;
        if let Some(renew) = certificate::renew_after(secret, parent, access)
            && renew > now
        {
            return Ok(renew);
        }
    }
    let secret =
        certificate::tls_secret(parent, access, now).map_err(|error| told(&what, &error))?;
    tracing::info!(
        job = parent.name,
        namespace = parent.namespace,
        "issuing the certificate"
    );
    let applied = context
        .writer
        .apply(&secret, there.is_some())
        .await
        .map_err(|error| refused(&what, error))?;
    Ok(certificate::renew_after(&applied, parent, access).unwrap_or(now))
}

/// Sees to the result of a solved job.
///
/// # Errors
/// When the Secret does not hold it: nobody may be told that the job is finished.
pub(crate) async fn ensure_result(
    context: &Context,
    parent: &Parent,
    memory: &mut Memory,
    number: &str,
    master: Option<&MasterClient>,
) -> Result<(), Trouble> {
    if memory.secrets.result.as_deref() == Some(number) {
        return Ok(());
    }
    let name = names::result_secret(&parent.name);
    let what = format!("Secret {name}");
    let there = look(context, parent, &name).await?;
    if let Some(secret) = &there {
        must_be_ours(&what, &secret.metadata, parent)?;
        let annotations = secret.metadata.annotations.as_ref();
        let named = annotations.and_then(|all| all.get(names::NUMBER_ANNOTATION));
        let whole = secret.data.as_ref().is_some_and(|data| {
            ["number", "factors", "solution.json"]
                .iter()
                .all(|key| data.contains_key(*key))
        });
        if whole && named == Some(&result::number_digest(number)) {
            memory.secrets.result = Some(number.to_owned());
            return Ok(());
        }
    }
    let missing = || Trouble::Passing("the master does not give the result now".to_owned());
    let master = master.ok_or_else(missing)?;
    let solution = match master.solution().await {
        Ok(Some(solution)) if solution.number == number => solution,
        Ok(_) => return Err(missing()),
        Err(error) => return Err(Trouble::Passing(error.to_string())),
    };
    let secret = result::result_secret(parent, &solution).map_err(|error| told(&what, &error))?;
    context
        .writer
        .apply(&secret, there.is_some())
        .await
        .map_err(|error| refused(&what, error))?;
    tracing::info!(
        job = parent.name,
        namespace = parent.namespace,
        "the result is stored"
    );
    memory.secrets.result = Some(number.to_owned());
    Ok(())
}

async fn look(context: &Context, parent: &Parent, name: &str) -> Result<Option<Secret>, Trouble> {
    let api = context.writer.api::<Secret>(&parent.namespace);
    context
        .writer
        .read(api.get_opt(name))
        .await
        .map_err(|error| refused(&format!("looking up Secret {name}"), error))
}

fn told(what: &str, error: &dyn std::error::Error) -> Trouble {
    Trouble::Obstacle(Obstacle {
        reason: Reason::ChildRefused,
        message: format!("{what}: {error}; delete the job's Secrets, and they are made anew"),
    })
}
