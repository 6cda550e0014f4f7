//! What Azure Resource Manager itself checks before a service sees a request, in its order:
//! token, path, api-version, subscription, type, body, rights. Then the handler of the type
//! answers, after what it asks for of `needs`.

use crate::access;
use crate::answer::{Answer, Body, Reply};
use crate::polls;
use crate::request::{Request, Target, same};
use crate::resources::{self, watchers};
use crate::settings::Caller;
use crate::types::{self, Kind};
use crate::world::World;
use serde_json::Value;

/// One request on its way through.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) request: &'a Request,
    pub(crate) target: Target,
    pub(crate) kind: &'static Kind,
    /// The word after a POST's resource.
    pub(crate) action: Option<String>,
    pub(crate) caller: Caller,
    pub(crate) api: String,
    /// Null where there is none.
    pub(crate) body: Value,
}

/// Answers a request to Azure Resource Manager; names the caller, once known.
pub(crate) fn handle(world: &mut World, request: &Request) -> (Answer, Option<String>) {
    watchers::pass_time(world);
    world.age(request);
    let mut who = None;
    let reply = access::authenticate(world, request).and_then(|caller| {
        who = Some(caller.client_id.clone());
        match polls::poll(world, request) {
            Some(reply) => reply,
            None => route(world, request, caller),
        }
    });
    let mut answer = reply.unwrap_or_else(|refusal| refusal);
    if request.method == "HEAD" {
        answer.body = Body::Empty;
    }
    (answer, who)
}

pub(crate) fn route(world: &mut World, request: &Request, caller: Caller) -> Reply {
    let Some(mut target) = Target::parse(&request.path) else {
        return Err(Answer::gateway(
            404,
            "NotFound",
            "The request path is not known.",
        ));
    };
    let api = api_version(request)?;
    if let Some(subscription) = &target.subscription
        && !same(subscription, &world.settings.subscription)
    {
        return Err(Answer::gateway(
            404,
            "SubscriptionNotFound",
            format!("The subscription '{subscription}' could not be found."),
        ));
    }
    let action = (request.method == "POST" && target.ends_in_type())
        .then(|| target.types.pop())
        .flatten();
    if action.is_some() {
        // What an action is for is what counts from here on.
        target.path = target.parent_path().to_owned();
    }
    let kind = kind_of(&target, action.as_deref(), &api)?;
    if !kind.versions.iter().any(|known| *known == api) {
        return Err(unsupported(world, request, &target, kind, &api));
    }
    let body = body(request)?;
    let mut call = Call {
        world,
        request,
        target,
        kind,
        action,
        caller,
        api,
        body,
    };
    call.authorise()?;
    resources::dispatch(&mut call)
}

fn api_version(request: &Request) -> Result<String, Answer> {
    let Some(api) = request.query("api-version").filter(|api| !api.is_empty()) else {
        return Err(Answer::gateway(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    };
    if !types::well_formed(&api) {
        return Err(Answer::gateway(
            400,
            "InvalidApiVersionParameter",
            format!(
                "The api-version '{api}' is invalid. The supported versions are '{}'.",
                list(types::find("Microsoft.Resources/subscriptions").map_or(&[], |k| k.versions))
            ),
        ));
    }
    Ok(api)
}

fn list(words: &[&str]) -> String {
    words.iter().rev().copied().collect::<Vec<_>>().join(",")
}

fn kind_of(target: &Target, action: Option<&str>, api: &str) -> Result<&'static Kind, Answer> {
    let name = match &target.namespace {
        Some(namespace) if types::namespace(namespace).is_none() => {
            return Err(Answer::gateway(
                404,
                "InvalidResourceNamespace",
                format!("The resource namespace '{namespace}' is invalid."),
            ));
        }
        // `/subscriptions/…/providers/NAMESPACE` and its `register`.
        Some(_) if target.types.is_empty() && action != Some("checkNameAvailability") => {
            "Microsoft.Resources/subscriptions/providers".into()
        }
        Some(namespace) if target.types.is_empty() => format!("{namespace}/registries"),
        Some(_) => target.kind(),
        None => match target.rest.first().map(String::as_str) {
            Some(word) if same(word, "locations") => {
                "Microsoft.Resources/subscriptions/locations".into()
            }
            Some(word) if same(word, "providers") => {
                "Microsoft.Resources/subscriptions/providers".into()
            }
            Some(word) if same(word, "resources") => {
                "Microsoft.Resources/subscriptions/resources".into()
            }
            Some(word) if same(word, "deployments") => {
                "Microsoft.Resources/deployments/operations".into()
            }
            Some(word) if same(word, "resourceGroups") => {
                "Microsoft.Resources/subscriptions/resourceGroups".into()
            }
            None if target.group.is_some() => {
                "Microsoft.Resources/subscriptions/resourceGroups".into()
            }
            None => "Microsoft.Resources/subscriptions".into(),
            Some(word) => format!("Microsoft.Resources/subscriptions/{word}"),
        },
    };
    types::find(&name).ok_or_else(|| {
        let (namespace, short) = name.split_once('/').unwrap_or((&name, ""));
        Answer::gateway(
            404,
            "InvalidResourceType",
            format!(
                "The resource type '{short}' could not be found in the namespace '{namespace}' \
                 for api version '{api}'. The supported api-versions are ''."
            ),
        )
    })
}

fn unsupported(
    world: &World,
    request: &Request,
    target: &Target,
    kind: &Kind,
    api: &str,
) -> Answer {
    if kind.name.starts_with("Microsoft.Resources/") {
        return Answer::gateway(
            400,
            "InvalidApiVersionParameter",
            format!(
                "The api-version '{api}' is invalid. The supported versions are '{}'.",
                list(kind.versions)
            ),
        );
    }
    let place = serde_json::from_slice::<Value>(&request.body)
        .ok()
        .and_then(|body| body["location"].as_str().map(str::to_owned))
        .or_else(|| {
            let there = world.state.resource(&target.path)?;
            there.body["location"].as_str().map(str::to_owned)
        });
    Answer::gateway(
        400,
        "NoRegisteredProviderFound",
        format!(
            "No registered resource provider found for location '{}' and API version '{api}' \
             for type '{}'. The supported api-versions are '{}'. The supported locations are \
             '{}'.",
            place.unwrap_or_else(|| "global".into()),
            kind.short(),
            kind.versions.join(", "),
            world.settings.locations.join(", ")
        ),
    )
}

fn body(request: &Request) -> Result<Value, Answer> {
    let wanted = matches!(request.method.as_str(), "PUT" | "PATCH");
    if request.body.is_empty() {
        if wanted {
            return Err(Answer::gateway(
                400,
                "MissingRequestBody",
                format!("The {} request must have a body.", request.method),
            ));
        }
        return Ok(Value::Null);
    }
    let kind = request.header("content-type").unwrap_or_default();
    let plain = kind.split(';').next().unwrap_or_default().trim();
    if !same(plain, "application/json") {
        return Err(Answer::gateway(
            415,
            "UnsupportedMediaType",
            format!(
                "The content media type '{kind}' is not supported. Only 'application/json' is \
                 supported."
            ),
        ));
    }
    let value: Value = serde_json::from_slice(&request.body)
        .map_err(|error| invalid_content(&format!("{error}")))?;
    if wanted && !value.is_object() {
        return Err(invalid_content("a JSON object was expected"));
    }
    Ok(value)
}

/// 400 `InvalidRequestContent`, in the gateway's words.
pub(crate) fn invalid_content(why: &str) -> Answer {
    Answer::gateway(
        400,
        "InvalidRequestContent",
        format!("The request content was invalid and could not be deserialized: '{why}'."),
    )
}

impl Call<'_> {
    /// The right that this request needs: `TYPE/read`, `write`, `delete` or `NAME/action`.
    fn right(&self) -> String {
        let kind = self.kind.name;
        match (self.request.method.as_str(), &self.action) {
            ("GET" | "HEAD", _) => format!("{kind}/read"),
            ("PUT" | "PATCH", _) => format!("{kind}/write"),
            ("DELETE", _) => format!("{kind}/delete"),
            (_, Some(action)) if same(action, "register") => {
                format!(
                    "{}/register/action",
                    self.target.namespace.clone().unwrap_or_default()
                )
            }
            (_, Some(action)) => format!("{kind}/{action}/action"),
            (_, None) => format!("{kind}/action"),
        }
    }

    fn authorise(&self) -> Result<(), Answer> {
        let reads = matches!(self.request.method.as_str(), "GET" | "HEAD");
        // Lists over a whole subscription answer 200 with what the caller may see; a
        // subscription itself shows to whoever has any role in it; and everybody may ask what
        // they may.
        let filtered = self.target.group.is_none()
            && reads
            && (self.target.ends_in_type() || self.target.namespace.is_none());
        if filtered || self.kind.name == "Microsoft.Authorization/permissions" {
            return Ok(());
        }
        access::require(&self.caller, &self.right(), &self.target.path)
    }

    /// Whether the caller may see a resource.
    pub(crate) fn may_read(&self, kind: &str, id: &str) -> bool {
        access::allowed(&self.caller, &format!("{kind}/read"), id)
    }
}
