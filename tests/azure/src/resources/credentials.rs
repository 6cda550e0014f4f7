//! Kubeconfigs that a cluster hands out: the one of the settings, with AKS' names in it.

use super::not_found;
use crate::answer::{Answer, Reply};
use crate::gateway::Call;
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

/// `listClusterUserCredential` and `listClusterAdminCredential`.
pub(crate) fn list(call: &mut Call<'_>, role: &str) -> Reply {
    call.need_group()?;
    let path = call.target.path.clone();
    let there = call.visible(&path);
    let Some(cluster) = call.world.state.resource(&path).cloned().filter(|_| there) else {
        return Err(not_found(call));
    };
    if cluster.provisioning() == "Creating" || cluster.provisioning() == "Deleting" {
        return Err(Answer::aks(
            409,
            "OperationNotAllowed",
            "",
            format!(
                "Getting access profile {role} of cluster {} is not possible while it is in \
                 state {}.",
                cluster.name(),
                cluster.provisioning()
            ),
        ));
    }
    if role == "clusterAdmin" && cluster.body["properties"]["disableLocalAccounts"] == json!(true) {
        return Err(Answer::aks(
            400,
            "BadRequest",
            "",
            "Getting static credential is not allowed because this cluster is set to disable \
             local accounts.",
        ));
    }
    let group = call.target.group.clone().unwrap_or_default();
    let text = kubeconfig(call, &cluster.body, role, &group)?;
    Ok(Answer::indented(
        200,
        json!({"kubeconfigs": [
            {"name": role, "value": Base64::encode_string(text.as_bytes())}
        ]}),
    ))
}

fn kubeconfig(call: &Call<'_>, cluster: &Value, role: &str, group: &str) -> Result<String, Answer> {
    let name = cluster["name"].as_str().unwrap_or_default();
    let fqdn = cluster["properties"]["fqdn"].as_str().unwrap_or_default();
    let id = cluster["id"].as_str().unwrap_or_default();
    let rotated = call.world.state.rotated.get(&id.to_ascii_lowercase());
    let rotated = rotated.copied().unwrap_or_default();
    let settings = &call.world.settings;
    let others = settings
        .kubeconfigs_rotated
        .iter()
        .take(rotated)
        .next_back();
    let (server, user) = match others.or(settings.kubeconfig.as_ref()) {
        Some(text) => current(text).map_err(|why| {
            Answer::service(
                500,
                "SimulatorSettings",
                format!("the kubeconfig given: {why}"),
            )
        })?,
        None => (
            json!({"server": format!("https://{fqdn}:443"), "certificate-authority-data": ""}),
            match rotated {
                0 => json!({"token": "simulated"}),
                times => json!({"token": format!("simulated-{times}")}),
            },
        ),
    };
    let user_name = format!("{role}_{group}_{name}");
    let admin = if role == "clusterAdmin" { "-admin" } else { "" };
    let context = format!("{name}{admin}");
    let whole = json!({
        "apiVersion": "v1",
        "clusters": [{"cluster": server, "name": name}],
        "contexts": [{"context": {"cluster": name, "user": user_name}, "name": context}],
        "current-context": context,
        "kind": "Config",
        "preferences": {},
        "users": [{"name": user_name, "user": user}]
    });
    serde_saphyr::to_string(&whole)
        .map_err(|error| Answer::service(500, "SimulatorSettings", error.to_string()))
}

/// Cluster and user of a kubeconfig's current context.
fn current(text: &str) -> Result<(Value, Value), String> {
    let whole: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let named = |list: &str, name: &Value| {
        whole[list]
            .as_array()
            .into_iter()
            .flatten()
            .find(|one| one["name"] == *name)
            .cloned()
    };
    let context = named("contexts", &whole["current-context"]).ok_or("no current context")?;
    let context = &context["context"];
    let cluster = named("clusters", &context["cluster"]).ok_or("no cluster of that name")?;
    let user = named("users", &context["user"]).ok_or("no user of that name")?;
    Ok((cluster["cluster"].clone(), user["user"].clone()))
}
