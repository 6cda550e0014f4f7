//! Ways to a master from outside its cluster: a port of every node, a load balancer of the
//! cloud's.

use crate::run::condition;
use crate::stack::{Bench, JOBS};
use serde_json::{Value, json};

const SERVICE: &str = "reached-progress";

/// `status` prints the address, as soon as there is one.
pub(crate) fn types(bench: &Bench) {
    bench.ensure_up();
    let cluster = &bench.cluster;
    let job = |kind: &str| {
        let job = json!({
            "apiVersion": "suu-kopf.dev/v1",
            "kind": "RSACracker",
            "metadata": {"name": "reached"},
            "spec": {
                "numberToFactor": 15,
                "ledger": {"ephemeral": true},
                "service": {"type": kind},
            },
        });
        cluster.apply(JOBS, &job);
    };
    let service = |kind: &str| {
        cluster.until(&format!("the Service is a {kind}"), || {
            let words = ["get", "-n", JOBS, "service", SERVICE, "-o", "json"];
            let output = cluster.command(&words).output().unwrap();
            let service: Value = serde_json::from_slice(&output.stdout).ok()?;
            (service["spec"]["type"] == kind).then_some(service)
        })
    };
    let screen = || {
        let output = bench.command(&["status", "reached"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };

    job("LoadBalancer");
    service("LoadBalancer");
    bench.until("reached", "is solved", |r| {
        condition(r, "Succeeded").0 == "True"
    });
    // No cloud has given one yet.
    assert_eq!(bench.resource("reached")["status"]["address"], Value::Null);
    assert!(!screen().contains("https://"), "{}", screen());
    for (ingress, address) in [
        (json!({"ip": "203.0.113.7"}), "203.0.113.7:443"),
        (
            json!({"hostname": "reached.example.com"}),
            "reached.example.com:443",
        ),
    ] {
        // As the cloud's controller does.
        let given = json!({"status": {"loadBalancer": {"ingress": [ingress]}}}).to_string();
        cluster.ok(&[
            "patch",
            "-n",
            JOBS,
            "service",
            SERVICE,
            "--subresource=status",
            "--type=merge",
            "-p",
            &given,
        ]);
        bench.until("reached", "tells its address", |r| {
            r["status"]["address"] == address
        });
        let shown = format!("https://{address}/progress (with token and ca.crt of Secret");
        assert!(screen().contains(&shown), "{}", screen());
    }

    job("NodePort");
    let service = service("NodePort");
    let port = service["spec"]["ports"][0]["nodePort"].as_u64().unwrap();
    let seen = bench.until("reached", "tells a node's port", |r| {
        let address = r["status"]["address"].as_str().unwrap_or_default();
        address.ends_with(&format!(":{port}"))
    });
    let address = seen["status"]["address"].as_str().unwrap();
    assert!(screen().contains(&format!("https://{address}/progress")));
    let nodes = cluster.get(&["nodes"]);
    let is_a_nodes = nodes["items"].as_array().unwrap().iter().any(|node| {
        let addresses = node["status"]["addresses"].as_array().unwrap();
        let mut addresses = addresses.iter().filter_map(|a| a["address"].as_str());
        addresses.any(|ip| address == format!("{ip}:{port}"))
    });
    assert!(is_a_nodes, "{address} is no node's");
    bench.ok(&["delete", "reached"]);
}
