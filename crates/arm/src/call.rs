//! A request to Azure Resource Manager before it is sent.

use crate::error::ArmError;
use azure_core::http::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The methods that Azure Resource Manager knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Head,
    Put,
    Patch,
    Post,
    Delete,
}

impl Method {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        }
    }
}

impl From<Method> for azure_core::http::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => azure_core::http::Method::Get,
            Method::Head => azure_core::http::Method::Head,
            Method::Put => azure_core::http::Method::Put,
            Method::Patch => azure_core::http::Method::Patch,
            Method::Post => azure_core::http::Method::Post,
            Method::Delete => azure_core::http::Method::Delete,
        }
    }
}

/// A request: made with [`Call::put`] and its like, refined with the `with_` methods.
#[derive(Clone)]
pub struct Call {
    /// What is asked.
    pub method: Method,
    /// The resource's id or another path, from the first `/`, without a query.
    pub path: String,
    /// The `api-version`.
    pub api: String,
    /// Query parameters besides `api-version`, not yet encoded.
    pub query: Vec<(String, String)>,
    /// The JSON body.
    pub body: Option<Value>,
    /// `If-Match`: an ETag, or `*`.
    pub if_match: Option<String>,
    /// `If-None-Match`: `*` refuses to overwrite.
    pub if_none_match: Option<String>,
    /// The parent was created a moment ago: a 404 is taken for eventual consistency, and
    /// tried again a bounded number of times.
    pub settling: bool,
    /// An action that does no more when it is sent twice: it is sent again where no answer
    /// came, as are the other methods.
    pub repeats: bool,
}

impl Call {
    /// Any method, without a body.
    pub fn new(method: Method, path: impl Into<String>, api: impl Into<String>) -> Call {
        Call {
            method,
            path: path.into(),
            api: api.into(),
            query: Vec::new(),
            body: None,
            if_match: None,
            if_none_match: None,
            settling: false,
            repeats: false,
        }
    }

    /// Creates or replaces a resource.
    pub fn put(path: impl Into<String>, api: impl Into<String>, body: Value) -> Call {
        Call::new(Method::Put, path, api).with_body(body)
    }

    /// Changes some fields of a resource.
    pub fn patch(path: impl Into<String>, api: impl Into<String>, body: Value) -> Call {
        Call::new(Method::Patch, path, api).with_body(body)
    }

    /// An action on a resource; the body may be none.
    pub fn post(path: impl Into<String>, api: impl Into<String>, body: Option<Value>) -> Call {
        Call {
            body,
            ..Call::new(Method::Post, path, api)
        }
    }

    /// Deletes a resource. One that is not there counts as deleted.
    pub fn delete(path: impl Into<String>, api: impl Into<String>) -> Call {
        Call::new(Method::Delete, path, api)
    }

    /// With this JSON body.
    #[must_use]
    pub fn with_body(self, body: Value) -> Call {
        Call {
            body: Some(body),
            ..self
        }
    }

    /// With one more query parameter.
    #[must_use]
    pub fn with_query(mut self, name: impl Into<String>, value: impl Into<String>) -> Call {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Only if the resource still has this ETag.
    #[must_use]
    pub fn with_if_match(self, etag: impl Into<String>) -> Call {
        Call {
            if_match: Some(etag.into()),
            ..self
        }
    }

    /// Only if the resource is not there yet.
    #[must_use]
    pub fn only_new(self) -> Call {
        Call {
            if_none_match: Some("*".to_owned()),
            ..self
        }
    }

    /// The parent was created a moment ago: see [`Call::settling`].
    #[must_use]
    pub fn settling(self) -> Call {
        Call {
            settling: true,
            ..self
        }
    }

    /// Twice does no more than once: see [`Call::repeats`].
    #[must_use]
    pub fn repeating(self) -> Call {
        Call {
            repeats: true,
            ..self
        }
    }

    /// Method and path, for errors and logs.
    pub(crate) fn what(&self) -> String {
        format!("{} {}", self.method.as_str(), self.path)
    }

    /// Whether sending it twice does no more than sending it once. Of the POSTs only those
    /// are that ask, and those of which the caller says so.
    pub(crate) fn repeatable(&self) -> bool {
        self.method != Method::Post || self.repeats || self.asks()
    }

    fn asks(&self) -> bool {
        let action = self.path.rsplit('/').next().unwrap_or_default();
        let action = action.to_ascii_lowercase();
        [
            "list",
            "check",
            "whatif",
            "validate",
            "calculatetemplatehash",
            "exporttemplate",
        ]
        .iter()
        .any(|reading| action.starts_with(reading))
    }

    /// The full URL on an ARM endpoint.
    pub(crate) fn url(&self, endpoint: &Url) -> Result<Url, ArmError> {
        let wrong = |why: &str| ArmError::Setup(format!("request path {:?} {why}", self.path));
        if !self.path.starts_with('/') {
            return Err(wrong("does not begin with /"));
        }
        if self.path.contains(['?', '#']) {
            return Err(wrong("has a query or fragment: give it apart"));
        }
        let climbs = |segment: &str| {
            let plain = segment.to_ascii_lowercase().replace("%2e", ".");
            plain == "." || plain == ".."
        };
        if self.path.split(['/', '\\']).any(climbs) {
            return Err(wrong("has a segment . or .."));
        }
        let mut url = endpoint.clone();
        url.set_path(&format!(
            "{}{}",
            endpoint.path().trim_end_matches('/'),
            self.path
        ));
        if !self.api.is_empty() {
            url.query_pairs_mut().append_pair("api-version", &self.api);
        }
        for (name, value) in &self.query {
            url.query_pairs_mut().append_pair(name, value);
        }
        Ok(url)
    }
}

/// A body may hold a password: it is not shown.
impl std::fmt::Debug for Call {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Call")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("api", &self.api)
            .field("body", &self.body.as_ref().map(|_| "not shown"))
            .field("if_match", &self.if_match)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn endpoint() -> Url {
        Url::parse("https://management.azure.com").unwrap()
    }

    #[test]
    fn a_url_has_the_version_and_the_query() {
        let call = Call::new(Method::Get, "/subscriptions/s/resources", "2021-04-01")
            .with_query("$filter", "tagName eq 'a b'");
        let url = call.url(&endpoint()).unwrap();
        assert_eq!(
            url.as_str(),
            "https://management.azure.com/subscriptions/s/resources?api-version=2021-04-01&%24filter=tagName+eq+%27a+b%27"
        );
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for path in [
            "x",
            "/a/../b",
            "/a/%2E%2e/b",
            "/a?b=c",
            "/a#b",
            "/a/.",
            "/a\\..\\b",
        ] {
            let error = Call::new(Method::Get, path, "1").url(&endpoint());
            assert!(error.is_err(), "{path}");
        }
        let odd = Call::new(Method::Get, "//other.example/x", "1");
        assert_eq!(
            odd.url(&endpoint()).unwrap().host_str(),
            endpoint().host_str()
        );
    }

    #[test]
    fn only_posts_that_ask_are_repeatable() {
        let post = |action: &str| Call::post(format!("/x/{action}"), "1", None).repeatable();
        assert!(post("listClusterUserCredential"));
        assert!(post("whatIf"));
        assert!(post("checkNameAvailability"));
        assert!(!post("abort"));
        assert!(!post("generateCredentials"));
        assert!(
            Call::post("/x/register", "1", None)
                .repeating()
                .repeatable()
        );
        assert!(Call::delete("/x", "1").repeatable());
    }

    #[test]
    fn a_body_is_not_shown() {
        let call = Call::put("/x", "1", json!({"password": "hunter2"}));
        assert!(!format!("{call:?}").contains("hunter2"));
    }
}
