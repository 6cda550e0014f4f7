//! Between two generations of azure_core: the generated client makes its request, and this
//! transport hands it to our pipeline with the api-version that is really served. The
//! credential it is given is no token: the pipeline signs, so that none gets into the older
//! crate, which would log it.

use super::declared::{Beyond, graft};
use super::{ClusterId, call};
use crate::answer::Answer;
use crate::call::{Call, Method};
use crate::client::Arm;
use crate::error::ArmError;
use crate::fault::{ArmFault, Class};
use crate::send::Outgoing;
use azure_core_generated as old;
use azure_mgmt_containerservice::managed_clusters;
use serde_json::Value;
use std::sync::{Arc, Mutex};

type Caught = Result<(Call, Answer), ArmError>;

/// Lets the generated client make one request, and answers what the pipeline got for it.
pub(super) async fn drive<F, R>(
    arm: &Arm,
    id: &ClusterId,
    api: &str,
    beyond: &[Beyond],
    request: F,
) -> Caught
where
    F: FnOnce(managed_clusters::Client) -> R,
    R: Future<Output = old::Result<()>>,
{
    let bridge = Arc::new(Bridge {
        arm: arm.clone(),
        id: id.clone(),
        api: api.to_owned(),
        beyond: beyond.to_vec(),
        caught: Mutex::new(None),
    });
    let cloud = &arm.options().cloud;
    let client = azure_mgmt_containerservice::Client::builder(Arc::new(Unsigned))
        .endpoint(cloud.arm.as_str().trim_end_matches('/'))
        .scopes(&[&cloud.scope])
        .retry(old::RetryOptions::none())
        .transport(old::TransportOptions::new(bridge.clone()))
        .build();
    let made = request(client.managed_clusters_client()).await;
    let caught = bridge.caught.lock().ok().and_then(|mut slot| slot.take());
    match (caught, made) {
        (Some(caught), _) => caught,
        (None, Err(error)) => Err(ArmError::Setup(format!(
            "cluster {}: the request could not be made: {error}",
            id.name
        ))),
        (None, Ok(())) => {
            let text = "the request was not sent";
            Err(ArmFault::own(Class::Unreachable, &id.path(), text).into())
        }
    }
}

struct Bridge {
    arm: Arm,
    id: ClusterId,
    api: String,
    beyond: Vec<Beyond>,
    caught: Mutex<Option<Caught>>,
}

impl std::fmt::Debug for Bridge {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Bridge").finish_non_exhaustive()
    }
}

impl Bridge {
    async fn send(&self, request: &old::Request) -> Caught {
        let what = format!("{} {}", request.method(), request.url().path());
        let method = match request.method() {
            old::Method::Get => Method::Get,
            old::Method::Put => Method::Put,
            old::Method::Post => Method::Post,
            old::Method::Delete => Method::Delete,
            other => {
                return Err(ArmError::Setup(format!(
                    "{what}: method {other} is not used"
                )));
            }
        };
        let mut call = call(&self.id, &self.api, method, request.url().path());
        for (name, value) in request.url().query_pairs() {
            if name != "api-version" {
                call = call.with_query(name, value);
            }
        }
        // Its group may have been made a moment ago.
        call.settling = method == Method::Put;
        if let old::Body::Bytes(bytes) = request.body()
            && !bytes.is_empty()
        {
            let mut body: Value = serde_json::from_slice(bytes)
                .map_err(|error| ArmError::Setup(format!("{what}: body: {error}")))?;
            graft(&mut body, &self.beyond);
            call = call.with_body(body);
        }
        let answer = self
            .arm
            .send(&Outgoing::from_call(&call, &self.arm)?)
            .await?;
        Ok((call, answer))
    }
}

#[async_trait::async_trait]
impl old::HttpClient for Bridge {
    async fn execute_request(&self, request: &old::Request) -> old::Result<old::Response> {
        let caught = self.send(request).await;
        if let Ok(mut slot) = self.caught.lock() {
            *slot = Some(caught);
        }
        // The answer is taken from the slot, whole; here it only ends the generated call.
        Ok(old::Response::new(
            old::StatusCode::Ok,
            old::headers::Headers::new(),
            Box::pin(old::BytesStream::new_empty()),
        ))
    }
}

struct Unsigned;

#[async_trait::async_trait]
impl old::auth::TokenCredential for Unsigned {
    async fn get_token(&self, _resource: &str) -> old::Result<old::auth::TokenResponse> {
        Ok(old::auth::TokenResponse::new(
            old::auth::AccessToken::new("signed-by-the-pipeline"),
            azure_core::time::OffsetDateTime::now_utc(),
        ))
    }
}
