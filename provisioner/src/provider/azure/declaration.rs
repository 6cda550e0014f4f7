//! What is to be there: bicep/main.bicep evaluated with the stack's parameters. It is the one
//! declaration; nothing about the cluster is said anywhere else.

use super::preflight::{Needs, Nodes};
use crate::provider::ProviderError;
use crate::stack::AzurePlace;
use rsac_bicep::{Context, MAIN_BICEP, Parameters, Resource, Template};
use serde_json::{Map, Value};

/// The parameter that takes the tags.
pub(crate) const TAGS: &str = "tags";
/// The parameter that takes the SSH key.
pub(crate) const SSH_KEY: &str = "sshRSAPublicKey";
/// The parameter that takes the region.
pub(crate) const LOCATION: &str = "location";

/// The smallest disk of a node that AKS documents, in GB.
const LEAST_DISK: u64 = 30;

/// The declared cluster.
#[derive(Debug, Clone)]
pub(crate) struct Declaration {
    /// The resource: id, api-version, body.
    pub(crate) cluster: Resource,
    /// The region.
    pub(crate) location: String,
}

/// The template that ships with this build.
///
/// # Errors
/// When this build is broken: a test parses it.
pub(crate) fn template() -> Result<Template, ProviderError> {
    Template::parse(MAIN_BICEP).map_err(|error| wrong(&error.into()))
}

/// A fault of template or parameters.
pub(crate) fn wrong(error: &rsac_bicep::Error) -> ProviderError {
    ProviderError::Setting {
        what: error.to_string(),
        remedy: error.remedy(),
    }
}

/// The parameters that were given, with those that only the run knows.
pub(crate) fn parameters(
    azure: &AzurePlace,
    ssh_key: Option<&str>,
    tags: &Map<String, Value>,
) -> Parameters {
    let mut parameters = Parameters::default();
    for (name, value) in &azure.parameters {
        parameters.set(name, value.clone());
    }
    if !azure.parameters.contains_key(SSH_KEY)
        && let Some(key) = ssh_key
    {
        parameters.set(SSH_KEY, key);
    }
    // Tags of the user's file stay, and ours win; what is no object the template refuses.
    match azure.parameters.get(TAGS) {
        None => parameters.set(TAGS, Value::Object(tags.clone())),
        Some(Value::Object(given)) => {
            let mut both = given.clone();
            both.extend(tags.clone());
            parameters.set(TAGS, Value::Object(both))
        }
        Some(_) => {}
    }
    parameters
}

/// The region of a stack.
///
/// # Errors
/// When a parameter's value cannot be.
pub(crate) fn location(azure: &AzurePlace) -> Result<String, ProviderError> {
    let parameters = parameters(azure, Some("ssh-rsa"), &Map::new());
    let values = template()?.values(&parameters, None);
    let values = values.map_err(|error| wrong(&error))?;
    let location = values.get(LOCATION).and_then(Value::as_str);
    Ok(location.unwrap_or_default().to_owned())
}

/// The declaration of a stack.
///
/// # Errors
/// When a parameter's value cannot be.
pub(crate) fn declare(
    azure: &AzurePlace,
    subscription: &str,
    ssh_key: &str,
    tags: &Map<String, Value>,
) -> Result<Declaration, ProviderError> {
    let template = template()?;
    let parameters = parameters(azure, Some(ssh_key), tags);
    let values = template.values(&parameters, None).map_err(|e| wrong(&e))?;
    let text = |name: &str| values.get(name).and_then(Value::as_str).unwrap_or_default();
    let location = text(LOCATION).to_owned();
    let context = Context {
        subscription: subscription.to_owned(),
        resource_group: azure.resource_group.clone().unwrap_or_default(),
        location: location.clone(),
    };
    let deployment = template
        .evaluate(&parameters, &context)
        .map_err(|e| wrong(&e))?;
    let mut clusters = deployment.resources.into_iter().filter(|r| {
        r.type_
            .eq_ignore_ascii_case("Microsoft.ContainerService/managedClusters")
    });
    match (clusters.next(), clusters.next()) {
        (Some(cluster), None) => Ok(Declaration { cluster, location }),
        _ => Err(ProviderError::Failed(
            "the template does not declare exactly one cluster".to_owned(),
        )),
    }
}

impl Declaration {
    /// What has to be had for it.
    pub(crate) fn needs(&self) -> Needs {
        let pools = self.cluster.body.pointer("/properties/agentPoolProfiles");
        let pools = pools.and_then(Value::as_array).into_iter().flatten();
        let node = |pool: &Value| {
            Some(Nodes {
                size: pool.get("vmSize")?.as_str()?.to_owned(),
                count: pool.get("count")?.as_u64()?,
                is_spot: pool.get("scaleSetPriority").and_then(Value::as_str) == Some("Spot"),
            })
        };
        Needs {
            location: self.location.clone(),
            nodes: pools.filter_map(node).collect(),
        }
    }

    /// Disks that AKS has as yet refused, a line each.
    pub(crate) fn small_disks(&self) -> Option<String> {
        let disk = self
            .cluster
            .body
            .pointer("/properties/agentPoolProfiles/0/osDiskSizeGB");
        let disk = disk.and_then(Value::as_u64)?;
        (1..LEAST_DISK).contains(&disk).then(|| {
            format!("osDiskSizeGB {disk}: AKS takes 0, or {LEAST_DISK} and more; it may refuse it")
        })
    }

    /// What it is, in a line.
    pub(crate) fn summary(&self) -> String {
        let nodes: Vec<String> = self
            .needs()
            .nodes
            .iter()
            .map(|Nodes { size, count, .. }| format!("{count} × {size}"))
            .collect();
        format!(
            "{} with {} in {}",
            self.cluster.name,
            nodes.join(" and "),
            self.location
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn azure(parameters: Value) -> AzurePlace {
        serde_json::from_value(json!({"resourceGroup": "g", "parameters": parameters})).unwrap()
    }

    #[test]
    fn the_template_of_this_build_declares_one_cluster() {
        let tags = json!({"rsac-stack": "id"});
        let tags = tags.as_object().unwrap();
        let declared = declare(&azure(json!({"agentCount": 3})), "s", "ssh-rsa A", tags).unwrap();
        assert_eq!(declared.summary(), "rsac with 3 × Standard_B2s in uksouth");
        assert_eq!(
            declared.cluster.id,
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/rsac"
        );
        assert_eq!(declared.cluster.body["tags"], json!({"rsac-stack": "id"}));
        let key = "/properties/linuxProfile/ssh/publicKeys/0/keyData";
        assert_eq!(
            declared.cluster.body.pointer(key),
            Some(&json!("ssh-rsa A"))
        );
    }

    #[test]
    fn tags_of_a_parameters_file_stay_and_ours_win() {
        let given = azure(json!({"tags": {"team": "red", "rsac-stack": "theirs"}}));
        let tags = json!({"rsac-stack": "id"});
        let declared = declare(&given, "s", "ssh-rsa A", tags.as_object().unwrap()).unwrap();
        let both = json!({"team": "red", "rsac-stack": "id"});
        assert_eq!(declared.cluster.body["tags"], both);
        let wrong = azure(json!({"tags": "red"}));
        let error = declare(&wrong, "s", "ssh-rsa A", &Map::new()).unwrap_err();
        assert!(error.to_string().contains("tags"), "{error}");
    }

    #[test]
    fn every_field_survives_the_typed_model() {
        let tags = json!({"rsac-stack": "id"});
        for spot in [0, 3] {
            let given = azure(json!({"spotWorkers": spot}));
            let declared = declare(&given, "s", "ssh-rsa A", tags.as_object().unwrap()).unwrap();
            let cluster = declared.cluster;
            assert_eq!(cluster.api_version, rsac_arm::managed_clusters::API);
            let typed = rsac_arm::managed_clusters::Declared::from_json(&cluster.body).unwrap();
            assert_eq!(typed.beyond(), []);
        }
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        for (bad, name) in [
            (json!({"agentCount": 51}), "agentCount"),
            (json!({"osDiskSizeGB": 1024}), "osDiskSizeGB"),
            (json!({"agentCoun": 2}), "agentCoun"),
        ] {
            let error = declare(&azure(bad), "s", "ssh-rsa A", &Map::new()).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
