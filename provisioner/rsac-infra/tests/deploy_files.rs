//! deploy/ is what the templates give, to the letter, and every manifest of it is one
//! that an API server can take.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests: a failure is the test's"
)]

use rsac_provisioner::deploy::render::{self, Options};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

#[test]
fn the_files_are_what_the_templates_give() {
    let files = render::all(&Options::default()).unwrap();
    for file in &files {
        let path = deploy().join(&file.path);
        if std::env::var_os("RSAC_BLESS").is_some_and(|bless| bless == "1") {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &file.text).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == file.text,
            "deploy/{} is out of date: RSAC_BLESS=1 cargo test -p rsac-infra \
             --test deploy_files writes it anew",
            file.path
        );
    }
    // And nothing else is there: a renamed template leaves no old file behind.
    for folder in ["operator", "kustomize"] {
        for entry in std::fs::read_dir(deploy().join(folder)).unwrap() {
            let name = format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy());
            assert!(files.iter().any(|file| file.path == name), "deploy/{name}");
        }
    }
}

#[test]
fn the_operators_pod_holds_to_the_restricted_standard() {
    let objects = render::objects(&render::operator(&Options::default()).unwrap()).unwrap();
    let kind = |kind: &str| {
        let is = |o: &&kube::api::DynamicObject| o.types.as_ref().is_some_and(|t| t.kind == kind);
        objects.iter().find(is).unwrap()
    };
    let pod = &kind("Deployment").data["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(
        pod["securityContext"]["seccompProfile"]["type"],
        "RuntimeDefault"
    );
    let container = &pod["containers"][0]["securityContext"];
    assert_eq!(container["allowPrivilegeEscalation"], false);
    assert_eq!(container["readOnlyRootFilesystem"], true);
    assert_eq!(
        container["capabilities"]["drop"],
        serde_json::json!(["ALL"])
    );
    let labels = kind("Namespace").metadata.labels.clone().unwrap();
    assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted");
}

/// No right is given for all resources or all verbs, none to make itself mightier, and
/// Secrets cannot be listed.
#[test]
fn rights_are_few() {
    let objects = render::objects(&render::operator(&Options::default()).unwrap()).unwrap();
    let mut rules = 0;
    for object in &objects {
        for rule in object.data["rules"].as_array().into_iter().flatten() {
            rules += 1;
            let set = |field: &str| -> BTreeSet<&str> {
                let all = rule[field].as_array().into_iter().flatten();
                all.filter_map(Value::as_str).collect()
            };
            let (resources, verbs) = (set("resources"), set("verbs"));
            assert!(!resources.contains("*") && !verbs.contains("*"), "{rule}");
            let roles = [
                "roles",
                "clusterroles",
                "rolebindings",
                "clusterrolebindings",
            ];
            assert!(roles.iter().all(|role| !resources.contains(role)), "{rule}");
            if resources.contains("secrets") {
                assert!(
                    !verbs.contains("list") && !verbs.contains("watch"),
                    "{rule}"
                );
            }
        }
    }
    assert!(rules > 10, "{rules}");
}
