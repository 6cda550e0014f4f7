//! Stacks made, found, refused and removed, on a real file system.

use super::*;
use crate::exit::{Exit, Failure};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("state"));
    (folder, store)
}

fn make(store: &Store, name: &str) -> (StackLock, Stack) {
    let lock = store.lock(name, "up").unwrap();
    let stack = store.open_or_make(&lock, "local").unwrap();
    (lock, stack)
}

#[test]
fn a_stack_is_made_once_found_again_and_removed_without_a_trace() {
    let (folder, store) = store();
    let (lock, stack) = make(&store, "local");
    assert_eq!(
        store.open_or_make(&lock, "local").unwrap().record,
        stack.record
    );
    assert_eq!(store.resolve(None).unwrap().record, stack.record);
    stack.shown().mark("key").unwrap();
    store.remove(&stack, lock).unwrap();
    assert!(matches!(store.resolve(None), Err(StackError::None(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn only_the_user_can_read_it() {
    let (folder, store) = store();
    let (_lock, stack) = make(&store, "local");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("state")), 0o700);
    assert_eq!(mode(&stack.folder), 0o700);
    assert_eq!(mode(&stack.folder.join(RECORD)), 0o600);
    assert_eq!(mode(&stack.folder.join("lock")), 0o600);
}

#[test]
fn what_its_provider_was_told_is_kept_and_a_stack_without_opens() {
    let (_folder, store) = store();
    let (_lock, mut stack) = make(&store, "local");
    let path = stack.folder.join(RECORD);
    assert!(!std::fs::read_to_string(&path).unwrap().contains("place"));
    assert_eq!(store.open("local").unwrap().record.place, Place::default());
    let place = Place {
        context: Some("c".to_owned()),
        ..Place::default()
    };
    stack.settle(place.clone()).unwrap();
    assert_eq!(store.open("local").unwrap().record.place, place);
}

#[test]
fn without_a_name_there_must_be_exactly_one() {
    let (_folder, store) = store();
    let _one = make(&store, "a");
    let _two = make(&store, "b");
    let error = store.resolve(None).unwrap_err();
    assert_eq!(error.to_string(), "there are 2 stacks (a, b): which one?");
    assert_eq!(store.resolve(Some("b")).unwrap().name(), "b");
    let failure = Failure::from(store.resolve(Some("bb")).unwrap_err());
    assert_eq!(failure.message, "there is no stack \"bb\"; there is a, b");
    assert_eq!(failure.exit, Exit::NotFound);
}

#[test]
fn another_versions_stack_is_refused_with_the_remedy() {
    let (_folder, store) = store();
    let (_lock, stack) = make(&store, "local");
    let path = stack.folder.join(RECORD);
    std::fs::write(&path, r#"{"version":2,"madeBy":"0.9.0","new":"field"}"#).unwrap();
    let failure = Failure::from(store.open("local").unwrap_err());
    assert_eq!(failure.exit, Exit::State);
    assert_eq!(
        failure.message,
        "stack \"local\" is of version 2, made by rsac-infra 0.9.0; \
         this build of 0.1.0 serves version 1"
    );
    assert_eq!(
        failure.remedies,
        ["take it down with rsac-infra 0.9.0, or use another --stack"]
    );
    std::fs::write(&path, r#"{"version":2,"madeBy":"0.1.0"}"#).unwrap();
    let failure = Failure::from(store.open("local").unwrap_err());
    assert!(
        failure
            .message
            .contains("by another build of rsac-infra 0.1.0"),
        "{}",
        failure.message
    );
    std::fs::write(&path, r#"{"version":1,"#).unwrap();
    assert!(matches!(
        store.open("local"),
        Err(StackError::Damaged { .. })
    ));
}

#[test]
fn a_state_directory_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let store = Store::new(file.join("state"));
    let failure = Failure::from(store.lock("local", "up").unwrap_err());
    assert_eq!(failure.exit, Exit::State);
    assert!(failure.message.contains("file/state"), "{failure}");
    assert!(failure.remedies[0].contains("--state-dir"));
}
