//! On files of their own; nobody's KUBECONFIG is read or written.

use super::*;
use proptest::prelude::*;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

/// As AKS gives it.
const AKS: &str = "apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTg==
    server: https://rsac-1.hcp.uksouth.azmk8s.io:443
  name: rsac
contexts:
- context:
    cluster: rsac
    user: clusterUser_group_rsac
  name: rsac
current-context: rsac
kind: Config
preferences: {}
users:
- name: clusterUser_group_rsac
  user:
    client-certificate-data: LS0tLS1DRVJU
    client-key-data: LS0tLS1LRVk=
    token: 0a1b2c
";

/// What a user may have: comments, other orders, unknown fields, a plugin.
const USERS: &str = "# mine
kind: Config
apiVersion: v1
current-context: work
x-unknown: {deep: [1, 2.50, yes, '3']}
clusters: # two of them
# at home
- name: home
  cluster: {server: 'https://192.168.0.2:6443', insecure-skip-tls-verify: true}
- name: work
  cluster:
    server: https://work.example
    extensions:
    - name: minikube.sigs.k8s.io
      extension: {version: v1.35.0, last-update: \"Mon, 01 Jan\"}
contexts:
- name: work
  context: {cluster: work, user: work, namespace: \"123\"}
users:
- name: work
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: kubelogin
      args:
      - get-token
      - --scopes=a b
      env: [{name: LOG, value: 'off'}]
      installHint: |
        first line
          second: line
# the end
";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn with(text: &str) -> Self {
        let place = Self::new();
        fs::write(place.path(), text).unwrap();
        place
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn merge(&self, incoming: &str) -> Merged {
        merge_into(&self.path(), incoming, OnConflict::Fail).unwrap()
    }

    /// Nothing is left over beside the file.
    fn files(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = files
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// What other programs read in it.
fn meaning(text: &str) -> serde_json::Value {
    serde_saphyr::from_str(text).unwrap()
}

fn current(text: &str) -> Option<String> {
    let context = meaning(text)["current-context"].as_str()?.to_owned();
    Some(context).filter(|it| !it.is_empty())
}

fn names(entries: &[EntryName]) -> Vec<String> {
    entries.iter().map(EntryName::to_string).collect()
}

const OURS: [&str; 3] = [
    "cluster \"rsac\"",
    "user \"clusterUser_group_rsac\"",
    "context \"rsac\"",
];

#[test]
fn where_there_is_no_file_one_is_made_and_removed_again() {
    let place = Place::new();
    let path = place.folder.path().join("deep/er/config");
    let merged = merge_into(&path, AKS, OnConflict::Fail).unwrap();
    assert!(merged.created && merged.replaced.is_empty());
    assert_eq!(merged.former_context, None);
    let text = fs::read_to_string(&path).unwrap();
    let mut expected = meaning(AKS);
    expected.as_object_mut().unwrap().remove("preferences");
    assert_eq!(meaning(&text), expected);
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(
        fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o7777,
        0o700
    );
    let removed = remove_from(&merged).unwrap();
    assert_eq!(names(&removed.removed), OURS);
    assert!(removed.file_removed && removed.restored.is_none() && removed.kept.is_empty());
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
    assert_eq!(remove_from(&merged).unwrap(), Removed::default());
}

#[test]
fn an_empty_file_is_none_and_stays() {
    for empty in [
        "",
        "\n",
        "# only this\n",
        "---\n",
        "{}",
        "clusters: []\nusers: null\n",
    ] {
        let place = Place::with(empty);
        let merged = place.merge(AKS);
        assert!(!merged.created);
        assert_eq!(current(&place.text()).as_deref(), Some("rsac"), "{empty:?}");
        assert_eq!(meaning(&place.text())["users"], meaning(AKS)["users"]);
        let removed = remove_from(&merged).unwrap();
        assert_eq!(names(&removed.removed), OURS, "{empty:?}");
        assert!(!removed.file_removed);
        assert_eq!(current(&place.text()), None);
        assert_eq!(
            place.text().contains("# only this"),
            empty.contains("# only this")
        );
    }
}

#[test]
fn what_is_the_users_keeps_order_comments_and_meaning() {
    let place = Place::with(USERS);
    let merged = place.merge(AKS);
    insta::assert_snapshot!("merged", place.text());
    let (before, after) = (meaning(USERS), meaning(&place.text()));
    for section in ["clusters", "users", "contexts"] {
        let (before, after) = (&before[section], &after[section]);
        let before = before.as_array().unwrap();
        let (theirs, ours) = after.as_array().unwrap().split_at(before.len());
        assert_eq!(before, theirs);
        assert_eq!(meaning(AKS)[section], serde_json::json!(ours));
    }
    assert_eq!(before["x-unknown"], after["x-unknown"]);
    let kube = kube::config::Kubeconfig::from_yaml(&place.text()).unwrap();
    assert_eq!(kube.current_context.as_deref(), Some("rsac"));
    let removed = remove_from(&merged).unwrap();
    assert_eq!(names(&removed.removed), OURS);
    assert_eq!(removed.restored.as_deref(), Some("work"));
    assert_eq!(meaning(&place.text()), before);
    let comments = |text: &str| text.matches('#').count();
    assert_eq!(comments(&place.text()), comments(USERS));
}

#[test]
fn line_ends_of_windows_mean_the_same() {
    let users = USERS.replace('\n', "\r\n");
    let place = Place::with(&users);
    let merged = place.merge(&AKS.replace('\n', "\r\n"));
    remove_from(&merged).unwrap();
    assert_eq!(meaning(&place.text()), meaning(USERS));
    assert!(!place.text().contains('\r'));
}

#[test]
fn what_is_there_already_is_no_conflict_and_nothing_is_written() {
    let place = Place::new();
    place.merge(AKS);
    // As another program would write it.
    let json = serde_json::to_string(&meaning(&place.text())).unwrap();
    fs::write(place.path(), &json).unwrap();
    let merged = place.merge(AKS);
    assert_eq!(place.text(), json);
    assert_eq!(merged.added.len(), 3);
    assert_eq!(
        (merged.created, merged.former_context.clone()),
        (false, None)
    );
    assert_eq!(names(&remove_from(&merged).unwrap().removed), OURS);
}

#[test]
fn another_entry_of_the_name_is_a_conflict() {
    let theirs = AKS
        .replace("0a1b2c", "secret-token")
        .replace("rsac-1", "rsac-2");
    let place = Place::with(&theirs);
    let error = merge_into(&place.path(), AKS, OnConflict::Fail).unwrap_err();
    let text = error.to_string();
    let told = "has another cluster \"rsac\", user \"clusterUser_group_rsac\"";
    assert!(
        text.ends_with(told) && !text.contains("secret-token"),
        "{text}"
    );
    assert!(error.remedy().contains("overwritten"));
    let mut asked = Vec::new();
    let mut no = |entries: &[EntryName]| {
        asked.push(names(entries));
        false
    };
    merge_into(&place.path(), AKS, OnConflict::Ask(&mut no)).unwrap_err();
    assert_eq!(asked, [OURS[..2].to_vec()]);
    assert_eq!(place.text(), theirs, "nothing is written");
    assert_eq!(place.files(), ["config"]);
    let mut yes = |_: &[EntryName]| true;
    let merged = merge_into(&place.path(), AKS, OnConflict::Ask(&mut yes)).unwrap();
    assert_eq!(names(&merged.replaced), OURS[..2]);
    assert_eq!(meaning(&place.text()), meaning(AKS));
    fs::write(place.path(), theirs).unwrap();
    merge_into(&place.path(), AKS, OnConflict::Overwrite).unwrap();
    assert_eq!(meaning(&place.text()), meaning(AKS));
}

#[test]
fn what_somebody_changed_since_stays() {
    let place = Place::with(USERS);
    let merged = place.merge(AKS);
    fs::write(place.path(), place.text().replace("0a1b2c", "changed")).unwrap();
    let removed = remove_from(&merged).unwrap();
    assert_eq!(names(&removed.removed), [OURS[0], OURS[2]]);
    assert_eq!(names(&removed.kept), [OURS[1]]);
    assert_eq!(removed.restored.as_deref(), Some("work"));
    assert!(place.text().contains("changed"));
}

#[test]
fn a_context_that_somebody_chose_since_stays_current() {
    let place = Place::with(USERS);
    let merged = place.merge(AKS);
    let text = place
        .text()
        .replace("current-context: rsac", "current-context: home");
    fs::write(place.path(), text).unwrap();
    let removed = remove_from(&merged).unwrap();
    assert_eq!(removed.restored, None);
    assert_eq!(current(&place.text()).as_deref(), Some("home"));
}

#[test]
fn a_former_context_is_restored_only_where_it_is() {
    // It was here, and is here no more.
    let place = Place::with(USERS);
    let merged = place.merge(AKS);
    let other = place
        .text()
        .replace("name: work\n  context", "name: gone\n  context");
    fs::write(place.path(), other).unwrap();
    assert_eq!(remove_from(&merged).unwrap().restored, None);
    assert_eq!(current(&place.text()), None);
    // It never was here: it is in another file of KUBECONFIG.
    let place = Place::with("current-context: elsewhere\n");
    let merged = place.merge(AKS);
    assert_eq!(
        remove_from(&merged).unwrap().restored.as_deref(),
        Some("elsewhere")
    );
    assert_eq!(current(&place.text()).as_deref(), Some("elsewhere"));
}

#[test]
fn the_mode_stays() {
    for mode in [0o600, 0o640, 0o644] {
        let place = Place::with(USERS);
        fs::set_permissions(place.path(), fs::Permissions::from_mode(mode)).unwrap();
        place.merge(AKS);
        assert_eq!(fs::metadata(place.path()).unwrap().mode() & 0o7777, mode);
        assert_eq!(place.files(), ["config"]);
    }
}

#[test]
fn links_folders_and_what_cannot_be_read_are_refused_and_stay() {
    let place = Place::with(USERS);
    let link = place.folder.path().join("link");
    symlink(place.path(), &link).unwrap();
    let dangling = place.folder.path().join("dangling");
    symlink("nowhere", &dangling).unwrap();
    for path in [&link, &dangling] {
        let error = merge_into(path, AKS, OnConflict::Overwrite).unwrap_err();
        assert!(
            error.to_string().ends_with("it is a symbolic link"),
            "{error}"
        );
        assert!(error.remedy().contains("name the file itself"));
        assert!(fs::symlink_metadata(path).unwrap().is_symlink());
    }
    let error = merge_into(place.folder.path(), AKS, OnConflict::Fail).unwrap_err();
    assert!(error.to_string().ends_with("it is no file"), "{error}");
    assert_eq!(place.text(), USERS);
    fs::write(place.path(), b"users: \xff").unwrap();
    let error = merge_into(&place.path(), AKS, OnConflict::Fail).unwrap_err();
    assert!(error.to_string().contains("UTF-8"), "{error}");
    assert_eq!(place.files(), ["config", "dangling", "link"]);
}

#[test]
fn a_file_that_is_no_kubeconfig_is_refused_and_stays() {
    let cases = [
        ("users: [", "it is no YAML"),
        ("- a", "no mapping"),
        ("just text", "no mapping"),
        ("clusters: {a: b}", "its clusters are no list"),
        (
            "users: [{user: {token: hunter2}}]",
            "one of its users has no name",
        ),
        (
            "contexts: [{name: a}, {name: a}]",
            "two of its contexts are named \"a\"",
        ),
        ("current-context: [a]", "current-context is no text"),
        ("a: 1\na: 2", "the field \"a\" a second time"),
        ("a: &x 1\nb: *x", "line 1 has an anchor"),
        ("a: !!binary aGk=", "line 1 has a tag"),
        ("a: 1\n---\nb: 2", "a second document begins in line"),
        ("[a]: 1", "no mapping"),
        ("{[a]: 1}", "whose name is no text"),
    ];
    for (text, what) in cases {
        let place = Place::with(text);
        let error = merge_into(&place.path(), AKS, OnConflict::Overwrite).unwrap_err();
        let told = error.to_string();
        let is_named = told.contains(&place.path().display().to_string());
        if text == "[a]: 1" {
            assert!(told.contains("whose name is no text"), "{told}");
        } else {
            assert!(told.contains(what), "{text}: {told}");
        }
        assert!(is_named && !told.contains("hunter2"), "{told}");
        assert_eq!(place.text(), text);
        assert_eq!(place.files(), ["config"]);
    }
    let deep = format!("a: {}{}", "[".repeat(5000), "]".repeat(5000));
    let place = Place::with(&deep);
    merge_into(&place.path(), AKS, OnConflict::Overwrite).unwrap_err();
}

#[test]
fn what_comes_in_must_be_a_kubeconfig_with_a_context() {
    for text in ["", "{", "[]", "clusters: []", "current-context: a"] {
        let place = Place::new();
        let error = merge_into(&place.path(), text, OnConflict::Fail).unwrap_err();
        assert!(matches!(error, MergeError::Incoming(_)), "{error}");
        assert!(place.files().is_empty());
    }
    let place = Place::new();
    let without_current = AKS.replace("current-context: rsac\n", "");
    assert_eq!(place.merge(&without_current).context, "rsac");
}

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

#[test]
fn the_destination_is_the_file_named_else_the_first_of_kubeconfig() {
    let of = |named: Option<&str>, kubeconfig: Option<&str>| {
        Destination::of(named.map(Path::new), |name| match name {
            "KUBECONFIG" => kubeconfig.map(OsString::from),
            "HOME" => Some("/home/u".into()),
            _ => None,
        })
    };
    let file = |path: &str| Some(Destination::File(path.into()));
    assert_eq!(of(Some("/a"), Some("/b:/c")), file("/a"));
    assert_eq!(of(Some("-"), Some("/b:/c")), Some(Destination::Print));
    assert_eq!(of(None, Some(":/b:/c")), file("/b"));
    assert_eq!(of(None, None), file("/home/u/.kube/config"));
    assert_eq!(Destination::of(None, |_| None), None);
    assert_eq!(meaning(&printed(AKS).unwrap()), meaning(AKS));
    printed("[]").unwrap_err();
}

#[test]
fn the_record_outlives_the_process_and_holds_no_secret() {
    let place = Place::with(USERS);
    assert_eq!(
        current_context(&place.path()).unwrap().as_deref(),
        Some("work")
    );
    let merged = place.merge(AKS);
    let kept = serde_json::to_string(&merged).unwrap();
    for secret in ["0a1b2c", "LS0t"] {
        assert!(!kept.contains(secret) && !format!("{merged:?}").contains(secret));
    }
    let again: Merged = serde_json::from_str(&kept).unwrap();
    assert_eq!(again, merged);
    assert_eq!(
        remove_from(&again).unwrap().restored.as_deref(),
        Some("work")
    );
    assert_eq!(
        current_context(&place.folder.path().join("no")).unwrap(),
        None
    );
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9+/=_.-]{0,12}",
        "[ -~\n\té€\u{7f}\u{85}\u{2028}]{0,12}",
        prop_oneof![
            "null", "~", "yes", "0x1F", "1e3", "12:30", "- a", "a: b", "#", "---", "\\s"
        ]
        .prop_map(|it| it.to_owned()),
    ]
}

fn any_node() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        text().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            prop::collection::btree_map(text(), inner, 0..5)
                .prop_map(|it| serde_json::Value::Object(it.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever a user keeps there means the same to other readers afterwards.
    #[test]
    fn no_unknown_value_changes_its_meaning(value in any_node()) {
        // YAML takes this one only as an escape.
        let text = serde_json::json!({"mine": value}).to_string().replace('\u{7f}', "\\u007f");
        let place = Place::with(&text);
        place.merge(AKS);
        prop_assert_eq!(&meaning(&place.text())["mine"], &meaning(&text)["mine"]);
    }
}
