//! Network watchers that come by themselves, and ETags as Microsoft.Network means them.

use crate::client::{Azure, GROUPS, NETWORK};
use reqwest::Method;
use rsac_azure_simulator::{Settings, WatcherCreation};
use serde_json::json;

const NET: &str = "/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";
const WATCHERS: &str = "/providers/Microsoft.Network/networkWatchers";
const OWN: &str = "/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_uksouth";

async fn with(watchers: WatcherCreation) -> Azure {
    let azure = Azure::with(Settings {
        watchers,
        ..Settings::default()
    })
    .await;
    azure.group("g").await;
    azure
        .put(NET, NETWORK, json!({"location": "uksouth"}))
        .await
        .is(201);
    azure
}

async fn watchers(azure: &Azure) -> usize {
    azure.get(WATCHERS, NETWORK).await.is(200).json["value"]
        .as_array()
        .unwrap()
        .len()
}

#[tokio::test]
async fn a_watcher_comes_at_once_late_or_never() {
    let azure = with(WatcherCreation::AtOnce).await;
    assert_eq!(watchers(&azure).await, 1);
    let got = azure.get(OWN, NETWORK).await.is(200);
    assert_eq!(got.json["properties"]["runningOperationIds"], json!([]));
    assert!(got.header("etag").starts_with("W/\""));

    let feature = "/providers/Microsoft.Features/providers/Microsoft.Network/features/DisableNetworkWatcherAutocreation";
    let got = azure.get(feature, "2021-07-01").await.is(200);
    assert_eq!(got.json["properties"]["state"], "NotRegistered");
    azure
        .get(&feature.replace("Auto", ""), "2021-07-01")
        .await
        .refused(404, "FeatureNotFound");

    let azure = with(WatcherCreation::Never).await;
    assert_eq!(watchers(&azure).await, 0);
    let got = azure.get(feature, "2021-07-01").await.is(200);
    assert_eq!(got.json["properties"]["state"], "Registered");

    let azure = with(WatcherCreation::AfterRequests(3)).await;
    assert_eq!((watchers(&azure).await, watchers(&azure).await), (0, 0));
    azure.delete(NET, NETWORK).await.is(202);
    assert_eq!(
        watchers(&azure).await,
        1,
        "it comes although the network has gone"
    );
}

#[tokio::test]
async fn one_watcher_a_region() {
    let azure = with(WatcherCreation::AtOnce).await;
    let other = "/resourceGroups/g/providers/Microsoft.Network/networkWatchers/mine";
    azure
        .put(other, NETWORK, json!({"location": "uksouth"}))
        .await
        .refused(409, "NetworkWatcherCountLimitReached");
    azure
        .put(other, NETWORK, json!({"location": "eastus"}))
        .await
        .is(201);
    for child in ["flowLogs", "connectionMonitors", "packetCaptures"] {
        let list = format!("{OWN}/{child}");
        assert_eq!(
            azure.get(&list, NETWORK).await.is(200).json["value"],
            json!([])
        );
        azure
            .simulator
            .make(&format!("{list}/x"), json!({"location": "uksouth"}));
        assert_eq!(
            azure.get(&list, NETWORK).await.json["value"][0]["name"],
            "x"
        );
    }
    let absent = OWN.replace("uksouth", "ukwest");
    azure
        .get(&format!("{absent}/flowLogs"), NETWORK)
        .await
        .refused(404, "ResourceNotFound");
}

#[tokio::test]
async fn etags_of_networks_are_held_to() {
    let azure = with(WatcherCreation::Never).await;
    let body = || Some(json!({"location": "uksouth"}));
    let got = azure
        .send(
            Method::PUT,
            NET,
            NETWORK,
            body(),
            &[("if-match", "W/\"other\"")],
        )
        .await;
    got.refused(412, "PreconditionFailed");
    let got = azure
        .send(Method::PUT, NET, NETWORK, body(), &[("if-none-match", "*")])
        .await;
    got.refused(412, "PreconditionFailed");
    let etag = azure.get(NET, NETWORK).await.header("etag").to_owned();
    azure
        .send(Method::PUT, NET, NETWORK, body(), &[("if-match", &etag)])
        .await
        .is(200);
    azure
        .send(Method::DELETE, NET, NETWORK, None, &[("if-match", &etag)])
        .await
        .refused(412, "PreconditionFailed");
}

#[tokio::test]
async fn children_need_their_parents_and_networks_in_use_stay() {
    let azure = with(WatcherCreation::Never).await;
    let subnet = "/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/none/subnets/s";
    azure
        .put(subnet, NETWORK, json!({}))
        .await
        .refused(404, "ParentResourceNotFound");
    let set = "/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/s";
    azure.simulator.make(set, json!({"location": "uksouth"}));
    azure
        .delete(NET, NETWORK)
        .await
        .refused(400, "InUseResourceCannotBeDeleted");
    azure.simulator.remove(set);
    let began = azure.delete(NET, NETWORK).await.is(202);
    assert!(!began.header("location").is_empty());
    azure.follow(&began).await;
    azure
        .get(NET, NETWORK)
        .await
        .refused(404, "ResourceNotFound");
    azure.delete(NET, NETWORK).await.is(204);
    let got = azure
        .get("/resourceGroups/g/resources", GROUPS)
        .await
        .is(200);
    assert_eq!(got.json["value"], json!([]));
}
