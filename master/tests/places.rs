//! Ports, ledgers and files that a master cannot have, or must give up.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod http;

use http::{PATIENCE, Running, failure, files, job, refusal};
use reqwest::{Method, StatusCode};
use rsac_master::{MasterError, Options};
use rsac_protocol::{
    AcquireRequest, Answer, ProblemCode, RegisterAnswer, RegisterRequest, Stage, routes,
};
use std::path::Path;

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
