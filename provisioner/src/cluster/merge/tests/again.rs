//! A second merge, a crash in the middle, several at once: nothing is lost, nothing orphaned.

use super::*;

/// The cluster was made anew, under the same name or another.
#[test]
fn what_the_stack_merged_before_makes_way() {
    let anew = AKS
        .replace("rsac-1", "rsac-9")
        .replace("0a1b2c", "new-token");
    let renamed = anew
        .replace("name: rsac", "name: other")
        .replace("cluster: rsac", "cluster: other");
    let renamed = renamed.replace("current-context: rsac", "current-context: other");
    for second in [&anew, &renamed] {
        let place = Place::with(USERS);
        let first = place.merge(AKS);
        let merge = |earlier| merge_noted(&place, second, earlier, &mut |_| Ok(()));
        merge(None).unwrap_err();
        let merged = merge(Some(&first)).unwrap();
        let after = meaning(&place.text());
        assert_eq!(
            after["clusters"][2]["cluster"],
            meaning(second)["clusters"][0]["cluster"]
        );
        assert_eq!(after["contexts"].as_array().unwrap().len(), 2);
        assert_eq!((merged.replaced.len(), merged.added.len()), (0, 3));
        assert_eq!(merged.former_context, first.former_context);
        // Once more, as after a crash that lost only the second record.
        assert!(second != &anew || merge(Some(&first)).unwrap().former_context.is_some());
        assert_eq!(
            remove_from(&merged).unwrap().restored.as_deref(),
            Some("work")
        );
        assert_eq!(meaning(&place.text()), meaning(USERS));
    }
    // What somebody changed meanwhile is theirs.
    let place = Place::new();
    let first = place.merge(AKS);
    fs::write(place.path(), place.text().replace("0a1b2c", "changed")).unwrap();
    let error = merge_noted(&place, &anew, Some(&first), &mut |_| Ok(())).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("another user \"clusterUser_group_rsac\""),
        "{error}"
    );
    assert!(place.text().contains("changed") && place.text().contains("rsac-1"));
}

/// AKS rotated the credentials, while the user works in another context.
#[test]
fn renewed_credentials_take_their_entrys_place_and_no_context() {
    let anew = AKS.replace("0a1b2c", "new-token");
    let place = Place::with(USERS);
    let first = place.merge(AKS);
    let chosen = place
        .text()
        .replace("current-context: rsac", "current-context: work");
    fs::write(place.path(), &chosen).unwrap();
    let renewed = renew(&first, &anew, &mut |_| Ok(())).unwrap();
    let text = place.text();
    assert!(
        text.contains("new-token") && !text.contains("0a1b2c"),
        "{text}"
    );
    assert!(text.contains("current-context: work"), "{text}");
    assert_eq!(renewed.former_context, first.former_context);
    remove_from(&renewed).unwrap();
    assert_eq!(meaning(&place.text()), meaning(USERS));
    // What somebody changed meanwhile is theirs.
    let first = place.merge(AKS);
    let changed = place.text().replace("0a1b2c", "changed");
    fs::write(place.path(), &changed).unwrap();
    renew(&first, &anew, &mut |_| Ok(())).unwrap_err();
    assert_eq!(place.text(), changed);
}

fn merge_noted(
    place: &Place,
    incoming: &str,
    earlier: Option<&Merged>,
    record: &mut dyn FnMut(&Merged) -> Result<(), String>,
) -> Result<Merged, MergeError> {
    let path = place.path();
    merge_again(&path, incoming, earlier, OnConflict::Fail, record)
}

#[test]
fn a_crash_on_either_side_of_the_change_orphans_nothing() {
    let renamed = AKS.replace("rsac", "other").replace("0a1b2c", "new");
    let anew = AKS.replace("0a1b2c", "new-token");
    let earlier = [None, Some(AKS)];
    for (earlier, second) in earlier.iter().flat_map(|e| [(e, &anew), (e, &renamed)]) {
        let place = Place::with(USERS);
        let first = earlier.map(|text| place.merge(text));
        // It ends between the record and the change, or after the change.
        let mut recorded = None;
        let mut stop = |merged: &Merged| {
            recorded = Some(merged.clone());
            Err("killed".to_owned())
        };
        let before = place.text();
        let error = merge_noted(&place, second, first.as_ref(), &mut stop).unwrap_err();
        assert!(error.to_string().contains("killed"), "{error}");
        assert_eq!(place.text(), before);
        let recorded = recorded.unwrap();
        assert!(earlier.is_some() || !is_there(&recorded).unwrap());
        for is_changed in [false, true] {
            let crash = Place::with(&before);
            let at = |merged: &Merged| Merged {
                path: crash.path(),
                ..merged.clone()
            };
            if is_changed {
                let first = first.as_ref().map(at);
                merge_noted(&crash, second, first.as_ref(), &mut |_| Ok(())).unwrap();
            }
            // `down`
            let copy = Place::with(&crash.text());
            let there = Merged {
                path: copy.path(),
                ..recorded.clone()
            };
            let removed = remove_from(&there).unwrap();
            assert_eq!(removed.kept, []);
            assert_eq!(meaning(&copy.text()), meaning(USERS), "{is_changed}");
            // `up` again, and then `down`
            let merged =
                merge_noted(&crash, second, Some(&at(&recorded)), &mut |_| Ok(())).unwrap();
            assert!(is_there(&merged).unwrap());
            assert_eq!(merged.added.len(), 3);
            assert_eq!(
                remove_from(&merged).unwrap().restored.as_deref(),
                Some("work")
            );
            assert_eq!(meaning(&crash.text()), meaning(USERS), "{is_changed}");
        }
    }
}

#[test]
fn who_holds_the_file_is_waited_for() {
    let place = Place::with(USERS);
    let lock = place.folder.path().join("config.lock");
    fs::write(&lock, "").unwrap();
    let other = {
        let lock = lock.clone();
        std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(300));
            fs::remove_file(lock).unwrap();
        })
    };
    place.merge(AKS);
    other.join().unwrap();
    assert_eq!(place.files(), ["config"]);
    fs::write(&lock, "").unwrap();
    let error = merge_into(&place.path(), AKS, OnConflict::Fail).unwrap_err();
    assert!(
        error.to_string().contains("config.lock is there"),
        "{error}"
    );
    assert!(lock.exists(), "it is not ours");
}

#[test]
fn what_a_crash_of_ours_left_is_taken_over() {
    let place = Place::with(USERS);
    let lock = place.folder.path().join("config.lock");
    fs::write(&lock, "rsac-infra 4711\n").unwrap();
    fs::write(place.folder.path().join("config.rsac-next"), "half of").unwrap();
    place.merge(AKS);
    assert_eq!(place.files(), ["config"]);
    // One of ours that lives still is waited for.
    fs::write(&lock, "rsac-infra 4711\n").unwrap();
    let other = fs::File::open(&lock).unwrap();
    other.lock().unwrap();
    let error = merge_into(&place.path(), AKS, OnConflict::Fail).unwrap_err();
    assert!(
        error.to_string().contains("config.lock is there"),
        "{error}"
    );
}

#[test]
fn many_at_once_lose_nothing() {
    let place = Place::with(USERS);
    let one = |number: usize| {
        let name = format!("rsac{number}");
        AKS.replace("name: rsac", &format!("name: {name}"))
            .replace("_rsac", &format!("_{name}"))
            .replace("cluster: rsac", &format!("cluster: {name}"))
            .replace("current-context: rsac", &format!("current-context: {name}"))
    };
    let (place, one) = (&place, &one);
    let merged: Vec<Merged> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..4)
            .map(|number| scope.spawn(move || place.merge(&one(number))))
            .collect();
        all.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let clusters = meaning(&place.text())["clusters"].as_array().unwrap().len();
    assert_eq!(clusters, 2 + 4);
    std::thread::scope(|scope| {
        for merged in &merged {
            scope.spawn(|| assert_eq!(remove_from(merged).unwrap().removed.len(), 3));
        }
    });
    for section in ["clusters", "users", "contexts"] {
        assert_eq!(meaning(&place.text())[section], meaning(USERS)[section]);
    }
    assert_eq!(place.files(), ["config"]);
}

#[test]
fn what_came_while_the_user_thought_is_not_overwritten() {
    let place = Place::with(&AKS.replace("rsac-1", "rsac-2"));
    let changed = AKS.replace("rsac-1", "rsac-2").replace("0a1b2c", "other");
    let mut slow = |_: &[EntryName]| {
        fs::write(place.path(), &changed).unwrap();
        true
    };
    let error = merge_into(&place.path(), AKS, OnConflict::Ask(&mut slow)).unwrap_err();
    assert!(matches!(error, MergeError::Conflict { .. }), "{error}");
    assert_eq!(place.text(), changed);
}
