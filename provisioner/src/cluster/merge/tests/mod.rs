//! On files of their own; nobody's KUBECONFIG is read or written.

mod again;
mod meaning;
mod refused;

use super::*;
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
