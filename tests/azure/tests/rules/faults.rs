//! Scripted faults hit what they should, once, and leave the state that they say.

use crate::client::{AKS, Azure, CLUSTER, GROUPS, cluster};
use reqwest::Method;
use rsac_azure_simulator::{Effect, Fault, Go, Settings, When, fault_answers};
use serde_json::json;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

async fn put(azure: &Azure, name: &str) -> Option<u16> {
    let url = format!(
        "{}{}/resourceGroups/{name}?api-version={GROUPS}",
        azure.simulator.endpoint, azure.root
    );
    let body = json!({"location": "uksouth"}).to_string();
    azure
        .raw(Method::PUT, &url, Some(body), &[])
        .await
        .ok()
        .map(|got| got.status)
}

#[tokio::test]
async fn requests_are_hit_by_number_by_mutation_and_by_pattern() {
    let azure = Azure::start().await;
    let hit = |when: When| {
        let answer = Effect::Answer(fault_answers::throttled(7));
        azure.simulator.fault(Fault::once(when, answer));
    };
    hit(When::Request(2));
    azure.get("/resourcegroups", GROUPS).await.is(200);
    let got = azure.get("/resourcegroups", GROUPS).await.is(429);
    assert_eq!(got.header("retry-after"), "7");
    azure.get("/resourcegroups", GROUPS).await.is(200);
    hit(When::Mutating(2));
    assert_eq!(put(&azure, "one").await, Some(201));
    azure.get("/resourcegroups", GROUPS).await.is(200);
    assert_eq!(put(&azure, "two").await, Some(429));
    hit(When::matching("^get .*/resourcegroups/one").unwrap());
    assert_eq!(put(&azure, "one").await, Some(200));
    azure.get("/resourceGroups/one", GROUPS).await.is(429);
    assert_eq!(
        (azure.simulator.counts(), azure.simulator.faults_left()),
        ((8, 3), 0)
    );
}

#[tokio::test]
async fn a_broken_connection_loses_the_request_or_only_its_answer() {
    let azure = Azure::start().await;
    let all = || When::matching("^PUT").unwrap();
    azure
        .simulator
        .fault(Fault::once(all(), Effect::ResetBefore));
    assert_eq!(put(&azure, "before").await, None);
    azure
        .simulator
        .fault(Fault::once(all(), Effect::ResetAfter));
    assert_eq!(put(&azure, "after").await, None);
    assert_eq!(azure.simulator.groups(), ["after"]);
    for (effect, name) in [(Effect::HangBefore, "hung"), (Effect::HangAfter, "done")] {
        azure.simulator.fault(Fault::once(all(), effect));
        let waited = tokio::time::timeout(Duration::from_millis(300), put(&azure, name)).await;
        assert!(waited.is_err(), "an answer came");
    }
    assert_eq!(azure.simulator.groups(), ["after", "done"]);
    azure.get("/resourcegroups", GROUPS).await.is(200);
}

#[tokio::test]
async fn every_refusal_keeps_its_shape() {
    let azure = Azure::start().await;
    for (answer, status, code) in [
        (
            fault_answers::throttled_in_words(12),
            429,
            "TooManyRequests",
        ),
        (fault_answers::throttled_bare(), 429, ""),
        (fault_answers::outage(500), 500, "InternalServerError"),
        (fault_answers::outage_page(502), 502, ""),
        (
            fault_answers::quota(4, 2, "standardBSFamily", "uksouth"),
            400,
            "ErrCode_InsufficientVCPUQuota",
        ),
        (
            fault_answers::quota_not_allowed("uksouth", 10, 8, 4),
            409,
            "OperationNotAllowed",
        ),
        (
            fault_answers::policy("c", "no clusters"),
            403,
            "RequestDisallowedByPolicy",
        ),
        (
            fault_answers::another_operation("x"),
            409,
            "AnotherOperationInProgress",
        ),
        (fault_answers::retryable("x", 14), 429, "RetryableError"),
        (
            fault_answers::cluster_busy("Updating"),
            409,
            "OperationNotAllowed",
        ),
        (fault_answers::etag_mismatch(), 409, "EtagMismatch"),
    ] {
        let when = When::matching("resourcegroups").unwrap();
        azure
            .simulator
            .fault(Fault::once(when, Effect::Answer(answer)));
        azure
            .get("/resourcegroups", GROUPS)
            .await
            .refused(status, code);
        let seen = azure.simulator.requests().pop().unwrap();
        assert_eq!(seen.status, Some(status));
    }
}

#[tokio::test]
async fn operations_are_slow_fail_and_warn() {
    let azure = Azure::with(Settings {
        polls: 1,
        ..Settings::default()
    })
    .await;
    azure.group("g").await;
    let next = |effect| {
        azure.simulator.fault(Fault::once(
            When::matching("^PUT .*/managedClusters/").unwrap(),
            effect,
        ));
    };
    next(Effect::SlowOperation(20));
    let began = azure.put(CLUSTER, AKS, cluster()).await.is(201);
    let url = began.header("azure-asyncoperation").to_owned();
    let mut polls = 0;
    while azure.raw(Method::GET, &url, None, &[]).await.unwrap().json["status"] != "Succeeded" {
        polls += 1;
    }
    assert_eq!(polls, 19);
    next(Effect::FailOperation("QuotaExceeded".into(), "no".into()));
    let began = azure.put(CLUSTER, AKS, cluster()).await.is(200);
    let end = azure.follow(&began).await;
    assert_eq!(
        (
            end.json["status"].as_str(),
            end.json["error"]["code"].as_str()
        ),
        (Some("Failed"), Some("QuotaExceeded"))
    );
    assert_eq!(
        azure.get(CLUSTER, AKS).await.json["properties"]["provisioningState"],
        "Failed"
    );
    next(Effect::WarnOperation(
        "NotLatestOperation".into(),
        "slow".into(),
    ));
    let began = azure.put(CLUSTER, AKS, cluster()).await.is(200);
    let end = azure.follow(&began).await;
    assert_eq!(
        (
            end.json["status"].as_str(),
            end.json["error"]["code"].as_str()
        ),
        (Some("Succeeded"), Some("NotLatestOperation"))
    );
}

#[tokio::test]
async fn what_was_made_is_not_there_yet() {
    let azure = Azure::start().await;
    let when = When::matching("^PUT").unwrap();
    azure
        .simulator
        .fault(Fault::once(when, Effect::HideCreated(2)));
    assert_eq!(put(&azure, "g").await, Some(201));
    azure
        .get("/resourceGroups/g", GROUPS)
        .await
        .refused(404, "ResourceGroupNotFound");
    azure
        .put(CLUSTER, AKS, cluster())
        .await
        .refused(404, "ResourceGroupNotFound");
    let when = When::matching("^PUT .*managedClusters").unwrap();
    azure
        .simulator
        .fault(Fault::once(when, Effect::HideCreated(1)));
    azure.put(CLUSTER, AKS, cluster()).await.is(201);
    azure
        .get(CLUSTER, AKS)
        .await
        .refused(404, "ResourceNotFound");
    azure.get(CLUSTER, AKS).await.is(200);
}

#[tokio::test]
async fn tokens_expire_in_the_middle() {
    let azure = Azure::start().await;
    azure
        .simulator
        .fault(Fault::once(When::Request(2), Effect::ExpireTokens));
    azure.get("/resourcegroups", GROUPS).await.is(200);
    azure
        .get("/resourcegroups", GROUPS)
        .await
        .refused(401, "ExpiredAuthenticationToken");
}

#[tokio::test]
async fn hooks_stand_before_and_after() {
    let azure = Azure::start().await;
    static CALLS: AtomicU64 = AtomicU64::new(0);
    azure.simulator.before(|seen| {
        CALLS.fetch_add(1, Ordering::SeqCst);
        if seen.mutating == Some(1) {
            Go::Drop
        } else {
            Go::On
        }
    });
    azure.simulator.after(|seen| {
        assert!(seen.status.is_some());
        if seen.mutating == Some(2) {
            Go::Drop
        } else {
            Go::On
        }
    });
    assert_eq!(put(&azure, "before").await, None);
    assert_eq!(put(&azure, "after").await, None);
    assert_eq!(put(&azure, "none").await, Some(201));
    assert_eq!(azure.simulator.groups(), ["after", "none"]);
    assert_eq!(CALLS.load(Ordering::SeqCst), 3);
}
