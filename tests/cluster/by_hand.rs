//! Without rsac-infra: CRD and operator by kubectl alone, in the first system's order and in
//! another, and by kustomize in a namespace of the user's.

use crate::run::condition;
use crate::stack::Bench;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

const ESTABLISHED: [&str; 3] = [
    "wait",
    "--for=condition=Established",
    "crd/rsacrackers.suu-kopf.dev",
];

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The operator before its definition, then the example; and away in the first system's
/// order, the operator first.
pub(crate) fn plain(bench: &Bench) {
    // The manifests' own image, under their own name, on the nodes.
    bench.load_as("localhost/rsac-infra:0.1.0");
    let cluster = &bench.cluster;
    let (operator, crd) = (deploy().join("operator"), deploy().join("crd"));
    let example = deploy().join("example");
    cluster.ok(&["apply", "-f", text(&operator)]);
    cluster.ok(&["apply", "--server-side", "-f", text(&crd)]);
    cluster.ok(&ESTABLISHED);
    cluster.ok(&["apply", "-f", text(&example)]);
    let finished = [
        "wait",
        "--for=condition=Finished",
        "rsacracker/my-rsac",
        "--timeout=300s",
    ];
    cluster.ok(&finished);
    let job = cluster.get(&["rsacracker", "my-rsac"]);
    assert_eq!(condition(&job, "Succeeded").0, "True");
    let shown = cluster.ok(&["get", "rsac"]);
    let header = shown.lines().next().unwrap_or_default();
    for column in [
        "NAME", "WORKERS", "READY", "PROGRESS", "RATE", "OUTCOME", "AGE",
    ] {
        assert!(header.contains(column), "{column} is not in\n{shown}");
    }
    assert_eq!(cluster.ok(&["diff", "-f", text(&example)]), "");
    cluster.ok(&["scale", "rsacracker/my-rsac", "--replicas=5"]);
    assert_eq!(cluster.get(&["rsac", "my-rsac"])["spec"]["workerCount"], 5);

    // The garbage collector hears of a new kind within half a minute. Of one whose definition
    // goes before that, it never learns that the owners are gone, and keeps their children.
    cluster.until("the definition is known to the garbage collector", || {
        let crd = cluster.get(&["crd", "rsacrackers.suu-kopf.dev"]);
        let made = crd["metadata"]["creationTimestamp"].as_str()?;
        let made: k8s_openapi::jiff::Timestamp = made.parse().ok()?;
        (made
            .duration_until(k8s_openapi::jiff::Timestamp::now())
            .as_secs()
            > 60)
            .then_some(())
    });
    cluster.ok(&["delete", "-f", text(&operator)]);
    cluster.ok(&["delete", "-f", text(&example)]);
    cluster.ok(&["delete", "-f", text(&crd)]);
    cluster.until("nothing is left of my-rsac", || {
        let left = cluster.ok(&[
            "get",
            "pods,services,statefulsets,deployments,secrets,configmaps,pvc",
            "-l",
            "app.kubernetes.io/name=rsac",
            "-o",
            "name",
        ]);
        left.trim().is_empty().then_some(())
    });
}

/// deploy/kustomize with an image and a namespace of the user's, as its head says.
pub(crate) fn kustomize(bench: &Bench) {
    const IMAGE: &str = "registry.example/team/rsac:mine";
    const NAMESPACE: &str = "team-rsac";
    bench.load_as(IMAGE);
    let folder = tempfile::tempdir().unwrap();
    let copied = Command::new("cp")
        .arg("-r")
        .arg(deploy())
        .arg(folder.path())
        .status();
    assert!(copied.unwrap().success());
    let file = folder.path().join("deploy/kustomize/kustomization.yaml");
    let edited = std::fs::read_to_string(&file)
        .unwrap()
        .replace("namespace: rsac-system", &format!("namespace: {NAMESPACE}"))
        .replace(
            "newName: localhost/rsac-infra",
            "newName: registry.example/team/rsac",
        )
        .replace("newTag: \"0.1.0\"", "newTag: mine");
    std::fs::write(&file, edited).unwrap();
    let cluster = &bench.cluster;
    let folder = file.parent().unwrap();
    cluster.ok(&["apply", "--server-side", "-k", text(folder)]);
    cluster.ok(&ESTABLISHED);
    let job = json!({
        "apiVersion": "suu-kopf.dev/v1",
        "kind": "RSACracker",
        "metadata": {"name": "by-kustomize"},
        "spec": {"workerCount": 1, "numberToFactor": 804_556_097},
    });
    cluster.apply("default", &job);
    cluster.ok(&[
        "wait",
        "--for=condition=Finished",
        "rsacracker/by-kustomize",
        "--timeout=300s",
    ]);
    let operator = cluster.get(&["deployment", "-n", NAMESPACE, "rsac-operator"]);
    let container = &operator["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], IMAGE);
    let master = cluster.get(&["pod", "by-kustomize-master-0"]);
    assert_eq!(master["spec"]["containers"][0]["image"], IMAGE);
    cluster.ok(&["delete", "rsacracker/by-kustomize"]);
    // Before its definition goes, which the garbage collector still needs.
    cluster.until("nothing is left of by-kustomize", || {
        cluster.belongings("by-kustomize").is_empty().then_some(())
    });
    cluster.ok(&["delete", "-k", text(folder)]);
    cluster.until("the operator's namespace is gone", || {
        let left = cluster.ok(&[
            "get",
            "namespace",
            NAMESPACE,
            "--ignore-not-found",
            "-o",
            "name",
        ]);
        left.trim().is_empty().then_some(())
    });
}
