//! Every fault of a text is told with its place, and nothing unknown is passed over.

use proptest::prelude::*;
use rsac_bicep::{BicepError, MAIN_BICEP, Template};

fn fault(text: &str) -> BicepError {
    match Template::parse(text) {
        Ok(_) => panic!("no fault is seen in {text}"),
        Err(error) => error,
    }
}

#[test]
fn faults_are_told_with_line_and_column() {
    let cases = [
        // Letters and strings.
        ("var a = \"x\"", 1, 9, "'\"' means nothing"),
        ("var a = 'x\nvar b = 1", 1, 9, "not closed in its line"),
        ("var a = '''x", 1, 9, "not closed"),
        ("var a = 'é\\q'", 1, 11, r"\q means nothing"),
        ("var a = '\\u{110000}'", 1, 10, "names no character"),
        ("var a = '${b'", 1, 13, "not closed"),
        ("var a = '${b\n}'", 1, 13, "a line ends within"),
        ("var a = '${1 2}'", 1, 14, "2 where '}'"),
        ("var a = '${}'", 1, 12, "the end where a value"),
        ("/* x", 1, 1, "comment is not closed"),
        ("var a = 9223372036854775808", 1, 9, "more than 64 bits"),
        ("var a = 1.5", 1, 11, "5 where the name of a property"),
        ("var a = 12px", 1, 9, "12px is no number"),
        // Statements.
        ("vra a = 1", 1, 1, "\"vra\" begins no statement"),
        (
            "param a string\nmodule m './m.bicep' = {\n}",
            2,
            1,
            "'module' is not in the subset",
        ),
        ("type t = string", 1, 1, "'type' is not in the subset"),
        ("targetScope = 'subscription'", 1, 15, "only targetScope"),
        ("param a", 1, 8, "the end where a type"),
        (
            "param a string = \nparam b int",
            1,
            18,
            "the end of the line where a value",
        ),
        ("param a strnig", 1, 9, "strnig is no type"),
        ("param a string?", 1, 15, "'?' where the end of the line"),
        ("param a string[]", 1, 15, "'[' where the end of the line"),
        (
            "param a int b int",
            1,
            13,
            "\"b\" where the end of the line",
        ),
        ("var = 1", 1, 5, "'=' where the name of the variable"),
        ("var a 1", 1, 7, "1 where '='"),
        ("output a string", 1, 16, "the end where '='"),
        // Decorators.
        (
            "@minValue(1)\nparam a string",
            1,
            1,
            "@minValue does not go with string",
        ),
        (
            "@minLength(1)\nparam a int",
            1,
            1,
            "@minLength does not go with int",
        ),
        (
            "@secure()\nparam a int",
            1,
            1,
            "@secure does not go with int",
        ),
        (
            "@secure(1)\nparam a string",
            1,
            1,
            "@secure takes no argument",
        ),
        (
            "@minLength(-1)\nparam a string",
            1,
            1,
            "argument of @minLength",
        ),
        ("@maxValue('x')\nparam a int", 1, 1, "argument of @maxValue"),
        ("@maxValue()\nparam a int", 1, 1, "argument of @maxValue"),
        ("@allowed([])\nparam a int", 1, 1, "argument of @allowed"),
        ("@allowed(['x'])\nparam a int", 1, 1, "argument of @allowed"),
        (
            "@sealed()\nparam a object",
            1,
            1,
            "@sealed is not in the subset",
        ),
        (
            "@description('a')\n@description('b')\nparam a int",
            2,
            1,
            "there twice",
        ),
        (
            "@minValue(1)\nvar a = 1",
            1,
            1,
            "@minValue does not go with var",
        ),
        (
            "@minValue(3)\n@maxValue(2)\nparam a int",
            3,
            7,
            "no value of a",
        ),
        (
            "@minValue(3)\nparam a int = 2",
            2,
            15,
            "2 is not a whole number of at least 3",
        ),
        ("param a int = 'x'", 1, 15, "\"x\" is not a whole number"),
        // Names.
        ("var a = 1\nparam A int", 2, 7, "A is declared before"),
        (
            "var agents = 1\nvar b = agnets",
            2,
            9,
            "agnets is not declared",
        ),
        (
            "var a = 1\nparam p int = a",
            2,
            15,
            "a default speaks of the variable a",
        ),
        (
            "var a = b\nvar b = a",
            1,
            5,
            "a depends on itself: a → b → a",
        ),
        ("param a string = a", 1, 7, "a depends on itself"),
        (
            "var a = uniqueString('x')",
            1,
            9,
            "the function uniqueString is not in the subset",
        ),
        ("var a = lenght('x')", 1, 9, "the function lenght"),
        (
            "var a = length('x', 'y')",
            1,
            9,
            "length is called with 2 arguments",
        ),
        (
            "var a = resourceGroup(1)",
            1,
            9,
            "resourceGroup is called with 1",
        ),
        // Expressions.
        ("var a = [1 2]", 1, 12, "2 where a new line, ',' or ']'"),
        (
            "var a = {b: 1 c: 2}",
            1,
            15,
            "\"c\" where a new line, ',' or '}'",
        ),
        ("var a = {b 1}", 1, 12, "1 where ':'"),
        (
            "var a = {\n  b: 1\n  b: 2\n}",
            3,
            3,
            "the field b is there twice",
        ),
        ("var a = {1: 2}", 1, 10, "1 where the name of a field"),
        ("var a = {'${b}': 2}", 1, 10, "empty or computed"),
        (
            "var a = [for x in y: x]",
            1,
            10,
            "'for' is not in the subset",
        ),
        ("var a = (1", 1, 11, "the end where ')'"),
        ("var a = length('x'", 1, 19, "the end where ','"),
        ("var a = 1 +* 2", 1, 12, "'*' where a value"),
        ("var a = 1\n  + 2", 2, 3, "'+' where param, var"),
        ("var a = true ? 1", 1, 17, "the end where ':'"),
        (
            "var b = {}\nvar a = b.?c",
            2,
            10,
            "'.?' where the end of the line",
        ),
        ("var b = {}\nvar a = b.c()", 2, 12, "c(…) after a dot"),
        ("var a = x => x", 1, 11, "'=>'"),
        // Resources.
        (
            "resource r 'M.S/t' = {\n  name: 'n'\n}",
            1,
            12,
            "a resource's type",
        ),
        (
            "resource r 'M.S/t/u@2025-01-01' = {\n  name: 'n'\n}",
            1,
            12,
            "a resource's type",
        ),
        (
            "resource r 'M.S/t@2025-01-01' existing = {\n}",
            1,
            31,
            "'existing' is not",
        ),
        (
            "resource r 'M.S/t@2025-01-01' = {\n}",
            1,
            10,
            "r has no name",
        ),
        (
            "resource r 'M.S/t@2025-01-01' = [for x in y: {}]",
            1,
            33,
            "'[' where '{'",
        ),
        (
            "resource r 'M.S/t@2025-01-01' = {\n  name: 'n'\n  dependsOn: []\n}",
            3,
            3,
            "dependsOn is not read",
        ),
        (
            "resource r 'M.S/t@2025-01-01' = {\n  name: 'n'\n  resource c 'x@y' = {}\n}",
            3,
            12,
            "\"c\" where ':'",
        ),
        (
            "resource r 'M.S/t@2025-01-01' = {\n  name: 'n'\n}\nvar a = r.id",
            4,
            9,
            "only outputs may speak of a resource",
        ),
    ];
    let mut wrong = Vec::new();
    for (text, line, column, what) in cases {
        let error = fault(text);
        assert!(!error.remedy.is_empty(), "{text}");
        if (error.line, error.column) != (line, column) || !error.what.contains(what) {
            wrong.push(format!(
                "{text:?}\n   wanted {line}:{column} {what}\n   {error}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_too_deep_is_refused() {
    for (open, close) in [
        ("[", "]"),
        ("(", ")"),
        ("!", ""),
        ("-", ""),
        ("{a:", "}"),
        ("'${", "}'"),
    ] {
        let deep = format!("var a = {}1{}", open.repeat(100_000), close.repeat(100_000));
        assert!(fault(&deep).what.contains("more than"), "{open}");
    }
    let long = format!("var a = 1{}", " + 1".repeat(100_000));
    assert!(fault(&long).what.contains("operators in a row"));
    let long = format!("var b = {{}}\nvar a = b{}", ".c".repeat(100_000));
    assert!(fault(&long).what.contains("too long"));
}

#[test]
fn comments_and_both_kinds_of_line_ends_mean_nothing() {
    let plain = Template::parse(MAIN_BICEP).unwrap().arm_json();
    let dressed = MAIN_BICEP.replace('\n', " // é ' {\r\n");
    let dressed = format!("\u{feff}/* ' */\r\n#disable-next-line no-unused-params\r\n{dressed}");
    assert_eq!(Template::parse(&dressed).unwrap().arm_json(), plain);
}

/// Every piece of the declaration counts: with any one character gone it is another
/// declaration, or none, save where the character is in a comment, a space or a line end.
#[test]
fn no_character_of_the_declaration_is_passed_over() {
    let plain = Template::parse(MAIN_BICEP).unwrap().arm_json();
    let mut seen = 0;
    let mut start = 0;
    for line in MAIN_BICEP.split_inclusive('\n') {
        let is_comment = line.trim_start().starts_with("//");
        for (at, c) in line.char_indices().filter(|(_, c)| !c.is_whitespace()) {
            if is_comment || line.starts_with("targetScope") {
                continue;
            }
            let mut changed = MAIN_BICEP.to_owned();
            changed.remove(start + at);
            if let Ok(template) = Template::parse(&changed) {
                assert_ne!(template.arm_json(), plain, "{c:?} at {at} of {line:?}");
            }
            seen += 1;
        }
        start += line.len();
    }
    assert!(seen > 1000, "{seen}");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z0-9 '${}()\\[\\]@.,:=?!<>&|*/+\\\\\n-]{0,80}") {
        let _ = Template::parse(&text);
        let _ = Template::parse(&format!("var a = {text}"));
    }

    #[test]
    fn no_change_of_the_declaration_makes_the_reader_panic(at: prop::sample::Index, put in "[ -~\n]{0,3}") {
        let mut text: Vec<char> = MAIN_BICEP.chars().collect();
        let at = at.index(text.len());
        text.splice(at..=at, put.chars());
        let text: String = text.into_iter().collect();
        if let Err(error) = Template::parse(&text) {
            prop_assert!(error.line >= 1 && error.column >= 1 && !error.remedy.is_empty());
        }
    }
}
