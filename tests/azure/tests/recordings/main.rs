//! The simulator answers as recorded Azure did: status, telling headers, and the keys of the
//! body, request by request.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it is wrong"
)]
#![allow(dead_code, reason = "the client is shared with the tests of the rules")]

#[path = "../rules/client.rs"]
mod client;
mod recording;

use client::{Azure, CLUSTER, Got, cluster, with};
use recording::Recording;
use rsac_azure_simulator::{Grant, Settings};
use serde_json::json;

/// Holds an answer to a recorded one.
#[track_caller]
fn alike(recorded: &recording::Answer, got: &Got, but: &[&str]) {
    recording::compare(recorded, got, but);
}

async fn azure() -> Azure {
    let mut settings = Settings {
        polls: 2,
        retry_after: None,
        ..Settings::default()
    };
    let root = format!("/subscriptions/{}", settings.subscription);
    settings.callers[0].grants = vec![Grant::owner(&root)];
    Azure::with(settings).await
}

#[tokio::test]
async fn groups() {
    let azure = azure().await;
    let file = Recording::read("Test_NewResourceGroup.yaml");
    let (at, api) = ("/resourceGroups/g", "2020-06-01");
    let body = json!({"location": "uksouth", "name": "g", "tags": {"a": "b"}});
    alike(
        &file.nth("PUT", "resourceGroups/", 0),
        &azure.put(at, api, body).await,
        &[],
    );
    alike(
        &file.nth("GET", "resourceGroups/", 0),
        &azure.get(at, api).await,
        &["CreatedAt"],
    );
    alike(
        &file.nth("HEAD", "resourceGroups/", 0),
        &azure.head(at, api).await,
        &[],
    );
    let began = azure.delete(at, api).await;
    alike(&file.nth("DELETE", "resourceGroups/", 0), &began, &[]);
    let got = azure.get(at, api).await;
    alike(
        &file.last_with("GET", "resourceGroups/", "Deleting"),
        &got,
        &["CreatedAt"],
    );
    azure.follow(&began).await;
    alike(
        &file.last_with("GET", "resourceGroups/", "NotFound"),
        &azure.get(at, api).await,
        &[],
    );
    let file = Recording::read("Test_NewResourceGroup_Error.yaml");
    let bad = azure.put(at, api, json!({"location": "BadLocation"})).await;
    alike(&file.nth("PUT", "resourceGroups/", 0), &bad, &[]);
}

#[tokio::test]
async fn groups_of_another_client() {
    let azure = azure().await;
    let file = Recording::read("azure_mgmt_resource_groups.yaml");
    let (at, api) = ("/resourcegroups/g", "2019-10-01");
    let body = json!({"location": "uksouth", "tags": {"tag1": "value1"}});
    alike(
        &file.nth("PUT", "resourcegroups/", 0),
        &azure.put(at, api, body).await,
        &[],
    );
    azure
        .put("/resourcegroups/h", api, json!({"location": "uksouth"}))
        .await
        .is(201);
    let got = azure.head("/resourcegroups/unknowngroup", api).await;
    alike(&file.nth("HEAD", "unknowngroup", 0), &got, &[]);
    let got = azure.get("/resourcegroups?$top=1", api).await;
    alike(&file.nth("GET", "$top", 0), &got, &["tags"]);
    let patch = Some(json!({"tags": {"tag1": "valueA", "tag2": "valueB"}}));
    let got = azure
        .send(reqwest::Method::PATCH, at, api, patch, &[])
        .await;
    alike(&file.nth("PATCH", "resourcegroups/", 0), &got, &[]);
    let got = azure.get("/resourceGroups/g/resources", api).await;
    alike(&file.nth("GET", "/resources?", 0), &got, &[]);
    let began = azure.delete(at, api).await;
    alike(&file.nth("DELETE", "resourcegroups/", 0), &began, &[]);
    let url = began.header("location").to_owned();
    let poll = async || {
        azure
            .raw(reqwest::Method::GET, &url, None, &[])
            .await
            .unwrap()
    };
    alike(&file.nth("GET", "operationresults", 0), &poll().await, &[]);
    alike(&file.nth("GET", "operationresults", 1), &poll().await, &[]);
}

#[tokio::test]
async fn locks() {
    let azure = azure().await;
    azure.group("g").await;
    let file = Recording::read("azure_mgmt_locks.yaml");
    let at = "/resourceGroups/g/providers/Microsoft.Authorization/locks";
    let (one, api) = (format!("{at}/l"), "2016-09-01");
    let body = json!({"properties": {"level": "CanNotDelete"}});
    alike(
        &file.nth("PUT", "locks", 0),
        &azure.put(&one, api, body).await,
        &[],
    );
    alike(&file.nth("GET", "locks", 0), &azure.get(at, api).await, &[]);
    alike(
        &file.nth("DELETE", "locks", 0),
        &azure.delete(&one, api).await,
        &[],
    );
}

#[tokio::test]
async fn clusters() {
    let azure = azure().await;
    azure.group("g").await;
    let file = Recording::read("test_aks_create_with_default_network.yaml");
    let api = "2025-09-02-preview";
    alike(
        &file.nth("GET", "managedClusters", 0),
        &azure.get(CLUSTER, api).await,
        &[],
    );
    let asked = with(
        &cluster(),
        "/properties/agentPoolProfiles/0/networkProfile",
        json!({}),
    );
    let began = azure.put(CLUSTER, api, asked).await;
    // Fields of 2023 that were withdrawn, and those of kubenet.
    let gone = [
        "enablePodSecurityPolicy",
        "enableCustomCATrust",
        "effectiveOutboundIPs",
        "identityProfile",
        "workloadRuntime",
        "enableEncryptionAtHost",
        "enableUltraSSD",
        "version",
    ];
    alike(&file.nth("PUT", "managedClusters", 0), &began, &gone);
    let url = began.header("azure-asyncoperation").to_owned();
    let poll = async || {
        azure
            .raw(reqwest::Method::GET, &url, None, &[])
            .await
            .unwrap()
    };
    alike(&file.nth("GET", "/operations/", 0), &poll().await, &[]);
    alike(
        &file.last_with("GET", "/operations/", "Succeeded"),
        &poll().await,
        &[],
    );
    let got = azure.get(CLUSTER, api).await;
    alike(
        &file.last_with("GET", "managedClusters", "Succeeded"),
        &got,
        &gone,
    );
    alike(
        &file.nth("DELETE", "managedClusters", 0),
        &azure.delete(CLUSTER, api).await,
        &[],
    );
}

#[tokio::test]
async fn clusters_of_today_and_their_pools() {
    let azure = azure().await;
    azure.group("g").await;
    let api = "2025-08-01";
    let began = azure.put(CLUSTER, api, cluster()).await.is(201);
    azure.follow(&began).await;
    let file = Recording::read("Test_AKS_ManagedCluster_20250801_CRUD.yaml");
    let addons = ["addonProfiles"];
    alike(
        &file.nth("GET", "managedClusters/", 0),
        &azure.get(CLUSTER, api).await,
        &addons,
    );
    let began = azure.put(CLUSTER, api, cluster()).await;
    alike(
        &file.nth("PUT", "managedClusters/", 0),
        &began,
        &["addonProfiles", "tags", "nodeLabels"],
    );
    azure.follow(&began).await;
    for action in ["listClusterUserCredential", "listClusterAdminCredential"] {
        let got = azure.post(&format!("{CLUSTER}/{action}"), api, None).await;
        alike(&file.nth("POST", action, 0), &got, &[]);
    }
    let pool = format!("{CLUSTER}/agentPools/ap2");
    let body = json!({"properties": {"count": 1, "vmSize": "Standard_B2s", "mode": "System"}});
    let began = azure.put(&pool, api, body).await;
    alike(
        &file.nth("PUT", "agentPools/ap2", 0),
        &began,
        &["nodeLabels", "tags"],
    );
    azure.follow(&began).await;
    let got = azure.get(&pool, api).await;
    alike(
        &file.last_with("GET", "agentPools/ap2", "Succeeded"),
        &got,
        &["nodeLabels"],
    );
    let began = azure.delete(&pool, api).await;
    alike(&file.nth("DELETE", "agentPools/ap2", 0), &began, &[]);
    azure.follow(&began).await;
    let older = Recording::read("Test_AKS_ManagedCluster_20240901_CRUD.yaml");
    alike(
        &older.last_with("GET", "agentPools/ap2", "NotFound"),
        &azure.get(&pool, api).await,
        &[],
    );
    alike(
        &file.nth("DELETE", "managedClusters/", 2),
        &azure.delete(CLUSTER, api).await,
        &[],
    );
}

#[tokio::test]
async fn networks_and_watchers() {
    let azure = azure().await;
    azure.group("g").await;
    let file = Recording::read("Test_Networking_VirtualNetwork_20240301_CRUD.yaml");
    let net = "/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";
    let (path, api) = ("virtualNetworks/", "2024-03-01");
    let own = [
        "privateEndpointVNetPolicies",
        "subnets",
        "virtualNetworkPeerings",
        "enableDdosProtection",
    ];
    alike(&file.nth("GET", path, 0), &azure.get(net, api).await, &[]);
    let body = json!({
        "location": "uksouth",
        "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}}
    });
    let began = azure.put(net, api, body).await;
    alike(&file.nth("PUT", path, 0), &began, &own);
    let done = azure.follow(&began).await;
    alike(&file.nth("GET", "/operations/", 0), &done, &[]);
    let got = azure.get(net, api).await;
    alike(&file.last_with("GET", path, "addressSpace"), &got, &own);
    alike(
        &file.nth("DELETE", path, 0),
        &azure.delete(net, api).await,
        &[],
    );
    let file = Recording::read("NetworkWatcherTest.test_find_by_name.json");
    let got = azure
        .get("/providers/Microsoft.Network/networkWatchers", "2020-08-01")
        .await;
    alike(&file.nth("GET", "networkWatchers", 0), &got, &["tags"]);
}

#[tokio::test]
async fn deployments() {
    let azure = azure().await;
    azure.group("g").await;
    let file = Recording::read("azure_mgmt_deployments_basic.yaml");
    let at = "/resourceGroups/g/providers/Microsoft.Resources/deployments/d";
    let api = "2019-10-01";
    alike(
        &file.nth("HEAD", "deployments/", 0),
        &azure.head(at, api).await,
        &[],
    );
    let body = json!({"properties": {
        "mode": "Incremental", "parameters": {"location": {"value": "uksouth"}},
        "template": {
            "$schema": "https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "parameters": {"location": {"type": "string"}},
            "resources": [{
                "type": "Microsoft.Network/virtualNetworks", "name": "v",
                "apiVersion": "2024-03-01", "location": "[parameters('location')]",
                "properties": {}
            }],
            "outputs": {"myparameter": {"type": "object",
                "value": "[reference('Microsoft.Network/virtualNetworks/v')]"}}
        }
    }});
    let began = azure.put(at, api, body).await;
    alike(&file.nth("PUT", "deployments/", 0), &began, &[]);
    let done = azure.follow(&began).await;
    alike(&file.nth("GET", "/operationStatuses/", 0), &done, &[]);
    let got = azure.get(at, api).await;
    let sets = ["platformUpdateDomainCount", "platformFaultDomainCount"];
    alike(
        &file.last_with("GET", "deployments/pytest", "outputResources"),
        &got,
        &sets,
    );
    let list = azure
        .get(&format!("{}/", at.trim_end_matches("/d")), api)
        .await;
    alike(&file.nth("GET", "deployments/?", 0), &list, &sets);
    let old = "/resourcegroups/g/deployments/d/operations";
    let got = azure.get(old, api).await;
    alike(
        &file.nth("GET", "/operations?", 0),
        &got,
        &["serviceRequestId"],
    );
    let got = azure.post(&format!("{at}/cancel"), api, None).await;
    alike(&file.nth("POST", "/cancel", 0), &got, &[]);
    let began = azure.delete(at, api).await;
    alike(&file.nth("DELETE", "deployments/", 0), &began, &[]);
    let url = began.header("location").to_owned();
    let poll = async || {
        azure
            .raw(reqwest::Method::GET, &url, None, &[])
            .await
            .unwrap()
    };
    alike(&file.nth("GET", "operationresults", 0), &poll().await, &[]);
    alike(&file.nth("GET", "operationresults", 1), &poll().await, &[]);
}
