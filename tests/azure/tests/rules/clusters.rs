//! Clusters: created, read, handed out, deleted; and every rule about what they may be.

use crate::client::{AKS, Azure, CLUSTER, GROUPS, NETWORK, cluster, with};
use base64ct::{Base64, Encoding};
use rsac_azure_simulator::Settings;
use serde_json::json;

#[tokio::test]
async fn a_cluster_comes_and_goes_with_all_that_costs_money() {
    let azure = Azure::with(Settings {
        polls: 3,
        ..Settings::default()
    })
    .await;
    azure.group("g").await;
    let began = azure.put(CLUSTER, AKS, cluster()).await.is(201);
    assert_eq!(began.json["properties"]["provisioningState"], "Creating");
    assert_eq!(began.header("location"), "", "a PUT has no Location");
    assert!(
        azure
            .simulator
            .groups()
            .contains(&"MC_g_c_uksouth".to_owned())
    );
    assert_eq!(azure.follow(&began).await.json["status"], "Succeeded");

    let got = azure.get(CLUSTER, AKS).await.is(200);
    assert_eq!(got.json["properties"]["provisioningState"], "Succeeded");
    let id = got.json["id"].as_str().unwrap();
    assert!(
        id.contains("/resourcegroups/g/"),
        "AKS spells it small: {id}"
    );
    let held = azure.simulator.resources();
    for part in [
        "virtualMachineScaleSets",
        "publicIPAddresses",
        "virtualNetworks",
        "loadBalancers",
        "userAssignedIdentities",
        "NetworkWatcher_uksouth",
    ] {
        assert!(
            held.iter().any(|id| id.contains(part)),
            "{part} is missing: {held:?}"
        );
    }

    let got = azure
        .post(&format!("{CLUSTER}/listClusterUserCredential"), AKS, None)
        .await
        .is(200);
    assert_eq!(got.json["kubeconfigs"][0]["name"], "clusterUser");
    let text = Base64::decode_vec(got.json["kubeconfigs"][0]["value"].as_str().unwrap()).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("clusterUser_g_c"), "{text}");

    let began = azure.delete(CLUSTER, AKS).await.is(202);
    assert!(!began.header("location").is_empty() && began.text.is_empty());
    assert_eq!(azure.follow(&began).await.json["status"], "Succeeded");
    azure
        .get(CLUSTER, AKS)
        .await
        .refused(404, "ResourceNotFound");
    azure.delete(CLUSTER, AKS).await.is(204);
    assert!(
        !azure
            .simulator
            .groups()
            .contains(&"MC_g_c_uksouth".to_owned())
    );
    let watcher = "/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_uksouth";
    azure.get(watcher, NETWORK).await.is(200);
}

#[tokio::test]
async fn aks_refuses_what_it_does_not_understand() {
    let azure = Azure::start().await;
    azure.group("g").await;
    let pool = "/properties/agentPoolProfiles/0";
    let field = |name: &str| format!("{pool}/{name}");
    for (pointer, value, code) in [
        ("/dnsPrefix".to_owned(), json!("x"), "UnmarshalError"),
        ("/properties/addProfile".into(), json!({}), "UnmarshalError"),
        (field("sshAccess"), json!("LocalUser"), "UnmarshalError"),
        (field("count"), json!("2"), "UnmarshalError"),
        (field("count"), json!(0), "InvalidParameter"),
        (field("count"), json!(1001), "InvalidParameter"),
        (field("name"), json!("AgentPool"), "InvalidParameter"),
        (
            field("name"),
            json!("averyverylongname"),
            "InvalidParameter",
        ),
        (field("osDiskSizeGB"), json!(29), "InvalidParameter"),
        (field("mode"), json!("User"), "InvalidParameter"),
        (field("vmSize"), json!("Standard_Nonsense"), "BadRequest"),
        (
            field("scaleSetPriority"),
            json!("Spot"),
            "SystemPoolMustBeRegular",
        ),
        (
            "/properties/agentPoolProfiles".into(),
            json!([]),
            "AgentPoolProfilesRequired",
        ),
        (
            "/properties/dnsPrefix".into(),
            json!("-rsac"),
            "InvalidParameter",
        ),
        (
            "/properties/dnsPrefix".into(),
            json!("x".repeat(55)),
            "InvalidParameter",
        ),
        (
            "/properties/kubernetesVersion".into(),
            json!("1.20"),
            "K8sVersionNotSupported",
        ),
        (
            "/properties/networkProfile".into(),
            json!({"networkPlugin": "kubenet", "networkPolicy": "azure"}),
            "InvalidParameter",
        ),
        (
            "/properties/networkProfile".into(),
            json!({"networkPlugin": "azure", "networkPolicy": "cilium"}),
            "InvalidParameter",
        ),
        (
            "/properties/networkProfile".into(),
            json!({"networkPolicy": "x"}),
            "InvalidParameter",
        ),
        (
            "/properties/linuxProfile/ssh/publicKeys/0/keyData".into(),
            json!("ssh-rsa my key"),
            "InvalidParameter",
        ),
        (
            "/properties/linuxProfile/adminUsername".into(),
            json!("1st"),
            "InvalidParameter",
        ),
        ("/identity".into(), json!(null), "BadRequest"),
        (
            "/location".into(),
            json!("atlantis"),
            "LocationNotAvailableForResourceType",
        ),
        ("/location".into(), json!(null), "LocationRequired"),
        ("/tags".into(), json!({"a": 1}), "InvalidRequestContent"),
    ] {
        let got = azure
            .put(CLUSTER, AKS, with(&cluster(), &pointer, value))
            .await;
        assert_eq!(
            (got.status, got.code()),
            (400, code),
            "{pointer}: {}",
            got.text
        );
    }
    // Versions before 2024 ignore fields that they do not know.
    let odd = with(&cluster(), "/properties/addProfile", json!({}));
    azure.put(CLUSTER, "2023-11-01", odd).await.is(201);
    let long = format!(
        "/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/{}",
        "x".repeat(64)
    );
    azure
        .put(&long, AKS, cluster())
        .await
        .refused(400, "InvalidParameter");
}

#[tokio::test]
async fn some_things_cannot_change() {
    let azure = Azure::start().await;
    azure.group("g").await;
    azure.put(CLUSTER, AKS, cluster()).await.is(201);
    for (pointer, value) in [
        ("/properties/dnsPrefix", json!("other")),
        (
            "/properties/agentPoolProfiles/0/vmSize",
            json!("Standard_D2s_v3"),
        ),
        ("/properties/agentPoolProfiles/0/osDiskSizeGB", json!(64)),
        ("/properties/linuxProfile/adminUsername", json!("root2")),
        (
            "/properties/networkProfile",
            json!({"networkPlugin": "kubenet"}),
        ),
    ] {
        let got = azure
            .put(CLUSTER, AKS, with(&cluster(), pointer, value))
            .await;
        assert_eq!(
            (got.status, got.code()),
            (400, "PropertyChangeNotAllowed"),
            "{pointer}"
        );
    }
    azure
        .put(CLUSTER, AKS, with(&cluster(), "/location", json!("eastus")))
        .await
        .refused(409, "InvalidResourceLocation");
    let grown = with(
        &cluster(),
        "/properties/agentPoolProfiles/0/count",
        json!(3),
    );
    azure.put(CLUSTER, AKS, grown).await.is(200);
    let sets = azure
        .get(
            "/resourceGroups/MC_g_c_uksouth/providers/Microsoft.Compute/virtualMachineScaleSets",
            "2024-07-01",
        )
        .await
        .is(200);
    assert_eq!(sets.json["value"][0]["sku"]["capacity"], 3);
}

#[tokio::test]
async fn the_kubeconfig_of_the_settings_gets_aks_names() {
    let text = "apiVersion: v1\nkind: Config\ncurrent-context: one\ncontexts:\n- name: one\n  context: {cluster: k, user: u}\nclusters:\n- name: k\n  cluster: {server: 'https://127.0.0.1:7'}\nusers:\n- name: u\n  user: {token: t}\n";
    let settings = Settings {
        kubeconfig: Some(text.into()),
        ..Settings::default()
    };
    let azure = Azure::with(settings).await;
    azure.group("g").await;
    azure.put(CLUSTER, AKS, cluster()).await.is(201);
    for (action, name, context) in [
        ("listClusterUserCredential", "clusterUser", "c"),
        ("listClusterAdminCredential", "clusterAdmin", "c-admin"),
    ] {
        let got = azure
            .post(&format!("{CLUSTER}/{action}"), AKS, None)
            .await
            .is(200);
        let entry = &got.json["kubeconfigs"][0];
        assert_eq!(entry["name"], name);
        let bytes = Base64::decode_vec(entry["value"].as_str().unwrap()).unwrap();
        let file: serde_json::Value =
            serde_saphyr::from_str(&String::from_utf8(bytes).unwrap()).unwrap();
        assert_eq!(file["current-context"], context);
        assert_eq!(
            file["clusters"][0]["cluster"]["server"],
            "https://127.0.0.1:7"
        );
        assert_eq!(file["users"][0]["name"], format!("{name}_g_c"));
    }
    azure
        .post(&format!("{CLUSTER}x/listClusterUserCredential"), AKS, None)
        .await
        .refused(404, "ResourceNotFound");
}

#[tokio::test]
async fn the_group_takes_the_cluster_and_its_nodes_with_it() {
    let azure = Azure::with(Settings {
        polls: 2,
        ..Settings::default()
    })
    .await;
    azure.group("g").await;
    azure.put(CLUSTER, AKS, cluster()).await.is(201);
    let began = azure.delete("/resourceGroups/g", GROUPS).await.is(202);
    azure.follow(&began).await.is(200);
    assert!(azure.simulator.clusters().is_empty());
    assert!(
        azure
            .simulator
            .groups()
            .iter()
            .all(|name| !name.starts_with("MC_"))
    );
    azure
        .get(CLUSTER, AKS)
        .await
        .refused(404, "ResourceGroupNotFound");
}
