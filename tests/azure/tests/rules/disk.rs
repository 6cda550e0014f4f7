//! What a state folder keeps.

use crate::client::{AKS, Azure, CLUSTER, cluster};
use rsac_azure_simulator::{Settings, Simulator};

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || Settings {
        polls: 4,
        state_dir: Some(folder.path().into()),
        ..Settings::default()
    };
    let first = Azure::with(settings()).await;
    first.group("g").await;
    let began = first.put(CLUSTER, AKS, cluster()).await.is(201);
    let authority = first.simulator.ca_pem.clone();
    let path = began
        .header("azure-asyncoperation")
        .replace(&first.simulator.endpoint, "");
    drop(first);
    let mut second = Azure::with(settings()).await;
    assert_eq!(second.simulator.ca_pem, authority);
    assert_eq!(second.simulator.clusters().len(), 1);
    assert!(second.simulator.busy());
    second.root = String::new();
    let url = format!("{}{path}", second.simulator.endpoint);
    let got = second
        .raw(reqwest::Method::GET, &url, None, &[])
        .await
        .unwrap()
        .is(200);
    assert!(got.json["status"].is_string());
    second.simulator.settle();
    assert!(!second.simulator.busy());
}

#[tokio::test]
async fn a_state_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("state.json"), "{}").unwrap();
    let settings = Settings {
        state_dir: Some(folder.path().into()),
        ..Settings::default()
    };
    let error = Simulator::start(settings).err().unwrap().to_string();
    assert!(error.contains("remove it to start anew"), "{error}");
}
