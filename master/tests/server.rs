//! The master as a process has it: files in, HTTP out.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod http;

use http::{Running, TOKEN, files, job, refusal};
use reqwest::{Method, StatusCode};
use rsac_factor::Plan;
use rsac_protocol::{
    AcquireAnswer, AcquireRequest, Answer, Ending, MAX_REPORT_BYTES, ProblemCode, RegisterAnswer,
    RegisterRequest, ReleaseAnswer, ReleaseRequest, Report, ReportAnswer, Solution, Stage,
    UnitsPage, routes,
};
use std::sync::atomic::AtomicBool;

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
async fn a_master_that_is_told_to_end_hears_its_workers_out() {
    let (_folder, options) = files(&job("804556097", Some("trial-division")));
    let master = Running::start(&options).await;
    master.until_stage(Stage::Search).await;
    let request = RegisterRequest {
        protocol: rsac_protocol::VERSION,
        job: "my-rsac".into(),
        worker: "w-1".into(),
        lanes: 1,
    };
    let registered: Answer<RegisterAnswer> = master.post(routes::REGISTER, &request).await;
    master.shutdown.cancel();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!master.task.is_finished());
    let release = ReleaseRequest {
        worker: "w-1".into(),
        plan: registered.body.plan.clone().unwrap().digest,
        units: Vec::new(),
        leaving: true,
    };
    let released: Answer<ReleaseAnswer> = master.post(routes::RELEASE, &release).await;
    assert_eq!(released.body.released, 0);
    master.end().await;
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
