//! Who is signed in, and where the subscription comes from, by the real executable: programs
//! that print what the Azure CLI and azd print, and the endpoint of a managed identity. (That
//! of a virtual machine has a fixed address; rsac-arm's tests answer in its place.)

use crate::cloud::{Cloud, Said, said};
use crate::served::Served;
use axum::Json;
use axum::Router;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use rsac_azure_simulator::Settings;
use serde_json::json;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::{Arc, Mutex};

const WRONG: [&str; 4] = [
    "00000000-0000-0000-0000-000000000001",
    "00000000-0000-0000-0000-000000000002",
    "00000000-0000-0000-0000-000000000003",
    "00000000-0000-0000-0000-000000000004",
];

/// A token that the simulated Azure takes.
fn token(cloud: &Cloud) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = Settings::default();
    let caller = &settings.callers[0];
    let url = format!(
        "{}{}/oauth2/v2.0/token",
        cloud.azure.authority, settings.tenant
    );
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", caller.client_id.as_str()),
        ("client_secret", caller.secret.0.as_str()),
        (
            "scope",
            &scope(cloud).replace(':', "%3A").replace('/', "%2F"),
        ),
    ];
    let body = form
        .map(|(name, value)| format!("{name}={value}"))
        .join("&");
    let ca = reqwest::Certificate::from_pem(cloud.azure.ca_pem.as_bytes()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let answer = runtime.block_on(async {
        let client = reqwest::Client::builder()
            .tls_certs_only([ca])
            .build()
            .unwrap();
        let request = client.post(url).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.send().await.unwrap();
        answer.json::<serde_json::Value>().await.unwrap()
    });
    cloud.azure.forget_requests();
    answer["access_token"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

fn scope(cloud: &Cloud) -> String {
    format!("{}/.default", cloud.azure.endpoint)
}

/// A program of this name that prints `answer` where its command line begins with `words`.
fn program(cloud: &Cloud, name: &str, words: &str, answer: &serde_json::Value) {
    let folder = cloud.path("bin");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.json")), answer.to_string()).unwrap();
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in\n  '{words}'*) echo asked >>'{0}/{name}.asked'; cat '{0}/{name}.json' ;;\n  \
         *) echo \"ERROR: $*\" >&2; exit 2 ;;\nesac\n",
        folder.display()
    );
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// As `az account get-access-token -o json` prints it since 2.54.
fn az(cloud: &Cloud, token: &str) {
    let answer = json!({
        "accessToken": token, "expiresOn": "2100-01-01 00:00:00.000000", "expires_on": 4_102_444_800_u64,
        "subscription": WRONG[0], "tenant": Settings::default().tenant, "tokenType": "Bearer",
    });
    let words = format!("account get-access-token -o json --scope {}", scope(cloud));
    program(cloud, "az", &words, &answer);
}

/// As `azd auth token -o json` prints it.
fn azd(cloud: &Cloud, token: &str) {
    let answer = json!({"token": token, "expiresOn": "2100-01-01T00:00:00Z"});
    program(cloud, "azd", "auth token -o json --no-prompt", &answer);
}

/// As `az account set` leaves it.
fn az_chose(cloud: &Cloud, subscription: &str) {
    az_chose_in(cloud, "AzureCloud", subscription);
}

fn az_chose_in(cloud: &Cloud, environment: &str, subscription: &str) {
    let folder = cloud.path("home/.azure");
    std::fs::create_dir_all(&folder).unwrap();
    let account = |id: &str, is_default: bool| {
        json!({"id": id, "name": "Work", "state": "Enabled", "isDefault": is_default,
            "tenantId": "t", "environmentName": environment})
    };
    let accounts = json!({"installationId": "i", "subscriptions": [
        account(WRONG[3], false), account(subscription, true),
    ]});
    std::fs::write(
        folder.join("azureProfile.json"),
        format!("\u{feff}{accounts}"),
    )
    .unwrap();
}

/// As `azd config set defaults.subscription` leaves it.
fn azd_chose(cloud: &Cloud, subscription: &str) {
    let folder = cloud.path("home/.azd");
    std::fs::create_dir_all(&folder).unwrap();
    let config = json!({"defaults": {"location": "uksouth", "subscription": subscription}});
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
}

/// A user without a service principal, and with these programs alone.
fn command(cloud: &Cloud, words: &[impl AsRef<OsStr>]) -> Command {
    let mut command = cloud.command_of("state", words);
    for name in [
        "AZURE_TENANT_ID",
        "AZURE_CLIENT_ID",
        "AZURE_CLIENT_SECRET",
        "AZURE_SUBSCRIPTION_ID",
    ] {
        command.env_remove(name);
    }
    command.current_dir(cloud.path("")).env(
        "PATH",
        format!("{}:/usr/bin:/bin", cloud.path("bin").display()),
    );
    command
}

fn plan(cloud: &Cloud, more: &[&str]) -> Said {
    said(command(
        cloud,
        &[&["plan", "--provider", "azure"], more].concat(),
    ))
}

fn was_asked(cloud: &Cloud, name: &str) -> bool {
    cloud.path(&format!("bin/{name}.asked")).exists()
}

#[test]
fn the_subscription_is_the_flags_then_the_variables_then_the_clis_then_azds() {
    let cloud = Cloud::new();
    let right = Settings::default().subscription;
    let token = token(&cloud);
    az(&cloud, &token);
    let from = |text: &str| format!("subscription {right} (from {text}");
    let with_variable = |id: &str, more: &[&str]| {
        let mut command = command(&cloud, &[&["plan", "--provider", "azure"], more].concat());
        command.env("AZURE_SUBSCRIPTION_ID", id);
        said(command)
    };
    // At each of these the ones behind it name another, which is not there.
    az_chose(&cloud, WRONG[1]);
    azd_chose(&cloud, WRONG[2]);
    with_variable(WRONG[0], &["--subscription", &right]).must(0, &[&from("--subscription)")]);
    with_variable(&right, &[]).must(0, &[&from("environment variable AZURE_SUBSCRIPTION_ID)")]);
    az_chose(&cloud, &right);
    plan(&cloud, &[]).must(0, &[&from("Azure CLI (")]);
    // `az account set`
    az_chose(&cloud, WRONG[1]);
    plan(&cloud, &[]).must(7, &[WRONG[1], "az account list"]);
    std::fs::remove_dir_all(cloud.path("home/.azure")).unwrap();
    azd_chose(&cloud, &right);
    plan(&cloud, &[]).must(0, &[&from("azd (")]);
    std::fs::remove_dir_all(cloud.path("home/.azd")).unwrap();
    plan(&cloud, &[]).must(7, &["no subscription is named", "az account set"]);
    assert!(!cloud.path("state").exists());
}

#[test]
fn a_stack_keeps_the_subscription_that_it_was_made_in() {
    let cloud = Cloud::new();
    az(&cloud, &token(&cloud));
    az_chose(&cloud, &Settings::default().subscription);
    said(command(&cloud, &cloud.up_words(&[]))).must(0, &["from Azure CLI ("]);
    // `az account set` to another does not lose it.
    az_chose(&cloud, WRONG[1]);
    said(command(
        &cloud,
        &["down", "--yes", "--with-network-watcher"],
    ))
    .must(0, &["nothing of it is left"]);
    cloud.must_be_empty();
}

#[test]
fn the_cloud_of_the_clis_subscription_is_meant_unless_a_flag_names_another() {
    let cloud = Cloud::new();
    az(&cloud, &token(&cloud));
    let own = Settings::default().subscription;
    az_chose_in(&cloud, "AzureUSGovernment", &own);
    plan(&cloud, &[]).must(0, &["cloud government"]);
    plan(&cloud, &["--cloud", "china"]).must(0, &["cloud china"]);
    az_chose(&cloud, &own);
    let said = plan(&cloud, &[]).must(0, &[]);
    assert!(!said.err.contains("cloud public"), "{}", said.err);
}

#[test]
fn the_azure_cli_is_asked_before_azd_and_azd_where_the_cli_cannot() {
    let cloud = Cloud::new();
    let token = token(&cloud);
    azd_chose(&cloud, &Settings::default().subscription);
    az(&cloud, &token);
    azd(&cloud, "not-asked-for");
    plan(&cloud, &[]).must(0, &["make cluster rsac"]);
    assert!(was_asked(&cloud, "az") && !was_asked(&cloud, "azd"));
    program(&cloud, "az", "nothing that is asked", &json!({}));
    azd(&cloud, &token);
    plan(&cloud, &[]).must(0, &["make cluster rsac"]);
    assert!(was_asked(&cloud, "azd"));
    // Neither: each says why, and what to do.
    program(&cloud, "azd", "nothing that is asked", &json!({}));
    let why = [
        "environment:",
        "managed identity:",
        "Azure CLI:",
        "azd:",
        "az login",
    ];
    plan(&cloud, &[]).must(7, &why);
}

#[test]
fn a_managed_identity_is_asked_where_its_endpoint_is_named() {
    let cloud = Cloud::new();
    let token = token(&cloud);
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let (seen, resource) = (asked.clone(), cloud.azure.endpoint.clone());
    let identity = Served::start(move |_| {
        Router::new().fallback(move |headers: HeaderMap, RawQuery(query): RawQuery| {
            let (seen, token, resource) = (seen.clone(), token.clone(), resource.clone());
            async move {
                identity(
                    &headers,
                    &query.unwrap_or_default(),
                    &seen,
                    &token,
                    &resource,
                )
            }
        })
    });
    // The Azure CLI comes after it.
    az(&cloud, "not-asked-for");
    let mut command = command(&cloud, &["plan", "--provider", "azure"]);
    command
        .env("AZURE_SUBSCRIPTION_ID", Settings::default().subscription)
        .env("AZURE_CLIENT_ID", "the-one-of-several")
        .env(
            "IDENTITY_ENDPOINT",
            format!("http://{}/msi/token", identity.host),
        )
        .env("IDENTITY_HEADER", "s3cret-header");
    let said = said(command).must(0, &["make cluster rsac"]);
    assert!(!said.err.contains("s3cret-header"));
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(
        asked[0].contains("client_id=the-one-of-several"),
        "{asked:?}"
    );
    assert!(!was_asked(&cloud, "az"));
}

/// As the endpoint of App Service answers.
fn identity(
    headers: &HeaderMap,
    query: &str,
    seen: &Mutex<Vec<String>>,
    token: &str,
    resource: &str,
) -> Response {
    seen.lock().unwrap().push(query.to_owned());
    let header = headers.get("x-identity-header");
    if header.is_none_or(|header| header != "s3cret-header") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(json!({
        "access_token": token, "expires_on": "4102444800", "resource": resource,
        "token_type": "Bearer", "client_id": "the-one-of-several",
    }))
    .into_response()
}
