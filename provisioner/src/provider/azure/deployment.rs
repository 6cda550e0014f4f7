//! `--via deployment`: the same declaration as one ARM deployment, as `az deployment group
//! create` would submit it; and Azure's own forecast of it.

use super::Azure;
use super::declaration::{parameters, template, wrong};
use super::session::Session;
use super::versions::RESOURCES;
use crate::provider::{ProviderError, Say};
use rsac_arm::Call;
use serde_json::{Value, json};

/// The deployment's name: of the stack, so that a later `up` takes the place of this.
fn path(azure: &Azure, action: &str) -> Result<String, ProviderError> {
    let group = azure.group()?;
    Ok(format!(
        "{}/providers/Microsoft.Resources/deployments/rsac-{}{action}",
        group.id, azure.stack.record.id
    ))
}

fn body(azure: &Azure) -> Result<Value, ProviderError> {
    let template = template()?;
    let parameters = parameters(&azure.azure(), Some(&azure.ssh_key()), &azure.tags()?);
    let parameters = template
        .arm_parameters(&parameters)
        .map_err(|e| wrong(&e))?;
    Ok(json!({"properties": {
        "mode": "Incremental",
        "template": template.arm_json(),
        "parameters": parameters,
    }}))
}

/// Submits the deployment, its SSH key being made, and waits for its end.
pub(super) async fn submit(
    azure: &Azure,
    session: &Session,
    say: Say<'_>,
) -> Result<(), ProviderError> {
    // Its group may have been made a moment ago.
    let call = Call::put(path(azure, "")?, RESOURCES, body(azure)?).settling();
    session.finish(&call, say).await?;
    Ok(())
}

/// Deletes the record of the deployment, which a group that stays would keep. What it made is
/// deleted by itself, and a record costs nothing: one that cannot be deleted is only named.
pub(super) async fn forget(
    azure: &Azure,
    session: &Session,
    say: Say<'_>,
) -> Result<(), ProviderError> {
    let path = path(azure, "")?;
    if session.arm.get(&path, RESOURCES).await?.is_none() {
        return Ok(());
    }
    match session.finish(&Call::delete(&path, RESOURCES), say).await {
        Ok(_) => azure.deleted(path),
        Err(error) => azure.keep(format!(
            "deployment {path}, which is a record only: {error}"
        )),
    }
    Ok(())
}

/// Azure's own forecast of the deployment, a line a change. It is advice: it knows what is
/// there, and guesses defaults. Nothing where the group is not there yet.
pub(super) async fn forecast(azure: &Azure) -> Result<Vec<String>, ProviderError> {
    let session = azure.session()?;
    if session
        .arm
        .get(&azure.group()?.id, RESOURCES)
        .await?
        .is_none()
    {
        return Ok(Vec::new());
    }
    let call = Call::post(path(azure, "/whatIf")?, RESOURCES, Some(body(azure)?));
    let answer = session.finish(&call, &|_| {}).await?.unwrap_or_default();
    let changes = answer
        .pointer("/properties/changes")
        .and_then(Value::as_array);
    let line = |change: &Value| {
        let text = |key: &str| change.get(key).and_then(Value::as_str).unwrap_or("?");
        let name = super::id::name(text("resourceId"));
        format!("Azure's forecast, as advice: {} {name}", text("changeType"))
    };
    Ok(changes.into_iter().flatten().map(line).collect())
}
