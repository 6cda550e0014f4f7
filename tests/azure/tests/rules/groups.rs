//! Resource groups.

use crate::client::{Azure, GROUPS, NETWORK};
use rsac_azure_simulator::Settings;
use serde_json::json;

#[tokio::test]
async fn groups_are_made_once_and_stay_where_they_are() {
    let azure = Azure::start().await;
    let at = "/resourceGroups/g";
    azure.head(at, GROUPS).await.is(404);
    azure
        .get(at, GROUPS)
        .await
        .refused(404, "ResourceGroupNotFound");
    let got = azure
        .put(at, GROUPS, json!({"location": "UK South"}))
        .await
        .is(201);
    assert_eq!(got.json["location"], "uksouth");
    let body = json!({"location": "uksouth", "tags": {"stack": "azure"}});
    azure.put(at, GROUPS, body).await.is(200);
    azure.head(at, GROUPS).await.is(204);
    azure
        .put(at, GROUPS, json!({"location": "eastus"}))
        .await
        .refused(409, "InvalidResourceGroupLocation");
}

#[tokio::test]
async fn what_is_wrong_with_a_group_is_named() {
    let azure = Azure::start().await;
    let put = async |name: &str, body: serde_json::Value| {
        azure
            .put(&format!("/resourceGroups/{name}"), GROUPS, body)
            .await
    };
    let here = json!({"location": "uksouth"});
    let got = put("g", json!({"location": "atlantis"})).await;
    let got = got.refused(400, "LocationNotAvailableForResourceGroup");
    assert!(
        got.text.contains("List of available regions is 'uksouth,"),
        "{}",
        got.text
    );
    put("g", json!({})).await.refused(400, "LocationRequired");
    put("g", json!({"location": "uksouth", "colour": "red"}))
        .await
        .refused(400, "InvalidRequestContent");
    put("ends.", here.clone())
        .await
        .refused(400, "InvalidResourceGroup");
    put("a%20b", here.clone())
        .await
        .refused(400, "InvalidResourceGroup");
    put(&"x".repeat(91), here)
        .await
        .refused(400, "InvalidResourceGroup");
    put("g", json!({"location": "uksouth", "tags": {"n": 1}}))
        .await
        .refused(400, "InvalidRequestContent");
    put("g", json!({"location": "uksouth", "tags": {"a/b": "c"}}))
        .await
        .refused(400, "InvalidTagNameCharacters");
    put(
        "g",
        json!({"location": "uksouth", "tags": {"n": "v".repeat(257)}}),
    )
    .await
    .refused(400, "InvalidTagLength");
    let many: serde_json::Map<_, _> = (0..51).map(|at| (at.to_string(), json!("x"))).collect();
    put("g", json!({"location": "uksouth", "tags": many}))
        .await
        .refused(400, "TagCountLimitExceeded");
    assert!(azure.simulator.groups().is_empty());
}

#[tokio::test]
async fn a_group_that_goes_takes_nothing_in() {
    let azure = Azure::with(Settings {
        polls: 4,
        retry_after: None,
        ..Settings::default()
    })
    .await;
    azure.group("g").await;
    let began = azure.delete("/resourceGroups/g", GROUPS).await.is(202);
    assert_eq!(began.header("retry-after"), "15");
    assert_eq!(began.header("azure-asyncoperation"), "", "only a Location");
    let got = azure.get("/resourceGroups/g", GROUPS).await.is(200);
    assert_eq!(got.json["properties"]["provisioningState"], "Deleting");
    let network = "/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";
    azure
        .put(network, NETWORK, json!({"location": "uksouth"}))
        .await
        .refused(409, "ResourceGroupBeingDeleted");
    azure
        .put("/resourceGroups/g", GROUPS, json!({"location": "uksouth"}))
        .await
        .refused(409, "ResourceGroupBeingDeleted");
    azure.follow(&began).await.is(200);
    azure
        .get("/resourceGroups/g", GROUPS)
        .await
        .refused(404, "ResourceGroupNotFound");
    azure
        .put(network, NETWORK, json!({"location": "uksouth"}))
        .await
        .refused(404, "ResourceGroupNotFound");
    azure
        .delete("/resourceGroups/g", GROUPS)
        .await
        .refused(404, "ResourceGroupNotFound");
}
