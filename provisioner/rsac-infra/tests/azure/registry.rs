//! A registry (distribution-spec, pushing only) that wants a name and password, and gives a
//! token of its own for one of Azure's, as container registries of Azure do.

use crate::served::Served;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use base64ct::{Base64, Encoding};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What is given for a token of Azure's.
pub(crate) const EXCHANGED: &str = "exchanged/t0ken+";

#[derive(Default)]
struct Shelf {
    /// Names with their passwords; none: anybody.
    logins: Vec<(String, String)>,
    uploads: BTreeMap<String, Vec<u8>>,
    /// Sizes by digest.
    blobs: BTreeMap<String, usize>,
    /// Digests by `REPOSITORY:TAG`.
    manifests: BTreeMap<String, String>,
    /// Who pushed a manifest.
    pushed_by: Vec<String>,
    exchanges: usize,
}

pub(crate) struct Registry {
    served: Served,
    shelf: Arc<Mutex<Shelf>>,
}

impl Registry {
    pub(crate) fn start() -> Self {
        let shelf = Arc::<Mutex<Shelf>>::default();
        let own = shelf.clone();
        let served = Served::start(|_| {
            Router::new()
                .fallback(answer)
                .layer(DefaultBodyLimit::disable())
                .with_state(own)
        });
        Self { served, shelf }
    }

    pub(crate) fn host(&self) -> &str {
        &self.served.host
    }

    /// From now on these may push, and whoever has a token in exchange.
    pub(crate) fn admit(&self, user: &str, password: &str) {
        let mut shelf = self.shelf.lock().unwrap();
        shelf.logins.push((user.to_owned(), password.to_owned()));
    }

    /// Repositories with an image that is there whole.
    pub(crate) fn repositories(&self) -> Vec<String> {
        let shelf = self.shelf.lock().unwrap();
        let tagged = shelf.manifests.keys();
        let mut names: Vec<String> = tagged
            .map(|name| name.split_once(':').unwrap().0.to_owned())
            .collect();
        names.dedup();
        names
    }

    /// Who pushed, a name for each image.
    pub(crate) fn pushed_by(&self) -> Vec<String> {
        self.shelf.lock().unwrap().pushed_by.clone()
    }

    pub(crate) fn exchanges(&self) -> usize {
        self.shelf.lock().unwrap().exchanges
    }
}

type Shared = State<Arc<Mutex<Shelf>>>;

async fn answer(
    State(shelf): Shared,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut shelf = shelf.lock().unwrap();
    if uri.path() == "/oauth2/exchange" {
        return exchange(&mut shelf, &body);
    }
    let Some(user) = caller(&shelf, &headers) else {
        let ask = [("WWW-Authenticate", "Basic realm=\"registry\"")];
        return (StatusCode::UNAUTHORIZED, ask).into_response();
    };
    let path = uri.path().trim_start_matches("/v2/").to_owned();
    let digest_of = |bytes: &[u8]| {
        let hex: String = Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("sha256:{hex}")
    };
    if let Some((repository, tag)) = path.split_once("/manifests/") {
        let name = format!("{repository}:{tag}");
        if method == Method::PUT {
            let manifest: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let parts = manifest["layers"].as_array().unwrap().iter();
            for part in parts.chain([&manifest["config"]]) {
                let size = shelf.blobs.get(part["digest"].as_str().unwrap());
                assert_eq!(size.map(|size| *size as u64), part["size"].as_u64());
            }
            let digest = digest_of(&body);
            shelf.manifests.insert(name, digest.clone());
            shelf.pushed_by.push(user);
            let place = format!("/v2/{repository}/manifests/{digest}");
            return (StatusCode::CREATED, [("Location", place)]).into_response();
        }
        return match shelf.manifests.get(&name) {
            Some(digest) => [("Docker-Content-Digest", digest.clone())].into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        };
    }
    let Some((repository, upload)) = path.split_once("/blobs/uploads/") else {
        let is_root = path.is_empty() || path == "/v2";
        let status = if is_root {
            StatusCode::OK
        } else {
            StatusCode::NOT_FOUND
        };
        return status.into_response();
    };
    let id = match upload {
        "" => format!("u{}", shelf.uploads.len()),
        id => id.to_owned(),
    };
    let received = shelf.uploads.entry(id.clone()).or_default();
    received.extend_from_slice(&body);
    let place = format!("/v2/{repository}/blobs/uploads/{id}");
    if method == Method::PUT {
        let query = uri.query().unwrap_or_default().replace("%3A", ":");
        let digest = digest_of(received);
        assert!(query.contains(&digest), "{query}");
        let size = received.len();
        shelf.blobs.insert(digest.clone(), size);
        let place = format!("/v2/{repository}/blobs/{digest}");
        return (StatusCode::CREATED, [("Location", place)]).into_response();
    }
    let range = format!("0-{}", received.len().saturating_sub(1));
    (
        StatusCode::ACCEPTED,
        [("Location", place), ("Range", range)],
    )
        .into_response()
}

/// Who asks, if he may.
fn caller(shelf: &Shelf, headers: &HeaderMap) -> Option<String> {
    if shelf.logins.is_empty() {
        return Some("anybody".to_owned());
    }
    let given = headers.get("authorization")?.to_str().ok()?;
    let given = Base64::decode_vec(given.strip_prefix("Basic ")?).ok()?;
    let given = String::from_utf8(given).ok()?;
    let (user, password) = given.split_once(':')?;
    let zeros = "00000000-0000-0000-0000-000000000000";
    let has_token = shelf.exchanges > 0 && (user, password) == (zeros, EXCHANGED);
    let is_known = shelf
        .logins
        .iter()
        .any(|(u, p)| (u.as_str(), p.as_str()) == (user, password));
    (has_token || is_known).then(|| user.to_owned())
}

/// A token of Azure's for one of the registry's.
fn exchange(shelf: &mut Shelf, body: &[u8]) -> Response {
    let form = String::from_utf8_lossy(body);
    let field = |name: &str| form.split('&').find_map(|pair| pair.strip_prefix(name));
    let is_whole = field("grant_type=") == Some("access_token")
        && field("service=").is_some_and(|service| service.starts_with("127.0.0.1%3A"))
        && field("access_token=").is_some_and(|token| token.len() > 8);
    if !is_whole {
        let errors = json!({"errors": [{"code": "UNAUTHORIZED", "message": "no token"}]});
        return (StatusCode::UNAUTHORIZED, Json(errors)).into_response();
    }
    shelf.exchanges += 1;
    Json(json!({"refresh_token": EXCHANGED})).into_response()
}
