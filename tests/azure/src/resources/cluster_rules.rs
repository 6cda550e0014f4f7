//! What AKS refuses in the body of a cluster or an agent pool: unknown fields, names, counts,
//! sizes, networks that do not go together, changes of what cannot change.

use super::{compute, schema};
use crate::answer::Answer;
use serde_json::{Value, json};

/// Refuses a body whose fields AKS does not know, from 2024-01-01 on.
pub(crate) fn fields(api: &str, root: &str, body: &Value) -> Result<(), Answer> {
    if api < "2024-01-01" {
        return Ok(());
    }
    match schema::problem(root, body) {
        None => Ok(()),
        Some(problem) => Err(Answer::aks(
            400,
            "UnmarshalError",
            "",
            format!("UnmarshalEntity encountered error: {problem}."),
        )),
    }
}

/// 400 `InvalidParameter`, naming the parameter.
pub(crate) fn invalid(parameter: &str, why: &str) -> Answer {
    Answer::indented(
        400,
        json!({
            "code": "InvalidParameter", "details": null,
            "message": format!(
                "The value of parameter {parameter} is invalid. Error details: {why}. Please see \
                 https://aka.ms/aks-naming-rules for more details."
            ),
            "subcode": "", "target": parameter
        }),
    )
}

fn inner(text: &str, fits: impl Fn(char) -> bool) -> bool {
    let ends = |one: Option<char>| one.is_some_and(|one| one.is_ascii_alphanumeric());
    ends(text.chars().next())
        && ends(text.chars().last())
        && text
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || fits(one))
}

/// The rules for a whole cluster that is created.
pub(crate) fn cluster(name: &str, body: &Value, restricted: &[String]) -> Result<(), Answer> {
    if name.len() > 63 || !inner(name, |one| one == '-' || one == '_') {
        return Err(invalid(
            "resourceName",
            "A managed cluster's name has 1 to 63 letters, digits, '-' and '_', and begins and \
             ends with a letter or digit",
        ));
    }
    let properties = &body["properties"];
    let prefix = properties["dnsPrefix"].as_str();
    let subdomain = properties["fqdnSubdomain"].as_str();
    match (prefix, subdomain) {
        (Some(prefix), _) if prefix.len() <= 54 && inner(prefix, |one| one == '-') => {}
        (None, Some(_)) => {}
        _ => {
            return Err(invalid(
                "dnsPrefix",
                "The DNS prefix has 1 to 54 letters, digits and '-', and begins and ends with a \
                 letter or digit",
            ));
        }
    }
    if body["identity"]["type"].as_str().is_none()
        && properties["servicePrincipalProfile"]["clientId"]
            .as_str()
            .is_none()
    {
        return Err(Answer::aks(
            400,
            "BadRequest",
            "",
            "Provisioning of resource(s) failed: a managed cluster needs an identity or a \
             service principal profile.",
        ));
    }
    let pools = properties["agentPoolProfiles"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if pools.is_empty() {
        return Err(Answer::aks(
            400,
            "AgentPoolProfilesRequired",
            "",
            "Required parameter agentPoolProfiles is missing (null).",
        ));
    }
    for entry in &pools {
        let name = entry["name"].as_str().unwrap_or_default();
        pool(name, entry, restricted)?;
        if pools
            .iter()
            .filter(|other| other["name"] == entry["name"])
            .count()
            > 1
        {
            return Err(invalid(
                "agentPoolProfile.name",
                "Agent pool names must be unique",
            ));
        }
    }
    if !pools.iter().any(|pool| pool["mode"] == "System") {
        return Err(Answer::aks(
            400,
            "InvalidParameter",
            "",
            "The value of parameter agentPoolProfiles is invalid. Error details: a managed \
             cluster needs at least one agent pool of mode System.",
        ));
    }
    linux(&properties["linuxProfile"])?;
    network(&properties["networkProfile"])
}

fn linux(profile: &Value) -> Result<(), Answer> {
    if profile.is_null() {
        return Ok(());
    }
    let user = profile["adminUsername"].as_str().unwrap_or_default();
    let fits = |one: char| one.is_ascii_alphanumeric() || "-_".contains(one);
    if !user.starts_with(|one: char| one.is_ascii_alphabetic()) || !user.chars().all(fits) {
        return Err(invalid(
            "linuxProfile.adminUsername",
            "The name begins with a letter and has letters, digits, '-' and '_'",
        ));
    }
    let keys = profile["ssh"]["publicKeys"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let [key] = keys.as_slice() else {
        return Err(invalid(
            "linuxProfile.ssh.publicKeys",
            "Exactly one key must be given",
        ));
    };
    let key = key["keyData"].as_str().unwrap_or_default();
    let mut words = key.split_whitespace();
    let kind = words.next().unwrap_or_default();
    let data = words.next().unwrap_or_default();
    // Base64 of a key of RSA or Ed25519 begins with its own length.
    if !matches!(kind, "ssh-rsa" | "ssh-ed25519") || !data.starts_with("AAAA") {
        return Err(invalid(
            "linuxProfile.ssh.publicKeys.keyData",
            "The key must be an OpenSSH public key, 'ssh-rsa AAAA…' or 'ssh-ed25519 AAAA…'",
        ));
    }
    Ok(())
}

fn network(profile: &Value) -> Result<(), Answer> {
    let value = |field: &str| profile[field].as_str().unwrap_or_default();
    let known = [
        ("networkPlugin", &["", "azure", "kubenet", "none"][..]),
        ("networkPluginMode", &["", "overlay"]),
        ("networkPolicy", &["", "none", "azure", "calico", "cilium"]),
        ("networkDataplane", &["", "azure", "cilium"]),
        ("loadBalancerSku", &["", "standard", "basic"]),
        (
            "outboundType",
            &[
                "",
                "loadBalancer",
                "userDefinedRouting",
                "managedNATGateway",
                "userAssignedNATGateway",
                "none",
                "block",
            ],
        ),
    ];
    for (field, allowed) in known {
        if !allowed
            .iter()
            .any(|one| one.eq_ignore_ascii_case(value(field)))
        {
            return Err(invalid(
                &format!("networkProfile.{field}"),
                &format!("'{}' is none of {}", value(field), allowed[1..].join(", ")),
            ));
        }
    }
    let (plugin, policy) = (value("networkPlugin"), value("networkPolicy"));
    let refuse = |why: &str| Err(invalid("networkProfile", why));
    if policy == "azure" && plugin == "kubenet" {
        return refuse("Network policy azure needs network plugin azure");
    }
    if (policy == "cilium") != (value("networkDataplane") == "cilium") && !policy.is_empty() {
        return refuse("Network policy cilium and network dataplane cilium go together");
    }
    if value("networkDataplane") == "cilium" && plugin != "azure" {
        return refuse("Network dataplane cilium needs network plugin azure");
    }
    if value("networkPluginMode") == "overlay" && plugin != "azure" {
        return refuse("Network plugin mode overlay needs network plugin azure");
    }
    Ok(())
}

/// The rules for an agent pool that is created.
pub(crate) fn pool(name: &str, profile: &Value, restricted: &[String]) -> Result<(), Answer> {
    let windows = profile["osType"] == "Windows";
    let fits = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit();
    let most = if windows { 6 } else { 12 };
    if name.is_empty()
        || name.len() > most
        || !name.starts_with(|one: char| one.is_ascii_lowercase())
        || !name.chars().all(fits)
    {
        return Err(invalid(
            "agentPoolProfile.name",
            &format!(
                "'{name}': an agent pool's name begins with a small letter and has at most \
                 {most} small letters and digits"
            ),
        ));
    }
    let system = profile["mode"] == "System";
    let spot = profile["scaleSetPriority"] == "Spot";
    if system && spot {
        return Err(Answer::aks(
            400,
            "SystemPoolMustBeRegular",
            "",
            "The system node pool must be set to scaleSetPriority Regular.",
        ));
    }
    if !matches!(
        profile["mode"].as_str(),
        None | Some("System" | "User" | "Gateway")
    ) {
        return Err(invalid(
            "agentPoolProfile.mode",
            "The mode is System or User",
        ));
    }
    let count = profile["count"].as_i64();
    let least = i64::from(system);
    if count.is_some_and(|count| !(least..=1000).contains(&count)) {
        return Err(invalid(
            "agentPoolProfile.count",
            &format!("The count must be in the range {least} to 1000"),
        ));
    }
    let disk = profile["osDiskSizeGB"].as_i64().unwrap_or(0);
    if disk != 0 && !(30..=2048).contains(&disk) {
        return Err(invalid(
            "agentPoolProfile.osDiskSizeGB",
            "The size must be 0 (the default of the VM size) or 30 to 2048",
        ));
    }
    let size = profile["vmSize"].as_str().unwrap_or("Standard_D2s_v3");
    let forbidden = restricted.iter().any(|one| one.eq_ignore_ascii_case(size));
    if forbidden || compute::size(size).is_none() {
        return Err(Answer::aks(
            400,
            "BadRequest",
            "",
            format!(
                "The VM size of {size} is not allowed in your subscription in this location. The \
                 available VM sizes are '{}'. For more details, please visit \
                 https://aka.ms/cpu-quota",
                compute::names(restricted).join(",")
            ),
        ));
    }
    Ok(())
}

/// What cannot change once a cluster or pool is there.
pub(crate) fn unchanged(old: &Value, new: &Value, fields: &[&str]) -> Result<(), Answer> {
    for field in fields {
        let path = format!("/{}", field.replace('.', "/"));
        let (Some(before), Some(after)) = (old.pointer(&path), new.pointer(&path)) else {
            continue;
        };
        // Zero and an empty text ask for the default.
        let default = after.is_null() || *after == json!(0) || *after == json!("");
        let alike = match (before.as_str(), after.as_str()) {
            (Some(before), Some(after)) => before.eq_ignore_ascii_case(after),
            _ => before == after,
        };
        if !default && !alike {
            return Err(Answer::indented(
                400,
                json!({
                    "code": "PropertyChangeNotAllowed", "details": null,
                    "message": format!("Changing property '{field}' is not allowed."),
                    "subcode": "", "target": field
                }),
            ));
        }
    }
    Ok(())
}
