//! The crash campaign: the operator is killed before and after each of its writing
//! requests, started again, and the end must be that of an undisturbed run, after which nothing
//! is written.
//!
//! A proxy between operator and API server counts the requests and does the killing. A
//! fixed sample of the moments is run; `RSAC_FULL=1` runs all of them.

use crate::place::{Operator, Place};
use crate::run::condition;
use crate::stack::Bench;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const SAMPLE: usize = 8;
const SEED: u64 = 4;

/// When to kill: at which writing request, and on which side of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Before(usize),
    After(usize),
}

type Victim = Arc<Mutex<Option<Operator>>>;

/// A connection of the operator's carries one request: the answer says that it closes.
struct Proxy {
    port: u16,
    /// Writing requests so far.
    count: Arc<AtomicUsize>,
    victim: Victim,
}

impl Proxy {
    fn start(upstream: u16, moment: Option<Moment>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (count, victim) = (Arc::new(AtomicUsize::new(0)), Victim::default());
        let shared = (Arc::clone(&count), Arc::clone(&victim));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (count, victim) = (Arc::clone(&shared.0), Arc::clone(&shared.1));
                std::thread::spawn(move || {
                    let _ = carry(stream, upstream, &count, &victim, moment);
                });
            }
        });
        Self {
            port,
            count,
            victim,
        }
    }
}

// The threads that carry live on, and the operator must not live with them.
impl Drop for Proxy {
    fn drop(&mut self) {
        kill(&self.victim);
    }
}

fn kill(victim: &Victim) {
    if let Some(operator) = victim.lock().unwrap().as_mut() {
        operator.kill();
    }
}

fn carry(
    client: TcpStream,
    upstream: u16,
    count: &AtomicUsize,
    victim: &Victim,
    moment: Option<Moment>,
) -> std::io::Result<()> {
    let mut from_client = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if from_client.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line == "\r\n" {
            break;
        }
        let name = line.split(':').next().unwrap_or_default().to_lowercase();
        if name != "connection" || line.to_lowercase().contains("upgrade") {
            head.push_str(&line);
        }
    }
    let upgrades = head.to_lowercase().contains("\r\nupgrade:");
    if !upgrades {
        head.push_str("Connection: close\r\n");
    }
    head.push_str("\r\n");
    let method = head.split(' ').next().unwrap_or_default();
    // Events are told beside the work, in no order that could be repeated.
    let writes = ["POST", "PATCH", "PUT", "DELETE"].contains(&method)
        && !head.lines().next().unwrap_or_default().contains("/events");
    let at = writes.then(|| count.fetch_add(1, Ordering::SeqCst) + 1);
    if moment.is_some() && at.map(Moment::Before) == moment {
        kill(victim);
        return Ok(());
    }
    let mut server = TcpStream::connect(("127.0.0.1", upstream))?;
    server.write_all(head.as_bytes())?;
    let mut to_server = server.try_clone()?;
    let up = std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    if moment.is_some() && at.map(Moment::After) == moment {
        // The whole answer has come: the request was served.
        server.read_to_end(&mut Vec::new())?;
        kill(victim);
        return Ok(());
    }
    let mut to_client = client;
    let copied = std::io::copy(&mut server, &mut to_client);
    let _ = to_client.shutdown(Shutdown::Both);
    let _ = up.join();
    copied.map(|_| ())
}

/// The API server without TLS, by `kubectl proxy`; ends when dropped.
struct Plain {
    child: Child,
    port: u16,
}

impl Plain {
    fn start(bench: &Bench) -> Self {
        let words = ["proxy", "--port=0", "--reject-paths=^$"];
        let mut command = bench.cluster.command(&words);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim().rsplit(':').next().unwrap().parse().unwrap();
        Self { child, port }
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn kubeconfig(folder: &Path, port: u16) -> std::path::PathBuf {
    let path = folder.join(format!("kubeconfig-{port}"));
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "plain",
        "contexts": [{"name": "plain", "context": {"cluster": "plain", "user": "plain"}}],
        "clusters": [{"name": "plain", "cluster": {"server": format!("http://127.0.0.1:{port}")}}],
        "users": [{"name": "plain", "user": {}}],
    });
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

/// What an end is compared by: what is there, what is said, what was found.
type End = (BTreeSet<String>, Vec<(String, String)>, Value);

fn end(bench: &Bench, place: &Place<'_>) -> End {
    let cluster = &bench.cluster;
    let belongings = cluster.belongings("crashed").into_iter();
    // Names that clusters make up.
    let ours = belongings.filter(|name| {
        !["EndpointSlice", "ReplicaSet", "ControllerRevision"]
            .iter()
            .any(|kind| name.starts_with(kind))
    });
    let resource = place.resource("crashed");
    let said = [
        "Accepted",
        "Ready",
        "Progressing",
        "Degraded",
        "Finished",
        "Succeeded",
    ];
    let said = said.map(|kind| {
        let (state, reason) = condition(&resource, kind);
        (state.to_owned(), reason.to_owned())
    });
    let result = cluster.get(&["secret", "-n", &place.namespace, "crashed-result"]);
    let factors = result["data"]["factors"].clone();
    (ours.collect(), said.into(), factors)
}

/// One run, disturbed or not: its end, and how many writing requests the proxy saw.
fn run(
    bench: &Bench,
    place: &Place<'_>,
    plain: &Plain,
    folder: &Path,
    moment: Option<Moment>,
) -> (End, usize) {
    let proxy = Proxy::start(plain.port, moment);
    let through = kubeconfig(folder, proxy.port);
    let operator = Operator::start(&through, &place.namespace, bench.image(), &[]);
    *proxy.victim.lock().unwrap() = Some(operator);
    place.job(
        "crashed",
        json!({"numberToFactor": 804_556_097, "workerCount": 3}),
    );
    let mut second = None;
    let settled =
        |r: &Value| condition(r, "Succeeded").0 == "True" && condition(r, "Ready").0 == "True";
    bench
        .cluster
        .until(&format!("it is solved, {moment:?}"), || {
            let mut victim = proxy.victim.lock().unwrap();
            if second.is_none() && victim.as_mut().is_some_and(Operator::has_ended) {
                second = Some(place.operator(bench.image(), &[]));
            }
            drop(victim);
            settled(&place.resource("crashed")).then_some(())
        });
    assert_eq!(second.is_some(), moment.is_some(), "killed at {moment:?}");
    if let Some(second) = &second {
        second.comes_to_rest(&bench.cluster);
    }
    let end = end(bench, place);
    let delete = ["delete", "-n", &place.namespace, "rsac", "crashed"];
    bench.cluster.ok(&delete);
    bench.cluster.until("nothing is left", || {
        bench.cluster.belongings("crashed").is_empty().then_some(())
    });
    (end, proxy.count.load(Ordering::SeqCst))
}

pub(crate) fn campaign(bench: &Bench) {
    let place = Place::make(&bench.cluster, "rsac-tests-crash");
    let plain = Plain::start(bench);
    let folder = tempfile::tempdir().unwrap();
    let (undisturbed, requests) = run(bench, &place, &plain, folder.path(), None);
    assert!(requests > 12, "{requests} writing requests");
    println!("an undisturbed run makes {requests} writing requests");
    // How many writes of the status there are depends on what the watches show when.
    let certain = requests - 2;
    let mut moments: Vec<Moment> = (1..=certain)
        .flat_map(|at| [Moment::Before(at), Moment::After(at)])
        .collect();
    if std::env::var("RSAC_FULL").is_err() {
        moments.shuffle(&mut StdRng::seed_from_u64(SEED));
        moments.truncate(SAMPLE);
    }
    for moment in moments {
        let (disturbed, _) = run(bench, &place, &plain, folder.path(), Some(moment));
        assert_eq!(disturbed, undisturbed, "killed {moment:?}");
    }
}
