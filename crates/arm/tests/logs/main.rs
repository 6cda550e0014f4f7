//! What is logged at the most talkative level shows no token, signature or credential. Alone
//! in its process: whether a line is logged at all is remembered for all threads together.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

#[path = "../client/scripted.rs"]
#[allow(dead_code, reason = "of the script only a part is used here")]
mod scripted;

use rsac_arm::credentials::{Environment, chain_in};
use rsac_arm::managed_clusters::{AksClusters, ClusterId, ManagedClusters};
use rsac_arm::{Arm, Call, Cloud, Options, Patience};
use scripted::{GROUP, Script, json, raw};
use serde_json::json as value;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Kept;

    fn make_writer(&'a self) -> Kept {
        self.clone()
    }
}

#[tokio::test]
async fn logs_show_no_secret() {
    let kept = Kept::default();
    let log = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(kept.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(log);

    let signed = "https://management.azure.com/o?api-version=1&c=s1gn4ture";
    let coded = azure_core::base64::encode("k8s-s3cret");
    let script = Script::of([
        json(
            200,
            value!({"token_type": "Bearer", "expires_in": 3600, "access_token": "t0ken"}),
        ),
        raw(202, "")
            .with("azure-asyncoperation", signed)
            .with("location", signed),
        raw(503, ""),
        json(200, value!({"status": "Running"})).with("location", signed),
        json(200, value!({"status": "Succeeded"})),
        json(200, value!({"id": GROUP})),
        json(
            200,
            value!({"kubeconfigs": [{"name": "clusterUser", "value": coded}]}),
        ),
        raw(202, "").with("azure-asyncoperation", "https://evil.example/?c=s1gn4ture"),
        json(404, value!({"error": {"code": "ResourceNotFound"}})),
    ]);
    let mut options = Options::new(Cloud::named("public").unwrap(), "rsac-test/1");
    options.patience = Patience::none();
    options.transport = Some(script.clone());
    let environment = Environment::of([
        ("AZURE_TENANT_ID", "11111111-1111-1111-1111-111111111111"),
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_CLIENT_SECRET", "cl13nt"),
    ]);
    let arm = Arm::new(chain_in(&options, &environment).unwrap(), options).unwrap();
    let body = value!({"password": "b0dy"});
    arm.run(&Call::put(GROUP, "1", body)).await.unwrap();
    let id = ClusterId::new("00000000-0000-0000-0000-000000000001", "g", "c").unwrap();
    AksClusters::new(arm.clone())
        .user_credentials(&id)
        .await
        .unwrap();
    arm.run(&Call::delete(GROUP, "1")).await.unwrap();

    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    assert!(
        text.contains("answered") && text.contains("api-version=1"),
        "{text}"
    );
    for secret in ["t0ken", "s1gn4ture", "s3cret", &coded, "cl13nt", "b0dy"] {
        let line = text.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
    }
}
