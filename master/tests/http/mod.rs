//! A master that serves plain HTTP within the test, and what asks it.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part"
)]

use reqwest::{Method, StatusCode};
use rsac_master::{MasterError, Options, run};
use rsac_protocol::{Answer, Job, Problem, Stage, Summary, routes};
use serde::de::DeserializeOwned;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const TOKEN: &str = "a-token-of-enough-characters";
/// Ends a hang; nothing takes nearly as long.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn job(number: &str, method: Option<&str>) -> Job {
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
pub fn files(job: &Job) -> (TempDir, Options) {
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

pub struct Running {
    pub base: String,
    pub client: reqwest::Client,
    pub shutdown: CancellationToken,
    pub task: JoinHandle<Result<(), MasterError>>,
}

impl Running {
    pub async fn start(options: &Options) -> Self {
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

    pub async fn end(self) {
        self.shutdown.cancel();
        let ended = tokio::time::timeout(PATIENCE, self.task).await;
        ended.unwrap().unwrap().unwrap();
    }

    pub fn call(&self, method: Method, route: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{route}", self.base))
    }

    pub fn with_token(&self, method: Method, route: &str) -> reqwest::RequestBuilder {
        self.call(method, route).bearer_auth(TOKEN)
    }

    pub async fn text(&self, route: &str) -> (StatusCode, String) {
        let response = self.call(Method::GET, route).send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    pub async fn ask<T: DeserializeOwned>(&self, route: &str) -> T {
        let response = self.with_token(Method::GET, route).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{route}");
        response.json().await.unwrap()
    }

    pub async fn post<T: DeserializeOwned>(
        &self,
        route: &str,
        body: &impl serde::Serialize,
    ) -> Answer<T> {
        let request = self.with_token(Method::POST, route).json(body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{route}");
        response.json().await.unwrap()
    }

    pub async fn until_stage(&self, stage: Stage) -> Summary {
        until(async || {
            let summary: Summary = self.ask(routes::SUMMARY).await;
            (summary.stage == stage).then_some(summary)
        })
        .await
    }
}

pub async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
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

pub async fn refusal(request: reqwest::RequestBuilder) -> (u16, Problem) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

pub async fn failure(options: &Options) -> MasterError {
    let ended = run(options.clone(), CancellationToken::new());
    let ended = tokio::time::timeout(PATIENCE, ended).await.unwrap();
    ended.unwrap_err()
}
