//! What is deleted is gone: in the middle of a search, with its namespace, with the stack.

use crate::run::TRIAL;
use crate::stack::{Bench, JOBS};
use serde_json::{Value, json};

/// A job in the middle of its search, then one with its whole namespace.
pub(crate) fn deleted(bench: &Bench) {
    bench.ensure_up();
    let cluster = &bench.cluster;
    bench.crack("cut-off", TRIAL.number, TRIAL.method, "2");
    searching(bench, JOBS, "cut-off");
    cluster.ok(&["delete", "-n", JOBS, "rsac", "cut-off"]);
    gone(bench, "cut-off");

    cluster.ok(&["create", "namespace", "rsac-tests-doomed"]);
    let job = json!({
        "apiVersion": "suu-kopf.dev/v1",
        "kind": "RSACracker",
        "metadata": {"name": "doomed"},
        "spec": {"workerCount": 1, "method": TRIAL.method, "numberToFactor": TRIAL.number},
    });
    cluster.apply("rsac-tests-doomed", &job);
    searching(bench, "rsac-tests-doomed", "doomed");
    cluster.ok(&["delete", "namespace", "rsac-tests-doomed"]);
    gone(bench, "doomed");
}

fn searching(bench: &Bench, namespace: &str, job: &str) {
    let cluster = &bench.cluster;
    cluster.until(&format!("{job} has workers that run"), || {
        let resource = cluster.get(&["rsac", "-n", namespace, job]);
        let ready = resource["status"]["readyWorkers"].as_i64();
        ready.filter(|workers| *workers > 0)
    });
}

fn gone(bench: &Bench, job: &str) {
    bench
        .cluster
        .until(&format!("nothing is left of {job}"), || {
            bench.cluster.belongings(job).is_empty().then_some(())
        });
    let volumes = || {
        let volumes = bench.cluster.get(&["pv"]);
        let volumes = volumes["items"].as_array().unwrap().clone();
        let of_job = |pv: &Value| {
            pv["spec"]["claimRef"]["name"]
                .as_str()
                .unwrap_or("")
                .contains(job)
        };
        volumes.iter().filter(|pv| of_job(pv)).count()
    };
    bench
        .cluster
        .until("its volume is gone", || (volumes() == 0).then_some(()));
}

/// `down` with a job at work and one finished: nothing stays of the stack.
pub(crate) fn down(bench: &Bench) {
    bench.ensure_up();
    bench.crack("last", TRIAL.number, TRIAL.method, "2");
    bench.ok(&["crack", "1000036000099", "--name", "unseen"]);
    bench.until("unseen", "is solved", |r| {
        crate::run::condition(r, "Succeeded").0 == "True"
    });
    let run = bench.ok(&["down", "--yes"]);
    // A result that no word had shown is shown before it goes.
    assert_eq!(run.factors(), ["1000003", "1000033"]);
    assert_eq!(run.last("removed")["stack"], "kubeconfig");
    let cluster = &bench.cluster;
    for word in ["last", "unseen"] {
        let refused = cluster.refused(&["get", "rsac", "-n", JOBS, word]);
        // No namespace, or not even the kind.
        let gone = ["NotFound", "not found", "doesn't have a resource type"];
        assert!(
            gone.iter().any(|words| refused.contains(words)),
            "{refused}"
        );
    }
    let left = cluster.ok(&[
        "get",
        "namespaces,clusterroles,clusterrolebindings",
        "-o",
        "name",
    ]);
    let ours: Vec<&str> = left.lines().filter(|line| line.contains("rsac")).collect();
    assert_eq!(ours, Vec::<&str>::new());
}
