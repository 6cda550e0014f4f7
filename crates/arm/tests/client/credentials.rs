//! The chain of credentials: order, what each link says, and what is remembered. Programs
//! are stand-ins in a folder of the test's own.

use crate::scripted::{Reply, Script, json};
use rsac_arm::credentials::{Chain, Environment, chain_in};
use rsac_arm::{Arm, Cloud, Options, Patience, TokenCredential};
use serde_json::json as value;
use std::path::Path;
use std::sync::Arc;

const SCOPE: &[&str] = &["https://management.azure.com/.default"];
const TENANT: &str = "11111111-1111-1111-1111-111111111111";

fn chain(script: &Arc<Script>, variables: &[(&str, &str)]) -> Arc<Chain> {
    let mut options = Options::new(Cloud::named("public").unwrap(), "rsac-test/1");
    options.patience = Patience::none();
    options.transport = Some(script.clone());
    let environment = Environment::of(variables.iter().copied());
    chain_in(&options, &environment).unwrap()
}

const PRINCIPAL: [(&str, &str); 3] = [
    ("AZURE_TENANT_ID", TENANT),
    ("AZURE_CLIENT_ID", "client"),
    ("AZURE_CLIENT_SECRET", "s3cret&="),
];

fn token(text: &str) -> Reply {
    json(
        200,
        value!({"token_type": "Bearer", "expires_in": 3600, "access_token": text}),
    )
}

/// What stands for the metadata service off Azure.
fn no_identity() -> Reply {
    json(404, value!({"error": "not found"}))
}

fn stand_in(folder: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.join(name);
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_service_principal_asks_its_tenant_s_authority() {
    let script = Script::of([token("one")]);
    let chain = chain(&script, &PRINCIPAL);
    assert_eq!(chain.used().await, None);
    for _ in 0..2 {
        let token = chain.get_token(SCOPE, None).await.unwrap();
        assert_eq!(token.token.secret(), "one");
    }
    assert_eq!(chain.used().await, Some("environment"));
    let asked = script.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].url,
        format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token")
    );
    assert!(asked[0].body.contains("client_secret=s3cret%26%3D"));
}

#[tokio::test]
async fn the_authority_of_the_environment_is_honoured() {
    let script = Script::of([token("one")]);
    let mut variables = PRINCIPAL.to_vec();
    variables.push(("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/"));
    chain(&script, &variables)
        .get_token(SCOPE, None)
        .await
        .unwrap();
    assert!(
        script.asked()[0]
            .url
            .starts_with("https://login.microsoftonline.us/")
    );
}

/// Endpoints as Azure documents them: "Compare Azure Government and global Azure", and the
/// developer guide of Azure in China.
#[tokio::test]
async fn each_cloud_has_its_own_authority_audience_and_endpoint() {
    for (name, authority, arm) in [
        (
            "public",
            "login.microsoftonline.com",
            "management.azure.com",
        ),
        (
            "government",
            "login.microsoftonline.us",
            "management.usgovcloudapi.net",
        ),
        (
            "china",
            "login.chinacloudapi.cn",
            "management.chinacloudapi.cn",
        ),
    ] {
        let script = Script::of([token("of-this-cloud"), json(200, value!({"id": "x"}))]);
        let mut options = Options::new(Cloud::named(name).unwrap(), "rsac-test/1");
        options.patience = Patience::none();
        options.transport = Some(script.clone());
        let chain = chain_in(&options, &Environment::of(PRINCIPAL)).unwrap();
        let client = Arm::new(chain, options).unwrap();
        client.get("/subscriptions/s", "2022-12-01").await.unwrap();
        let asked = script.asked();
        assert_eq!(
            asked[0].url,
            format!("https://{authority}/{TENANT}/oauth2/v2.0/token")
        );
        let scope = format!("scope=https%3A%2F%2F{arm}%2F.default");
        assert!(asked[0].body.contains(&scope), "{name}: {}", asked[0].body);
        assert_eq!(
            asked[1].url,
            format!("https://{arm}/subscriptions/s?api-version=2022-12-01")
        );
        assert_eq!(
            asked[1].header("authorization"),
            Some("Bearer of-this-cloud")
        );
    }
}

#[tokio::test]
async fn a_refused_service_principal_is_the_answer_and_nobody_else_is_tried() {
    let refused = json(
        401,
        value!({"error": "invalid_client", "error_codes": [7000215],
        "error_description": "AADSTS7000215: Invalid client secret provided."}),
    );
    let script = Script::of([refused]);
    let error = chain(&script, &PRINCIPAL)
        .get_token(SCOPE, None)
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("AADSTS7000215") && text.contains("were not tried"),
        "{text}"
    );
    assert!(!text.contains("s3cret") && !format!("{error:?}").contains("s3cret"));
}

#[tokio::test]
async fn when_none_works_each_says_why() {
    let folder = tempfile::tempdir().unwrap();
    stand_in(
        folder.path(),
        "az",
        "echo 'ERROR: Please run az login to setup account.' >&2; exit 1",
    );
    let path = folder.path().to_str().unwrap();
    let script = Script::of([no_identity()]);
    let error = chain(&script, &[("PATH", path)])
        .get_token(SCOPE, None)
        .await
        .unwrap_err();
    let text = error.to_string();
    for part in [
        "environment: AZURE_CLIENT_SECRET is not set",
        "workload identity: AZURE_FEDERATED_TOKEN_FILE is not set",
        "managed identity:",
        "Azure CLI:",
        "az login",
        "azd: ",
        "not found on PATH",
        "Sign in with",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[tokio::test]
async fn the_azure_cli_comes_before_azd_and_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let answer = r#"echo x >>"$(dirname "$0")/calls"
echo '{"accessToken":"cli-token","expires_on":4102444800,"expiresOn":"2100-01-01 00:00:00.000000","tenant":"t","tokenType":"Bearer"}'"#;
    stand_in(folder.path(), "az", answer);
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let script = Script::of([no_identity()]);
    let chain = chain(&script, &[("PATH", &path)]);
    for _ in 0..2 {
        let token = chain.get_token(SCOPE, None).await.unwrap();
        assert_eq!(token.token.secret(), "cli-token");
    }
    assert_eq!(chain.used().await, Some("Azure CLI"));
    // Managed identity was asked once: the link that worked is remembered.
    assert_eq!(script.asked().len(), 1);
    let calls = std::fs::read_to_string(folder.path().join("calls")).unwrap();
    assert_eq!(calls.lines().count(), 2);

    // The identity does not change in the middle.
    stand_in(folder.path(), "az", "echo expired >&2; exit 1");
    let error = chain.get_token(SCOPE, None).await.unwrap_err().to_string();
    assert!(
        error.contains("Azure CLI") && !error.contains("azd:"),
        "{error}"
    );
}

#[tokio::test]
async fn a_managed_identity_is_asked_only_where_azure_s_metadata_service_is() {
    let expires = "4102444800";
    let identity = json(
        200,
        value!({"access_token": "three", "expires_on": expires,
        "token_type": "Bearer", "resource": "https://management.azure.com"}),
    );
    let script = Script::of([json(400, value!({"error": "invalid_request"})), identity]);
    let chain = chain(&script, &[]);
    assert_eq!(
        chain.get_token(SCOPE, None).await.unwrap().token.secret(),
        "three"
    );
    assert_eq!(chain.used().await, Some("managed identity"));
    assert_eq!(script.asked()[1].header("metadata"), Some("true"));
}

#[tokio::test]
async fn half_a_setting_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let script = Script::of([no_identity()]);
    let variables = [("PATH", path), ("AZURE_CLIENT_SECRET", "s3cret")];
    let error = chain(&script, &variables)
        .get_token(SCOPE, None)
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("but not AZURE_TENANT_ID"), "{text}");
    assert!(!text.contains("s3cret"));
}

#[tokio::test]
async fn workload_identity_reads_its_token_from_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "federated").unwrap();
    let script = Script::of([token("two")]);
    let chain = chain(
        &script,
        &[
            ("AZURE_TENANT_ID", TENANT),
            ("AZURE_CLIENT_ID", "client"),
            ("AZURE_FEDERATED_TOKEN_FILE", file.to_str().unwrap()),
        ],
    );
    assert_eq!(
        chain.get_token(SCOPE, None).await.unwrap().token.secret(),
        "two"
    );
    assert_eq!(chain.used().await, Some("workload identity"));
    assert!(
        script.asked()[0]
            .body
            .contains("client_assertion=federated")
    );
}

#[test]
fn nothing_secret_is_shown() {
    let script = Script::of([]);
    let chain = chain(&script, &PRINCIPAL);
    let environment = Environment::of(PRINCIPAL);
    let shown = format!("{chain:?} {environment:?}");
    assert!(
        !shown.contains("s3cret") && shown.contains("AZURE_CLIENT_SECRET"),
        "{shown}"
    );
}
