//! Children kept running, stopped and replaced, with a shell as the executable.

use super::*;

fn shell(folder: &Path, script: &str, revision: &str) -> Launch {
    Launch {
        arguments: vec!["-c".into(), script.into()],
        lock: folder.join("worker-0.lock"),
        log: folder.join("worker-0.log"),
        revision: revision.into(),
    }
}

fn kept(grace: Duration) -> (Kept, Arc<Notify>) {
    let changed = Arc::new(Notify::new());
    let nursery = Nursery {
        executable: Arc::new("/bin/sh".into()),
        grace,
    };
    (Kept::new(nursery, changed.clone()), changed)
}

async fn until(kept: &Kept, log: &Path, what: &str) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !std::fs::read_to_string(log).is_ok_and(|t| t.contains(what)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(
        waited.await.is_ok(),
        "no {what:?} in the log; {:?}",
        kept.seen()
    );
}

#[tokio::test]
async fn a_child_that_ends_is_started_again_and_says_how_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (kept, changed) = kept(Duration::from_secs(5));
    let launch = shell(folder.path(), "echo out of cheese; exit 7", "");
    kept.want(Some(launch));
    loop {
        changed.notified().await;
        if let Seen::Failed { failures, reason } = kept.seen() {
            assert_eq!(
                reason,
                "ended with exit code 7; its last line: out of cheese"
            );
            if failures == 3 {
                break;
            }
        }
    }
    kept.stop().await;
}

#[tokio::test]
async fn a_stopped_child_is_asked_first() {
    let folder = tempfile::tempdir().unwrap();
    let (kept, _) = kept(Duration::from_secs(20));
    let script = "trap 'echo drained; exit 0' TERM; echo up; while :; do sleep 0.02; done";
    let launch = shell(folder.path(), script, "");
    let log = launch.log.clone();
    kept.want(Some(launch));
    until(&kept, &log, "up").await;
    assert!(matches!(kept.seen(), Seen::Running { failures: 0 }));
    kept.stop().await;
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "up\ndrained\n");
}

#[tokio::test]
async fn a_child_that_does_not_listen_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (kept, _) = kept(Duration::from_millis(50));
    let script = "trap '' TERM; echo up; while :; do sleep 0.02; done";
    let launch = shell(folder.path(), script, "");
    let log = launch.log.clone();
    kept.want(Some(launch));
    until(&kept, &log, "up").await;
    kept.stop().await;
}

#[tokio::test]
async fn a_childs_standard_input_is_open_while_it_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let (kept, _) = kept(Duration::from_secs(20));
    let launch = shell(folder.path(), "echo up; read line; echo end of file", "");
    let log = launch.log.clone();
    kept.want(Some(launch));
    until(&kept, &log, "up").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(kept.seen(), Seen::Running { failures: 0 });
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "up\n");
    kept.stop().await;
}

#[tokio::test]
async fn another_launch_replaces_the_child() {
    let folder = tempfile::tempdir().unwrap();
    let (kept, _) = kept(Duration::from_secs(20));
    let launch = shell(folder.path(), "echo one; read line; echo end of one", "1");
    let log = launch.log.clone();
    kept.want(Some(launch));
    until(&kept, &log, "one").await;
    kept.want(Some(shell(folder.path(), "echo two; read line", "2")));
    until(&kept, &log, "two").await;
    kept.stop().await;
}

#[tokio::test]
async fn a_predecessor_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let (kept, _) = kept(Duration::from_secs(20));
    let launch = shell(folder.path(), "echo up; read line", "");
    let log = launch.log.clone();
    let predecessor = lock::take(&launch.lock, Duration::ZERO).unwrap();
    kept.want(Some(launch));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(kept.seen(), Seen::Changing);
    drop(predecessor);
    until(&kept, &log, "up").await;
    kept.stop().await;
}
