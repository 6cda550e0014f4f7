//! What cannot be worked on is refused in words, by the server where it can, else by a
//! condition; correcting it recovers.

use crate::run::condition;
use crate::stack::{Bench, JOBS};
use serde_json::{Value, json};

pub(crate) fn bad_resources(bench: &Bench) {
    bench.ensure_up();
    let cluster = &bench.cluster;
    let job = |name: &str, spec: Value| {
        json!({
            "apiVersion": "suu-kopf.dev/v1",
            "kind": "RSACracker",
            "metadata": {"name": name},
            "spec": spec,
        })
    };
    let refused = |manifest: &Value| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), manifest.to_string()).unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        let words = ["create", "--validate=strict", "-n", JOBS, "-f", &path];
        let by_server = cluster.refused(&words);
        // And by rsac-infra, before it sends anything: its own words and exit code.
        let run = bench.run(&["apply", "-f", &path]);
        assert_eq!(run.code, 3, "{manifest}: {}", run.stderr);
        by_server
    };
    let key = "-----BEGIN PUBLIC KEY-----";
    for (spec, words) in [
        (
            json!({"numberToFactor": 15, "publicKey": key}),
            "numberToFactor",
        ),
        (
            json!({"numberToFactor": 15, "workerCount": -1}),
            "workerCount",
        ),
        (
            json!({"numberToFactor": 15, "workers": {"thread": 2}}),
            "thread",
        ),
        (
            json!({"numberToFactor": "1".repeat(10_000)}),
            "numberToFactor",
        ),
        (json!({}), "numberToFactor"),
    ] {
        let said = refused(&job("bad", spec));
        assert!(said.contains(words), "{said}");
    }
    let long = "a".repeat(60);
    let said = refused(&job(&long, json!({"numberToFactor": 15})));
    assert!(said.contains("name"), "{said}");
    // Written by hand, because JSON's own numbers end before.
    let mut huge = job("bad", json!({"numberToFactor": "PLACE"})).to_string();
    huge = huge.replace("\"PLACE\"", "9223372036854775808");
    let said = refused(&serde_json::from_str(&huge).unwrap());
    assert!(said.contains("numberToFactor"), "{said}");

    // What only the operator can see becomes a condition, and no crash loop.
    let broken = job("broken", json!({"publicKey": key, "workerCount": 1}));
    cluster.apply(JOBS, &broken);
    let seen = bench.until("broken", "is not accepted", |r| {
        condition(r, "Accepted").0 == "False"
    });
    assert_eq!(condition(&seen, "Accepted").1, "InvalidKey");
    assert_eq!(cluster.pods(JOBS, "broken", "master"), Vec::<String>::new());
    let patch = json!({"spec": {"publicKey": null, "numberToFactor": 15}}).to_string();
    cluster.ok(&[
        "patch",
        "-n",
        JOBS,
        "rsac",
        "broken",
        "--type=merge",
        "-p",
        &patch,
    ]);
    assert_eq!(bench.ok(&["watch", "broken"]).factors(), ["3", "5"]);
    bench.ok(&["delete", "broken"]);
}
