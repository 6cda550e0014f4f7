//! Which subscription the user works in: the variable, then what the Azure CLI has chosen
//! (`az account set`), then azd. The provider asks when no flag names one, and shows where
//! the answer came from.

use crate::credentials::Environment;
use crate::error::ArmError;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A subscription and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Its id, a UUID.
    pub id: String,
    /// Its name, where known.
    pub name: Option<String>,
    /// Its tenant, where known.
    pub tenant: Option<String>,
    /// The cloud by the Azure CLI's name, as `AzureCloud`, where known.
    pub cloud: Option<String>,
    /// Where it was found, for people.
    pub from: String,
}

/// The current subscription; none if nothing names one. `folder` is where an azd project is
/// looked for, upwards.
///
/// # Errors
/// When a file that should tell cannot be read: the next source would silently choose
/// another subscription.
pub fn current(environment: &Environment, folder: &Path) -> Result<Option<Subscription>, ArmError> {
    if let Some(id) = environment.text("AZURE_SUBSCRIPTION_ID") {
        let from = "environment variable AZURE_SUBSCRIPTION_ID";
        return found(&id, from.to_owned()).map(Some);
    }
    if let Some(chosen) = azure_cli(environment)? {
        return Ok(Some(chosen));
    }
    if let Some(chosen) = azd_project(folder)? {
        return Ok(Some(chosen));
    }
    azd_default(environment)
}

/// Whether a text has the form of a subscription's id.
pub fn is_id(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && parts
            .iter()
            .all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn found(id: &str, from: String) -> Result<Subscription, ArmError> {
    let id = id.trim().trim_matches('"');
    if !is_id(id) {
        return Err(ArmError::Setup(format!(
            "subscription {id:?} from {from} is no id: give a UUID, as `az account show --query \
             id` prints"
        )));
    }
    Ok(Subscription {
        id: id.to_ascii_lowercase(),
        name: None,
        tenant: None,
        cloud: None,
        from,
    })
}

/// The Azure CLI keeps its accounts in a JSON file that begins with a byte order mark.
fn azure_cli(environment: &Environment) -> Result<Option<Subscription>, ArmError> {
    let folder = environment
        .path("AZURE_CONFIG_DIR")
        .or_else(|| environment.home().map(|home| home.join(".azure")));
    let Some(file) = folder.map(|folder| folder.join("azureProfile.json")) else {
        return Ok(None);
    };
    let Some(profile) = json(&file, "sign in again with `az login`")? else {
        return Ok(None);
    };
    let accounts = profile.get("subscriptions").and_then(Value::as_array);
    let default = accounts.into_iter().flatten().find(|account| {
        let is_default = account.get("isDefault").and_then(Value::as_bool) == Some(true);
        let state = account.get("state").and_then(Value::as_str);
        is_default && state.is_none_or(|state| state.eq_ignore_ascii_case("enabled"))
    });
    let text = |account: &Value, field: &str| {
        account
            .get(field)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let Some(account) = default else {
        return Ok(None);
    };
    let Some(id) = text(account, "id") else {
        return Ok(None);
    };
    // `az login --allow-no-subscriptions` puts the tenant there.
    let name = text(account, "name");
    if name.as_deref().is_some_and(|name| name.starts_with("N/A(")) {
        return Ok(None);
    }
    let chosen = found(&id, format!("Azure CLI ({})", file.display()))?;
    Ok(Some(Subscription {
        name,
        tenant: text(account, "tenantId"),
        cloud: text(account, "environmentName"),
        ..chosen
    }))
}

/// The chosen environment of an azd project above a folder.
fn azd_project(folder: &Path) -> Result<Option<Subscription>, ArmError> {
    for above in folder.ancestors() {
        let azure = above.join(".azure");
        // `~/.azure` is the Azure CLI's: its `config` has no ending.
        let Some(config) = json(&azure.join("config.json"), "correct it or remove it")? else {
            continue;
        };
        let Some(name) = config.get("defaultEnvironment").and_then(Value::as_str) else {
            continue;
        };
        if name.contains(['/', '\\']) || name.starts_with('.') {
            continue;
        }
        let file = azure.join(name).join(".env");
        let Some(text) = read(&file)? else {
            continue;
        };
        let id = text.lines().find_map(|line| {
            let (key, value) = line.trim().split_once('=')?;
            (key.trim() == "AZURE_SUBSCRIPTION_ID").then(|| value.trim().trim_matches('"'))
        });
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            return found(id, format!("azd environment {name} ({})", file.display())).map(Some);
        }
    }
    Ok(None)
}

/// `azd config set defaults.subscription`.
fn azd_default(environment: &Environment) -> Result<Option<Subscription>, ArmError> {
    let folder: Option<PathBuf> = environment
        .path("AZD_CONFIG_DIR")
        .or_else(|| environment.home().map(|home| home.join(".azd")));
    let Some(file) = folder.map(|folder| folder.join("config.json")) else {
        return Ok(None);
    };
    let Some(config) = json(&file, "correct it or remove it")? else {
        return Ok(None);
    };
    let id = config
        .pointer("/defaults/subscription")
        .and_then(Value::as_str);
    match id.filter(|id| !id.is_empty()) {
        Some(id) => found(id, format!("azd ({})", file.display())).map(Some),
        None => Ok(None),
    }
}

fn json(file: &Path, remedy: &str) -> Result<Option<Value>, ArmError> {
    let Some(text) = read(file)? else {
        return Ok(None);
    };
    serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map(Some)
        .map_err(|error| {
            ArmError::Setup(format!("{} is no JSON ({error}): {remedy}", file.display()))
        })
}

fn read(file: &Path) -> Result<Option<String>, ArmError> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(ArmError::Setup(format!(
            "{} cannot be read ({error}): name the subscription with --subscription",
            file.display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const ONE: &str = "11111111-1111-1111-1111-11111111111a";
    const TWO: &str = "22222222-2222-2222-2222-222222222222";

    fn home(folder: &Path) -> Environment {
        Environment::of([("HOME", folder)])
    }

    #[test]
    fn the_variable_comes_first() {
        let environment = Environment::of([("AZURE_SUBSCRIPTION_ID", ONE)]);
        let chosen = current(&environment, Path::new("/nowhere"))
            .unwrap()
            .unwrap();
        assert_eq!(chosen.id, ONE);
        assert!(chosen.from.contains("AZURE_SUBSCRIPTION_ID"));
        let wrong = Environment::of([("AZURE_SUBSCRIPTION_ID", "my subscription")]);
        let error = current(&wrong, Path::new("/nowhere"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("my subscription") && error.contains("UUID"),
            "{error}"
        );
    }

    #[test]
    fn the_azure_cli_s_choice_is_honoured() {
        let folder = tempfile::tempdir().unwrap();
        let azure = folder.path().join("elsewhere");
        fs::create_dir(&azure).unwrap();
        let profile = format!(
            "\u{feff}{{\"subscriptions\":[{{\"id\":\"{ONE}\",\"isDefault\":false}},{{\"id\":\"{}\",\
             \"name\":\"Work\",\"state\":\"Enabled\",\"tenantId\":\"t\",\"isDefault\":true,\
             \"environmentName\":\"AzureCloud\"}}]}}",
            TWO.to_uppercase()
        );
        fs::write(azure.join("azureProfile.json"), profile).unwrap();
        let environment = Environment::of([
            ("HOME", folder.path()),
            ("AZURE_CONFIG_DIR", azure.as_path()),
        ]);
        let chosen = current(&environment, folder.path()).unwrap().unwrap();
        assert_eq!(chosen.id, TWO);
        assert_eq!(chosen.name.as_deref(), Some("Work"));
        assert!(chosen.from.contains("Azure CLI") && chosen.from.contains("elsewhere"));
    }

    #[test]
    fn a_broken_profile_is_an_error_and_not_another_subscription() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(".azure")).unwrap();
        fs::write(folder.path().join(".azure/azureProfile.json"), "{\"subscr").unwrap();
        let error = current(&home(folder.path()), folder.path())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("azureProfile.json") && error.contains("az login"),
            "{error}"
        );
    }

    #[test]
    fn azd_project_then_azd_default() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("project/src");
        fs::create_dir_all(&project).unwrap();
        let environment = home(folder.path());
        assert_eq!(current(&environment, &project).unwrap(), None);

        fs::create_dir_all(folder.path().join(".azd")).unwrap();
        let config = format!("{{\"defaults\":{{\"subscription\":\"{ONE}\"}}}}");
        fs::write(folder.path().join(".azd/config.json"), config).unwrap();
        let chosen = current(&environment, &project).unwrap().unwrap();
        assert!(chosen.id == ONE && chosen.from.starts_with("azd ("));

        let azure = folder.path().join("project/.azure");
        fs::create_dir_all(azure.join("dev")).unwrap();
        fs::write(
            azure.join("config.json"),
            "{\"defaultEnvironment\":\"dev\"}",
        )
        .unwrap();
        let lines = format!("A=\"b\"\nAZURE_SUBSCRIPTION_ID=\"{TWO}\"\n");
        fs::write(azure.join("dev/.env"), lines).unwrap();
        let chosen = current(&environment, &project).unwrap().unwrap();
        assert!(chosen.id == TWO && chosen.from.contains("environment dev"));
    }
}
