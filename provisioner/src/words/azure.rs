//! From the flags of `up` to what a stack on Azure keeps: the subscription, the template's
//! parameters, the kubeconfig that gets an entry.

use super::subscription::subscription;
use crate::cli::{AzureArgs, Via};
use crate::cluster::default_files;
use crate::exit::{Exit, Failure};
use crate::provider::DEFAULT_NAMESPACE;
use crate::provider::azure::{self, LOCATION, SSH_KEY, parameters, template, wrong};
use crate::stack::{AzurePlace, Place, Stack, now};
use rsac_arm::Cloud;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// The flags, and whether each was given.
pub(super) fn given(args: &AzureArgs) -> Vec<(&'static str, bool)> {
    let AzureArgs {
        subscription,
        cloud,
        resource_group,
        location,
        parameters,
        cluster_name,
        dns_prefix,
        agent_count,
        agent_vm_size,
        os_disk_size_gb,
        admin_username,
        ssh_public_key,
        spot_workers,
        ttl,
        tags,
        registry,
        attach_acr,
        via,
        overwrite_existing,
    } = args;
    vec![
        ("--subscription", subscription.is_some()),
        ("--cloud", cloud.is_some()),
        ("--resource-group", resource_group.is_some()),
        ("--location", location.is_some()),
        ("--parameters", parameters.is_some()),
        ("--cluster-name", cluster_name.is_some()),
        ("--dns-prefix", dns_prefix.is_some()),
        ("--agent-count", agent_count.is_some()),
        ("--agent-vm-size", agent_vm_size.is_some()),
        ("--os-disk-size-gb", os_disk_size_gb.is_some()),
        ("--admin-username", admin_username.is_some()),
        ("--ssh-public-key", ssh_public_key.is_some()),
        ("--spot-workers", spot_workers.is_some()),
        ("--ttl", ttl.is_some()),
        ("--tag", !tags.is_empty()),
        ("--registry", registry.is_some()),
        ("--attach-acr", attach_acr.is_some()),
        ("--via", via.is_some()),
        ("--overwrite-existing", *overwrite_existing),
    ]
}

/// What the flags say.
///
/// # Errors
/// When a value cannot be.
pub(super) fn of(args: &AzureArgs) -> Result<AzurePlace, Failure> {
    let mut parameters = match &args.parameters {
        Some(path) => read_parameters(path)?,
        None => BTreeMap::new(),
    };
    // What the file does not say, the stack may have kept: `settle` sees to that.
    for (name, value) in of_environment(|name| std::env::var(name).ok())? {
        parameters.entry(name).and_modify(|known| *known = value);
    }
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            parameters.insert(name.to_owned(), value);
        }
    };
    let text = |value: &Option<String>| value.clone().map(Value::from);
    let number = |value: Option<u32>| value.map(Value::from);
    set(LOCATION, text(&args.location));
    set("clusterName", text(&args.cluster_name));
    set("dnsPrefix", text(&args.dns_prefix));
    set("agentCount", number(args.agent_count));
    set("agentVMSize", text(&args.agent_vm_size));
    set("osDiskSizeGB", number(args.os_disk_size_gb));
    set("linuxAdminUsername", text(&args.admin_username));
    set("spotWorkers", number(args.spot_workers));
    let key = args.ssh_public_key.as_deref();
    set(
        SSH_KEY,
        key.map(azure::read_ssh_key).transpose()?.map(Value::from),
    );
    if let (Some(_), Some(_)) = (&args.registry, &args.attach_acr) {
        let what = "--registry and --attach-acr both say where the image goes";
        return Err(Failure::new(Exit::Usage, what).remedy("give one of them"));
    }
    if let Some(registry) = &args.registry {
        crate::image::check_target(registry).map_err(|error| {
            let failure = Failure::from(error);
            Failure {
                message: format!("--registry: {}", failure.message),
                ..failure
            }
        })?;
    }
    Ok(AzurePlace {
        subscription: args.subscription.clone(),
        subscription_from: args
            .subscription
            .as_ref()
            .map(|_| "--subscription".to_owned()),
        cloud: args.cloud.clone(),
        resource_group: args.resource_group.clone(),
        parameters,
        tags: args
            .tags
            .iter()
            .map(|tag| key_value(tag))
            .collect::<Result<_, _>>()?,
        expires_at: args.ttl.map(|ttl| now() + ttl.as_secs()),
        registry: args.registry.clone(),
        attach_acr: args.attach_acr.clone(),
        via_deployment: args.via.map(|via| via == Via::Deployment),
        merge_into: None,
    })
}

/// Parameters by their environment variables: `RSAC_AGENT_COUNT` for `agentCount`.
fn of_environment(
    environment: impl Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, Value>, Failure> {
    let mut found = BTreeMap::new();
    for parameter in template()?.parameters() {
        let variable = variable_of(&parameter.name);
        let Some(text) = environment(&variable).filter(|text| !text.is_empty()) else {
            continue;
        };
        let value = parameter.read(&text).map_err(|error| {
            let what = format!("{variable} {text:?}: {error}");
            Failure::new(Exit::BadInput, what).remedy(error.remedy)
        })?;
        found.insert(parameter.name.clone(), value);
    }
    Ok(found)
}

/// `agentVMSize` is `RSAC_AGENT_VM_SIZE`.
fn variable_of(parameter: &str) -> String {
    let mut name = String::from("RSAC_");
    let letters: Vec<char> = parameter.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after_small = before.is_some_and(|c| c.is_lowercase());
        let before_small = letters.get(at + 1).is_some_and(|c| c.is_lowercase());
        if letter.is_uppercase() && at > 0 && (after_small || before_small) {
            name.push('_');
        }
        name.extend(letter.to_uppercase());
    }
    name
}

fn read_parameters(path: &Path) -> Result<BTreeMap<String, Value>, Failure> {
    let bad = |what: String, remedy: &str| {
        let what = format!("--parameters {}: {what}", path.display());
        Failure::new(Exit::BadInput, what).remedy(remedy)
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| bad(error.to_string(), "bicep/parameters.json is one to copy"))?;
    let given = rsac_bicep::Parameters::from_json(&text)
        .map_err(|error| bad(error.to_string(), &error.remedy))?;
    let checked = template()?.arm_parameters(&given);
    let checked = checked.map_err(|error| bad(error.to_string(), &error.remedy()))?;
    let entries = checked.as_object().cloned().unwrap_or_default();
    let value = |(name, entry): (String, Value)| Some((name, entry.get("value")?.clone()));
    Ok(entries.into_iter().filter_map(value).collect())
}

fn key_value(text: &str) -> Result<(String, String), Failure> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.to_owned()))
        }
        _ => {
            let what = format!("--tag {text:?}: no KEY=VALUE");
            Err(Failure::new(Exit::Usage, what).remedy("--tag team=red"))
        }
    }
}

/// Completes what a stack keeps: what was not given, and has a default that depends on the
/// user or the stack.
///
/// # Errors
/// When there is no subscription, or a parameter's value cannot be.
pub(super) fn settle(stack: &Stack, place: &mut Place) -> Result<(), Failure> {
    let own = azure::Azure::kubeconfig_in(&stack.folder);
    // A flag names the user's kubeconfig, which gets an entry; the tool has one of its own.
    let named = place
        .kubeconfig
        .first()
        .filter(|path| **path != own)
        .cloned();
    place.kubeconfig = vec![own];
    place
        .namespace
        .get_or_insert_with(|| DEFAULT_NAMESPACE.to_owned());
    let azure = place.azure.get_or_insert_default();
    azure.merge_into = match (named, azure.merge_into.take()) {
        (Some(named), _) => Some(named),
        (None, Some(kept)) => Some(kept),
        (None, None) => default_files(|name| std::env::var_os(name))
            .into_iter()
            .next(),
    };
    for (name, value) in of_environment(|name| std::env::var(name).ok())? {
        azure.parameters.entry(name).or_insert(value);
    }
    azure
        .resource_group
        .get_or_insert_with(|| format!("rsac-{}", stack.name()));
    if azure.subscription.is_none() {
        let meant = subscription(None)?;
        azure.subscription = Some(meant.id);
        azure.subscription_from = Some(meant.from);
        azure.cloud = azure.cloud.take().or(meant.cloud);
    }
    azure.cloud.get_or_insert_with(|| "public".to_owned());
    must_be_right(azure)
}

/// Values are told to be wrong before anything is made of them.
fn must_be_right(azure: &AzurePlace) -> Result<(), Failure> {
    let cloud = azure.cloud.as_deref().unwrap_or_default();
    if let Err(error) = Cloud::named(cloud) {
        let what = format!("--cloud: {error}");
        return Err(Failure::new(Exit::BadInput, what).remedy("--cloud public"));
    }
    let group = azure.resource_group.as_deref().unwrap_or_default();
    let fits = |c: char| c.is_alphanumeric() || "-_.()".contains(c);
    if group.is_empty() || group.len() > 90 || !group.chars().all(fits) || group.ends_with('.') {
        let what = format!("--resource-group {group:?}: no name of a resource group");
        return Err(Failure::new(Exit::BadInput, what)
            .remedy("1 to 90 letters, digits, - _ . ( ), not ending with a dot"));
    }
    let template = template()?;
    // The key is made later where none is given.
    let parameters = parameters(azure, Some("ssh-rsa x"), &Map::new());
    let values = template.values(&parameters, None).map_err(|error| {
        let mut failure = Failure::from(wrong(&error));
        failure.exit = Exit::BadInput;
        failure
    })?;
    azure::limits::check(azure, &values)
        .map_err(|beyond| Failure::new(Exit::BadInput, beyond.what).remedy(beyond.remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file_of_parameters() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.json");
        std::fs::write(
            &path,
            r#"{"parameters":{"agentCount":{"value":4},"dnsPrefix":{"value":"d"}}}"#,
        )
        .unwrap();
        let args = AzureArgs {
            parameters: Some(path),
            agent_count: Some(5),
            tags: vec!["team=red".into()],
            ..AzureArgs::default()
        };
        let place = of(&args).unwrap();
        assert_eq!(place.parameters["agentCount"], 5);
        assert_eq!(place.parameters["dnsPrefix"], "d");
        assert_eq!(place.tags["team"], "red");
        assert!(given(&args).contains(&("--tag", true)));
    }

    #[test]
    fn variables_are_named_as_their_parameters() {
        for (parameter, variable) in [
            ("agentCount", "RSAC_AGENT_COUNT"),
            ("agentVMSize", "RSAC_AGENT_VM_SIZE"),
            ("osDiskSizeGB", "RSAC_OS_DISK_SIZE_GB"),
            ("sshRSAPublicKey", "RSAC_SSH_RSA_PUBLIC_KEY"),
            ("dnsPrefix", "RSAC_DNS_PREFIX"),
            ("location", "RSAC_LOCATION"),
        ] {
            assert_eq!(variable_of(parameter), variable);
        }
    }

    #[test]
    fn bad_values_are_named_before_anything_is_made() {
        let wrong = |change: fn(&mut AzurePlace)| {
            let mut place = AzurePlace {
                cloud: Some("public".into()),
                resource_group: Some("g".into()),
                ..AzurePlace::default()
            };
            assert_eq!(must_be_right(&place), Ok(()));
            change(&mut place);
            must_be_right(&place).unwrap_err()
        };
        let failure = wrong(|p| p.cloud = Some("mars".into()));
        assert!(failure.message.contains("mars"), "{failure}");
        let failure = wrong(|p| p.resource_group = Some("a b".into()));
        assert!(failure.message.contains("a b"), "{failure}");
        let failure = wrong(|p| {
            p.parameters.insert("agentCount".into(), 99.into());
        });
        assert!(failure.message.contains("agentCount"), "{failure}");
        assert_eq!(failure.exit, Exit::BadInput);
        assert!(key_value("x").is_err());
    }
}
