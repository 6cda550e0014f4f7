//! An answer of the simulator, and Azure's ways to say no: the gateway's error body, a
//! service's, and the flat one of AKS. Every handler and every scripted fault builds these.

use serde_json::{Value, json};

/// What a handler gives back: `Err` is a refusal, so that `?` ends a request.
pub(crate) type Reply = Result<Answer, Answer>;

/// One HTTP answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers in order; names as Azure writes them do not matter.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// None at all.
    Empty,
    /// JSON with a charset, as the gateway and most services send it.
    Json(Value),
    /// JSON without a charset, indented, as AKS sends it.
    Indented(Value),
    /// Anything else: content type and text.
    Text(String, String),
}

impl Answer {
    /// An answer without a body.
    pub fn empty(status: u16) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: Body::Empty,
        }
    }

    /// An answer with JSON.
    pub fn json(status: u16, body: Value) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: Body::Json(body),
        }
    }

    /// An answer as AKS writes it.
    pub fn indented(status: u16, body: Value) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: Body::Indented(body),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Answer {
        self.headers.push((name.into(), value.to_string()));
        self
    }

    /// A refusal by the gateway, before any service saw the request.
    pub fn gateway(status: u16, code: &str, message: impl Into<String>) -> Answer {
        Answer::service(status, code, message).with("x-ms-failure-cause", "gateway")
    }

    /// A refusal by a service other than AKS.
    pub fn service(status: u16, code: &str, message: impl Into<String>) -> Answer {
        Answer::json(
            status,
            json!({"error": {"code": code, "message": message.into()}}),
        )
    }

    /// A refusal by AKS, which writes its errors without the outer `error`.
    pub fn aks(status: u16, code: &str, subcode: &str, message: impl Into<String>) -> Answer {
        Answer::indented(
            status,
            json!({
                "code": code, "details": null, "message": message.into(), "subcode": subcode
            }),
        )
    }

    /// The error's code, wherever this shape keeps it; `None` where there is none.
    pub fn code(&self) -> Option<&str> {
        let (Body::Json(body) | Body::Indented(body)) = &self.body else {
            return None;
        };
        body["error"]["code"].as_str().or(body["code"].as_str())
    }

    /// `Content-Type` and bytes.
    pub(crate) fn encoded(&self) -> (Option<String>, Vec<u8>) {
        match &self.body {
            Body::Empty => (None, Vec::new()),
            Body::Json(value) => (
                Some("application/json; charset=utf-8".into()),
                value.to_string().into_bytes(),
            ),
            Body::Indented(value) => (
                Some("application/json".into()),
                serde_json::to_vec_pretty(value).unwrap_or_default(),
            ),
            Body::Text(kind, text) => (Some(kind.clone()), text.clone().into_bytes()),
        }
    }
}
