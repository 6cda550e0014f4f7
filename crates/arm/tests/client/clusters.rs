//! Typed clusters: what goes over the wire, and what comes back.

use crate::scripted::{Script, json, raw};
use rsac_arm::managed_clusters::{
    API, AksClusters, ClusterId, Declared, ManagedClusters, kubeconfigs,
};
use rsac_arm::{Begun, Class};
use serde_json::{Value, json as value};
use std::sync::Arc;

fn id() -> ClusterId {
    ClusterId::new("00000000-0000-0000-0000-000000000001", "rg", "c1").unwrap()
}

fn clusters(script: &Arc<Script>) -> AksClusters {
    AksClusters::new(script.arm())
}

#[tokio::test]
async fn the_declaration_is_what_goes_over_the_wire() {
    let body = value!({
        "location": "uksouth",
        "tags": {"rsac-stack": "azure"},
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "dnsPrefix": "p",
            "agentPoolProfiles": [{"name": "agentpool", "count": 2, "vmSize": "Standard_B2s",
                "osDiskSizeGB": 0, "osType": "Linux", "mode": "System"}],
            "linuxProfile": {"adminUsername": "azureuser",
                "ssh": {"publicKeys": [{"keyData": "ssh-rsa AAAA"}]}},
            "networkProfile": {"networkPlugin": "azure", "networkDataplane": "cilium"}
        }
    });
    let begun = json(
        201,
        value!({"properties": {"provisioningState": "Creating"}}),
    )
    .with(
        "azure-asyncoperation",
        "https://management.azure.com/x?api-version=2016-03-30&s=1",
    );
    let script = Script::of([begun]);
    let declared = Declared::from_json(&body).unwrap();
    let begun = clusters(&script).put(&id(), &declared).await.unwrap();
    assert!(matches!(begun, Begun::Running(_)));
    let asked = &script.asked()[0];
    assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), body);
    assert_eq!(
        asked.url,
        format!(
            "https://management.azure.com{}?api-version={API}",
            id().path()
        )
    );
    assert_eq!(asked.header("authorization"), Some("Bearer secret-token"));
    assert_eq!(asked.method, "PUT");
}

#[tokio::test]
async fn errors_come_out_classified_and_retries_work_below() {
    let quota = value!({"code": "QuotaExceeded", "message": "m", "subcode": "", "details": null});
    let script = Script::of([raw(503, ""), json(400, quota)]);
    let declared = Declared::from_json(&value!({"location": "x"})).unwrap();
    let error = clusters(&script).put(&id(), &declared).await.unwrap_err();
    assert_eq!(
        (error.class(), error.code()),
        (Class::Quota, "QuotaExceeded")
    );
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn a_cluster_is_read_whole_and_its_absence_seen() {
    let whole = value!({"properties": {"newField": {"x": 1}, "provisioningState": "Succeeded"}});
    let missing = value!({"error": {"code": "ResourceNotFound", "message": "m"}});
    let script = Script::of([
        json(200, whole.clone()),
        json(404, missing.clone()),
        json(404, missing),
    ]);
    let clusters = clusters(&script).at("2026-07-01");
    assert_eq!(clusters.get(&id()).await.unwrap(), Some(whole));
    assert_eq!(clusters.get(&id()).await.unwrap(), None);
    let gone = Begun::Done {
        status: 404,
        body: None,
    };
    assert_eq!(clusters.delete(&id()).await.unwrap(), gone);
    assert!(script.asked()[0].url.ends_with("api-version=2026-07-01"));
}

#[tokio::test]
async fn abort_is_spelled_as_the_resource_is() {
    let script = Script::of([raw(202, "").with("location", "https://management.azure.com/r?s=1")]);
    clusters(&script).abort(&id()).await.unwrap();
    assert_eq!(script.lines(), [format!("POST {}/abort", id().path())]);
}

#[tokio::test]
async fn kubeconfigs_are_decoded_and_never_shown() {
    let yaml = "apiVersion: v1\nkind: Config\n";
    let coded = azure_core::base64::encode(yaml);
    let answer = value!({"kubeconfigs": [{"name": "clusterUser", "value": coded}]});
    let script = Script::of([json(200, answer)]);
    let read = clusters(&script).user_credentials(&id()).await.unwrap();
    assert_eq!(
        (read[0].name.as_str(), read[0].yaml.as_str()),
        ("clusterUser", yaml)
    );
    assert!(!format!("{read:?}").contains("Config"));
    assert_eq!(script.asked()[0].method, "POST");

    for wrong in [
        value!({}),
        value!({"kubeconfigs": []}),
        value!({"kubeconfigs": [{"name": "s3cret"}]}),
        value!({"kubeconfigs": [{"name": "n", "value": "***s3cret***"}]}),
        value!({"kubeconfigs": [{"name": "n", "value": "/////w=="}]}),
    ] {
        let error = kubeconfigs(&wrong, "POST x").unwrap_err();
        assert_eq!(error.class(), Class::Unreadable);
        assert!(!error.to_string().contains("s3cret"));
    }
}

#[test]
fn names_that_azure_would_refuse_are_refused_before() {
    let sub = "00000000-0000-0000-0000-000000000001";
    for (subscription, group, name, part) in [
        ("mine", "rg", "c", "subscription"),
        (sub, "", "c", "resource group"),
        (sub, "rg.", "c", "resource group"),
        (sub, "a/b", "c", "resource group"),
        (sub, "rg", "-c", "cluster"),
        (sub, "rg", "c/../x", "cluster"),
        (sub, "rg", "", "cluster"),
    ] {
        let error = ClusterId::new(subscription, group, name).unwrap_err();
        assert!(error.to_string().starts_with(part), "{error}");
    }
}
