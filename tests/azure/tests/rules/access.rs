//! Tokens, roles and locks.

use crate::client::{Azure, GROUPS, LOCKS, NETWORK};
use reqwest::Method;
use rsac_azure_simulator::{Caller, Grant, Secret, Settings};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn no_token_no_answer() {
    let mut azure = Azure::start().await;
    let good = std::mem::take(&mut azure.token);
    let got = azure
        .get("/resourcegroups", GROUPS)
        .await
        .refused(401, "AuthenticationFailed");
    assert!(
        got.header("www-authenticate")
            .starts_with("Bearer authorization_uri=")
    );
    azure.token = "ey.not.mine".into();
    azure
        .get("/resourcegroups", GROUPS)
        .await
        .refused(401, "InvalidAuthenticationToken");
    azure.token = good;
    azure.get("/resourcegroups", GROUPS).await.is(200);
    azure.simulator.expire_tokens();
    azure
        .get("/resourcegroups", GROUPS)
        .await
        .refused(401, "ExpiredAuthenticationToken");
    azure.token = azure.sign_in(0).await;
    azure.get("/resourcegroups", GROUPS).await.is(200);
}

#[tokio::test]
async fn a_token_ends_by_itself() {
    let azure = Azure::with(Settings {
        token_lifetime: Duration::ZERO,
        ..Settings::default()
    })
    .await;
    azure
        .get("/resourcegroups", GROUPS)
        .await
        .refused(401, "ExpiredAuthenticationToken");
}

#[tokio::test]
async fn the_authority_says_what_is_wrong() {
    let azure = Azure::start().await;
    let scope = format!("{}/.default", azure.simulator.endpoint);
    let good = [
        ("grant_type", "client_credentials"),
        ("client_id", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"),
        ("client_secret", "simulated~client~secret"),
        ("scope", scope.as_str()),
    ];
    for (field, value, status, number) in [
        ("client_secret", "wrong", 401, 7_000_215),
        ("client_id", "somebody", 400, 700_016),
        ("scope", "https://management.azure.com", 400, 1_002_012),
        (
            "scope",
            "https://graph.microsoft.com/.default",
            400,
            500_011,
        ),
        ("grant_type", "password", 400, 70003),
    ] {
        let form = good.map(|(name, own)| (name, if name == field { value } else { own }));
        let got = azure.ask_token(&form).await.is(status);
        assert_eq!(got.json["error_codes"][0], number, "{}", got.text);
        assert!(
            got.json["error_description"]
                .as_str()
                .unwrap()
                .contains(&format!("AADSTS{number}"))
        );
    }
    azure.ask_token(&good[..3]).await.is(400);
    let got = azure.ask_token(&good).await.is(200);
    assert_eq!(
        (
            got.json["token_type"].as_str(),
            got.json["expires_in"].as_u64()
        ),
        (Some("Bearer"), Some(3599))
    );
    let kept = format!("{:?}", azure.simulator.requests());
    assert!(
        !kept.contains("simulated~client~secret"),
        "the log keeps no secret"
    );
}

fn limited() -> Settings {
    let mut settings = Settings::default();
    let root = format!("/subscriptions/{}", settings.subscription);
    settings.callers.push(Caller {
        client_id: "11111111-0000-4000-8000-000000000000".into(),
        object_id: "22222222-0000-4000-8000-000000000000".into(),
        secret: Secret("other".into()),
        grants: vec![Grant::contributor(&format!("{root}/resourceGroups/mine"))],
    });
    settings
}

#[tokio::test]
async fn a_limited_caller_sees_shorter_lists_and_no_error() {
    let mut azure = Azure::with(limited()).await;
    azure.group("mine").await;
    azure.group("theirs").await;
    let network = json!({"location": "uksouth"});
    azure.simulator.make(
        "/resourceGroups/theirs/providers/Microsoft.Network/virtualNetworks/v",
        network,
    );
    let networks = "/providers/Microsoft.Network/virtualNetworks";
    let count = |got: &crate::client::Got| got.json["value"].as_array().unwrap().len();
    assert_eq!(count(&azure.get(networks, NETWORK).await.is(200)), 1);
    azure.token = azure.sign_in(1).await;
    assert_eq!(count(&azure.get(networks, NETWORK).await.is(200)), 0);
    assert_eq!(
        count(&azure.get("/resourcegroups", GROUPS).await.is(200)),
        1
    );
    assert_eq!(count(&azure.get("/resources", GROUPS).await.is(200)), 0);
    let got = azure
        .get("/resourceGroups/theirs", GROUPS)
        .await
        .refused(403, "AuthorizationFailed");
    assert!(
        got.text.contains(
            "does not have authorization to perform action \
         'Microsoft.Resources/subscriptions/resourceGroups/read' over scope"
        ),
        "{}",
        got.text
    );
    let got = azure
        .put(
            "/resourceGroups/new",
            GROUPS,
            json!({"location": "uksouth"}),
        )
        .await;
    got.refused(403, "AuthorizationFailed");
    azure
        .get(
            "/providers/Microsoft.Compute/locations/uksouth/usages",
            "2024-07-01",
        )
        .await
        .refused(403, "AuthorizationFailed");
    let permissions = "/providers/Microsoft.Authorization/permissions";
    assert_eq!(
        count(&azure.get(permissions, "2022-04-01").await.is(200)),
        0
    );
    let got = azure
        .get(&format!("/resourceGroups/mine{permissions}"), "2022-04-01")
        .await
        .is(200);
    assert_eq!(got.json["value"][0]["actions"][0], "*");
}

#[tokio::test]
async fn locks_hold_above_and_below() {
    let azure = Azure::start().await;
    azure.group("g").await;
    let disk = "/resourceGroups/g/providers/Microsoft.Compute/disks/d";
    azure.simulator.make(disk, json!({"location": "uksouth"}));
    // A Contributor may not lock.
    let lock = "/resourceGroups/g/providers/Microsoft.Authorization/locks/l";
    let body = json!({"properties": {"level": "CanNotDelete"}});
    azure
        .put(lock, LOCKS, body)
        .await
        .refused(403, "AuthorizationFailed");
    azure.simulator.lock(disk, "keep", "CanNotDelete");
    let got = azure
        .delete("/resourceGroups/g", GROUPS)
        .await
        .refused(409, "ScopeLocked");
    assert!(
        got.text.contains(
            "cannot perform delete operation because following scope(s) are \
         locked:"
        ) && got.text.contains("/disks/d"),
        "{}",
        got.text
    );
    azure
        .delete(disk, "2024-03-02")
        .await
        .refused(409, "ScopeLocked");
    let list = "/resourceGroups/g/providers/Microsoft.Authorization/locks";
    let got = azure.get(list, LOCKS).await.is(200);
    assert_eq!(got.json["value"][0]["name"], "keep");
    azure.simulator.remove(&format!(
        "{disk}/providers/Microsoft.Authorization/locks/keep"
    ));
    azure
        .simulator
        .lock("/resourceGroups/g", "still", "ReadOnly");
    azure
        .put("/resourceGroups/g", GROUPS, json!({"location": "uksouth"}))
        .await
        .refused(409, "ScopeLocked");
    let network = "/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";
    azure
        .put(network, NETWORK, json!({"location": "uksouth"}))
        .await
        .refused(409, "ScopeLocked");
    azure
        .simulator
        .remove("/resourceGroups/g/providers/Microsoft.Authorization/locks/still");
    azure.delete("/resourceGroups/g", GROUPS).await.is(202);
}

#[tokio::test]
async fn an_owner_locks_and_assigns_roles_once() {
    let mut settings = Settings::default();
    let root = format!("/subscriptions/{}", settings.subscription);
    settings.callers[0].grants = vec![Grant::owner(&root)];
    let azure = Azure::with(settings).await;
    azure.group("g").await;
    let lock = "/resourceGroups/g/providers/Microsoft.Authorization/locks/l";
    let body = |level: &str| json!({"properties": {"level": level}});
    azure
        .put(lock, LOCKS, body("Sometimes"))
        .await
        .refused(400, "InvalidLockLevel");
    azure.put(lock, LOCKS, body("CanNotDelete")).await.is(201);
    azure.put(lock, LOCKS, body("CanNotDelete")).await.is(200);
    azure.delete(lock, LOCKS).await.is(200);
    azure.delete(lock, LOCKS).await.is(204);
    let at = "/resourceGroups/g/providers/Microsoft.Authorization/roleAssignments";
    let body = json!({"properties": {"roleDefinitionId": "/x", "principalId": "p"}});
    let first = format!("{at}/00000000-0000-4000-8000-000000000001");
    let second = format!("{at}/00000000-0000-4000-8000-000000000002");
    azure
        .put(&format!("{at}/pull"), "2022-04-01", body.clone())
        .await
        .refused(400, "BadRequestFormat");
    azure.put(&first, "2022-04-01", body.clone()).await.is(201);
    azure
        .put(&second, "2022-04-01", body)
        .await
        .refused(409, "RoleAssignmentExists");
    let got = azure
        .send(
            Method::PATCH,
            "/resourceGroups/g",
            GROUPS,
            Some(json!({"tags": {"a": "b"}})),
            &[],
        )
        .await;
    assert_eq!(got.is(200).json["tags"]["a"], "b");
}
