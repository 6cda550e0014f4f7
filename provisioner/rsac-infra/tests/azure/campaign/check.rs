//! What must hold in the end: exactly what is declared or nothing, others' things as they
//! were, the user's kubeconfig right, and no secret in any word that was shown.

use crate::case::{KUBECONFIG, Road};
use crate::cloud::{Cloud, Said};
use rsac_azure_simulator::Settings;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// All that is in the subscription, by id, without what differs from run to run.
#[derive(Debug, PartialEq)]
pub(crate) struct World(BTreeMap<String, Value>);

/// Fields that Azure makes anew each time.
const RANDOM: [&str; 13] = [
    "azurePortalFQDN",
    "clientId",
    "correlationId",
    "duration",
    "eTag",
    "etag",
    "fqdn",
    "objectId",
    "principalId",
    "resourceUID",
    "rsac-run",
    "systemData",
    "timestamp",
];

impl World {
    pub(crate) fn of(cloud: &Cloud) -> Self {
        let azure = &cloud.azure;
        let groups = azure.groups().into_iter();
        let resources = azure.resources().into_iter();
        let mut all: Vec<(String, Value)> = groups
            .filter_map(|name| azure.group(&name).map(|body| (name, body)))
            .chain(resources.filter_map(|id| azure.resource(&id).map(|body| (id, body))))
            .collect();
        let stack = all
            .iter()
            .find_map(|(_, body)| body["tags"]["rsac-stack"].as_str().map(str::to_owned));
        for (id, body) in &mut all {
            clean(body);
            if let Some(stack) = &stack {
                *id = id.replace(stack, "STACK");
                let text = body.to_string().replace(stack, "STACK");
                *body = serde_json::from_str(&text).unwrap();
            }
        }
        Self(all.into_iter().collect())
    }

    /// What is otherwise than in another.
    pub(crate) fn differences(&self, expected: &Self) -> String {
        let mut lines = Vec::new();
        for (id, body) in &self.0 {
            match expected.0.get(id) {
                None => lines.push(format!("too much: {id}")),
                Some(other) if other != body => {
                    lines.push(format!("{id} is\n  {body}\nnot\n  {other}"));
                }
                Some(_) => {}
            }
        }
        let missing = expected.0.keys().filter(|id| !self.0.contains_key(*id));
        lines.extend(missing.map(|id| format!("missing: {id}")));
        lines.join("\n")
    }
}

fn clean(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !RANDOM.contains(&name.as_str()));
            fields.values_mut().for_each(clean);
        }
        Value::Array(items) => items.iter_mut().for_each(clean),
        _ => {}
    }
}

/// What the user's machine and the subscription must be like at the end of a road.
pub(crate) fn must_be_right(cloud: &Cloud, road: Road) {
    let clusters = cloud.azure.clusters();
    let kubeconfig = kubeconfig(cloud);
    if road.ends_empty() {
        assert!(!cloud.azure.busy(), "an operation goes on");
        assert_eq!(clusters, Vec::<String>::new());
        assert!(!cloud.path("state").exists(), "state is left");
        assert_eq!(
            kubeconfig,
            yaml(KUBECONFIG),
            "the kubeconfig is not as before"
        );
    } else {
        assert_eq!(clusters.len(), 1, "{clusters:?}");
        let cluster = cloud.azure.resource(&clusters[0]).unwrap();
        assert_eq!(cluster["properties"]["provisioningState"], "Succeeded");
        // A deployment may see a little later than we do that its cluster stands.
        cloud.azure.settle();
        must_be_merged_once(&kubeconfig);
        must_be_complete(cloud);
    }
    // Neither locks nor halves of files.
    let names = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("kubeconfig");
    let files = std::fs::read_dir(cloud.path("")).unwrap();
    let files: Vec<_> = files.map(|entry| entry.unwrap().file_name()).collect();
    let files: Vec<_> = files.iter().filter(|name| names(name)).collect();
    assert_eq!(files, ["kubeconfig"]);
}

fn kubeconfig(cloud: &Cloud) -> Value {
    yaml(&std::fs::read_to_string(cloud.path("kubeconfig")).unwrap())
}

/// With lists in the order of their names, and empty fields left out.
fn yaml(text: &str) -> Value {
    let mut value: Value = serde_saphyr::from_str(text).unwrap();
    let fields = value.as_object_mut().unwrap();
    for list in fields.values_mut().filter_map(Value::as_array_mut) {
        list.sort_by_key(|entry| entry["name"].to_string());
    }
    fields.retain(|name, value| name != "preferences" && !value.is_null());
    value
}

fn must_be_merged_once(kubeconfig: &Value) {
    let mine = yaml(KUBECONFIG);
    assert_eq!(kubeconfig["current-context"], "rsac");
    for list in ["contexts", "clusters", "users"] {
        let all = kubeconfig[list].as_array().unwrap();
        assert_eq!(all.len(), 2, "{list}: {all:?}");
        assert!(all.contains(&mine[list][0]), "{list}: {all:?}");
    }
}

/// The stack knows that it is complete: `up` again would do nothing.
fn must_be_complete(cloud: &Cloud) {
    let folder = cloud.path("state/stacks/azure");
    let journal = std::fs::read_to_string(folder.join("journal.jsonl")).unwrap();
    let what = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        line["record"]["entry"]["what"].as_str().map(str::to_owned)
    };
    let last = journal.lines().filter_map(what).next_back();
    assert_eq!(last.as_deref(), Some("up-done"), "{journal}");
    let operation = folder.join("azure-operation.json");
    assert!(!operation.exists(), "an operation is remembered");
    for file in ["kubeconfig", "kubeconfig-merged.json", "azure-node-group"] {
        assert!(folder.join(file).exists(), "{file} is missing");
    }
    let record = std::fs::read_to_string(folder.join("kubeconfig-merged.json")).unwrap();
    let record: Value = serde_json::from_str(&record).unwrap();
    let former = json!({"name": "mine", "isHere": true});
    assert_eq!(record["formerContext"], former, "{record}");
}

/// What was shown: words where it failed, and never a secret.
pub(crate) fn must_be_decent(run: &Said) {
    let shown = format!("{}{}", run.out, run.err);
    assert!(!shown.contains("panicked"), "it panicked: {}", run.err);
    if run.code != 0 {
        let words = |line: &&str| line.starts_with("error: ") && line.len() > 20;
        assert!(
            run.err.lines().any(|line| words(&line)),
            "no words: {run:?}"
        );
    }
    let settings = Settings::default();
    let secret = settings.callers[0].secret.0.as_str();
    assert!(!shown.contains(secret), "the client's secret is shown");
    let is_token = |word: &str| word.len() > 60 && word.matches('.').count() == 2;
    for word in shown.split(|c: char| c.is_whitespace() || "\"'()<>,".contains(c)) {
        let is_shown = word.find("eyJ").is_some_and(|at| is_token(&word[at..]));
        assert!(!is_shown, "a token is shown");
        let query = word.split_once('?').map_or("", |(_, query)| query);
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let is_signed = ["t", "s", "c", "h"].contains(&name) && value.len() > 8;
            assert!(!is_signed, "a signed URL is shown: {word}");
        }
    }
}

/// One token a run, and one more for each time that Azure said that it has expired.
pub(crate) fn tokens_must_be_few(cloud: &Cloud) {
    let requests = cloud.azure.requests();
    let tokens = |seen: &&rsac_azure_simulator::Seen| seen.path.ends_with("/oauth2/v2.0/token");
    let asked = requests.iter().filter(tokens).count();
    let expired = requests
        .iter()
        .filter(|s| s.is_arm() && s.status == Some(401));
    let allowed = 1 + expired.count();
    assert!(asked <= allowed, "{asked} tokens, not {allowed}");
}
