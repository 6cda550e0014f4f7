//! Jobs on a local stack, computed by real masters and workers that are scaled,
//! suspended, killed and deleted meanwhile.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod local;

use local::{
    LONG_FACTORS, LONG_NUMBER, Stack, cracker, kill, processes, until, until_searching,
    until_solved,
};
use rsac_api::RSACracker;
use rsac_api::conditions::ConditionType;
use serde_json::json;

/// Keeps workers busy for long.
fn long(name: &str, workers: u32) -> RSACracker {
    let spec = json!({
        "numberToFactor": LONG_NUMBER,
        "method": "trial-division",
        "workerCount": workers,
        "checkpointInterval": "1s",
    });
    cracker(name, spec)
}

/// Waits until exactly the workers `worker-0` … run.
async fn until_workers(stack: &Stack, job: &str, count: u32) {
    until(&format!("{count} workers"), async || {
        let there = (0..8).filter(|i| stack.child(job, &format!("worker-{i}")).is_some());
        there.eq(0..count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_first_systems_manifest_is_solved() {
    let stack = Stack::new();
    let access = stack.up().await;
    let manifest = cracker(
        "my-rsac",
        json!({"workerCount": 3, "numberToFactor": 804556097}),
    );
    access.create(&manifest).await.unwrap();
    assert_eq!(until_solved(&*access, "my-rsac").await, ["15581", "51637"]);
    let finished = until("the status to say so", async || {
        let cracker = access.get("my-rsac").await.unwrap();
        cracker
            .status
            .filter(|s| s.is_true(ConditionType::Succeeded))
    });
    let status = serde_json::to_string(&finished.await).unwrap();
    assert!(!status.contains("15581"), "no factor in a status");
    let progress: serde_json::Value =
        serde_json::from_str(&access.progress("my-rsac").await.unwrap()).unwrap();
    assert_eq!(progress["solution"], 15581);

    // The answer outlives the master.
    let suspend = json!({"suspend": true});
    access.patch("my-rsac", &suspend, None).await.unwrap();
    until("the master to end", async || {
        stack.child("my-rsac", "master").is_none().then_some(())
    })
    .await;
    assert_eq!(until_solved(&*access, "my-rsac").await, ["15581", "51637"]);

    // Another number is another job, and changing back finds the answer again.
    for (number, smallest) in [(15, "3"), (804_556_097, "15581")] {
        let patch = json!({"suspend": false, "numberToFactor": number});
        access.patch("my-rsac", &patch, None).await.unwrap();
        assert_eq!(until_solved(&*access, "my-rsac").await[0], smallest);
    }
    stack.down().await;
    stack.assert_gone().await;
}

#[tokio::test]
async fn scaled_and_suspended_while_it_computes_it_is_solved_all_the_same() {
    let stack = Stack::new();
    let access = stack.up().await;
    access.create(&long("long", 1)).await.unwrap();
    until_searching(&*access, "long").await;
    for workers in [1, 4, 2, 0, 3] {
        access.scale("long", workers).await.unwrap();
        until_workers(&stack, "long", workers).await;
    }
    access
        .patch("long", &json!({"suspend": true}), None)
        .await
        .unwrap();
    until("all children to end", async || {
        (processes(stack.layout.job("long").root()).is_empty()).then_some(())
    })
    .await;
    access
        .patch("long", &json!({"suspend": false, "workerCount": 2}), None)
        .await
        .unwrap();
    until_workers(&stack, "long", 2).await;
    assert_eq!(until_solved(&*access, "long").await, LONG_FACTORS);
    until_workers(&stack, "long", 0).await;
    stack.down().await;
    stack.assert_gone().await;
}

#[tokio::test]
async fn children_end_when_their_supervisor_is_killed_and_the_next_goes_on() {
    let stack = Stack::new();
    let access = stack.up().await;
    access.create(&long("long", 2)).await.unwrap();
    until_searching(&*access, "long").await;
    until_workers(&stack, "long", 2).await;
    kill(stack.supervisor().unwrap());
    until("the orphans to end", async || {
        processes(stack.folder.path()).is_empty().then_some(())
    })
    .await;

    access.list().await.unwrap();
    until_workers(&stack, "long", 2).await;
    // At once, this time: the next supervisor meets children of this one.
    kill(stack.supervisor().unwrap());
    assert_eq!(until_solved(&*access, "long").await, LONG_FACTORS);
    stack.down().await;
    stack.assert_gone().await;
}

#[tokio::test]
async fn killed_children_are_started_again() {
    let stack = Stack::new();
    let access = stack.up().await;
    access.create(&long("long", 2)).await.unwrap();
    until_searching(&*access, "long").await;
    for component in ["worker-1", "master", "worker-0"] {
        let old = stack.until_child("long", component).await;
        kill(old);
        until(&format!("another {component}"), async || {
            stack.child("long", component).filter(|new| *new != old)
        })
        .await;
    }
    assert_eq!(until_solved(&*access, "long").await, LONG_FACTORS);
    stack.down().await;
    stack.assert_gone().await;
}

#[tokio::test]
async fn deleted_in_the_middle_it_leaves_nothing() {
    let stack = Stack::new();
    let access = stack.up().await;
    access.create(&long("long", 2)).await.unwrap();
    until_searching(&*access, "long").await;
    until_workers(&stack, "long", 2).await;
    access.delete("long").await.unwrap();
    let all = processes(stack.folder.path());
    assert_eq!(all.len(), 1, "the supervisor alone: {all:?}");
    assert_eq!(std::fs::read_dir(stack.layout.jobs()).unwrap().count(), 0);

    // Also when the supervisor is killed while it deletes.
    access.create(&long("long", 2)).await.unwrap();
    until_workers(&stack, "long", 2).await;
    let supervisor = stack.supervisor().unwrap();
    let (deleted, ()) = tokio::join!(access.delete("long"), async {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        kill(supervisor);
    });
    deleted.unwrap();
    assert!(access.list().await.unwrap().is_empty());
    stack.down().await;
    stack.assert_gone().await;
}

#[tokio::test]
async fn down_in_the_middle_leaves_nothing() {
    let stack = Stack::new();
    let access = stack.up().await;
    access.create(&long("long", 3)).await.unwrap();
    until_workers(&stack, "long", 3).await;
    stack.down().await;
    stack.assert_gone().await;

    let access = stack.up().await;
    access.create(&long("long", 2)).await.unwrap();
    until_workers(&stack, "long", 2).await;
    kill(stack.supervisor().unwrap());
    stack.down().await;
    stack.assert_gone().await;
}

#[tokio::test]
async fn a_finished_job_goes_when_its_time_is_over() {
    let stack = Stack::new();
    let access = stack.up().await;
    let spec = json!({"numberToFactor": 15, "ttlSecondsAfterFinished": 2});
    access.create(&cracker("brief", spec)).await.unwrap();
    until("its end", async || {
        access.list().await.unwrap().is_empty().then_some(())
    })
    .await;
    stack.down().await;
    stack.assert_gone().await;
}

#[tokio::test]
async fn log_lines_of_all_or_of_one() {
    use futures_util::StreamExt;
    use rsac_provisioner::access::LogQuery;
    let stack = Stack::new();
    let access = stack.up().await;
    access.create(&long("long", 1)).await.unwrap();
    until_workers(&stack, "long", 1).await;
    let query = LogQuery {
        component: Some("worker-0".into()),
        follow: true,
        tail: None,
    };
    let mut lines = access.logs("long", &query).await.unwrap();
    assert_eq!(lines.next().await.unwrap().unwrap().component, "worker-0");
    let all = access.logs("long", &LogQuery::default()).await.unwrap();
    let all: Vec<_> = all.map(|line| line.unwrap().component).collect().await;
    assert!(all.contains(&"worker-0".to_owned()) && all.contains(&"master".to_owned()));
    stack.down().await;
    stack.assert_gone().await;
}
