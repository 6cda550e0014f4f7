//! What clusters do to pods and nodes: nothing of a search is lost.

use crate::demonstration::{finish, finish_beside};
use crate::run::{Demo, TRIAL, condition};
use crate::stack::{Bench, JOBS};
use serde_json::{Value, json};
use std::time::Duration;

/// 77 digits: half as long as the job of deploy/demo, which is left to whoever scales it. What
/// is done to this one is done while its first relations are found.
const SIEVE: Demo = Demo {
    method: "quadratic-sieve",
    number: "79036262131683419062449495908652475922812089705787998478611608158598119050779",
    factors: [
        "171885796848124955961558442716330289247",
        "459818458423986989950547387416854537157",
    ],
};

/// Workers, master and operator are killed without grace while workers divide, then sieve.
pub(crate) fn pods(bench: &Bench) {
    bench.ensure_up();
    foreign_pods(bench);
    for demo in [&TRIAL, &SIEVE] {
        bench.crack("killed", demo.number, demo.method, "3");
        bench.until("killed", "has found something", |r| done(r) > 0);
        let mut before = 0;
        for round in 0..2 {
            for component in ["worker", "master"] {
                for pod in bench.cluster.pods(JOBS, "killed", component) {
                    println!("{}, round {round}: kill of {pod}", demo.method);
                    kill(bench, JOBS, &pod);
                }
                std::thread::sleep(Duration::from_millis(700));
            }
            for pod in operators(bench) {
                println!("{}, round {round}: kill of {pod}", demo.method);
                kill(bench, "rsac-system", &pod);
            }
            let now = done(&goes_on(bench, "killed", before));
            assert!(now >= before, "acknowledged work is lost: {before} → {now}");
            before = now;
        }
        let impostor = format!("Pod {JOBS}/impostor");
        finish_beside(bench, "killed", demo, &[&impostor]);
    }
    let foreign = [
        "delete",
        "-n",
        JOBS,
        "--now",
        "pods/foreign",
        "pods/impostor",
    ];
    bench.cluster.ok(&foreign);
}

fn done(job: &Value) -> i64 {
    job["status"]["progress"]["done"].as_i64().unwrap_or(0)
}

/// Waits until more is found than before; on a quick machine it may be solved by then, and
/// whoever finishes the story sees whether rightly.
fn goes_on(bench: &Bench, job: &str, before: i64) -> Value {
    bench.until(job, "goes on", |r| {
        done(r) > before || condition(r, "Finished").0 == "True"
    })
}

fn kill(bench: &Bench, namespace: &str, pod: &str) {
    // It may have ended by itself meanwhile.
    let words = [
        "delete",
        "-n",
        namespace,
        "pod",
        pod,
        "--grace-period=0",
        "--force",
        "--ignore-not-found",
    ];
    bench.cluster.ok(&words);
}

fn operators(bench: &Bench) -> Vec<String> {
    let pods = bench.cluster.get(&["pods", "-n", "rsac-system"]);
    let pods = pods["items"].as_array().unwrap().iter();
    pods.map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned())
        .collect()
}

/// A pod without labels, and one with a job's labels that nobody of ours made.
fn foreign_pods(bench: &Bench) {
    for (name, labels) in [
        ("foreign", json!(null)),
        (
            "impostor",
            json!({
                "suu-kopf.dev/rsacracker": "killed",
                "app.kubernetes.io/component": "elsewhere",
            }),
        ),
    ] {
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": labels},
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "restartPolicy": "Never",
                // What the jobs' namespace wants of every pod.
                "securityContext": {
                    "runAsNonRoot": true,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [{
                    "name": "sleeper",
                    "image": bench.image(),
                    "command": ["/rsac-infra", "--help"],
                    "securityContext": {
                        "allowPrivilegeEscalation": false,
                        "capabilities": {"drop": ["ALL"]},
                    },
                }],
            },
        });
        bench.cluster.apply(JOBS, &pod);
    }
}

/// The node with the most of a job is lost for good: kubelet and containers at once, then
/// its Node object, as a cloud takes it away. With it goes the ledger of another job, whose
/// volume was the node's own.
pub(crate) fn node(bench: &Bench) {
    bench.ensure_up();
    let cluster = &bench.cluster;
    let node = bound(bench);
    // Both masters on that node; workers come later, and go anywhere.
    let nodes = cluster.ok(&["get", "nodes", "-o", "name"]);
    let others = || nodes.lines().filter(|name| *name != format!("node/{node}"));
    for other in others() {
        cluster.ok(&["cordon", other]);
    }
    bench.crack("stranded", TRIAL.number, TRIAL.method, "3");
    let place = cluster.until("the master of stranded has a node", || {
        let pods = cluster.get(&["pods", "-n", JOBS]);
        let mut pods = pods["items"].as_array().unwrap().iter();
        let master = pods.find(|pod| pod["metadata"]["name"] == "stranded-master-0")?;
        Some(master["spec"]["nodeName"].as_str()?.to_owned())
    });
    assert_eq!(place, node);
    for other in others() {
        cluster.ok(&["uncordon", other]);
    }
    let found = bench.until("stranded", "has found something", |r| done(r) > 0);
    let before = done(&found);
    println!("kill of {node}");
    cluster.script(&["kill-node", &node]);
    cluster.ok(&["delete", "node", &node]);
    let elsewhere = |pod: &Value| {
        pod["spec"]["nodeName"]
            .as_str()
            .is_some_and(|name| name != node)
    };
    cluster.until("the master runs elsewhere", || {
        let pods = cluster.get(&[
            "pods",
            "-n",
            JOBS,
            "-l",
            "app.kubernetes.io/component=master",
        ]);
        let pods = pods["items"].as_array().unwrap().clone();
        pods.iter().any(elsewhere).then_some(())
    });
    goes_on(bench, "stranded", before);
    gives_up_its_ledger(bench);
    finish(bench, "stranded", &TRIAL);
    cluster.script(&["start-node", &node]);
}

/// Makes a job whose ledger is on a volume of one node's, and answers which. It has no
/// workers: what happens to the ledger is all that it is for.
fn bound(bench: &Bench) -> String {
    let job = json!({
        "apiVersion": "suu-kopf.dev/v1",
        "kind": "RSACracker",
        "metadata": {"name": "bound"},
        "spec": {
            "numberToFactor": TRIAL.number,
            "method": TRIAL.method,
            "workerCount": 0,
            // scripts/test-cluster's: on the disk of the node where it is first needed.
            "ledger": {"storageClassName": "node"},
        },
    });
    bench.cluster.apply(JOBS, &job);
    bench.until("bound", "waits for workers", |r| {
        condition(r, "Progressing").1 == "NoWorkers"
    });
    let master = bench.cluster.get(&["pod", "-n", JOBS, "bound-master-0"]);
    master["spec"]["nodeName"].as_str().unwrap().to_owned()
}

/// The job whose ledger went with its node says so, and what to do; that done, it begins
/// anew.
fn gives_up_its_ledger(bench: &Bench) {
    let cluster = &bench.cluster;
    let seen = bench.until("bound", "says that its ledger is out of reach", |r| {
        condition(r, "Degraded") == ("True", "MasterFailed")
            && r.to_string()
                .contains("the ledger's volume is bound to a node that is gone")
    });
    let remedies = [
        "delete pvc ledger-bound-master-0",
        "delete pod bound-master-0",
    ];
    for remedy in remedies {
        assert!(
            seen.to_string().contains(&format!("kubectl {remedy}")),
            "{seen}"
        );
    }
    // `status` tells the same.
    let output = bench.command(&["status", "bound"]).output().unwrap();
    let screen = String::from_utf8(output.stdout).unwrap();
    assert!(screen.contains(remedies[0]), "{screen}");
    for remedy in remedies {
        let words: Vec<&str> = remedy.split(' ').collect();
        // Not waited for: another of the same name comes at once.
        cluster.ok(&[&words[..], &["-n", JOBS, "--wait=false"]].concat());
    }
    bench.until("bound", "has a master again", |r| {
        condition(r, "Ready").0 == "True" && condition(r, "Degraded").0 == "False"
    });
    bench.ok(&["delete", "bound"]);
    assert_eq!(cluster.belongings("bound"), Vec::<String>::new());
}

/// Each node is drained in turn, as for an upgrade of its system, while workers sieve.
pub(crate) fn drained(bench: &Bench) {
    bench.ensure_up();
    let cluster = &bench.cluster;
    bench.crack("moved", SIEVE.number, SIEVE.method, "3");
    bench.until("moved", "has found something", |r| done(r) > 0);
    let nodes = cluster.ok(&["get", "nodes", "-o", "name"]);
    for node in nodes.lines() {
        println!("drain of {node}");
        // Nothing of a job forbids it: neither the single master, nor the workers' budget.
        cluster.ok(&[
            "drain",
            node,
            "--ignore-daemonsets",
            "--delete-emptydir-data",
            "--timeout=240s",
        ]);
        let before = done(&bench.resource("moved"));
        goes_on(bench, "moved", before);
        cluster.ok(&["uncordon", node]);
    }
    finish(bench, "moved", &SIEVE);
}
