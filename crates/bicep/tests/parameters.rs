//! Values of parameters: what is taken, and what is said of what is not.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use proptest::prelude::*;
use rsac_bicep::{Context, Error, MAIN_BICEP, ParameterError, Parameters, Template};
use serde_json::{Value, json};

fn main_template() -> Template {
    Template::parse(MAIN_BICEP).unwrap()
}

fn context() -> Context {
    Context {
        subscription: "00000000-0000-0000-0000-000000000001".to_owned(),
        resource_group: "g".to_owned(),
        location: "uksouth".to_owned(),
    }
}

fn with(name: &str, value: Value) -> Parameters {
    let mut parameters = Parameters::default();
    parameters.set("sshRSAPublicKey", "ssh-rsa A");
    parameters.set(name, value);
    parameters
}

fn refused(template: &Template, parameters: &Parameters) -> Vec<ParameterError> {
    match template.evaluate(parameters, &context()).unwrap_err() {
        Error::Parameters(errors) => errors,
        other => panic!("{other}"),
    }
}

fn one(template: &Template, parameters: &Parameters) -> (String, String) {
    match refused(template, parameters).as_slice() {
        [error] => (error.what.clone(), error.remedy.clone()),
        errors => panic!("{errors:?}"),
    }
}

#[test]
fn a_wrong_value_is_told_with_name_value_and_range() {
    let cases = [
        (
            "agentCount",
            json!(0),
            "0 is not a whole number from 1 to 50",
        ),
        (
            "agentCount",
            json!(51),
            "51 is not a whole number from 1 to 50",
        ),
        (
            "agentCount",
            json!(2.5),
            "2.5 is not a whole number from 1 to 50",
        ),
        (
            "agentCount",
            json!(u64::MAX),
            "18446744073709551615 is not a whole number from 1 to 50",
        ),
        (
            "agentCount",
            json!("2"),
            "\"2\" is not a whole number from 1 to 50",
        ),
        (
            "agentCount",
            json!(null),
            "null is not a whole number from 1 to 50",
        ),
        (
            "osDiskSizeGB",
            json!(1024),
            "1024 is not a whole number from 0 to 1023",
        ),
        (
            "osDiskSizeGB",
            json!(-1),
            "-1 is not a whole number from 0 to 1023",
        ),
        (
            "clusterName",
            json!(""),
            "\"\" is not text of 1 to 63 characters",
        ),
        (
            "clusterName",
            json!(7),
            "7 is not text of 1 to 63 characters",
        ),
        ("tags", json!(["a"]), "[\"a\"] is not an object"),
    ];
    for (name, value, what) in cases {
        let (told, remedy) = one(&main_template(), &with(name, value));
        assert_eq!(told, format!("parameter {name}: {what}"));
        let range = what.split_once(" is not ").unwrap().1;
        assert_eq!(remedy, format!("give {name} {range}"));
    }
}

#[test]
fn text_is_read_as_the_parameters_type() {
    let mut parameters = with("clusterName", json!("c"));
    parameters.set_text("agentCount", "7");
    parameters.set_text("tags", r#"{"ttl": "4h"}"#);
    parameters.set_text("dnsPrefix", "5");
    let values = main_template().values(&parameters, None).unwrap();
    assert_eq!(values["agentCount"], 7);
    assert_eq!(values["tags"], json!({"ttl": "4h"}));
    assert_eq!(values["dnsPrefix"], "5");
    parameters.set_text("agentCount", "many");
    let (what, _) = one(&main_template(), &parameters);
    assert_eq!(
        what,
        "parameter agentCount: \"many\" is not a whole number from 1 to 50"
    );
}

#[test]
fn an_unknown_name_is_told_with_the_one_meant() {
    let (what, remedy) = one(&main_template(), &with("agentCuont", json!(3)));
    assert_eq!(what, "parameter agentCuont: there is no such parameter");
    assert_eq!(remedy, "did you mean agentCount?");
    let (_, remedy) = one(&main_template(), &with("zzz", json!(3)));
    assert!(
        remedy.starts_with("the template has clusterName, location, "),
        "{remedy}"
    );
}

#[test]
fn names_are_found_without_case_and_given_once() {
    let values = main_template()
        .values(&with("AGENTCOUNT", json!(9)), None)
        .unwrap();
    assert_eq!(values["agentCount"], 9);
    let mut file = Parameters::from_json(r#"{"agentCount": 3, "location": "a"}"#).unwrap();
    file.set("sshRSAPublicKey", "k");
    let values = file.overridden_by(with("agentcount", json!(4)));
    let values = main_template().values(&values, None).unwrap();
    assert_eq!(
        (&values["agentCount"], &values["location"]),
        (&json!(4), &json!("a"))
    );
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let mut parameters = Parameters::default();
    parameters.set("agentCount", 0);
    parameters.set("osDiskSizeGB", 5000);
    let errors = refused(&main_template(), &parameters);
    let names: Vec<&str> = errors
        .iter()
        .filter_map(|it| it.parameter.as_deref())
        .collect();
    assert_eq!(names, ["agentCount", "osDiskSizeGB", "sshRSAPublicKey"]);
    let error = main_template()
        .evaluate(&parameters, &context())
        .unwrap_err();
    assert!(error.to_string().contains("it has no default"), "{error}");
    assert!(
        error.remedy().contains("give sshRSAPublicKey a value"),
        "{}",
        error.remedy()
    );
}

#[test]
fn both_forms_of_a_file_are_read() {
    let arm = r#"{"$schema": "s", "contentVersion": "1.0.0.0",
        "parameters": {"agentCount": {"value": 3, "metadata": {"why": "x"}}}}"#;
    let plain = "\u{feff}{\"agentCount\": 3}";
    assert_eq!(
        Parameters::from_json(arm).unwrap(),
        Parameters::from_json(plain).unwrap()
    );
}

#[test]
fn a_file_that_is_none_is_told_with_the_remedy() {
    let cases = [
        ("", "is no JSON: EOF"),
        ("{", "is no JSON: EOF"),
        ("[]", "is no object"),
        ("{\n // c\n}", "line 2 column 2"),
        (r#"{"a": 1, "a": 2}"#, "the field \"a\" is there twice"),
        (
            r#"{"parameters": {"a": {"value": 1}, "a": {"value": 2}}}"#,
            "\"a\" is there twice",
        ),
        (r#"{"a": 1, "A": 2}"#, "it is there as A too"),
        (r#"{"parameters": 3}"#, "no object \"parameters\""),
        (r#"{"$schema": "s"}"#, "no object \"parameters\""),
        (
            r#"{"parameters": {}, "agentCount": 3}"#,
            "the field \"agentCount\"",
        ),
        (
            r#"{"parameters": {"a": 3}}"#,
            "parameter a: its entry is no object",
        ),
        (
            r#"{"parameters": {"a": {}}}"#,
            "parameter a: its entry has no value",
        ),
        (
            r#"{"parameters": {"a": {"valeu": 3}}}"#,
            "the field \"valeu\"",
        ),
        (
            r#"{"parameters": {"a": {"value": 1, "x": 3}}}"#,
            "the field \"x\"",
        ),
        (
            r#"{"parameters": {"a": {"reference": {"keyVault": {"id": "i"}, "secretName": "s"}}}}"#,
            "parameter a: references to a key vault are not followed",
        ),
    ];
    for (text, what) in cases {
        let error = Parameters::from_json(text).unwrap_err();
        assert!(error.what.contains(what), "{text}: {error}");
        assert!(!error.remedy.is_empty());
    }
}

#[test]
fn a_secret_is_shown_nowhere() {
    let template = Template::parse("@secure()\n@maxLength(3)\nparam word string\n").unwrap();
    assert!(template.parameters()[0].secure);
    let mut parameters = Parameters::default();
    parameters.set("word", "hunter2");
    let (what, remedy) = one(&template, &parameters);
    let debug = format!("{parameters:?}");
    for text in [&what, &remedy, &debug] {
        assert!(text.contains("word") && !text.contains("hunter2"), "{text}");
    }
    let type_ = &template.arm_json()["parameters"]["word"]["type"];
    assert_eq!(type_, "securestring");
}

proptest! {
    #[test]
    fn a_count_is_taken_just_where_it_is_in_range(count: i64) {
        for count in [count, count.rem_euclid(60)] {
            let evaluated = main_template().evaluate(&with("agentCount", json!(count)), &context());
            match evaluated {
                Ok(deployment) => {
                    prop_assert!((1..=50).contains(&count));
                    let pool = &deployment.resources[0].body["properties"]["agentPoolProfiles"][0];
                    prop_assert_eq!(&pool["count"], &json!(count));
                }
                Err(error) => {
                    prop_assert!(!(1..=50).contains(&count));
                    prop_assert!(error.to_string().contains(&count.to_string()));
                }
            }
        }
    }

    /// No text is taken for code, and none is changed on its way.
    #[test]
    fn text_goes_into_the_body_as_it_is(text in "[ -~äß€\n'\\[\\]\\$\\{\\}]{1,40}") {
        let parameters = with("sshRSAPublicKey", json!(text));
        let deployment = main_template().evaluate(&parameters, &context()).unwrap();
        let profile = &deployment.resources[0].body["properties"]["linuxProfile"];
        prop_assert_eq!(&profile["ssh"]["publicKeys"][0]["keyData"], &json!(text));
    }

    #[test]
    fn no_file_makes_the_reader_panic(text in "[\\{\\}\\[\\]\",:a-z0-9 $]{0,60}") {
        let _ = Parameters::from_json(&text);
    }
}
