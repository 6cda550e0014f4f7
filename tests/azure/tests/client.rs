//! The client of the tool against the simulator: credentials, operations, faults. What one of
//! them takes for granted, the other must give.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it is wrong"
)]

use rsac_arm::credentials::{Environment, chain_in};
use rsac_arm::managed_clusters::{AksClusters, ClusterId, Declared, ManagedClusters};
use rsac_arm::{Arm, ArmError, Begun, Call, Class, Cloud, Options, Patience, Progress};
use rsac_azure_simulator::{Effect, Fault, Settings, Simulator, When, fault_answers};
use serde_json::{Value, json};
use std::sync::Mutex;

const GROUPS: &str = "2021-04-01";

fn client(simulator: &Simulator, change: &[(&str, &str)]) -> Arm {
    let cloud = Cloud::custom(&simulator.endpoint, &simulator.authority).unwrap();
    let options = Options {
        ca_pem: Some(simulator.ca_pem.clone().into_bytes()),
        patience: Patience::none(),
        ..Options::new(cloud, "rsac-test/1.0")
    };
    let variables = simulator.environment().into_iter().map(|(name, value)| {
        let other = change.iter().find(|(own, _)| *own == name);
        (name, other.map_or(value, |(_, other)| (*other).to_owned()))
    });
    let environment = Environment::of(variables);
    let credential = chain_in(&options, &environment).unwrap();
    Arm::new(credential, options).unwrap()
}

fn root(simulator: &Simulator) -> String {
    let mut root = String::new();
    simulator.change(|settings| root = format!("/subscriptions/{}", settings.subscription));
    root
}

fn body() -> Value {
    json!({
        "location": "uksouth", "identity": {"type": "SystemAssigned"},
        "sku": {"name": "Base", "tier": "Free"}, "tags": {"rsac-stack": "azure"},
        "properties": {
            "dnsPrefix": "rsac", "enableRBAC": true, "disableLocalAccounts": false,
            "agentPoolProfiles": [{
                "name": "agentpool", "type": "VirtualMachineScaleSets", "osDiskSizeGB": 0,
                "count": 2, "vmSize": "Standard_B2s", "osType": "Linux", "mode": "System"
            }],
            "networkProfile": {
                "networkPlugin": "azure", "networkPluginMode": "overlay",
                "networkPolicy": "calico", "loadBalancerSku": "standard"
            },
            "autoUpgradeProfile": {"upgradeChannel": "none", "nodeOSUpgradeChannel": "None"}
        }
    })
}

async fn through(arm: &Arm, begun: Begun, stages: &Mutex<Vec<String>>) -> Result<(), ArmError> {
    if let Begun::Running(operation) = begun {
        let say = |progress: &Progress| stages.lock().unwrap().push(progress.status.clone());
        arm.follow(&operation, &say).await?;
    }
    Ok(())
}

async fn up_and_down(simulator: &Simulator) -> Vec<String> {
    let arm = client(simulator, &[]);
    let root = root(simulator);
    let stages = Mutex::new(Vec::new());
    let group = format!("{root}/resourceGroups/g");
    let here = json!({"location": "uksouth"});
    arm.run(&Call::put(&group, GROUPS, here)).await.unwrap();
    let id = ClusterId::new(root.trim_start_matches("/subscriptions/"), "g", "c").unwrap();
    let clusters = AksClusters::new(arm.clone());
    let declared = Declared::from_json(&body()).unwrap();
    let begun = clusters.put(&id, &declared).await.unwrap();
    through(&arm, begun, &stages).await.unwrap();
    let there = arm
        .get_settled(&id.path(), "2025-10-01")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(there["properties"]["provisioningState"], "Succeeded");
    let kubeconfig = clusters.user_credentials(&id).await.unwrap();
    assert_eq!(kubeconfig[0].name, "clusterUser");
    let begun = clusters.delete(&id).await.unwrap();
    through(&arm, begun, &stages).await.unwrap();
    let begun = arm.begin(&Call::delete(&group, GROUPS)).await.unwrap();
    through(&arm, begun, &stages).await.unwrap();
    assert!(!arm.exists(&group, GROUPS).await.unwrap());
    assert_eq!(simulator.groups(), ["NetworkWatcherRG"]);
    stages.into_inner().unwrap()
}

#[tokio::test]
async fn the_client_brings_a_cluster_up_and_down() {
    let simulator = Simulator::start(Settings {
        polls: 7,
        ..Settings::default()
    })
    .unwrap();
    let stages = up_and_down(&simulator).await;
    assert!(
        stages.iter().any(|one| one == "ReconcilingDNS"),
        "{stages:?}"
    );
}

/// Each request in turn meets each passing fault: in the end all is as without it.
#[tokio::test]
async fn the_client_gets_past_every_passing_fault_at_every_request() {
    let settings = || Settings {
        polls: 1,
        ..Settings::default()
    };
    let simulator = Simulator::start(settings()).unwrap();
    up_and_down(&simulator).await;
    let (requests, _) = simulator.counts();
    let faults = [
        Effect::Answer(fault_answers::throttled(0)),
        Effect::Answer(fault_answers::throttled_in_words(0)),
        Effect::Answer(fault_answers::throttled_bare()),
        Effect::Answer(fault_answers::outage(503)),
        Effect::Answer(fault_answers::outage_page(502)),
        Effect::ResetBefore,
        Effect::ExpireTokens,
    ];
    let mut cases = 0;
    for nth in 1..=requests {
        for fault in &faults {
            let simulator = Simulator::start(settings()).unwrap();
            simulator.fault(Fault::once(When::Request(nth), fault.clone()));
            up_and_down(&simulator).await;
            assert_eq!(simulator.faults_left(), 0, "request {nth} was not made");
            cases += 1;
        }
    }
    assert_eq!(cases, requests * 7);
    assert!(requests >= 9, "{requests}");
}

#[tokio::test]
async fn a_wrong_secret_is_told() {
    let simulator = Simulator::start(Settings::default()).unwrap();
    let arm = client(&simulator, &[("AZURE_CLIENT_SECRET", "wrong")]);
    let error = arm
        .list(&format!("{}/resourcegroups", root(&simulator)), GROUPS)
        .await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("AADSTS7000215"), "{error}");
    assert!(!error.contains("wrong"), "{error}");
}

#[tokio::test]
async fn refusals_are_classed() {
    let simulator = Simulator::start(Settings {
        cores: 2,
        ..Settings::default()
    })
    .unwrap();
    let arm = client(&simulator, &[]);
    let root = root(&simulator);
    let group = format!("{root}/resourceGroups/g");
    arm.run(&Call::put(&group, GROUPS, json!({"location": "uksouth"})))
        .await
        .unwrap();
    let id = ClusterId::new(root.trim_start_matches("/subscriptions/"), "g", "c").unwrap();
    let clusters = AksClusters::new(arm.clone());
    let declared = Declared::from_json(&body()).unwrap();
    let class = |error: ArmError| match error {
        ArmError::Fault(fault) => Some(fault.class),
        _ => None,
    };
    let refused = class(clusters.put(&id, &declared).await.unwrap_err());
    assert_eq!(refused, Some(Class::Quota));
    simulator.lock("/resourceGroups/g", "keep", "CanNotDelete");
    let refused = class(arm.begin(&Call::delete(&group, GROUPS)).await.unwrap_err());
    assert_eq!(refused, Some(Class::Locked));
    let lock = format!("{group}/providers/Microsoft.Authorization/locks/mine");
    let level = json!({"properties": {"level": "ReadOnly"}});
    let refused = class(
        arm.run(&Call::put(&lock, "2020-05-01", level))
            .await
            .unwrap_err(),
    );
    assert_eq!(refused, Some(Class::Permission));
    simulator.change(|settings| settings.cores = 10);
    let when = When::matching("^PUT .*managedClusters").unwrap();
    let answer = Effect::Answer(fault_answers::policy("c", "no clusters"));
    simulator.fault(Fault::once(when, answer));
    assert_eq!(
        class(clusters.put(&id, &declared).await.unwrap_err()),
        Some(Class::Policy)
    );
}
