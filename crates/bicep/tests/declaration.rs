//! The declaration that ships: what it comes to, and that every parameter counts.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use rsac_bicep::{
    Context, Default, MAIN_BICEP, OutputValue, PARAMETERS_JSON, Parameters, Resource, Template,
    Type,
};
use serde_json::{Value, json};

const KEY: &str = "ssh-rsa AAAAB3NzaC1yc2E example";

fn template() -> Template {
    Template::parse(MAIN_BICEP).unwrap()
}

fn context() -> Context {
    Context {
        subscription: "00000000-0000-0000-0000-000000000001".to_owned(),
        resource_group: "rsac-group".to_owned(),
        location: "uksouth".to_owned(),
    }
}

fn least() -> Parameters {
    let mut parameters = Parameters::default();
    parameters.set("sshRSAPublicKey", KEY);
    parameters
}

fn cluster(parameters: &Parameters) -> Resource {
    let mut deployment = template().evaluate(parameters, &context()).unwrap();
    assert_eq!(deployment.resources.len(), 1);
    deployment.resources.remove(0)
}

#[test]
fn the_body_with_nothing_but_a_key_given() {
    let cluster = cluster(&least());
    assert_eq!(cluster.symbol, "aks");
    assert_eq!(cluster.type_, "Microsoft.ContainerService/managedClusters");
    assert_eq!(cluster.api_version, "2025-10-01");
    assert_eq!(cluster.name, "rsac");
    assert_eq!(
        cluster.id,
        "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rsac-group\
         /providers/Microsoft.ContainerService/managedClusters/rsac"
    );
    insta::assert_json_snapshot!("least", cluster.body);
}

#[test]
fn the_body_with_everything_given() {
    let mut parameters = least();
    parameters.set("clusterName", "other");
    parameters.set("location", "westeurope");
    parameters.set("osDiskSizeGB", 64);
    parameters.set_text("agentCount", "3");
    parameters.set("agentVMSize", "Standard_D2s_v5");
    parameters.set("linuxAdminUsername", "ops");
    parameters.set("spotWorkers", 4);
    parameters.set("spotVMSize", "Standard_D4s_v5");
    parameters.set("tags", json!({"stack": "s", "run": "r"}));
    insta::assert_json_snapshot!("everything", cluster(&parameters).body);
}

#[test]
fn the_arm_template() {
    insta::assert_json_snapshot!("arm", template().arm_json());
}

#[test]
fn what_the_first_system_named_is_named_the_same() {
    let template = template();
    let default = |name: &str| match &template.parameter(name).unwrap().default {
        Default::Constant(value) => value.clone(),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(default("location"), "uksouth");
    assert_eq!(default("agentCount"), 2);
    assert_eq!(default("agentVMSize"), "Standard_B2s");
    assert_eq!(default("osDiskSizeGB"), 0);
    let range = |name: &str| template.parameter(name).unwrap().range();
    assert_eq!(range("agentCount"), "a whole number from 1 to 50");
    assert_eq!(range("osDiskSizeGB"), "a whole number from 0 to 1023");
    let key = template.parameter("sshRSAPublicKey").unwrap();
    assert_eq!(key.default, Default::None);
    assert_eq!(
        template.parameter("dnsPrefix").unwrap().default,
        Default::Computed
    );
    for parameter in template.parameters() {
        assert!(parameter.description.is_some(), "{}", parameter.name);
    }
    let pool = &cluster(&least()).body["properties"]["agentPoolProfiles"][0];
    assert_eq!(pool["name"], "agentpool");
    assert_eq!(pool["osType"], "Linux");
    assert_eq!(pool["mode"], "System");
}

/// The file that ships only repeats the defaults, for people to change: it must not
/// become a second source of them.
#[test]
fn the_parameters_file_repeats_the_defaults() {
    let mut given = Parameters::from_json(PARAMETERS_JSON).unwrap();
    assert!(!given.has("sshRSAPublicKey"), "no key is shipped");
    given.set("sshRSAPublicKey", KEY);
    let template = template();
    assert_eq!(
        template.values(&given, None).unwrap(),
        template.values(&least(), None).unwrap()
    );
}

#[test]
fn every_parameter_changes_the_body_or_the_name() {
    let template = template();
    let mut base = least();
    // Only with spot nodes does their size count.
    base.set("spotWorkers", 1);
    let before = cluster(&base);
    let mut changed = Vec::new();
    for parameter in template.parameters() {
        let values = template.values(&base, None).unwrap();
        let other = match (parameter.type_, &values[&parameter.name]) {
            (Type::String, Value::String(old)) => json!(format!("{old}x")),
            (Type::Int, old) => json!(old.as_i64().unwrap() + 1),
            (Type::Object, _) => json!({"stack": "another"}),
            (type_, value) => panic!("no other {type_} than {value} is known"),
        };
        let mut parameters = base.clone();
        parameters.set(&parameter.name, other.clone());
        let after = cluster(&parameters);
        assert_ne!(
            before.body, after.body,
            "{} counts for nothing",
            parameter.name
        );
        let text = |value: &Value| value.to_string().trim_matches('"').to_owned();
        let everything = format!("{} {}", after.body, after.name);
        assert!(everything.contains(&text(&other)), "{}", parameter.name);
        changed.push(parameter.name.clone());
    }
    assert_eq!(changed.len(), 11, "{changed:?}");
}

#[test]
fn the_output_is_read_off_what_azure_answers() {
    let deployment = template().evaluate(&least(), &context()).unwrap();
    let [output] = deployment.outputs.as_slice() else {
        panic!("{:?}", deployment.outputs);
    };
    assert_eq!(output.name, "controlPlaneFQDN");
    assert!(matches!(output.value, OutputValue::OfResource { .. }));
    let answered = json!({"properties": {"fqdn": "rsac-1.hcp.uksouth.azmk8s.io"}});
    let read = output.read(|symbol| (symbol == "aks").then_some(&answered));
    assert_eq!(read, Some(&json!("rsac-1.hcp.uksouth.azmk8s.io")));
    assert_eq!(output.read(|_| None), None);
}

#[test]
fn a_deployment_is_given_only_what_was_given() {
    let given = template().arm_parameters(&least()).unwrap();
    assert_eq!(given, json!({"sshRSAPublicKey": {"value": KEY}}));
}
