//! Operations on clusters: one at a time, aborted, rotated, and only on what was read.

use crate::client::{AKS, Azure, CLUSTER, cluster};
use base64ct::{Base64, Encoding};
use reqwest::Method;
use rsac_azure_simulator::Settings;
use serde_json::json;

#[tokio::test]
async fn one_operation_at_a_time() {
    let azure = Azure::with(Settings {
        polls: 9,
        ..Settings::default()
    })
    .await;
    azure.group("g").await;
    let began = azure.put(CLUSTER, AKS, cluster()).await.is(201);
    let got = azure
        .put(CLUSTER, AKS, cluster())
        .await
        .refused(409, "OperationNotAllowed");
    assert!(got.text.contains("is in progress"), "{}", got.text);
    azure
        .delete(CLUSTER, AKS)
        .await
        .refused(409, "OperationNotAllowed");
    let pool = format!("{CLUSTER}/agentPools/more");
    let body = json!({"properties": {"count": 1, "vmSize": "Standard_B2s"}});
    azure
        .put(&pool, AKS, body)
        .await
        .refused(409, "OperationNotAllowed");
    azure
        .post(&format!("{CLUSTER}/listClusterUserCredential"), AKS, None)
        .await
        .refused(409, "OperationNotAllowed");
    azure.follow(&began).await;
    azure.put(CLUSTER, AKS, cluster()).await.is(200);
}

#[tokio::test]
async fn an_abort_leaves_a_canceled_cluster() {
    let azure = Azure::with(Settings {
        polls: 50,
        ..Settings::default()
    })
    .await;
    azure.group("g").await;
    let began = azure.put(CLUSTER, AKS, cluster()).await.is(201);
    let abort = format!("{CLUSTER}/abort");
    let got = azure.post(&abort, AKS, None).await.is(202);
    assert!(!got.header("location").is_empty());
    assert_eq!(
        azure.get(CLUSTER, AKS).await.json["properties"]["provisioningState"],
        "Canceling"
    );
    assert_eq!(azure.follow(&got).await.json["status"], "Succeeded");
    let result = azure
        .raw(Method::GET, got.header("location"), None, &[])
        .await
        .unwrap();
    result.is(204);
    assert_eq!(azure.follow(&began).await.json["status"], "Canceled");
    assert_eq!(
        azure.get(CLUSTER, AKS).await.json["properties"]["provisioningState"],
        "Canceled"
    );
    azure
        .post(&abort, AKS, None)
        .await
        .refused(409, "OperationNotAllowed");
    azure.delete(CLUSTER, AKS).await.is(202);
}

#[tokio::test]
async fn a_rotation_changes_the_kubeconfig_that_is_handed_out_once_it_has_ended() {
    let user = |token: &str| {
        let whole = json!({
            "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
            "users": [{"name": "u", "user": {"token": token}}],
        });
        whole.to_string()
    };
    let azure = Azure::with(Settings {
        polls: 9,
        kubeconfig: Some(user("first-token")),
        kubeconfigs_rotated: vec![user("second-token"), user("third-token")],
        ..Settings::default()
    })
    .await;
    azure.group("g").await;
    let rotate = format!("{CLUSTER}/rotateClusterCertificates");
    azure
        .post(&rotate, AKS, None)
        .await
        .refused(404, "ResourceNotFound");
    let began = azure.put(CLUSTER, AKS, cluster()).await.is(201);
    azure
        .post(&rotate, AKS, None)
        .await
        .refused(409, "OperationNotAllowed");
    azure.follow(&began).await;
    let credentials = format!("{CLUSTER}/listClusterUserCredential");
    let token = async || {
        let got = azure.post(&credentials, AKS, None).await.is(200);
        let text = got.json["kubeconfigs"][0]["value"]
            .as_str()
            .unwrap()
            .to_owned();
        let text = String::from_utf8(Base64::decode_vec(&text).unwrap()).unwrap();
        let tokens = ["first-token", "second-token", "third-token"];
        let found: Vec<&str> = tokens.into_iter().filter(|t| text.contains(t)).collect();
        found.join(" ")
    };
    assert_eq!(token().await, "first-token");
    for next in ["second-token", "third-token", "third-token"] {
        let got = azure.post(&rotate, AKS, None).await.is(202);
        let cluster = azure.get(CLUSTER, AKS).await;
        let state = &cluster.json["properties"]["provisioningState"];
        assert_eq!(state, "RotatingClusterCertificates");
        assert_eq!(azure.follow(&got).await.json["status"], "Succeeded");
        assert_eq!(token().await, next);
        let cluster = azure.get(CLUSTER, AKS).await;
        assert_eq!(cluster.json["properties"]["provisioningState"], "Succeeded");
    }
}

#[tokio::test]
async fn etags_of_clusters_are_held_to() {
    let azure = Azure::start().await;
    azure.group("g").await;
    let put = async |name: &str, value: &str| {
        azure
            .send(Method::PUT, CLUSTER, AKS, Some(cluster()), &[(name, value)])
            .await
    };
    put("if-match", "*").await.refused(409, "EtagMismatch");
    put("if-none-match", "*").await.is(201);
    put("if-none-match", "*").await.refused(409, "EtagMismatch");
    let etag = azure.get(CLUSTER, AKS).await.json["eTag"]
        .as_str()
        .unwrap()
        .to_owned();
    put("if-match", &etag).await.is(200);
    put("if-match", &etag).await.refused(409, "EtagMismatch");
    azure
        .send(Method::DELETE, CLUSTER, AKS, None, &[("if-match", &etag)])
        .await
        .refused(409, "EtagMismatch");
}
