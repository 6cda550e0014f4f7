//! What `minikube profile list --output json` says.

use crate::provider::ProviderError;
use serde::Deserialize;

/// How a profile stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// There is none of that name.
    Absent,
    /// It is there, and does not run, or only in part.
    Stopped,
    /// It runs.
    Running,
}

/// `{"valid": […], "invalid": […]}`; a list that cannot be made has `error`.
#[derive(Deserialize)]
struct List {
    #[serde(default)]
    valid: Vec<Profile>,
    #[serde(default)]
    invalid: Vec<Profile>,
    #[serde(default)]
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Profile {
    name: String,
    #[serde(default)]
    status: String,
}

/// How the profile of that name stands. `Running` is an older minikube's word, `OK` a
/// newer one's; a profile that is damaged ("invalid") is there and does not run.
pub(super) fn state(json: &str, name: &str) -> Result<State, ProviderError> {
    let unreadable = |why: String| {
        ProviderError::Failed(format!("`minikube profile list --output json`: {why}"))
    };
    let list: List = serde_json::from_str(json).map_err(|e| unreadable(e.to_string()))?;
    if let Some(error) = list.error.filter(|error| !error.is_null()) {
        return Err(unreadable(error.to_string()));
    }
    if let Some(profile) = list.valid.iter().find(|p| p.name == name) {
        return Ok(match profile.status.as_str() {
            "Running" | "OK" => State::Running,
            _ => State::Stopped,
        });
    }
    match list.invalid.iter().any(|p| p.name == name) {
        true => Ok(State::Stopped),
        false => Ok(State::Absent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{
        "invalid": [{"Name": "broken", "Status": "", "Config": null}],
        "valid": [
            {"Name": "minikube", "Status": "Running", "Config": {"Driver": "docker"}, "Active": true},
            {"Name": "new", "Status": "OK", "Config": {}},
            {"Name": "off", "Status": "Stopped", "Config": {}},
            {"Name": "half", "Status": "Unknown", "Config": {}}
        ]}"#;

    #[test]
    fn states() {
        for (name, wanted) in [
            ("minikube", State::Running),
            ("new", State::Running),
            ("off", State::Stopped),
            ("half", State::Stopped),
            ("broken", State::Stopped),
            ("none", State::Absent),
        ] {
            assert_eq!(state(LIST, name).unwrap(), wanted, "{name}");
        }
        let empty = r#"{"valid":[],"invalid":[]}"#;
        assert_eq!(state(empty, "minikube").unwrap(), State::Absent);
    }

    #[test]
    fn a_list_that_says_nothing_is_an_error_and_not_an_absent_profile() {
        for bad in ["", "{", r#"{"error":{"Op":"open"}}"#] {
            assert!(state(bad, "minikube").is_err(), "{bad}");
        }
    }
}
