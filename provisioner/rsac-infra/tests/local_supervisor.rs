//! The supervisor as a process: started by whoever finds it dead, the only writer of
//! its resources, and gone without a trace after `down`. No job computes here: they
//! are suspended.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod local;

use futures_util::StreamExt;
use local::{Stack, cracker, kill, processes, signal, until};
use rsac_provisioner::access::{AccessError, Applied, WatchEvent};
use rsac_provisioner::provider::Provider;
use rsac_provisioner::provider::local::Local;
use serde_json::json;

fn suspended(name: &str) -> rsac_api::RSACracker {
    cracker(
        name,
        json!({"numberToFactor": "15", "suspend": true, "workerCount": 2}),
    )
}

#[tokio::test]
async fn up_and_down_can_be_repeated_and_leave_nothing() {
    let stack = Stack::new();
    stack.down().await;
    stack.assert_gone().await;
    stack.up().await;
    let first = stack.supervisor().unwrap();
    stack.up().await;
    assert_eq!(stack.supervisor(), Some(first), "the one that runs is kept");
    assert!(
        stack
            .local
            .observe()
            .await
            .unwrap()
            .iter()
            .all(|step| step.done)
    );
    stack.down().await;
    stack.assert_gone().await;
    stack.down().await;
    assert!(
        stack.local.access().await.is_err(),
        "a word does not bring a stack back"
    );
    stack.assert_gone().await;
}

#[tokio::test]
async fn the_verbs() {
    let stack = Stack::new();
    let access = stack.up().await;
    let created = access.create(&suspended("one")).await.unwrap();
    assert_eq!(created.metadata.generation, Some(1));
    let again = access.create(&suspended("one")).await.unwrap_err();
    assert_eq!(again, AccessError::AlreadyExists("one".into()));

    let (_, applied) = access.apply(&suspended("one")).await.unwrap();
    assert_eq!(applied, Applied::Unchanged);
    let scaled = access.scale("one", 7).await.unwrap();
    assert_eq!(scaled.metadata.generation, Some(2));
    let manifest = cracker("one", json!({"numberToFactor": "21"}));
    let (changed, applied) = access.apply(&manifest).await.unwrap();
    assert_eq!(applied, Applied::Changed);
    assert_eq!(
        changed.spec.worker_count(),
        7,
        "belongs to whoever scaled last"
    );
    assert!(changed.spec.suspended(), "what a manifest leaves out stays");
    let (_, applied) = access.apply(&suspended("two")).await.unwrap();
    assert_eq!(applied, Applied::Created);

    let stale = created.metadata.resource_version.as_deref();
    let conflict = access
        .patch("one", &json!({"workerCount": 1}), stale)
        .await
        .unwrap_err();
    assert_eq!(conflict, AccessError::Conflict("one".into()));
    for (patch, what) in [
        (json!({"workerCount": -1}), "-1"),
        (json!({"workerCount": 1001}), "1001"),
        (json!({"wrokers": 1}), "wrokers"),
        (json!({"publicKey": "x"}), "publicKey"),
        (json!(7), "object"),
    ] {
        let error = access.patch("one", &patch, None).await.unwrap_err();
        assert!(matches!(error, AccessError::Invalid(_)), "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
    let mut named_badly = suspended("../../escape");
    let error = access.create(&named_badly).await.unwrap_err();
    assert!(matches!(error, AccessError::Invalid(_)), "{error}");
    named_badly.metadata.name = None;
    access.create(&named_badly).await.unwrap_err();

    assert_eq!(access.list().await.unwrap().len(), 2);
    access.delete("one").await.unwrap();
    let missing = AccessError::NotFound("one".into());
    assert_eq!(access.get("one").await.unwrap_err(), missing);
    assert_eq!(access.delete("one").await.unwrap_err(), missing);
    assert_eq!(access.solution("one").await.unwrap_err(), missing);
    assert!(!stack.layout.job("one").root().exists());
    assert!(matches!(
        access.progress("two").await,
        Err(AccessError::NoMaster { .. })
    ));
    assert!(access.solution("two").await.unwrap().is_none());
    stack.down().await;
    stack.assert_gone().await;
}

#[tokio::test]
async fn a_killed_supervisor_is_started_by_the_next_word_and_a_watch_goes_on() {
    let stack = Stack::new();
    let access = stack.up().await;
    let created = access.create(&suspended("one")).await.unwrap();
    access.create(&suspended("two")).await.unwrap();
    let mut watch = access.watch(None).await.unwrap();
    let mut names = Vec::new();
    while names.len() < 2 {
        if let WatchEvent::Now(seen) = watch.next().await.unwrap().unwrap() {
            let name = seen.metadata.name.unwrap();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let first = stack.supervisor().unwrap();
    kill(first);
    let kept = access.get("one").await.unwrap();
    assert_eq!(kept.metadata.uid, created.metadata.uid);
    assert_ne!(stack.supervisor(), Some(first));
    let version = |c: &rsac_api::RSACracker| -> u64 {
        c.metadata
            .resource_version
            .clone()
            .unwrap()
            .parse()
            .unwrap()
    };
    let scaled = access.scale("one", 9).await.unwrap();
    assert!(version(&scaled) > version(&created));
    access.delete("two").await.unwrap();
    let mut scaled_seen = false;
    until("both changes in the watch", async || {
        match watch.next().await.unwrap().unwrap() {
            WatchEvent::Now(seen) => {
                scaled_seen |= seen.spec.worker_count() == 9;
                None
            }
            WatchEvent::Gone(gone) => {
                assert_eq!(gone.metadata.name.as_deref(), Some("two"));
                scaled_seen.then_some(())
            }
        }
    })
    .await;
    stack.down().await;
    stack.assert_gone().await;
}

#[tokio::test]
async fn words_that_start_it_at_once_start_one() {
    let stack = Stack::new();
    stack.up().await.create(&suspended("one")).await.unwrap();
    for _ in 0..3 {
        kill(stack.supervisor().unwrap());
        let words = (0..6).map(|_| async {
            let access = stack.local.access().await.unwrap();
            access.list().await.unwrap().len()
        });
        assert_eq!(futures_util::future::join_all(words).await, [1; 6]);
        let alone = until("the losers to end", async || {
            let all = processes(stack.folder.path());
            (all.len() == 1).then_some(all[0].0)
        });
        assert_eq!(Some(alone.await), stack.supervisor());
    }
    stack.down().await;
    stack.assert_gone().await;
}

#[tokio::test]
async fn down_works_when_the_supervisor_is_dead_or_stuck() {
    let stack = Stack::new();
    stack.up().await.create(&suspended("one")).await.unwrap();
    kill(stack.supervisor().unwrap());
    until("its end", async || {
        stack.supervisor().is_none().then_some(())
    })
    .await;
    stack.down().await;
    stack.assert_gone().await;

    stack.up().await;
    std::fs::write(stack.layout.record(), "garbage").unwrap();
    stack.down().await;
    stack.assert_gone().await;
}

#[tokio::test]
async fn an_unreadable_resource_is_set_aside_and_the_others_go_on() {
    let stack = Stack::new();
    let access = stack.up().await;
    access.create(&suspended("bad")).await.unwrap();
    access.create(&suspended("good")).await.unwrap();
    kill(stack.supervisor().unwrap());
    let path = stack.layout.job("bad").resource();
    let text = std::fs::read(&path).unwrap();
    std::fs::write(&path, &text[..text.len() / 2]).unwrap();
    let all = access.list().await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].metadata.name.as_deref(), Some("good"));
    let log = std::fs::read_to_string(stack.layout.log()).unwrap();
    assert!(log.contains("bad is unreadable and set aside"), "{log}");
    assert!(path.with_extension("json.unreadable").exists());
    access.create(&suspended("bad")).await.unwrap();
    access.delete("bad").await.unwrap();
    stack.down().await;
    stack.assert_gone().await;
}

#[tokio::test]
async fn a_deep_folder_works_too() {
    let stack = Stack::below(tempfile::tempdir().unwrap(), &"deep/".repeat(40));
    let access = stack.up().await;
    access.create(&suspended("one")).await.unwrap();
    let record = std::fs::read_to_string(stack.layout.record()).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let socket = std::path::PathBuf::from(record["socket"].as_str().unwrap());
    assert!(socket.exists() && !socket.starts_with(stack.folder.path()));
    stack.down().await;
    stack.assert_gone().await;
    assert!(!socket.parent().unwrap().exists());
}

#[tokio::test]
async fn it_is_its_owners_alone_and_outlives_its_starter() {
    use std::os::unix::fs::PermissionsExt;
    let stack = Stack::new();
    stack.up().await.create(&suspended("one")).await.unwrap();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(stack.layout.root()), 0o700);
    assert_eq!(mode(&stack.layout.root().join("supervisor.sock")), 0o600);
    assert_eq!(mode(&stack.layout.job("one").resource()), 0o600);
    let pid = stack.supervisor().unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let session = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .nth(3)
        .unwrap();
    assert_eq!(session, pid.to_string(), "a session of its own");
    assert_eq!(
        std::fs::read_link(format!("/proc/{pid}/cwd"))
            .unwrap()
            .to_str(),
        Some("/")
    );
    stack.down().await;
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_a_setting() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let local = Local::new(file, env!("CARGO_BIN_EXE_rsac-infra").into());
    let error = local.perform("folders", &|_| {}).await.unwrap_err();
    assert!(error.to_string().contains("a-file"), "{error}");
    assert!(local.perform("roof", &|_| {}).await.is_err());

    let stack = Stack::new();
    stack.local.perform("folders", &|_| {}).await.unwrap();
    // Nothing can listen where a folder is that is not empty.
    std::fs::create_dir(stack.layout.lock()).unwrap();
    let error = stack
        .local
        .perform("supervisor", &|_| {})
        .await
        .unwrap_err();
    assert!(error.to_string().contains("supervisor.lock"), "{error}");
}

/// Answers every request as a supervisor of another build would.
fn another_build(stack: &Stack) {
    let socket = stack.layout.root().join("other.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let record = json!({ "socket": socket });
    std::fs::write(stack.layout.record(), record.to_string()).unwrap();
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        let greeting = r#"{"api":99,"build":"7.8.9","pid":4242}"#;
        let length = greeting.len();
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 4096]).unwrap();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
            // The other side may have gone.
            let _ = write!(
                connection,
                "{head}\r\ncontent-length: {length}\r\n\r\n{greeting}"
            );
        }
    });
}

#[tokio::test]
async fn another_builds_supervisor_is_told_with_what_to_do() {
    let stack = Stack::new();
    stack.local.perform("folders", &|_| {}).await.unwrap();
    another_build(&stack);
    let error = stack.local.access().await.err().unwrap().to_string();
    for words in [
        "(process 4242) is of rsac-infra 7.8.9 (messages 99), and this is",
        "use that version, or end it with `kill 4242`",
        "`rsac-infra down` takes the stack down in any case",
    ] {
        assert!(error.contains(words), "{error}");
    }
    let started = stack.local.perform("supervisor", &|_| {}).await;
    assert_eq!(started.unwrap_err().to_string(), error);
    assert_eq!(stack.supervisor(), None, "none is started beside it");
}

#[tokio::test]
async fn a_term_signal_ends_it_and_its_resources_stay() {
    let stack = Stack::new();
    let access = stack.up().await;
    access.create(&suspended("one")).await.unwrap();
    signal(stack.supervisor().unwrap(), "-TERM");
    until("its end", async || {
        stack.supervisor().is_none().then_some(())
    })
    .await;
    assert_eq!(access.list().await.unwrap().len(), 1);
    stack.down().await;
    stack.assert_gone().await;
}
