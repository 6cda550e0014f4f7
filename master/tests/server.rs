//! The master as a process has it: files in, HTTP out.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use reqwest::{Method, StatusCode};
use rsac_factor::Plan;
use rsac_master::{MasterError, Options, run};
use rsac_protocol::{
    AcquireAnswer, AcquireRequest, Answer, Ending, Job, MAX_REPORT_BYTES, Problem, ProblemCode,
    RegisterAnswer, RegisterRequest, Report, ReportAnswer, Solution, Stage, Summary, UnitsPage,
    routes,
};
use serde::de::DeserializeOwned;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const TOKEN: &str = "a-token-of-enough-characters";
/// Ends a hang; nothing takes nearly as long.
const PATIENCE: Duration = Duration::from_secs(60);

const GUARDED: [(Method, &str); 8] = [
    (Method::POST, routes::REGISTER),
    (Method::POST, routes::ACQUIRE),
    (Method::POST, routes::HEARTBEAT),
    (Method::POST, routes::REPORT),
    (Method::POST, routes::RELEASE),
    (Method::GET, routes::SUMMARY),
    (Method::GET, routes::SOLUTION),
    (Method::GET, routes::UNITS),
];

fn job(number: &str, method: Option<&str>) -> Job {
    Job {
        name: "my-rsac".into(),
        attempt: "attempt-1".into(),
        number: number.into(),
        public_exponent: None,
        method: method.map(str::to_owned),
        checkpoint_seconds: 10,
        max_cpu_hours: 1.0,
        pre_pass_seconds: 1,
        deadline_seconds: None,
    }
}

/// The files of a master.
fn files(job: &Job) -> (TempDir, Options) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("job.json"), serde_json::to_vec(job).unwrap()).unwrap();
    std::fs::write(at("token"), format!("{TOKEN}\n")).unwrap();
    let options = Options {
        data: at("data"),
        job: at("job.json"),
        token_file: at("token"),
        listen: "127.0.0.1:0".parse().unwrap(),
        fallback: false,
        address_file: Some(at("address")),
        secured: None,
    };
    (folder, options)
}

struct Running {
    base: String,
    client: reqwest::Client,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), MasterError>>,
}

impl Running {
    async fn start(options: &Options) -> Self {
        let file = options.address_file.clone().unwrap();
        // Of an earlier one.
        let _ = std::fs::remove_file(&file);
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(run(options.clone(), shutdown.clone()));
        let address = until(async || std::fs::read_to_string(&file).ok()).await;
        let client = rsac_master_client::http::plain()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self {
            base: format!("http://{address}"),
            client,
            shutdown,
            task,
        }
    }

    async fn end(self) {
        self.shutdown.cancel();
        let ended = tokio::time::timeout(PATIENCE, self.task).await;
        ended.unwrap().unwrap().unwrap();
    }

    fn call(&self, method: Method, route: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{route}", self.base))
    }

    fn with_token(&self, method: Method, route: &str) -> reqwest::RequestBuilder {
        self.call(method, route).bearer_auth(TOKEN)
    }

    async fn text(&self, route: &str) -> (StatusCode, String) {
        let response = self.call(Method::GET, route).send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    async fn ask<T: DeserializeOwned>(&self, route: &str) -> T {
        let response = self.with_token(Method::GET, route).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{route}");
        response.json().await.unwrap()
    }

    async fn post<T: DeserializeOwned>(
        &self,
        route: &str,
        body: &impl serde::Serialize,
    ) -> Answer<T> {
        let request = self.with_token(Method::POST, route).json(body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{route}");
        response.json().await.unwrap()
    }

    async fn until_stage(&self, stage: Stage) -> Summary {
        until(async || {
            let summary: Summary = self.ask(routes::SUMMARY).await;
            (summary.stage == stage).then_some(summary)
        })
        .await
    }
}

async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap()
}

async fn refusal(request: reqwest::RequestBuilder) -> (u16, Problem) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

async fn failure(options: &Options) -> MasterError {
    let ended = run(options.clone(), CancellationToken::new());
    let ended = tokio::time::timeout(PATIENCE, ended).await.unwrap();
    ended.unwrap_err()
}

#[tokio::test]
async fn the_first_systems_number_is_answered_in_process() {
    let (_folder, options) = files(&job("804556097", None));
    let master = Running::start(&options).await;
    let summary = master.until_stage(Stage::Done).await;
    assert_eq!(summary.job, "my-rsac");
    assert_eq!(summary.number, "804556097");
    assert_eq!(summary.attempt, "attempt-1");
    assert_eq!(summary.outcome.unwrap().ending, Ending::Factored);
    let solution: Solution = master.ask(routes::SOLUTION).await;
    assert_eq!(solution.factors, ["15581", "51637"]);

    let response = master.call(Method::GET, routes::PROGRESS).send();
    let response = response.await.unwrap();
    let kind = response.headers()["content-type"].clone();
    assert_eq!(kind, "application/json");
    assert_eq!(
        response.text().await.unwrap(),
        r#"{"progress_all":1,"progress_done":1,"solution":15581}"#
    );
    for route in [routes::HEALTHZ, routes::READYZ] {
        assert_eq!(master.text(route).await, (StatusCode::OK, "ok\n".into()));
    }
    master.end().await;
}

#[tokio::test]
async fn metrics_hold_names_and_counts_and_no_secret() {
    let (_folder, options) = files(&job("804556097", None));
    let master = Running::start(&options).await;
    master.until_stage(Stage::Done).await;
    let (status, page) = master.text(routes::METRICS).await;
    assert_eq!(status, StatusCode::OK);
    let names: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE rsac_master_"))
        .collect();
    assert_eq!(
        names,
        [
            "progress_done gauge",
            "progress_all gauge",
            "progress_rate gauge",
            "workers_live gauge",
            "lanes_live gauge",
            "workers_useful gauge",
            "ledger_generation gauge",
            "ledger_unavailable gauge",
            "active_seconds_total counter",
            "cpu_seconds_total counter",
            "reports_accepted_total counter",
            "reports_repeated_total counter",
            "reports_refused_total counter",
            "findings_total counter",
            "bad_findings_total counter",
            "units_lost_total counter",
            "workers_lost_total counter",
            "commits_total counter",
            "stage gauge",
        ]
    );
    assert!(page.contains("rsac_master_stage{stage=\"Done\"} 1\n"));
    assert!(page.contains("rsac_master_stage{stage=\"Search\"} 0\n"));
    assert!(page.contains("rsac_master_ledger_generation 1\n"));
    for secret in ["804556097", "15581", "51637", TOKEN] {
        assert!(!page.contains(secret), "{secret}");
    }
    master.end().await;
}

#[tokio::test]
async fn guarded_routes_want_the_token() {
    let (_folder, options) = files(&job("804556097", None));
    let master = Running::start(&options).await;
    for (method, route) in GUARDED {
        let bare = || master.call(method.clone(), route);
        let cut = &TOKEN[..TOKEN.len() - 1];
        for request in [
            bare(),
            bare().bearer_auth("another-token-of-enough-characters"),
            bare().bearer_auth(cut),
            bare().bearer_auth(format!("{TOKEN}\u{7e}")),
            bare().bearer_auth(""),
            bare().basic_auth("user", Some(TOKEN)),
            bare().header("authorization", TOKEN),
        ] {
            let (status, problem) = refusal(request).await;
            assert_eq!(status, 401, "{route}");
            assert_eq!(problem.code, ProblemCode::Unauthorized);
            assert!(!problem.message.contains(TOKEN));
        }
    }
    master.end().await;
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_with_a_problem() {
    let (_folder, options) = files(&job("804556097", None));
    let master = Running::start(&options).await;
    let post = |route| master.with_token(Method::POST, route);
    for route in [
        routes::REGISTER,
        routes::ACQUIRE,
        routes::HEARTBEAT,
        routes::RELEASE,
    ] {
        let json = |text: &str| {
            let request = post(route).header("content-type", "application/json");
            request.body(text.to_owned())
        };
        for text in ["", "{", "{}", "[]", r#"{"worker":7}"#] {
            let (status, problem) = refusal(json(text)).await;
            assert_eq!((status, problem.code), (400, ProblemCode::Malformed));
        }
        let (status, problem) = refusal(post(route).body("{}")).await;
        assert_eq!((status, problem.code), (400, ProblemCode::Malformed));
        let large = format!("\"{}\"", "x".repeat(64 * 1024));
        let (status, problem) = refusal(json(&large)).await;
        assert_eq!((status, problem.code), (413, ProblemCode::TooLarge));
    }
    for bytes in [vec![], vec![7; 100], b"{}".to_vec()] {
        let (status, problem) = refusal(post(routes::REPORT).body(bytes)).await;
        assert_eq!((status, problem.code), (400, ProblemCode::Malformed));
    }
    let (status, problem) = refusal(post(routes::REPORT).body(vec![0; MAX_REPORT_BYTES + 1])).await;
    assert_eq!((status, problem.code), (413, ProblemCode::TooLarge));

    let get = |route: &str| master.with_token(Method::GET, route);
    for request in [
        get("/v1/job/nothing"),
        get("/"),
        get(routes::REGISTER),
        post(routes::SUMMARY),
        post(routes::PROGRESS),
    ] {
        let (status, problem) = refusal(request).await;
        assert_eq!((status, problem.code), (404, ProblemCode::NotFound));
    }
    let page = format!("{}?limit=many", routes::UNITS);
    let (status, problem) = refusal(get(&page)).await;
    assert_eq!((status, problem.code), (400, ProblemCode::Malformed));

    let request = RegisterRequest {
        protocol: rsac_protocol::VERSION + 1,
        job: "my-rsac".into(),
        worker: "w".into(),
        lanes: 1,
    };
    let (status, problem) = refusal(post(routes::REGISTER).json(&request)).await;
    assert_eq!((status, problem.code), (409, ProblemCode::Version));
    master.end().await;
}

/// Registers, and works until the job is done.
async fn work(master: &Running, name: &str) {
    let request = RegisterRequest {
        protocol: rsac_protocol::VERSION,
        job: "my-rsac".into(),
        worker: name.into(),
        lanes: 1,
    };
    let registered: Answer<RegisterAnswer> = master.post(routes::REGISTER, &request).await;
    let text = registered.body.plan.clone().unwrap();
    let mut searcher = Plan::parse(&text.text).unwrap().searcher();
    for sequence in 1.. {
        let request = AcquireRequest {
            worker: name.into(),
            plan: text.digest,
            count: 1,
            request: sequence,
        };
        let answer: Answer<AcquireAnswer> = master.post(routes::ACQUIRE, &request).await;
        let AcquireAnswer::Units { units } = answer.body else {
            return;
        };
        let unit = units[0];
        let mut found = Vec::new();
        searcher.search(unit.from..unit.to, &AtomicBool::new(false), &mut found);
        let report = Report {
            job: "my-rsac".into(),
            plan: text.digest,
            ledger: registered.ledger,
            generation: registered.generation,
            worker: name.into(),
            unit: unit.id,
            epoch: unit.epoch,
            from: unit.from,
            to: unit.to,
            findings: found
                .into_iter()
                .map(|f| rsac_protocol::Finding {
                    index: f.index,
                    data: f.data,
                })
                .collect(),
            sequence,
            cpu_micros: 1000,
        };
        let request = master.with_token(Method::POST, routes::REPORT);
        let response = request.body(report.encode().unwrap()).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let answer: Answer<ReportAnswer> = response.json().await.unwrap();
        assert_eq!(answer.body.sequence, sequence);
    }
}

#[tokio::test]
async fn a_worker_factors_over_http_and_the_answer_outlives_the_master() {
    let (_folder, options) = files(&job("804556097", Some("trial-division")));
    let master = Running::start(&options).await;
    let before = master.until_stage(Stage::Search).await;
    assert_eq!(before.generation, 1);
    let (status, problem) = refusal(master.with_token(Method::GET, routes::SOLUTION)).await;
    assert_eq!((status, problem.code), (404, ProblemCode::NotFound));
    work(&master, "w-1").await;
    let done = master.until_stage(Stage::Done).await;
    assert_eq!(done.outcome.unwrap().ending, Ending::Factored);
    let page: UnitsPage = master.ask(&format!("{}?limit=5", routes::UNITS)).await;
    assert_eq!(page.method, "trial-division");
    assert_eq!(page.units[0].holders[0].worker, "w-1");
    master.end().await;

    let master = Running::start(&options).await;
    let after = master.until_stage(Stage::Done).await;
    assert_eq!(after.ledger, before.ledger);
    assert_eq!(after.generation, 2);
    let solution: Solution = master.ask(routes::SOLUTION).await;
    assert_eq!(solution.factors, ["15581", "51637"]);
    assert_eq!(solution.method, "trial-division");
    master.end().await;
}

#[tokio::test]
async fn a_taken_port_is_left_for_another_only_with_leave() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let (_folder, options) = files(&job("804556097", None));
    let options = Options {
        listen: address,
        ..options
    };
    let error = failure(&options).await;
    assert!(matches!(error, MasterError::Listen { .. }));
    let words = error.to_string();
    assert!(
        words.contains(&address.to_string()) && words.contains("--fallback"),
        "{words}"
    );

    // The failure left nothing behind that would keep the ledger locked.
    let options = Options {
        fallback: true,
        ..options
    };
    let master = Running::start(&options).await;
    assert_ne!(master.base, format!("http://{address}"));
    master.until_stage(Stage::Done).await;
    master.end().await;
}

#[tokio::test]
async fn a_second_master_is_refused_and_leaves_the_first_alone() {
    let (folder, options) = files(&job("804556097", None));
    let master = Running::start(&options).await;
    master.until_stage(Stage::Done).await;
    let second = Options {
        address_file: Some(folder.path().join("second")),
        ..options
    };
    let words = failure(&second).await.to_string();
    assert!(words.contains("in use by another master"), "{words}");
    assert!(!folder.path().join("second").exists());
    assert_eq!(master.text(routes::READYZ).await.0, StatusCode::OK);
    master.end().await;
}

#[tokio::test]
async fn a_master_whose_ledger_is_anothers_now_stops() {
    let (folder, options) = files(&job("804556097", Some("trial-division")));
    let master = Running::start(&options).await;
    master.until_stage(Stage::Search).await;
    let data = folder.path().join("data");
    let ledger = data.join(rsac_master::ledger::folder_name("804556097"));
    std::fs::write(ledger.join("fence"), b"somebody else's").unwrap();
    let request = RegisterRequest {
        protocol: rsac_protocol::VERSION,
        job: "my-rsac".into(),
        worker: "w".into(),
        lanes: 1,
    };
    let registered: Answer<RegisterAnswer> = master.post(routes::REGISTER, &request).await;
    let request = AcquireRequest {
        worker: "w".into(),
        plan: registered.body.plan.unwrap().digest,
        count: 1,
        request: 1,
    };
    let call = master.with_token(Method::POST, routes::ACQUIRE);
    let (status, problem) = refusal(call.json(&request)).await;
    assert_eq!((status, problem.code), (503, ProblemCode::Later));
    let ended = tokio::time::timeout(PATIENCE, master.task).await.unwrap();
    let words = ended.unwrap().unwrap_err().to_string();
    assert!(words.contains("opened by another master"), "{words}");
}

#[tokio::test]
async fn unusable_files_are_named() {
    let (folder, options) = files(&job("804556097", None));
    let at = |name: &str| folder.path().join(name);
    let says = async |options: &Options, path: &Path, words: &str| {
        let error = failure(options).await.to_string();
        let path = path.display().to_string();
        assert!(error.starts_with(&path) && error.contains(words), "{error}");
    };
    let bad = |name: &str, text: &str| {
        std::fs::write(at(name), text).unwrap();
        at(name)
    };
    let mut unusable = job("804556097", Some("magic"));
    for (text, words) in [
        (String::new(), "not a job"),
        ("{}".into(), "missing field"),
        (serde_json::to_string(&unusable).unwrap(), "method"),
        (" ".repeat(70_000), "longer than 65536 bytes"),
    ] {
        let options = Options {
            job: bad("bad-job", &text),
            ..options.clone()
        };
        says(&options, &options.job, words).await;
    }
    unusable.method = None;
    unusable.number = "12x".into();
    let options_of = |job| Options {
        job,
        ..options.clone()
    };
    let path = bad("bad-job", &serde_json::to_string(&unusable).unwrap());
    says(&options_of(path.clone()), &path, "number: \"12x\"").await;
    says(&options_of(at("absent")), &at("absent"), "No such file").await;

    for token in [
        "",
        "short",
        "two words are no token",
        "a-token-of\nseveral-lines",
    ] {
        let options = Options {
            token_file: bad("bad-token", token),
            ..options.clone()
        };
        says(&options, &options.token_file, "16 to 512").await;
        let error = failure(&options).await.to_string();
        assert!(token.is_empty() || !error.contains(token));
    }
    let absent = Options {
        token_file: at("absent"),
        ..options.clone()
    };
    says(&absent, &at("absent"), "No such file").await;
    assert!(!at("data").exists(), "nothing was begun");
}
