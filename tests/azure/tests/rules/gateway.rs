//! What the gateway checks before any service: versions, paths, bodies, tokens, registration.

use crate::client::{ACR, AKS, Azure, CLUSTER, GROUPS, NETWORK, cluster};
use reqwest::Method;
use rsac_azure_simulator::Settings;
use serde_json::json;

#[tokio::test]
async fn api_versions_must_be_there_well_formed_and_supported() {
    let azure = Azure::start().await;
    azure.group("g").await;
    let bare = format!(
        "{}{}/resourceGroups/g",
        azure.simulator.endpoint, azure.root
    );
    let got = azure.raw(Method::GET, &bare, None, &[]).await.unwrap();
    got.refused(400, "MissingApiVersionParameter");
    azure
        .get("/resourceGroups/g", "latest")
        .await
        .refused(400, "InvalidApiVersionParameter");
    azure
        .get("/resourceGroups/g", "2024-11-02")
        .await
        .refused(400, "InvalidApiVersionParameter");
    // The first template's version: withdrawn.
    let got = azure.put(CLUSTER, "2022-05-02-preview", cluster()).await;
    let got = got.refused(400, "NoRegisteredProviderFound");
    assert!(
        got.text.contains("location 'uksouth'") && got.text.contains(AKS),
        "{}",
        got.text
    );
    // Tokens of registries left preview late.
    let tokens = "/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/r/tokens";
    azure
        .get(tokens, "2023-07-01")
        .await
        .refused(400, "NoRegisteredProviderFound");
    azure.get(tokens, ACR).await.is(200);
}

#[tokio::test]
async fn paths_name_what_exists() {
    let azure = Azure::start().await;
    azure
        .get("/providers/Microsoft.Nonsense/things", AKS)
        .await
        .refused(404, "InvalidResourceNamespace");
    azure
        .get(
            "/providers/Microsoft.ContainerService/openShiftClusters",
            AKS,
        )
        .await
        .refused(404, "InvalidResourceType");
    let other = format!(
        "{}/subscriptions/00000000-0000-0000-0000-000000000000?api-version={GROUPS}",
        azure.simulator.endpoint
    );
    let got = azure.raw(Method::GET, &other, None, &[]).await.unwrap();
    got.refused(404, "SubscriptionNotFound");
    azure
        .send(Method::PUT, "/locations", GROUPS, Some(json!({})), &[])
        .await
        .refused(405, "MethodNotAllowed");
}

#[tokio::test]
async fn bodies_are_json_and_say_so() {
    let azure = Azure::start().await;
    let url = format!(
        "{}{}/resourceGroups/g?api-version={GROUPS}",
        azure.simulator.endpoint, azure.root
    );
    let put =
        |body: &str, kind: &'static str| azure_put(&azure, url.clone(), body.to_owned(), kind);
    put("{\"location\":\"uksouth\"}", "text/plain")
        .await
        .refused(415, "UnsupportedMediaType");
    put("{\"location\":", "application/json")
        .await
        .refused(400, "InvalidRequestContent");
    put("[1]", "application/json")
        .await
        .refused(400, "InvalidRequestContent");
    put("", "application/json")
        .await
        .refused(400, "MissingRequestBody");
    put(
        "{\"location\":\"uksouth\"}",
        "application/json; charset=utf-8",
    )
    .await
    .is(201);
}

async fn azure_put(azure: &Azure, url: String, body: String, kind: &str) -> crate::client::Got {
    azure
        .raw(Method::PUT, &url, Some(body), &[("content-type", kind)])
        .await
        .unwrap()
}

#[tokio::test]
async fn ids_are_compared_without_case_and_shown_as_created() {
    let azure = Azure::start().await;
    azure.group("MyGroup").await;
    let got = azure.get("/RESOURCEGROUPS/mygroup", GROUPS).await.is(200);
    assert_eq!(got.json["name"], "MyGroup");
    let path = "/resourcegroups/MYGROUP/providers/microsoft.containerservice/MANAGEDclusters/Rsac";
    let began = azure.put(path, AKS, cluster()).await.is(201);
    azure.follow(&began).await;
    let other = path.to_lowercase();
    let got = azure.get(&other, AKS).await.is(200);
    assert_eq!(got.json["name"], "Rsac");
    assert!(got.json["id"].as_str().unwrap().ends_with(
        "/resourcegroups/MyGroup/providers/Microsoft.ContainerService/managedClusters/Rsac"
    ));
    assert_eq!(azure.simulator.clusters().len(), 1);
}

#[tokio::test]
async fn a_namespace_must_be_registered() {
    let azure = Azure::with(Settings {
        registered: vec![],
        polls: 2,
        ..Settings::default()
    })
    .await;
    azure.group("g").await;
    azure
        .put(CLUSTER, AKS, cluster())
        .await
        .refused(409, "MissingSubscriptionRegistration");
    let provider = "/providers/Microsoft.ContainerService";
    let got = azure.get(provider, GROUPS).await.is(200);
    assert_eq!(got.json["registrationState"], "NotRegistered");
    let got = azure
        .post(&format!("{provider}/register"), GROUPS, None)
        .await
        .is(200);
    assert_eq!(got.json["registrationState"], "Registering");
    azure
        .put(CLUSTER, AKS, cluster())
        .await
        .refused(409, "MissingSubscriptionRegistration");
    let mut looks = 0;
    while azure.get(provider, GROUPS).await.json["registrationState"] != "Registered" {
        looks += 1;
        assert!(looks < 10, "it never registers");
    }
    azure.put(CLUSTER, AKS, cluster()).await.is(201);
}

#[tokio::test]
async fn lists_come_in_pages_and_take_known_filters() {
    let azure = Azure::with(Settings {
        page: 2,
        ..Settings::default()
    })
    .await;
    for name in ["a", "b", "c", "d", "e"] {
        let body = json!({"location": "uksouth", "tags": {"Stack": name}});
        azure
            .put(&format!("/resourceGroups/{name}"), GROUPS, body)
            .await
            .is(201);
    }
    let mut names = Vec::new();
    let mut got = azure.get("/resourcegroups", GROUPS).await.is(200);
    let mut pages = 1;
    loop {
        for group in got.json["value"].as_array().unwrap() {
            names.push(group["name"].as_str().unwrap().to_owned());
        }
        let Some(next) = got.json["nextLink"].as_str().map(str::to_owned) else {
            break;
        };
        got = azure
            .raw(Method::GET, &next, None, &[])
            .await
            .unwrap()
            .is(200);
        pages += 1;
    }
    assert_eq!((names.join(""), pages), ("abcde".into(), 3));
    let filter = "/resourcegroups?$filter=tagName%20eq%20'stack'%20and%20tagValue%20eq%20'c'";
    let got = azure.get(filter, GROUPS).await.is(200);
    assert_eq!(got.json["value"].as_array().unwrap().len(), 1);
    for bad in [
        "tagName%20like%20'x'",
        "tagName%20eq%20x",
        "tagValue%20eq%20'x'",
        "tagName%20eq%20'x'%20and%20resourceType%20eq%20'y'",
    ] {
        azure
            .get(&format!("/resources?$filter={bad}"), GROUPS)
            .await
            .refused(400, "InvalidFilterInQueryString");
    }
    azure
        .get("/resourcegroups?$top=none", GROUPS)
        .await
        .refused(400, "InvalidTopQueryString");
}

#[tokio::test]
async fn an_operations_url_comes_back_unchanged_or_not_at_all() {
    let azure = Azure::with(Settings {
        polls: 12,
        ..Settings::default()
    })
    .await;
    azure.group("g").await;
    let began = azure.put(CLUSTER, AKS, cluster()).await.is(201);
    let url = began.header("azure-asyncoperation").to_owned();
    assert!(
        url.contains("api-version=2025-03-01&t="),
        "an api-version of its own: {url}"
    );
    let cut = url.split("&s=").next().unwrap();
    azure
        .raw(Method::GET, cut, None, &[])
        .await
        .unwrap()
        .refused(400, "InvalidAsyncOperationToken");
    let other = url.replace("2025-03-01", AKS);
    azure
        .raw(Method::GET, &other, None, &[])
        .await
        .unwrap()
        .refused(400, "InvalidAsyncOperationToken");
    let mut stages = Vec::new();
    loop {
        let got = azure
            .raw(Method::GET, &url, None, &[])
            .await
            .unwrap()
            .is(200);
        let word = got.json["status"].as_str().unwrap().to_owned();
        if word == "Succeeded" {
            assert!(got.json["endTime"].is_string());
            break;
        }
        assert!(got.json["endTime"].is_null());
        stages.push(word);
    }
    assert!(
        stages.iter().any(|one| one == "ProvisioningControlPlane"),
        "{stages:?}"
    );
    let network = "/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";
    let got = azure
        .put(network, NETWORK, json!({"location": "uksouth"}))
        .await
        .is(201);
    assert!(
        got.header("azure-asyncoperation").contains(NETWORK),
        "Network keeps the request's"
    );
}
