//! Deployments of small templates, and what-if.

use crate::client::{AKS, Azure, CLUSTER, GROUPS, cluster};
use reqwest::Method;
use rsac_azure_simulator::{Effect, Fault, Settings, When};
use serde_json::{Value, json};

const AT: &str = "/resourceGroups/g/providers/Microsoft.Resources/deployments/d";

fn deployment(count: i64) -> Value {
    let mut resource = cluster();
    resource["type"] = json!("Microsoft.ContainerService/managedClusters");
    resource["apiVersion"] = json!(AKS);
    resource["name"] = json!("[parameters('clusterName')]");
    resource["location"] = json!("[parameters('location')]");
    resource["properties"]["agentPoolProfiles"][0]["count"] = json!("[parameters('agentCount')]");
    json!({"properties": {
        "mode": "Incremental",
        "parameters": {"clusterName": {"value": "c"}, "agentCount": {"value": count}},
        "template": {
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "parameters": {
                "clusterName": {"type": "string"},
                "location": {"type": "string", "defaultValue": "[resourceGroup().location]"},
                "agentCount": {"type": "int", "minValue": 1, "maxValue": 50}
            },
            "resources": [resource],
            "outputs": {"fqdn": {"type": "string", "value":
                "[reference(resourceId('Microsoft.ContainerService/managedClusters', parameters('clusterName'))).fqdn]"}}
        }
    }})
}

#[tokio::test]
async fn a_deployment_makes_its_resources() {
    let azure = Azure::with(Settings {
        polls: 3,
        ..Settings::default()
    })
    .await;
    azure
        .put(AT, GROUPS, deployment(2))
        .await
        .refused(404, "ResourceGroupNotFound");
    azure.group("g").await;
    azure.head(AT, GROUPS).await.is(404);
    let began = azure.put(AT, GROUPS, deployment(2)).await.is(201);
    assert_eq!(began.json["properties"]["provisioningState"], "Accepted");
    assert!(
        began
            .header("azure-asyncoperation")
            .contains("/operationStatuses/")
    );
    azure
        .put(AT, GROUPS, deployment(2))
        .await
        .refused(409, "DeploymentActive");
    assert_eq!(azure.follow(&began).await.json["status"], "Succeeded");
    let got = azure.get(AT, GROUPS).await.is(200);
    let fqdn = got.json["properties"]["outputs"]["fqdn"]["value"]
        .as_str()
        .unwrap();
    assert!(fqdn.ends_with(".hcp.uksouth.azmk8s.io"), "{fqdn}");
    let got = azure.get(CLUSTER, AKS).await.is(200);
    assert_eq!(got.json["properties"]["provisioningState"], "Succeeded");
    let got = azure.get(&format!("{AT}/operations"), GROUPS).await.is(200);
    assert_eq!(
        got.json["value"][0]["properties"]["provisioningState"],
        "Succeeded"
    );
    azure
        .post(&format!("{AT}/cancel"), GROUPS, None)
        .await
        .refused(409, "DeploymentCannotBeCancelled");
    let began = azure.delete(AT, GROUPS).await.is(202);
    azure.follow(&began).await.is(204);
    azure.get(CLUSTER, AKS).await.is(200);
}

#[tokio::test]
async fn a_template_is_checked_before_anything_is_made() {
    let azure = Azure::start().await;
    azure.group("g").await;
    let bad = |change: fn(&mut Value)| {
        let mut body = deployment(2);
        change(&mut body["properties"]);
        body
    };
    azure
        .put(AT, GROUPS, deployment(51))
        .await
        .refused(400, "InvalidTemplate");
    for change in [
        (|one| one["parameters"]["other"] = json!({"value": 1})) as fn(&mut Value),
        |one| one["parameters"]["clusterName"] = json!({"value": 7}),
        |one| one["parameters"] = json!({}),
        |one| one["template"]["resources"][0]["name"] = json!("[fly('x')]"),
        |one| one["template"]["resources"][0]["name"] = json!("a/b"),
        |one| one["template"]["contentVersion"] = json!(null),
    ] {
        azure
            .put(AT, GROUPS, bad(change))
            .await
            .refused(400, "InvalidTemplate");
    }
    azure
        .put(AT, GROUPS, bad(|one| one["mode"] = json!(null)))
        .await
        .refused(400, "InvalidRequestContent");
    azure
        .put(AT, GROUPS, bad(|one| one["mode"] = json!("Complete")))
        .await
        .refused(400, "ModeNotSupported");
    assert!(azure.simulator.resources().is_empty());
}

#[tokio::test]
async fn a_failed_part_fails_the_whole() {
    let azure = Azure::with(Settings {
        cores: 2,
        ..Settings::default()
    })
    .await;
    azure.group("g").await;
    let began = azure.put(AT, GROUPS, deployment(2)).await.is(201);
    let got = azure.follow(&began).await;
    assert_eq!(
        (
            got.json["status"].as_str(),
            got.json["error"]["code"].as_str()
        ),
        (Some("Failed"), Some("DeploymentFailed"))
    );
    let got = azure.get(AT, GROUPS).await.is(200);
    assert_eq!(got.json["properties"]["provisioningState"], "Failed");
    assert_eq!(
        got.json["properties"]["error"]["details"][0]["code"],
        "ErrCode_InsufficientVCPUQuota"
    );
    azure.simulator.change(|settings| settings.cores = 10);
    let effect = Effect::FailOperation("ControlPlaneBroken".into(), "sorry".into());
    azure.simulator.fault(Fault::once(
        When::matching("^PUT .*/deployments/").unwrap(),
        effect,
    ));
    let began = azure.put(AT, GROUPS, deployment(2)).await.is(200);
    assert_eq!(azure.follow(&began).await.json["status"], "Failed");
    let got = azure.get(CLUSTER, AKS).await.is(200);
    assert_eq!(got.json["properties"]["provisioningState"], "Failed");
}

#[tokio::test]
async fn what_if_tells_and_does_nothing() {
    let azure = Azure::with(Settings {
        polls: 1,
        ..Settings::default()
    })
    .await;
    let ask = async |count: i64| {
        let began = azure
            .post(&format!("{AT}/whatIf"), GROUPS, Some(deployment(count)))
            .await;
        let began = began.is(202);
        let got = azure.follow(&began).await.is(200);
        assert_eq!(got.json["status"], "Succeeded");
        got.json["properties"]["changes"][0].clone()
    };
    azure
        .post(&format!("{AT}/whatIf"), GROUPS, Some(deployment(2)))
        .await
        .refused(404, "ResourceGroupNotFound");
    azure.group("g").await;
    assert_eq!(ask(2).await["changeType"], "Create");
    assert!(azure.simulator.clusters().is_empty());
    let began = azure.put(AT, GROUPS, deployment(2)).await.is(201);
    azure.follow(&began).await;
    let change = ask(3).await;
    assert_eq!(change["changeType"], "Modify");
    assert_eq!(change["delta"][0]["path"], "properties.agentPoolProfiles");
    azure
        .send(Method::POST, &format!("{AT}/nothing"), GROUPS, None, &[])
        .await
        .refused(405, "MethodNotAllowed");
}
