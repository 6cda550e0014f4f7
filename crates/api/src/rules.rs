//! The rules that types and bounds cannot say, each three times in one place: as CEL
//! for the API server, as the message that both give, and as a check in Rust.
//!
//! kube can evaluate a schema's CEL in process, but with its interpreter come a parser
//! generator's runtime and a minute of building, for rules that are a line of Rust
//! each. So the schema carries the CEL, the program the Rust, and a test evaluates both
//! over many random resources and finds them of one mind.

use crate::spec::defaults::MAX_CHECKPOINT_INTERVAL;
use crate::{FieldError, RSACracker, RSACrackerSpec, names, parse_duration};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::ValidationRule;
use std::time::Duration;

/// A rule over a part of the resource.
pub struct Rule<T: 'static> {
    /// For the API server; `self` is the part, `oldSelf` (in a rule over changes) what
    /// it was.
    pub cel: &'static str,
    /// What the API server says when the rule is broken: the problem and the remedy.
    pub message: &'static str,
    /// The fields that the rule is about; the first is the one complained of.
    pub fields: &'static [&'static str],
    /// Whether the part keeps the rule.
    pub holds: fn(&T) -> bool,
    /// The value to show.
    pub value: fn(&T) -> Option<String>,
}

/// A rule over what may change.
pub struct ChangeRule {
    /// For the API server.
    pub cel: &'static str,
    /// What is wrong, and the remedy.
    pub message: &'static str,
    /// The field complained of.
    pub field: &'static str,
    /// Whether the change from the first to the second keeps the rule.
    pub holds: fn(&RSACrackerSpec, &RSACrackerSpec) -> bool,
}

/// The rules over the whole resource; the server lets them see the name.
pub const RESOURCE_RULES: &[Rule<RSACracker>] = &[Rule {
    cel: "size(self.metadata.name) <= 45 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message: "must be a lower-case DNS label of at most 45 characters that begins with a letter, because Services are named after it; use a-z, 0-9 and '-'",
    fields: &["metadata.name"],
    holds: |cracker| {
        cracker
            .metadata
            .name
            .as_deref()
            .is_some_and(|name| names::problem(name).is_none())
    },
    value: |cracker| cracker.metadata.name.clone(),
}];

/// The rules over the spec.
pub const SPEC_RULES: &[Rule<RSACrackerSpec>] = &[
    Rule {
        cel: "has(self.numberToFactor) != has(self.publicKey)",
        message: "must have exactly one of numberToFactor and publicKey; give one of them",
        fields: &["spec", "spec.numberToFactor", "spec.publicKey"],
        holds: |spec| spec.number_to_factor.is_some() != spec.public_key.is_some(),
        value: |_| None,
    },
    Rule {
        cel: "!has(self.checkpointInterval) || (self.checkpointInterval.matches('^([0-9]{1,4}m)?([0-9]{1,4}s)?$') && size(self.checkpointInterval) > 0 && duration(self.checkpointInterval) >= duration('1s') && duration(self.checkpointInterval) <= duration('10m'))",
        message: "must be whole minutes and seconds from 1s to 10m; write 10s or 1m30s",
        fields: &["spec.checkpointInterval"],
        holds: |spec| match spec.checkpoint_interval.as_deref().map(parse_duration) {
            None => true,
            Some(Ok(interval)) => {
                (Duration::from_secs(1)..=MAX_CHECKPOINT_INTERVAL).contains(&interval)
            }
            Some(Err(_)) => false,
        },
        value: |spec| spec.checkpoint_interval.clone(),
    },
    Rule {
        cel: "!has(self.ledger) || !has(self.ledger.ephemeral) || !self.ledger.ephemeral || !has(self.ledger.storageClassName)",
        message: "cannot be set for an ephemeral ledger, which has no volume; leave one of the two away",
        fields: &["spec.ledger.storageClassName", "spec.ledger.ephemeral"],
        holds: |spec| {
            spec.ledger.as_ref().is_none_or(|ledger| {
                ledger.ephemeral != Some(true) || ledger.storage_class_name.is_none()
            })
        },
        value: |spec| spec.ledger.as_ref()?.storage_class_name.clone(),
    },
];

/// The rules over changes. At the spec: a rule at the field itself would be passed by
/// removing the field and setting it again.
pub const CHANGE_RULES: &[ChangeRule] = &[ChangeRule {
    cel: "has(self.ledger) == has(oldSelf.ledger) && (!has(self.ledger) || self.ledger == oldSelf.ledger)",
    message: "cannot change while the job exists, because its volume cannot; delete the job and apply it anew",
    field: "spec.ledger",
    holds: |old, new| old.ledger == new.ledger,
}];

/// Everything that the resource's rules find wrong with it, number and key included.
pub fn check(cracker: &RSACracker) -> Vec<FieldError> {
    let mut errors = broken(RESOURCE_RULES, cracker);
    errors.extend(check_spec(&cracker.spec));
    errors
}

/// As [`check`], without the name.
pub fn check_spec(spec: &RSACrackerSpec) -> Vec<FieldError> {
    let mut errors = broken(SPEC_RULES, spec);
    match spec.target() {
        Ok(_) | Err(crate::TargetError::Missing | crate::TargetError::Both) => {}
        Err(error) => errors.push(error.to_field_error()),
    }
    errors
}

/// What the rules find wrong with a change of the spec.
pub fn check_change(old: &RSACrackerSpec, new: &RSACrackerSpec) -> Vec<FieldError> {
    CHANGE_RULES
        .iter()
        .filter(|rule| !(rule.holds)(old, new))
        .map(|rule| {
            let (problem, remedy) = split(rule.message);
            FieldError::without_value(rule.field, problem, remedy)
        })
        .collect()
}

fn broken<T>(rules: &[Rule<T>], part: &T) -> Vec<FieldError> {
    let broken = rules.iter().filter(|rule| !(rule.holds)(part));
    broken
        .map(|rule| {
            let (problem, remedy) = split(rule.message);
            match (rule.value)(part) {
                Some(value) => FieldError::new(rule.fields[0], &value, problem, remedy),
                None => FieldError::without_value(rule.fields[0], problem, remedy),
            }
        })
        .collect()
}

fn split(message: &'static str) -> (&'static str, &'static str) {
    message.split_once("; ").unwrap_or((message, ""))
}

fn validation_rule(cel: &str, field: &str, message: &str) -> ValidationRule {
    ValidationRule {
        rule: cel.to_owned(),
        message: Some(format!("{field} {message}")),
        ..ValidationRule::default()
    }
}

/// The rules over the whole resource, as the schema carries them.
pub(crate) fn resource_validations() -> Vec<ValidationRule> {
    RESOURCE_RULES
        .iter()
        .map(|rule| validation_rule(rule.cel, rule.fields[0], rule.message))
        .collect()
}

/// The rules over the spec and its changes, as the schema carries them.
pub(crate) fn spec_validations() -> Vec<ValidationRule> {
    let rules = SPEC_RULES
        .iter()
        .map(|rule| validation_rule(rule.cel, rule.fields[0], rule.message));
    let changes = CHANGE_RULES
        .iter()
        .map(|rule| validation_rule(rule.cel, rule.field, rule.message));
    rules.chain(changes).collect()
}
