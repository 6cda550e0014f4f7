//! A plain client of the simulator: no retries, no cleverness.

use reqwest::Method;
use rsac_azure_simulator::{Settings, Simulator};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const GROUPS: &str = "2024-11-01";
pub(crate) const AKS: &str = "2025-10-01";
pub(crate) const NETWORK: &str = "2024-05-01";
pub(crate) const LOCKS: &str = "2020-05-01";
pub(crate) const ACR: &str = "2025-11-01";

/// A simulator and somebody with a token for it.
pub(crate) struct Azure {
    pub(crate) simulator: Simulator,
    http: reqwest::Client,
    pub(crate) token: String,
    pub(crate) root: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The error code, of either shape.
    pub(crate) fn code(&self) -> &str {
        self.json["error"]["code"]
            .as_str()
            .or(self.json["code"].as_str())
            .unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Got {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Got {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.text);
        self
    }
}

pub(crate) fn http(ca_pem: &str) -> reqwest::Client {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

impl Azure {
    pub(crate) async fn start() -> Azure {
        Azure::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Azure {
        let root = format!("/subscriptions/{}", settings.subscription);
        let simulator = Simulator::start(settings).unwrap();
        let http = http(&simulator.ca_pem);
        let mut azure = Azure {
            simulator,
            http,
            token: String::new(),
            root,
        };
        azure.token = azure.sign_in(0).await;
        azure
    }

    /// A token for the nth caller.
    pub(crate) async fn sign_in(&self, nth: usize) -> String {
        let mut caller = None;
        self.simulator
            .change(|settings| caller = settings.callers.get(nth).cloned());
        let caller = caller.unwrap();
        let got = self
            .ask_token(&[
                ("grant_type", "client_credentials"),
                ("client_id", &caller.client_id),
                ("client_secret", &caller.secret.0),
                ("scope", &format!("{}/.default", self.simulator.endpoint)),
            ])
            .await;
        got.json["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn ask_token(&self, form: &[(&str, &str)]) -> Got {
        let tenant = "99999999-8888-4777-8666-555555555555";
        let url = format!("{}{tenant}/oauth2/v2.0/token", self.simulator.authority);
        let body = form
            .iter()
            .map(|(name, value)| {
                format!("{name}={}", value.replace('/', "%2F").replace('~', "%7E"))
            })
            .collect::<Vec<_>>()
            .join("&");
        let request = self
            .http
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, api: &str) -> Got {
        self.send(Method::GET, path, api, None, &[]).await
    }

    pub(crate) async fn head(&self, path: &str, api: &str) -> Got {
        self.send(Method::HEAD, path, api, None, &[]).await
    }

    pub(crate) async fn put(&self, path: &str, api: &str, body: Value) -> Got {
        self.send(Method::PUT, path, api, Some(body), &[]).await
    }

    pub(crate) async fn post(&self, path: &str, api: &str, body: Option<Value>) -> Got {
        self.send(Method::POST, path, api, body, &[]).await
    }

    pub(crate) async fn delete(&self, path: &str, api: &str) -> Got {
        self.send(Method::DELETE, path, api, None, &[]).await
    }

    /// `path` is one below the subscription.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        api: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Got {
        let joint = if path.contains('?') { '&' } else { '?' };
        let url = format!(
            "{}{}{path}{joint}api-version={api}",
            self.simulator.endpoint, self.root
        );
        self.raw(method, &url, body.map(|body| body.to_string()), headers)
            .await
            .unwrap()
    }

    pub(crate) async fn raw(
        &self,
        method: Method,
        url: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Result<Got, reqwest::Error> {
        let mut request = self.http.request(method, url);
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if let Some(body) = body {
            request = request.body(body);
            if !headers.iter().any(|(name, _)| *name == "content-type") {
                request = request.header("content-type", "application/json");
            }
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Ok(read(request.send().await?).await)
    }

    /// Follows an answer's operation to its end; answers the last poll.
    pub(crate) async fn follow(&self, began: &Got) -> Got {
        let at_status = !began.header("azure-asyncoperation").is_empty();
        let name = if at_status {
            "azure-asyncoperation"
        } else {
            "location"
        };
        let url = began.header(name).to_owned();
        assert!(!url.is_empty(), "no operation: {began:?}");
        for _ in 0..100 {
            let got = self.raw(Method::GET, &url, None, &[]).await.unwrap();
            let word = got.json["status"].as_str().unwrap_or_default();
            let over = ["Succeeded", "Failed", "Canceled"].contains(&word);
            if (at_status && over) || (!at_status && got.status != 202) {
                return got;
            }
        }
        panic!("the operation does not end");
    }

    pub(crate) async fn group(&self, name: &str) {
        let path = format!("/resourceGroups/{name}");
        let got = self
            .put(&path, GROUPS, json!({"location": "uksouth"}))
            .await;
        assert!(got.status < 300, "{}", got.text);
    }
}

async fn read(response: reqwest::Response) -> Got {
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                value.to_str().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    let text = response.text().await.unwrap_or_default();
    let json = serde_json::from_str(&text).unwrap_or_default();
    Got {
        status,
        headers,
        text,
        json,
    }
}

/// A small cluster, as the tool would ask for it.
pub(crate) fn cluster() -> Value {
    json!({
        "location": "uksouth",
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "dnsPrefix": "rsac",
            "agentPoolProfiles": [{
                "name": "agentpool", "count": 2, "vmSize": "Standard_B2s", "osType": "Linux",
                "mode": "System", "osDiskSizeGB": 0
            }],
            "linuxProfile": {"adminUsername": "azureuser", "ssh": {"publicKeys": [
                {"keyData": "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ test"}
            ]}}
        }
    })
}

pub(crate) const CLUSTER: &str =
    "/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";

/// The same body with one field changed, by its JSON pointer; null takes it away.
pub(crate) fn with(body: &Value, pointer: &str, value: Value) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        parent => parent[name] = value,
    }
    body
}
