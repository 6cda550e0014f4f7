//! The whole worker (HTTP, threads, spool) against a small master of this test's own.

#![expect(clippy::unwrap_used, reason = "a fake master fails as a test does")]

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use rsac_factor::{BigUint, Method, Plan, choose};
use rsac_protocol::{
    AcquireAnswer, AcquireRequest, Answer, Command, Digest, HeartbeatAnswer, HeartbeatRequest,
    LedgerId, LedgerPosition, PlanText, Problem, ProblemCode, RegisterAnswer, RegisterRequest,
    ReleaseAnswer, ReleaseRequest, Report, ReportAnswer, Unit, routes,
};
use rsac_worker::{MasterAddress, Options, WorkerError, run};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const TOKEN: &str = "a-token";

struct Fake {
    plan: Plan,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    next: u64,
    covered: BTreeSet<u64>,
    /// Worker and sequence of every report.
    reports: BTreeSet<(String, u64)>,
    twice: u64,
    findings: usize,
    reporters: BTreeSet<String>,
    /// Reports are refused for now.
    later: bool,
    refused: u64,
    left: Vec<String>,
}

type Shared = State<Arc<Fake>>;

fn answer<T: serde::Serialize>(body: T) -> Response {
    let position = LedgerPosition {
        ledger: LedgerId([1; 16]),
        generation: 1,
    };
    Json(Answer::new(position, body)).into_response()
}

fn refuse(code: ProblemCode) -> Response {
    let status = StatusCode::from_u16(code.status()).unwrap();
    let message = "not now".into();
    (status, Json(Problem { code, message })).into_response()
}

async fn register(fake: Shared, Json(request): Json<RegisterRequest>) -> Response {
    assert_eq!((request.job.as_str(), request.lanes), ("my-rsac", 2));
    let text = fake.plan.text();
    let digest = Digest::of(&text);
    answer(RegisterAnswer {
        plan: Some(PlanText { digest, text }),
        checkpoint_seconds: 10,
    })
}

/// Units of five indices.
async fn acquire(fake: Shared, Json(request): Json<AcquireRequest>) -> Response {
    let end = fake.plan.supply().end().unwrap();
    let mut seen = fake.seen.lock().unwrap();
    let mut units = Vec::new();
    while units.len() < request.count as usize && seen.next < end {
        let from = seen.next;
        seen.next = end.min(from + 5);
        units.push(Unit {
            id: from,
            epoch: 1,
            from,
            to: seen.next,
        });
    }
    match units.is_empty() {
        true => answer(AcquireAnswer::Wait { seconds: 1 }),
        false => answer(AcquireAnswer::Units { units }),
    }
}

async fn heartbeat(Json(_): Json<HeartbeatRequest>) -> Response {
    answer(HeartbeatAnswer {
        command: Command::Continue,
        not_yours: vec![],
    })
}

async fn report(fake: Shared, headers: HeaderMap, body: Bytes) -> Response {
    if headers["authorization"] != format!("Bearer {TOKEN}") {
        return refuse(ProblemCode::Unauthorized);
    }
    let report = Report::decode(&body).unwrap();
    let mut seen = fake.seen.lock().unwrap();
    if seen.later {
        seen.refused += 1;
        return refuse(ProblemCode::Later);
    }
    // A request that was under way when its worker was killed may still arrive, beside the
    // same report from the spool: a repeat, which a master acknowledges and counts once.
    if seen
        .reports
        .insert((report.worker.clone(), report.sequence))
    {
        for index in report.from..report.to {
            seen.twice += u64::from(!seen.covered.insert(index));
        }
        seen.findings += report.findings.len();
    }
    seen.reporters.insert(report.worker);
    answer(ReportAnswer {
        holds: true,
        sequence: report.sequence,
    })
}

async fn release(fake: Shared, Json(request): Json<ReleaseRequest>) -> Response {
    if request.leaving {
        fake.seen.lock().unwrap().left.push(request.worker);
    }
    answer(ReleaseAnswer { released: 0 })
}

impl Fake {
    fn new() -> Arc<Self> {
        let number = BigUint::from(1_000_003u64) * BigUint::from(1_000_033u64);
        let limit = Duration::from_secs(3600);
        Arc::new(Self {
            plan: choose(&number, Some(Method::TrialDivision), limit).unwrap(),
            seen: Mutex::default(),
        })
    }

    /// Serves at a free port, which it answers.
    async fn serve(self: &Arc<Self>) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let router = Router::new()
            .route(routes::REGISTER, post(register))
            .route(routes::ACQUIRE, post(acquire))
            .route(routes::HEARTBEAT, post(heartbeat))
            .route(routes::REPORT, post(report))
            .route(routes::RELEASE, post(release))
            .with_state(Arc::clone(self));
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    /// Waits, for a bounded time, until what was seen `is` so.
    async fn wait(&self, what: &str, is: impl Fn(&Seen) -> bool) {
        for _ in 0..6000 {
            if is(&self.seen.lock().unwrap()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("waited in vain until {what}");
    }
}

fn options(folder: &Path, master: MasterAddress) -> Options {
    std::fs::write(folder.join("token"), format!("{TOKEN}\n")).unwrap();
    Options {
        job: "my-rsac".into(),
        name: "worker-0".into(),
        master,
        token_file: folder.join("token"),
        ca_file: None,
        spool: folder.join("spool"),
        threads: 2,
    }
}

/// The names of the reports in a spool.
fn reports_in(spool: &Path) -> BTreeSet<OsString> {
    let entries = std::fs::read_dir(spool).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| Path::new(name).extension().is_some_and(|e| e == "report"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_index_is_searched_once_and_the_divisor_found() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::new();
    let url = format!("http://{}/", fake.serve().await);
    let shutdown = CancellationToken::new();
    let options = options(folder.path(), MasterAddress::Url(url));
    let worker = tokio::spawn(run(options, shutdown.clone()));
    let end = fake.plan.supply().end().unwrap();
    fake.wait("all is covered", |seen| seen.covered.len() as u64 == end)
        .await;
    shutdown.cancel();
    worker.await.unwrap().unwrap();
    let seen = fake.seen.lock().unwrap();
    assert_eq!((seen.twice, seen.findings, seen.left.len()), (0, 1, 1));
    assert_eq!(reports_in(&folder.path().join("spool")), BTreeSet::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_outlive_a_killed_process_and_a_master_that_moved() {
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let address = folder.path().join("address");
    let fake = Fake::new();
    fake.seen.lock().unwrap().later = true;
    std::fs::write(&address, fake.serve().await).unwrap();
    let options = options(folder.path(), MasterAddress::File(address.clone()));
    let worker = tokio::spawn(run(options.clone(), CancellationToken::new()));
    fake.wait("a report is refused", |seen| seen.refused > 2)
        .await;
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());
    let left = reports_in(&spool);
    assert!(!left.is_empty(), "nothing was spooled");

    // The address leads to nobody at first; then the master is at another port.
    std::fs::write(&address, "127.0.0.1:1").unwrap();
    let shutdown = CancellationToken::new();
    let ending = shutdown.clone();
    let worker = tokio::spawn(async move {
        loop {
            // A thread of the first worker, which a kill would have ended, may hold the
            // spool for a moment.
            match run(options.clone(), ending.clone()).await {
                Err(WorkerError::Spool(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
                ended => return ended,
            }
        }
    });
    fake.seen.lock().unwrap().later = false;
    tokio::time::sleep(Duration::from_millis(100)).await;
    std::fs::write(&address, fake.serve().await).unwrap();
    // The killed one's units were all computed, or are lost with it: the fake grants
    // none twice.
    fake.wait("both have reported", |seen| !seen.reporters.is_empty())
        .await;
    // Those that were there at the kill: a task cannot be killed as a process can, and a
    // thread of the first worker may write another afterwards, which nobody reads.
    let begun = Instant::now();
    while !reports_in(&spool).is_disjoint(&left) {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "never sent: {left:?}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    shutdown.cancel();
    worker.await.unwrap().unwrap();
    let seen = fake.seen.lock().unwrap();
    assert!(seen.covered.len() >= left.len() && seen.twice == 0);
    assert_eq!(
        seen.left.len(),
        1,
        "the second one left, the first was killed"
    );
}
