//! The rules' two forms, CEL for the API server and Rust for the program, evaluated
//! over random resources near the rules' borders: they must be of one mind.
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use kube_cel::Validator;
use proptest::option;
use proptest::prelude::*;
use rsac_api::rules::{CHANGE_RULES, RESOURCE_RULES, SPEC_RULES};
use rsac_api::{IntOrText, LedgerSpec, RSACracker, RSACrackerSpec};
use serde_json::{Value, json};

/// Whether the CEL expression holds. Whatever keeps it from being evaluated fails the
/// test: a user would be shown that error in place of the rule's message.
fn cel(rule: &str, object: &Value, old: Option<&Value>) -> bool {
    let schema = json!({
        "type": "object",
        "x-kubernetes-validations": [{ "rule": rule, "message": "broken" }],
    });
    match Validator::new().validate(&schema, object, old) {
        Ok(()) => true,
        Err(errors) => {
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert_eq!(errors[0].message, "broken", "{rule} on {object}");
            false
        }
    }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c0-9A._-]{0,4}",
        "[a-z][a-z0-9-]{42,45}[a-z0-9-]",
        "[a-z]{44,46}",
    ]
}

fn interval() -> impl Strategy<Value = String> {
    prop_oneof![
        (0u64..=700).prop_map(|seconds| format!("{seconds}s")),
        (0u64..=12, 0u64..=62).prop_map(|(minutes, seconds)| format!("{minutes}m{seconds}s")),
        (0u64..=12).prop_map(|minutes| format!("{minutes}m")),
        "[0-9]{0,5}m?[0-9]{0,5}s?",
        "[ +-]?[0-9.]{0,2}(ms|us|h|s|m|)",
    ]
}

prop_compose! {
    fn ledger()(
        size in option::of(prop_oneof![Just(IntOrText::from(1)), Just(IntOrText::from("1")), Just(IntOrText::from("1Gi"))]),
        storage_class_name in option::of("[ab]"),
        ephemeral in option::of(any::<bool>()),
    ) -> LedgerSpec {
        LedgerSpec { size, storage_class_name, ephemeral }
    }
}

prop_compose! {
    fn spec()(
        number_to_factor in option::of(prop_oneof![Just(IntOrText::from(15)), Just(IntOrText::from("15"))]),
        public_key in option::of("[a-z]{1,3}"),
        checkpoint_interval in option::of(interval()),
        ledger in option::of(ledger()),
    ) -> RSACrackerSpec {
        RSACrackerSpec { number_to_factor, public_key, checkpoint_interval, ledger, ..RSACrackerSpec::default() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rules_over_the_resource(name in name()) {
        let cracker = RSACracker::new(&name, RSACrackerSpec::default());
        let object = serde_json::to_value(&cracker).unwrap();
        for rule in RESOURCE_RULES {
            prop_assert_eq!(cel(rule.cel, &object, None), (rule.holds)(&cracker), "{} on {}", rule.cel, object);
        }
    }

    #[test]
    fn rules_over_the_spec(spec in spec()) {
        let object = serde_json::to_value(&spec).unwrap();
        for rule in SPEC_RULES {
            prop_assert_eq!(cel(rule.cel, &object, None), (rule.holds)(&spec), "{} on {}", rule.cel, object);
        }
    }

    #[test]
    fn rules_over_changes(old in spec(), new in spec(), keep in any::<bool>()) {
        let ledger = if keep { old.ledger.clone() } else { new.ledger.clone() };
        let new = RSACrackerSpec { ledger, ..new };
        let (before, after) = (serde_json::to_value(&old).unwrap(), serde_json::to_value(&new).unwrap());
        for rule in CHANGE_RULES {
            prop_assert_eq!(
                cel(rule.cel, &after, Some(&before)), (rule.holds)(&old, &new),
                "{} from {} to {}", rule.cel, before, after
            );
        }
    }
}
