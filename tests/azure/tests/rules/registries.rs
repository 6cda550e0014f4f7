//! Registries, and credentials that need no role assignment.

use crate::client::{ACR, Azure};
use rsac_azure_simulator::Settings;
use serde_json::{Value, json};

const REGISTRY: &str =
    "/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/rsacimages";

fn basic() -> Value {
    json!({"location": "uksouth", "sku": {"name": "Basic"}})
}

#[tokio::test]
async fn names_are_one_for_all_of_azure() {
    let settings = Settings {
        taken_registries: vec!["Taken".into()],
        ..Settings::default()
    };
    let azure = Azure::with(settings).await;
    azure.group("g").await;
    let check = "/providers/Microsoft.ContainerRegistry/checkNameAvailability";
    let ask = async |name: &str, kind: &str| {
        azure
            .post(check, ACR, Some(json!({"name": name, "type": kind})))
            .await
    };
    let kind = "Microsoft.ContainerRegistry/registries";
    assert_eq!(
        ask("rsacimages", kind).await.is(200).json["nameAvailable"],
        true
    );
    assert_eq!(
        ask("taken", kind).await.is(200).json["reason"],
        "AlreadyExists"
    );
    assert_eq!(ask("rs-ac", kind).await.is(200).json["reason"], "Invalid");
    ask("rsacimages", "registries")
        .await
        .refused(400, "InvalidRequestType");
    let at = |name: &str| REGISTRY.replace("rsacimages", name);
    azure
        .put(&at("taken"), ACR, basic())
        .await
        .refused(409, "AlreadyInUse");
    azure
        .put(&at("abcd"), ACR, basic())
        .await
        .refused(400, "InvalidRegistryName");
    let odd = json!({"location": "uksouth", "sku": {"name": "Gold"}});
    azure
        .put(REGISTRY, ACR, odd)
        .await
        .refused(400, "SkuNotSupported");
    azure.put(REGISTRY, ACR, basic()).await.is(201);
    assert_eq!(ask("RSACimages", kind).await.json["nameAvailable"], false);
}

#[tokio::test]
async fn a_token_gets_a_password() {
    let settings = Settings {
        registry: Some("127.0.0.1:5000".into()),
        polls: 2,
        ..Settings::default()
    };
    let azure = Azure::with(settings).await;
    azure.group("g").await;
    let map = format!("{REGISTRY}/scopeMaps/rsac-pull");
    let token = format!("{REGISTRY}/tokens/rsac-pull");
    let actions = |action: &str| json!({"properties": {"actions": [action]}});
    let read = "repositories/rsac/content/read";
    azure
        .put(&map, ACR, actions(read))
        .await
        .refused(404, "ParentResourceNotFound");
    let began = azure.put(REGISTRY, ACR, basic()).await.is(201);
    assert_eq!(began.json["properties"]["provisioningState"], "Creating");
    azure.follow(&began).await;
    let got = azure.get(REGISTRY, ACR).await.is(200);
    assert_eq!(got.json["properties"]["loginServer"], "127.0.0.1:5000");
    azure
        .put(&map, ACR, actions("repositories/rsac/pull"))
        .await
        .refused(400, "InvalidParameter");
    let began = azure.put(&map, ACR, actions(read)).await.is(201);
    azure.follow(&began).await;
    let body = |map: &str| json!({"properties": {"scopeMapId": format!("{}{map}", azure.root)}});
    azure
        .put(&token, ACR, body("/none"))
        .await
        .refused(400, "InvalidParameter");
    let began = azure.put(&token, ACR, body(&map)).await.is(201);
    azure.follow(&began).await;
    azure.delete(&map, ACR).await.refused(409, "ScopeMapInUse");

    let generate = format!("{REGISTRY}/generateCredentials");
    let ask = |token: &str, name: &str| {
        Some(json!({"tokenId": format!("{}{token}", azure.root), "name": name}))
    };
    azure
        .post(&generate, ACR, ask("/none", "password1"))
        .await
        .refused(404, "TokenNotFound");
    azure
        .post(&generate, ACR, ask(&token, "password3"))
        .await
        .refused(400, "InvalidParameter");
    let began = azure
        .post(&generate, ACR, ask(&token, "password1"))
        .await
        .is(202);
    let got = azure.follow(&began).await.is(200);
    assert_eq!(got.json["username"], "rsac-pull");
    let passwords = got.json["passwords"].as_array().unwrap();
    assert_eq!(passwords.len(), 1);
    assert!(!passwords[0]["value"].as_str().unwrap().is_empty());
    azure
        .post(&format!("{REGISTRY}/listCredentials"), ACR, None)
        .await
        .refused(400, "UnAuthorizedForCredentialOperations");

    let began = azure.delete(REGISTRY, ACR).await.is(202);
    azure.follow(&began).await;
    assert!(
        azure.simulator.resources().is_empty(),
        "{:?}",
        azure.simulator.resources()
    );
}
