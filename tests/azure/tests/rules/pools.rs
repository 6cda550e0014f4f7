//! Agent pools of clusters, and the cores that they take.

use crate::client::{AKS, Azure, CLUSTER, cluster, with};
use rsac_azure_simulator::Settings;
use serde_json::json;

#[tokio::test]
async fn cores_are_counted() {
    let azure = Azure::with(Settings {
        cores: 5,
        ..Settings::default()
    })
    .await;
    azure.group("g").await;
    let usages = "/providers/Microsoft.Compute/locations/uksouth/usages";
    let cores = async || {
        let got = azure.get(usages, "2024-07-01").await.is(200);
        (
            got.json["value"][0]["currentValue"].as_u64(),
            got.json["value"][0]["limit"].as_u64(),
        )
    };
    assert_eq!(cores().await, (Some(0), Some(5)));
    let big = with(
        &cluster(),
        "/properties/agentPoolProfiles/0/count",
        json!(3),
    );
    let got = azure
        .put(CLUSTER, AKS, big)
        .await
        .refused(400, "ErrCode_InsufficientVCPUQuota");
    assert!(
        got.text.contains("requested 6, remaining 5"),
        "{}",
        got.text
    );
    assert!(
        !azure
            .simulator
            .groups()
            .contains(&"MC_g_c_uksouth".to_owned()),
        "nothing is made"
    );
    azure.put(CLUSTER, AKS, cluster()).await.is(201);
    assert_eq!(cores().await, (Some(4), Some(5)));
    let other = CLUSTER.replace("managedClusters/c", "managedClusters/d");
    azure
        .put(&other, AKS, cluster())
        .await
        .refused(400, "ErrCode_InsufficientVCPUQuota");
    azure.put(CLUSTER, AKS, cluster()).await.is(200);
    azure
        .simulator
        .change(|settings| settings.restricted_sizes = vec!["standard_b2S".into()]);
    azure
        .put(&other, AKS, cluster())
        .await
        .refused(400, "BadRequest");
    let skus = "/providers/Microsoft.Compute/skus?$filter=location%20eq%20'uksouth'";
    let got = azure.get(skus, "2021-07-01").await.is(200);
    let b2s = got.json["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "Standard_B2s");
    assert_eq!(
        b2s.unwrap()["restrictions"][0]["reasonCode"],
        "NotAvailableForSubscription"
    );
}

#[tokio::test]
async fn pools_come_and_go() {
    let azure = Azure::start().await;
    azure.group("g").await;
    let at = |name: &str| format!("{CLUSTER}/agentPools/{name}");
    let body = json!({"properties": {
        "count": 1, "vmSize": "Standard_B2s", "mode": "User", "scaleSetPriority": "Spot"
    }});
    azure
        .put(&at("spot"), AKS, body.clone())
        .await
        .refused(404, "NotFound");
    azure.put(CLUSTER, AKS, cluster()).await.is(201);
    azure.get(&at("spot"), AKS).await.refused(404, "NotFound");
    azure
        .put(&at("SPOT"), AKS, body.clone())
        .await
        .refused(400, "InvalidParameter");
    let odd = json!({"properties": {"size": "Standard_B2s"}});
    azure
        .put(&at("spot"), AKS, odd)
        .await
        .refused(400, "UnmarshalError");
    let began = azure.put(&at("spot"), AKS, body.clone()).await.is(201);
    azure.follow(&began).await;
    let got = azure.get(&at("spot"), AKS).await.is(200);
    assert_eq!(got.json["properties"]["provisioningState"], "Succeeded");
    assert_eq!(got.json["properties"]["scaleSetEvictionPolicy"], "Delete");
    let sets = || {
        azure
            .simulator
            .resources()
            .iter()
            .filter(|id| id.contains("-vmss"))
            .count()
    };
    assert_eq!(sets(), 2);
    azure
        .delete(&at("agentpool"), AKS)
        .await
        .refused(400, "OperationNotAllowed");
    let began = azure.delete(&at("spot"), AKS).await.is(202);
    azure.follow(&began).await;
    azure.get(&at("spot"), AKS).await.refused(404, "NotFound");
    assert_eq!(sets(), 1);
    azure.delete(&at("spot"), AKS).await.is(204);
}
