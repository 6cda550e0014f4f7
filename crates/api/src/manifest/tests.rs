//! Manifests as users write them, and misspell them.

use super::*;
use crate::IntOrText;

const EXAMPLE: &str = include_str!("../../../../deploy/example/01-rsac.yaml");

fn complaints(text: &str) -> Vec<String> {
    let errors = read(text).expect_err(text);
    errors.iter().map(FieldError::to_string).collect()
}

/// A manifest with this spec.
fn with_spec(spec: &str) -> String {
    format!("apiVersion: {API_VERSION}\nkind: {KIND}\nmetadata: {{name: a}}\nspec: {{{spec}}}\n")
}

#[test]
fn the_first_systems_manifest_is_read_unchanged() {
    let crackers = read(EXAMPLE).unwrap();
    let [cracker] = crackers.as_slice() else {
        panic!("{crackers:?}")
    };
    assert_eq!(cracker.metadata.name.as_deref(), Some("my-rsac"));
    assert_eq!(cracker.spec.worker_count(), 3);
    let number = cracker.spec.number_to_factor.clone();
    assert_eq!(number, Some(IntOrText::Int(804_556_097)));
}

#[test]
fn json_several_documents_and_what_a_server_adds() {
    let json = serde_json::to_string(&read(EXAMPLE).unwrap()[0]).unwrap();
    assert_eq!(read(&json).unwrap(), read(EXAMPLE).unwrap());
    let other = EXAMPLE.replace("my-rsac", "other");
    assert_eq!(
        read(&format!("{EXAMPLE}---\n{other}---\n")).unwrap().len(),
        2
    );
    let read_back = EXAMPLE.replace(
        "  name: my-rsac",
        "  name: my-rsac\n  uid: a-b\n  resourceVersion: '7'\n  generation: 2",
    ) + "status: {workers: 3}\n";
    assert_eq!(read(&read_back).unwrap(), read(EXAMPLE).unwrap());
}

#[test]
fn every_complaint_names_field_value_and_remedy() {
    for (spec, complaint) in [
        (
            "numberToFactor: 5, workerCount: -1",
            "spec.workerCount: \"-1\" is too small; use 0 to 1000",
        ),
        (
            "numberToFactor: 5, workerCount: 1001",
            "spec.workerCount: \"1001\" is too large; use 0 to 1000",
        ),
        (
            "numberToFactor: 5, workerCount: 2.5",
            "spec.workerCount: \"2.5\" is no integer; use 0 to 1000",
        ),
        (
            "numberToFactor: 5, workerCount: '3'",
            "spec.workerCount: \"3\" is no integer; leave the quotes away",
        ),
        (
            "numberToFactor: 5, workerCout: 3",
            "spec.workerCout is no field; did you mean workerCount?",
        ),
        (
            "numberToFactor: 5, suspend: 'yes'",
            "spec.suspend: \"yes\" is neither true nor false; use true or false",
        ),
        (
            "numberToFactor: 5, method: quadratic-seive",
            "spec.method: \"quadratic-seive\" is not one of the values there are; did you mean \
             quadratic-sieve? There are auto, trial-division, quadratic-sieve, elliptic-curve",
        ),
        (
            "numberToFactor: 9223372036854775808",
            "spec.numberToFactor: \"9223372036854775808\" is a bare integer over \
             9223372036854775807; quote it: '922337203685…'",
        ),
        (
            "numberToFactor: -15",
            "spec.numberToFactor: \"-15\" has a sign; write a positive integer without a sign",
        ),
        (
            "numberToFactor: 1e10",
            "spec.numberToFactor: \"1e10\" is written with an exponent; write all its digits",
        ),
        (
            "numberToFactor: '12 34'",
            "spec.numberToFactor: \"12 34\" holds white space; write its digits without \
             anything between them",
        ),
    ] {
        assert_eq!(complaints(&with_spec(spec)), [complaint], "{spec}");
    }
}

#[test]
fn numbers_of_any_length_are_answered_shortly() {
    let hundred = "7".repeat(100);
    assert!(complaints(&with_spec(&format!("numberToFactor: {hundred}")))[0].contains("quote it"));
    assert!(read(&with_spec(&format!("numberToFactor: '{hundred}'"))).is_ok());
    let million = "7".repeat(1_000_000);
    for spec in [
        format!("numberToFactor: {million}"),
        format!("numberToFactor: '{million}'"),
    ] {
        let found = complaints(&with_spec(&spec));
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("bits, over 4096"), "{}", found[0]);
        assert!(found[0].len() < 300, "{}", found[0]);
    }
}

#[test]
fn number_or_key_but_not_both_nor_neither() {
    for spec in ["workerCount: 3", "numberToFactor: 5, publicKey: x"] {
        let found = complaints(&with_spec(spec));
        assert!(
            found[0].contains("exactly one of numberToFactor and publicKey"),
            "{found:?}"
        );
    }
}

#[test]
fn kinds_and_versions_are_told_before_anything_else() {
    let typo = EXAMPLE.replace("kind: RSACracker", "kind: RSACraker");
    assert_eq!(
        complaints(&typo),
        [
            "kind: \"RSACraker\" misses a c, as it does in the first system's own files; write RSACracker"
        ]
    );
    let pod = "apiVersion: v1\nkind: Pod\nspec: {containers: []}\n";
    assert_eq!(complaints(pod).len(), 2);
    assert!(complaints("kind: RSACracker\n")[0].starts_with("apiVersion is missing"));
}

#[test]
fn all_complaints_come_at_once_and_name_their_document() {
    let bad = with_spec("numberToFactor: 5, workerCount: -1, supend: true")
        .replace("{name: a}", "{name: My_Job}");
    let found = complaints(&format!("{EXAMPLE}---\n{bad}"));
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found.iter().all(|one| one.starts_with("document 2: ")),
        "{found:?}"
    );
    assert!(complaints(&format!("{EXAMPLE}---\n{EXAMPLE}"))[0].contains("an earlier document"));
}

#[test]
fn texts_that_are_no_manifest() {
    for text in ["", "---\n", "# nothing\n"] {
        assert!(
            complaints(text)[0].starts_with("the manifest is empty"),
            "{text:?}"
        );
    }
    assert!(complaints("- a\n")[0].contains("no mapping"));
    assert!(complaints("a: [1\n")[0].contains("no YAML"));
    assert!(complaints("a: &x 1\nb: *x\n")[0].contains("alias"));
    assert!(complaints("a: 1\na: 2\n")[0].contains("second time"));
    assert!(complaints(&format!("{}{}", "[".repeat(100), "]".repeat(100)))[0].contains("nested"));
}

#[test]
fn a_resource_that_came_another_way_is_held_to_the_same_bounds() {
    let mut cracker = read(EXAMPLE).unwrap().remove(0);
    assert_eq!(check(&cracker), []);
    cracker.spec.worker_count = Some(1001);
    let found = check(&cracker);
    assert_eq!(found[0].field, "spec.workerCount");
}
