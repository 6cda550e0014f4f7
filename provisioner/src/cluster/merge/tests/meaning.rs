//! Whatever a user keeps in the file means the same afterwards.

use super::*;
use proptest::prelude::*;

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
