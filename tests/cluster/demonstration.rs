//! The first system's demonstration: the example, the scaling, the stopping.

use crate::run::{Demo, TRIAL, check_units, condition};
use crate::stack::{Bench, JOBS, example_file};
use serde_json::{Value, json};
use std::process::{Child, Stdio};

/// The job of deploy/demo: 80 digits, some hundred CPU seconds. Pods take longer to come and
/// go than processes.
const SIEVE: Demo = Demo {
    method: "quadratic-sieve",
    number: "67361613405345496527016993810396671140131943953464553443806310152493062974895621",
    factors: [
        "7810190271156243406555974574876089106661",
        "8624836408162574289941735690424146931361",
    ],
};

/// `up` with the example unchanged; then everybody who asks is answered.
pub(crate) fn example(bench: &Bench) {
    let run = bench.up(&["--file", example_file(), "--wait"]);
    assert_eq!(run.factors(), ["15581", "51637"]);
    let cluster = &bench.cluster;

    // At once: what the status knows, it has from the master, whose pod may still be pending.
    let output = bench.command(&["progress", "my-rsac"]).output().unwrap();
    let by_word: Value = serde_json::from_slice(&output.stdout).unwrap();

    let master = "my-rsac-master-0";
    let progress = ["exec", "-n", JOBS, master, "--", "rsac-infra", "progress"];
    let by_exec: Value = serde_json::from_str(&cluster.ok(&progress)).unwrap();
    assert_eq!(by_exec["solution"], 15581);
    assert_eq!(by_exec.as_object().unwrap().len(), 3);
    assert_eq!(by_word, by_exec);

    // kubectl forwards to no pod whose status is older than the result.
    let pod = format!("pod/{master}");
    cluster.ok(&["wait", "-n", JOBS, "--for=condition=Ready", &pod]);
    let forward = Forward::to(bench, JOBS, &pod, 8080);
    let url = format!("http://127.0.0.1:{}/progress", forward.port);
    assert_eq!(curl(&[&url]).0, 200);
    let by_forward: Value = serde_json::from_str(&curl(&[&url]).1).unwrap();
    assert_eq!(by_forward, by_exec);
    assert_eq!(
        curl(&[&format!("http://127.0.0.1:{}/metrics", forward.port)]).0,
        404
    );

    // The operator did not have to wait for the pod's status.
    let forward = Forward::to(bench, "rsac-system", "deployment/rsac-operator", 8081);
    let page = curl(&[&format!("http://127.0.0.1:{}/metrics", forward.port)]).1;
    let heard = page.lines().find_map(|line| {
        let count = line.strip_prefix("rsac_operator_master_announcements_total ")?;
        count.parse::<f64>().ok()
    });
    assert!(heard > Some(0.0), "{page}");

    // Through the Service: with the job's authority and token, and not without.
    let secret = cluster.get(&["secret", "-n", JOBS, "my-rsac-access"]);
    let (token, ca) = (decoded(&secret, "token"), decoded(&secret, "ca.crt"));
    let ca_file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(ca_file.path(), ca).unwrap();
    let forward = Forward::to(bench, JOBS, "service/my-rsac-progress", 443);
    let name = format!("my-rsac-progress.{JOBS}.svc");
    let url = format!("https://{name}:{}/progress", forward.port);
    let place = format!("{name}:{}:127.0.0.1", forward.port);
    let with_ca = [
        "--cacert",
        ca_file.path().to_str().unwrap(),
        "--resolve",
        &place,
        &url,
    ];
    assert_eq!(curl(&with_ca).0, 401);
    let bearer = format!("Authorization: Bearer {token}");
    let answered = curl(&[&with_ca[..], &["--header", &bearer]].concat());
    assert_eq!(answered.0, 200);
    assert_eq!(serde_json::from_str::<Value>(&answered.1).unwrap(), by_exec);
    // Whom the machine trusts says nothing here.
    assert_eq!(curl(&["--resolve", &place, &url, "--header", &bearer]).0, 0);

    let result = cluster.get(&["secret", "-n", JOBS, "my-rsac-result"]);
    assert_eq!(decoded(&result, "number"), "804556097");
    assert_eq!(decoded(&result, "factors").trim(), "15581\n51637");
    let status = bench.resource("my-rsac")["status"].to_string();
    assert!(
        !status.contains("15581") && !status.contains("51637"),
        "{status}"
    );

    // kubectl's own words.
    let wait = [
        "wait",
        "-n",
        JOBS,
        "--for=condition=Finished",
        "rsac/my-rsac",
    ];
    cluster.ok(&wait);
    let line = cluster.ok(&["get", "-n", JOBS, "rsac", "my-rsac", "--no-headers"]);
    assert!(line.contains("Factored"), "{line}");
    cluster.ok(&["diff", "-n", JOBS, "-f", example_file()]);

    // Another number under the same name is another question, and solved too.
    let patch = json!({"spec": {"numberToFactor": "1000036000099"}}).to_string();
    cluster.ok(&[
        "patch",
        "-n",
        JOBS,
        "rsac",
        "my-rsac",
        "--type=merge",
        "-p",
        &patch,
    ]);
    let run = bench.ok(&["watch", "my-rsac"]);
    assert_eq!(run.factors(), ["1000003", "1000033"]);
    cluster.until("the result names the new number", || {
        let result = cluster.get(&["secret", "-n", JOBS, "my-rsac-result"]);
        (decoded(&result, "number") == "1000036000099").then_some(())
    });
    bench.ok(&["delete", "my-rsac"]);
    assert_eq!(cluster.belongings("my-rsac"), Vec::<String>::new());
}

/// Scaling by everyone who can, while workers divide.
pub(crate) fn scaled(bench: &Bench) {
    scale(bench, "divided", &TRIAL);
}

/// Scaling by everyone who can, while workers sieve.
pub(crate) fn scaled_sieve(bench: &Bench) {
    scale(bench, "sieved", &SIEVE);
}

fn scale(bench: &Bench, name: &str, demo: &Demo) {
    bench.ensure_up();
    let cluster = &bench.cluster;
    let resource = format!("rsacracker/{name}");
    bench.crack(name, demo.number, demo.method, "3");
    let has_workers = |count: usize| {
        cluster.until(&format!("{count} workers"), || {
            (cluster.pods(JOBS, name, "worker").len() == count).then_some(())
        });
    };
    has_workers(3);
    // Pods of a Deployment have no numbers; whoever asks by one means one of them.
    let lines = cluster.until("a line of worker-0", || {
        let run = bench.ok(&["logs", name, "--component", "worker-0"]);
        Some(run.all("log")).filter(|lines| !lines.is_empty())
    });
    let of = |line: &Value| line["component"].as_str().unwrap().to_owned();
    let first = of(&lines[0]);
    assert!(first.starts_with(&format!("{name}-workers-")), "{first}");
    assert!(lines.iter().all(|line| of(line) == first), "{lines:?}");
    // As `kubectl edit` does, without an editor's window.
    let mut edit = cluster.command(&["edit", "-n", JOBS, "rsac", name]);
    edit.env("KUBE_EDITOR", "sed -i 's/workerCount: 3/workerCount: 5/'");
    let edited = edit.output().unwrap();
    assert!(edited.status.success(), "{edited:?}");
    has_workers(5);
    cluster.ok(&["scale", "-n", JOBS, &resource, "--replicas=2"]);
    has_workers(2);
    bench.ok(&["scale", name, "0"]);
    has_workers(0);
    let reason = |r: &Value| condition(r, "Progressing").1.to_owned();
    bench.until(name, "says that nobody works", |r| reason(r) == "NoWorkers");
    cluster.ok(&["scale", "-n", JOBS, &resource, "--replicas=4"]);
    finish(bench, name, demo);
}

/// Waits for the end, and checks answer and accounting; then deletes the job, after which
/// nothing that bears its name is left.
pub(crate) fn finish(bench: &Bench, name: &str, demo: &Demo) {
    finish_beside(bench, name, demo, &[]);
}

/// So, with strangers that bear its name and stay.
pub(crate) fn finish_beside(bench: &Bench, name: &str, demo: &Demo, strangers: &[&str]) {
    let run = bench.ok(&["watch", name]);
    assert_eq!(run.factors(), demo.factors);
    assert_eq!(run.last("result")["method"], demo.method);
    let units = bench.ok(&["units", name]);
    check_units(&units.all("unit"));
    let idle = |_: &Value| bench.cluster.pods(JOBS, name, "worker").is_empty();
    bench.until(name, "sends its workers home", idle);
    bench.ok(&["delete", name]);
    assert_eq!(bench.cluster.belongings(name), strangers);
}

/// Suspended: no pod, the volume stays; resumed: goes on where it was.
pub(crate) fn suspended(bench: &Bench) {
    bench.ensure_up();
    let cluster = &bench.cluster;
    bench.crack("paused", TRIAL.number, TRIAL.method, "2");
    let done = |r: &Value| r["status"]["progress"]["done"].as_i64().unwrap_or(0);
    bench.until("paused", "has covered something", |r| done(r) > 0);
    bench.ok(&["suspend", "paused"]);
    // Workers report what they computed: the master goes after them.
    cluster.until("no pod", || {
        let selector = "suu-kopf.dev/rsacracker=paused";
        let pods = cluster.get(&["pods", "-n", JOBS, "-l", selector]);
        let pods = pods["items"].as_array().unwrap();
        let (masters, workers): (Vec<&Value>, Vec<&Value>) = pods
            .iter()
            .partition(|pod| pod["metadata"]["name"] == "paused-master-0");
        // One that has reported has ended, and its pod is there for a moment more.
        let reports =
            |pod: &&Value| !pod["status"]["containerStatuses"][0]["state"]["running"].is_null();
        if workers.iter().any(reports) {
            assert!(
                masters[0]["metadata"]["deletionTimestamp"].is_null(),
                "the master goes before its workers"
            );
        }
        pods.is_empty().then_some(())
    });
    let before = done(&bench.resource("paused"));
    assert!(before > 0);
    cluster.get(&["pvc", "-n", JOBS, "ledger-paused-master-0"]);
    bench.ok(&["resume", "paused"]);
    bench.until("paused", "goes on", |r| {
        condition(r, "Progressing").1 == "Searching" && done(r) >= before
    });
    finish(bench, "paused", &TRIAL);
}

fn decoded(secret: &Value, key: &str) -> String {
    use base64ct::{Base64, Encoding};
    let text = secret["data"][key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} in {secret}"));
    String::from_utf8(Base64::decode_vec(text).unwrap()).unwrap()
}

/// Status (0 where no connection came about) and body.
fn curl(words: &[&str]) -> (u16, String) {
    let output = std::process::Command::new("curl")
        .args([
            "--silent",
            "--max-time",
            "20",
            "--write-out",
            "\n%{http_code}",
        ])
        .args(words)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, code) = text.rsplit_once('\n').unwrap();
    (code.parse().unwrap(), body.to_owned())
}

/// A `kubectl port-forward`, ended when dropped.
struct Forward {
    child: Child,
    port: u16,
}

impl Forward {
    fn to(bench: &Bench, namespace: &str, what: &str, port: u16) -> Self {
        use std::io::{BufRead, BufReader};
        let ports = format!(":{port}");
        let words = ["port-forward", "-n", namespace, what, &ports];
        let mut child = bench
            .cluster
            .command(&words)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        // "Forwarding from 127.0.0.1:41234 -> 8080"
        let address = line
            .split_whitespace()
            .nth(2)
            .unwrap_or_else(|| panic!("{line:?}"));
        let port = address.rsplit_once(':').unwrap().1.parse().unwrap();
        // It says a line for each connection, which somebody must read.
        std::thread::spawn(move || for _ in stdout.lines() {});
        Self { child, port }
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
