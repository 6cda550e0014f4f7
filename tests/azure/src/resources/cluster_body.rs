//! The body of a cluster as AKS shows it: what was asked for, and the defaults it fills in.
//! `clusters` and `pools` build on it.

use serde_json::{Value, json};

const KUBERNETES: &[&str] = &["1.32.10", "1.33.6", "1.34.2"];

/// The version that a request means; `None`: not supported.
pub(crate) fn version(asked: &str) -> Option<&'static str> {
    if asked.is_empty() {
        return Some(KUBERNETES[1]);
    }
    KUBERNETES
        .iter()
        .find(|known| {
            **known == asked
                || known
                    .strip_prefix(asked)
                    .is_some_and(|rest| rest.starts_with('.'))
        })
        .copied()
}

/// An agent pool's profile with the defaults; `asked` wins over `old`, `old` over defaults.
pub(crate) fn pool(asked: &Value, old: Option<&Value>, version: &str, state: &str) -> Value {
    let mut profile = json!({
        "count": 1, "vmSize": "Standard_D2s_v3", "osDiskSizeGB": 128, "osDiskType": "Managed",
        "kubeletDiskType": "OS", "maxPods": 250, "type": "VirtualMachineScaleSets",
        "enableAutoScaling": false, "scaleDownMode": "Delete", "powerState": {"code": "Running"},
        "orchestratorVersion": version, "currentOrchestratorVersion": version,
        "enableNodePublicIP": false, "mode": "User", "osType": "Linux", "osSKU": "Ubuntu",
        "nodeImageVersion": "AKSUbuntu-2204gen2containerd-202601.07.0",
        "upgradeSettings": {"maxSurge": "10%", "maxUnavailable": "0"}, "enableFIPS": false,
        "securityProfile": {
            "sshAccess": "LocalUser", "enableVTPM": false, "enableSecureBoot": false
        }
    });
    for layer in old.into_iter().chain([asked]) {
        overlay(&mut profile, layer);
    }
    if profile["osDiskSizeGB"] == json!(0) {
        profile["osDiskSizeGB"] = json!(128);
    }
    if profile["orchestratorVersion"] == json!("") {
        profile["orchestratorVersion"] = json!(version);
    }
    if profile["scaleSetPriority"] == json!("Spot") {
        if profile["scaleSetEvictionPolicy"].is_null() {
            profile["scaleSetEvictionPolicy"] = json!("Delete");
        }
        if profile["spotMaxPrice"].is_null() {
            profile["spotMaxPrice"] = json!(-1.0);
        }
    }
    profile["provisioningState"] = json!(state);
    profile
}

/// Lays the fields of one object over another; null says nothing.
fn overlay(base: &mut Value, layer: &Value) {
    let Some(fields) = layer.as_object() else {
        return;
    };
    for (name, value) in fields {
        if value.is_null() {
            continue;
        }
        match base.get_mut(name) {
            Some(held) if held.is_object() && value.is_object() && name != "nodeLabels" => {
                overlay(held, value);
            }
            _ => base[name] = value.clone(),
        }
    }
}

/// What a cluster's body depends on besides the request.
pub(crate) struct About<'a> {
    pub(crate) id: &'a str,
    pub(crate) group: &'a str,
    pub(crate) location: &'a str,
    pub(crate) tenant: &'a str,
    pub(crate) guid: &'a str,
    pub(crate) state: &'a str,
}

/// A cluster's body; `asked` wins over `old`, `old` over the defaults.
pub(crate) fn cluster(asked: &Value, old: Option<&Value>, about: &About<'_>) -> Value {
    let name = about.id.rsplit('/').next().unwrap_or_default();
    let asked_version = asked["properties"]["kubernetesVersion"]
        .as_str()
        .unwrap_or_default();
    let held = old.and_then(|old| old["properties"]["currentKubernetesVersion"].as_str());
    let version = match (asked_version, held) {
        ("", Some(held)) => held.to_owned(),
        (asked, _) => version(asked).unwrap_or(KUBERNETES[1]).to_owned(),
    };
    let prefix = asked["properties"]["dnsPrefix"].as_str().unwrap_or(name);
    let host = format!("{prefix}-{}", &about.guid[..8]);
    let mut node_group = format!("MC_{}_{name}_{}", about.group, about.location);
    node_group.truncate(80);
    let mut body = json!({
        "id": about.id, "location": about.location, "name": name,
        "type": "Microsoft.ContainerService/ManagedClusters", "kind": "Base",
        "properties": {
            "powerState": {"code": "Running"},
            "kubernetesVersion": version, "currentKubernetesVersion": version,
            "dnsPrefix": prefix,
            "fqdn": format!("{host}.hcp.{}.azmk8s.io", about.location),
            "azurePortalFQDN": format!("{host}.portal.hcp.{}.azmk8s.io", about.location),
            "servicePrincipalProfile": {"clientId": "msi"},
            "nodeResourceGroup": node_group, "enableRBAC": true,
            "supportPlan": "KubernetesOfficial",
            "networkProfile": {
                "networkPlugin": "azure", "networkPluginMode": "overlay", "networkPolicy": "none",
                "networkDataplane": "azure", "loadBalancerSku": "standard",
                "loadBalancerProfile": {
                    "managedOutboundIPs": {"count": 1}, "backendPoolType": "nodeIPConfiguration"
                },
                "podCidr": "10.244.0.0/16", "serviceCidr": "10.0.0.0/16",
                "dnsServiceIP": "10.0.0.10", "outboundType": "loadBalancer",
                "podCidrs": ["10.244.0.0/16"], "serviceCidrs": ["10.0.0.0/16"],
                "ipFamilies": ["IPv4"]
            },
            "maxAgentPools": 100,
            "autoUpgradeProfile": {"nodeOSUpgradeChannel": "NodeImage"},
            "disableLocalAccounts": false, "securityProfile": {},
            "storageProfile": {
                "diskCSIDriver": {"enabled": true}, "fileCSIDriver": {"enabled": true},
                "snapshotController": {"enabled": true}
            },
            "oidcIssuerProfile": {"enabled": false}, "workloadAutoScalerProfile": {},
            "resourceUID": about.guid.replace('-', "").chars().take(24).collect::<String>(),
            "metricsProfile": {"costAnalysis": {"enabled": false}},
            "nodeProvisioningProfile": {"mode": "Manual", "defaultNodePools": "Auto"},
            "bootstrapProfile": {"artifactSource": "Direct"}
        },
        "identity": {
            "type": "SystemAssigned", "principalId": about.guid, "tenantId": about.tenant
        },
        "sku": {"name": "Base", "tier": "Free"}
    });
    if let Some(old) = old {
        overlay(&mut body, old);
        body["tags"] = json!(null);
    }
    let mut asked = asked.clone();
    let pools = asked["properties"]["agentPoolProfiles"].take();
    if let Some(fields) = asked.as_object_mut() {
        for mine in [
            "id",
            "name",
            "type",
            "location",
            "etag",
            "eTag",
            "systemData",
        ] {
            fields.remove(mine);
        }
    }
    if let Some(fields) = asked["properties"].as_object_mut() {
        // What only AKS may say, it says itself whatever was sent.
        for mine in [
            "provisioningState",
            "powerState",
            "fqdn",
            "azurePortalFQDN",
            "currentKubernetesVersion",
            "maxAgentPools",
            "resourceUID",
            "kubernetesVersion",
        ] {
            fields.remove(mine);
        }
    }
    overlay(&mut body, &asked);
    if body["tags"].is_null()
        && let Some(fields) = body.as_object_mut()
    {
        fields.remove("tags");
    }
    body["properties"]["kubernetesVersion"] = json!(if asked_version.is_empty() {
        version.clone()
    } else {
        asked_version.to_owned()
    });
    body["properties"]["currentKubernetesVersion"] = json!(version);
    let mut profiles: Vec<Value> = old
        .and_then(|old| old["properties"]["agentPoolProfiles"].as_array().cloned())
        .unwrap_or_default();
    for asked in pools.as_array().into_iter().flatten() {
        let at = profiles
            .iter()
            .position(|held| held["name"] == asked["name"]);
        let fresh = pool(asked, at.map(|at| &profiles[at]), &version, about.state);
        match at {
            Some(at) => profiles[at] = fresh,
            None => profiles.push(fresh),
        }
    }
    body["properties"]["agentPoolProfiles"] = json!(profiles);
    body["properties"]["provisioningState"] = json!(about.state);
    body
}
