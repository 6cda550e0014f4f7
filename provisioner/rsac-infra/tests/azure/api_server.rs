//! As much of a Kubernetes API server as installing rsac and applying a job asks for: objects
//! by their path, of which definitions are served and Deployments run at once. No pod ever
//! exists; the test `kubernetes` has a real cluster.

use crate::served::Served;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What lets a user in.
pub(crate) const TOKEN: &str = "t0ken-of-the-clusters-user";

type Objects = Arc<Mutex<BTreeMap<String, Value>>>;

/// What it has, and the token that it takes.
#[derive(Clone)]
struct Within {
    objects: Objects,
    token: Arc<Mutex<String>>,
}

pub(crate) struct ApiServer {
    served: Served,
    within: Within,
}

impl ApiServer {
    pub(crate) fn start() -> Self {
        let within = Within {
            objects: Objects::default(),
            token: Arc::new(Mutex::new(TOKEN.to_owned())),
        };
        let own = within.clone();
        let served = Served::start(|_| Router::new().fallback(answer).with_state(own));
        Self { served, within }
    }

    /// From now on another token lets in, and the one before no more.
    pub(crate) fn takes(&self, token: &str) {
        token.clone_into(&mut self.within.token.lock().unwrap());
    }

    /// What leads there.
    pub(crate) fn kubeconfig(&self) -> String {
        self.kubeconfig_with(TOKEN)
    }

    /// The same with another token.
    pub(crate) fn kubeconfig_with(&self, token: &str) -> String {
        let whole = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{}", self.served.host)}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        });
        whole.to_string()
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn host(&self) -> &str {
        &self.served.host
    }

    /// The object at the end of a path, such as `secrets/NAME`.
    pub(crate) fn object(&self, end: &str) -> Option<Value> {
        let objects = self.within.objects.lock().unwrap();
        let mut ending = objects.iter().filter(|(path, _)| path.ends_with(end));
        ending.next().map(|(_, object)| object.clone())
    }

    /// The operator's image, and the Secret that it is pulled with.
    pub(crate) fn operator(&self) -> Option<(String, Option<String>)> {
        let deployment = self.object("deployments/rsac-operator")?;
        let pod = &deployment["spec"]["template"]["spec"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let image = text(&pod["containers"][0]["image"])?;
        Some((image, text(&pod["imagePullSecrets"][0]["name"])))
    }
}

async fn answer(
    State(within): State<Within>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let bearer = format!("Bearer {}", within.token.lock().unwrap());
    let given = headers.get("authorization");
    if given.is_none_or(|given| given != bearer.as_str()) {
        return status(401, "Unauthorized", "Unauthorized");
    }
    let mut objects = within.objects.lock().unwrap();
    let path = uri.path().to_owned();
    let query = uri.query().unwrap_or_default();
    if path == "/version" {
        return Json(json!({
            "major": "1", "minor": "34", "gitVersion": "v1.34.0", "gitCommit": "", "platform": "",
            "gitTreeState": "", "buildDate": "", "goVersion": "", "compiler": "",
        }))
        .into_response();
    }
    let is_served = objects
        .keys()
        .any(|path| path.contains("customresourcedefinitions/"));
    if path.starts_with("/apis/suu-kopf.dev") && !is_served {
        return status(
            404,
            "NotFound",
            "the server could not find the requested resource",
        );
    }
    let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    match method {
        Method::GET if is_list(&path) => list(&objects, &path, query),
        Method::GET => match objects.get(&path) {
            Some(object) => Json(object.clone()).into_response(),
            None => status(404, "NotFound", &format!("{path} not found")),
        },
        Method::POST => {
            let name = sent["metadata"]["name"].as_str().unwrap();
            Json(put(&mut objects, &format!("{path}/{name}"), sent.clone())).into_response()
        }
        Method::PATCH => {
            let kind = headers.get("content-type").unwrap().to_str().unwrap();
            if let Some(there) = objects
                .get_mut(&path)
                .filter(|_| kind.contains("apply-patch"))
            {
                // One manager applies all: what it leaves out is gone.
                let fields = there.as_object_mut().unwrap();
                fields.retain(|field, _| field == "metadata" || field == "status");
            }
            Json(put(&mut objects, &path, sent)).into_response()
        }
        Method::DELETE => {
            let within = format!("{path}/");
            objects.retain(|other, _| *other != path && !other.starts_with(&within));
            Json(json!({"kind": "Status", "apiVersion": "v1", "status": "Success"})).into_response()
        }
        _ => status(405, "MethodNotAllowed", "no such method"),
    }
}

fn status(code: u16, reason: &str, message: &str) -> Response {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    });
    (StatusCode::from_u16(code).unwrap(), Json(body)).into_response()
}

/// The segments after group, version and namespace: `plural`, or `plural/name`.
fn rest(path: &str) -> Vec<&str> {
    let all: Vec<&str> = path.trim_matches('/').split('/').collect();
    let from = if all[0] == "api" { 2 } else { 3 };
    match all.get(from..).unwrap_or_default() {
        ["namespaces", _, within @ ..] if !within.is_empty() => within.to_vec(),
        rest => rest.to_vec(),
    }
}

fn is_list(path: &str) -> bool {
    rest(path).len() == 1
}

fn list(objects: &BTreeMap<String, Value>, path: &str, query: &str) -> Response {
    let plural = rest(path)[0].to_owned();
    if plural == "nodes" {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let info = json!({"operatingSystem": "linux", "architecture": architecture});
        let node = json!({"metadata": {"name": "n"}, "status": {"nodeInfo": info}});
        return Json(json!({"metadata": {}, "items": [node]})).into_response();
    }
    let selector = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("labelSelector="));
    let selector = selector
        .unwrap_or_default()
        .replace("%2F", "/")
        .replace("%3D", "=");
    let selected = |object: &Value| {
        let wanted = selector.split(',').filter_map(|pair| pair.split_once('='));
        wanted
            .into_iter()
            .all(|(key, value)| object["metadata"]["labels"][key] == value)
    };
    let group = path
        .trim_end_matches(&plural)
        .split("/namespaces/")
        .next()
        .unwrap();
    let group = group.trim_end_matches('/');
    let namespace = path
        .split_once("/namespaces/")
        .map(|(_, rest)| rest.split('/').next().unwrap());
    let items: Vec<&Value> = objects
        .iter()
        .filter(|(path, object)| {
            let is_in = namespace.is_none_or(|own| object["metadata"]["namespace"] == own);
            path.starts_with(group) && rest(path)[0] == plural && is_in && selected(object)
        })
        .map(|(_, object)| object)
        .collect();
    Json(json!({"metadata": {"resourceVersion": "1"}, "items": items})).into_response()
}

/// What is sent over what is there, as the API server's controllers leave it.
fn put(objects: &mut BTreeMap<String, Value>, path: &str, sent: Value) -> Value {
    let count = objects.len() + 1;
    let mut object = objects.get(path).cloned().unwrap_or_else(|| {
        json!({"metadata": {"uid": format!("uid-{count}"), "generation": 0,
            "creationTimestamp": "2026-01-01T00:00:00Z"}})
    });
    merge(&mut object, sent);
    let generation = object["metadata"]["generation"].as_u64().unwrap() + 1;
    object["metadata"]["generation"] = json!(generation);
    object["metadata"]["resourceVersion"] = json!(generation.to_string());
    let segments: Vec<&str> = path.split("/namespaces/").collect();
    if let Some((namespace, _)) = segments.get(1).and_then(|rest| rest.split_once('/')) {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object["metadata"]["name"] = json!(path.rsplit('/').next().unwrap());
    match rest(path)[0] {
        "customresourcedefinitions" => {
            let good = |kind: &str| {
                json!({"type": kind, "status": "True", "reason": "", "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z"})
            };
            object["status"] = json!({"conditions": [good("NamesAccepted"), good("Established")]});
        }
        "deployments" => {
            let replicas = object["spec"]["replicas"].as_u64().unwrap_or(1);
            object["status"] = json!({"observedGeneration": generation, "replicas": replicas,
                "updatedReplicas": replicas, "availableReplicas": replicas});
        }
        _ => {}
    }
    objects.insert(path.to_owned(), object.clone());
    object
}

fn merge(into: &mut Value, sent: Value) {
    match (into, sent) {
        (Value::Object(into), Value::Object(sent)) => {
            for (key, value) in sent {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, sent) => *into = sent,
    }
}
