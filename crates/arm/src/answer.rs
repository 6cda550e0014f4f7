//! One answer of the service: status, the headers that matter, and the body if it is JSON.

use azure_core::http::RawResponse;
use azure_core::http::headers::HeaderName;
use serde_json::Value;

/// An answer, whatever its status. Its Debug output shows no body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: azure_core::http::headers::Headers,
    /// The body where it is JSON.
    pub(crate) json: Option<Value>,
    /// Why a body that is there is no JSON.
    pub(crate) unreadable: Option<String>,
    body: azure_core::Bytes,
}

impl Answer {
    pub(crate) fn read(response: RawResponse) -> Answer {
        let (status, headers, body) = response.deconstruct();
        let body: azure_core::Bytes = body.into();
        let text = body.trim_ascii_start();
        // A byte order mark is what some gateways begin with.
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let (json, unreadable) = if text.trim_ascii().is_empty() {
            (None, None)
        } else {
            match serde_json::from_slice(text) {
                Ok(json) => (Some(json), None),
                Err(error) => (None, Some(error.to_string())),
            }
        };
        Answer {
            status: u16::from(status),
            headers,
            json,
            unreadable,
            body,
        }
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header's value without surrounding space, if it has one.
    pub(crate) fn header(&self, name: &'static str) -> Option<&str> {
        self.headers
            .get_optional_str(&HeaderName::from_static(name))
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }

    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether it is Azure's own and not the page of some proxy on the way.
    pub(crate) fn is_from_service(&self) -> bool {
        self.unreadable.is_none()
            || self.header("x-ms-request-id").is_some()
            || self.header("x-ms-failure-cause").is_some()
    }

    pub(crate) fn request_id(&self) -> Option<String> {
        [
            "x-ms-request-id",
            "x-ms-correlation-request-id",
            "x-msedge-ref",
        ]
        .into_iter()
        .find_map(|name| self.header(name))
        .map(|id| id.chars().filter(|c| !c.is_control()).take(100).collect())
    }

    /// The beginning of a body that is no error of the service's, for a message: tags of a
    /// gateway's page are left out.
    pub(crate) fn excerpt(&self) -> String {
        let text = String::from_utf8_lossy(&self.body[..self.body.len().min(8192)]);
        let mut plain = String::new();
        let mut within_tag = false;
        for character in text.chars() {
            match character {
                '<' => within_tag = true,
                '>' if within_tag => {
                    within_tag = false;
                    plain.push(' ');
                }
                other if !within_tag => plain.push(other),
                _ => {}
            }
        }
        let words: Vec<&str> = plain.split_whitespace().collect();
        words.join(" ").chars().take(300).collect()
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Answer")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
