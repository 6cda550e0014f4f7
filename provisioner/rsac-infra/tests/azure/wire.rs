//! What goes over the wire is what bicep/main.bicep declares: field by field, for every
//! parameter, without a difference to be explained.

use crate::cloud::Cloud;
use rsac_azure_simulator::Settings;
use rsac_bicep::{Context, MAIN_BICEP, Parameters, Template};
use serde_json::{Value, json};

/// The body of the one PUT of a cluster.
fn sent(cloud: &Cloud) -> Value {
    let requests = cloud.azure.requests().into_iter();
    let mut puts = requests
        .filter(|seen| seen.method == "PUT" && seen.path.contains("/managedClusters/"))
        .map(|seen| seen.body.unwrap());
    let body = puts.next().unwrap();
    assert_eq!(puts.next(), None);
    body
}

/// What the declaration comes to, with the tags that were sent.
fn declared(parameters: &[(&str, Value)], tags: &Value) -> Value {
    let mut given = Parameters::default();
    given.set("sshRSAPublicKey", crate::cloud::SSH_KEY);
    given.set("tags", tags.clone());
    for (name, value) in parameters {
        given.set(name, value.clone());
    }
    let context = Context {
        subscription: Settings::default().subscription,
        resource_group: "rsac-azure".to_owned(),
        location: "uksouth".to_owned(),
    };
    let template = Template::parse(MAIN_BICEP).unwrap();
    let deployment = template.evaluate(&given, &context).unwrap();
    deployment.resources[0].body.clone()
}

/// Flags, and the parameters that they mean.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, Value)]);

#[test]
fn the_body_sent_is_the_declaration_for_every_parameter() {
    let cases: [Case<'_>; 9] = [
        (&[], &[]),
        (&["--cluster-name", "c"], &[("clusterName", json!("c"))]),
        (&["--dns-prefix", "d"], &[("dnsPrefix", json!("d"))]),
        (
            &["--location", "westeurope"],
            &[("location", json!("westeurope"))],
        ),
        (&["--os-disk-size-gb", "64"], &[("osDiskSizeGB", json!(64))]),
        (&["--agent-count", "1"], &[("agentCount", json!(1))]),
        (
            &["--agent-vm-size", "Standard_D2s_v3"],
            &[("agentVMSize", json!("Standard_D2s_v3"))],
        ),
        (
            &["--admin-username", "me"],
            &[("linuxAdminUsername", json!("me"))],
        ),
        (&["--spot-workers", "1"], &[("spotWorkers", json!(1))]),
    ];
    let mut bodies = Vec::new();
    for (flags, parameters) in cases {
        let cloud = Cloud::new();
        cloud.up(flags).must(0, &[]);
        let body = sent(&cloud);
        assert_eq!(body, declared(parameters, &body["tags"]), "{flags:?}");
        for tag in ["rsac-stack", "rsac-stack-name", "rsac-run"] {
            assert!(body["tags"][tag].is_string(), "{tag}");
        }
        let mut plain = body;
        plain["tags"].take();
        assert!(!bodies.contains(&plain), "{flags:?} changes nothing");
        bodies.push(plain);
    }
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let cloud = Cloud::new();
    let file = cloud.path("parameters.json");
    let text = json!({"parameters": {
        "agentCount": {"value": 1}, "osDiskSizeGB": {"value": 50}, "dnsPrefix": {"value": "file"},
    }});
    std::fs::write(&file, text.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let words = cloud.up_words(&["--parameters", file, "--agent-count", "3"]);
    let mut command = cloud.command_of("state", &words);
    command
        .env("RSAC_AGENT_COUNT", "2")
        .env("RSAC_OS_DISK_SIZE_GB", "60");
    crate::cloud::said(command).must(0, &[]);
    let body = sent(&cloud);
    let pool = &body["properties"]["agentPoolProfiles"][0];
    assert_eq!(pool["count"], 3);
    assert_eq!(pool["osDiskSizeGB"], 60);
    assert_eq!(body["properties"]["dnsPrefix"], "file");

    let mut command = cloud.command_of("other", &["plan", "--provider", "azure"]);
    command.env("RSAC_AGENT_COUNT", "many");
    crate::cloud::said(command).must(3, &["RSAC_AGENT_COUNT", "agentCount"]);
}
