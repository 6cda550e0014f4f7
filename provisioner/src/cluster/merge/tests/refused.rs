//! What is refused, and stays as it is.

use super::*;

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
