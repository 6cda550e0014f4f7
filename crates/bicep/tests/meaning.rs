//! A text that can be read and means nothing is told with its place.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use rsac_bicep::{BicepError, Context, Error, Parameters, Template};

/// At evaluation: a text that can be read, and means nothing.
fn senseless(text: &str) -> BicepError {
    let context = Context {
        subscription: "s".to_owned(),
        resource_group: "g".to_owned(),
        location: "l".to_owned(),
    };
    let template = Template::parse(text).unwrap();
    match template.evaluate(&Parameters::default(), &context) {
        Err(Error::Template(error)) => error,
        other => panic!("{other:?}\n{text}"),
    }
}

#[test]
fn what_has_no_value_is_told_with_line_and_column() {
    let cases = [
        ("1 + 'x'", 12, "no whole number"),
        ("9223372036854775807 + 1", 8, "no number of 64 bits"),
        ("1 / 0", 8, "no number of 64 bits"),
        ("!3", 9, "neither true nor false"),
        ("1 ? 2 : 3", 8, "neither true nor false"),
        ("{ ab: 1 }.ac", 8, "there is no field ac"),
        ("'x'.ab", 8, "has no fields"),
        ("[1][1]", 12, "no item 1 in a list of 1"),
        ("[1]['x']", 12, "does not tell a part"),
        ("concat('a', 1)", 8, "concat does not take"),
        ("union({}, [])", 8, "union does not take"),
        ("length(3)", 8, "length does not take"),
        ("toLower(null)", 8, "toLower does not take"),
        ("'${[1]}'", 11, "no form within a text"),
    ];
    for (expression, column, what) in cases {
        let error = senseless(&format!(
            "resource r 'M.S/t@2025-01-01' = {{\n  name: 'n'\n  a:   {expression}\n}}"
        ));
        assert_eq!(
            (error.line, error.column),
            (3, column),
            "{expression}: {error}"
        );
        assert!(error.what.contains(what), "{expression}: {error}");
    }
}

#[test]
fn a_resource_has_a_name_that_can_be_in_an_address() {
    for name in ["''", "'a/b'", "'a?b'", "3"] {
        let text = format!("resource r 'M.S/t@2025-01-01' = {{\n  name: {name}\n}}");
        let error = senseless(&text);
        assert_eq!((error.line, error.column), (2, 9), "{error}");
        assert!(error.what.contains("cannot name"), "{error}");
    }
}

#[test]
fn outputs_are_of_their_type_and_whole() {
    let resource = "resource r 'M.S/t@2025-01-01' = {\n  name: 'n'\n}\n";
    let error = senseless(&format!("{resource}output o int = r.name"));
    assert!(error.what.contains("the output o is no int"), "{error}");
    let error = senseless(&format!(
        "{resource}output o string = '${{r.properties.x}}'"
    ));
    assert!(
        error.what.contains("known only when the resource is there"),
        "{error}"
    );
    let error = senseless(&format!("{resource}output o object = r"));
    assert!(error.what.contains("as a whole"), "{error}");
}
