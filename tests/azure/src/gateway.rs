//! What Azure Resource Manager itself checks before a service sees a request, in its order:
//! token, path, api-version, subscription, type, body, rights, group, registration, locks,
//! region. Then the handler of the type answers.

use crate::access;
use crate::answer::{Answer, Body, Reply};
use crate::operations;
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
        match operations::poll(world, request) {
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

    /// The group that the path names; 404 where there is none (or not yet).
    pub(crate) fn need_group(&mut self) -> Result<(), Answer> {
        let Some(name) = self.target.group.clone() else {
            return Ok(());
        };
        if let Some(group) = self.world.state.groups.get_mut(&name.to_ascii_lowercase()) {
            if group.hidden == 0 {
                return Ok(());
            }
            group.hidden -= 1;
        }
        Err(no_group(&name))
    }

    /// What every PUT, PATCH and POST to a resource must get past.
    pub(crate) fn need_writable(&mut self) -> Result<(), Answer> {
        self.need_group()?;
        if let Some(name) = self.target.group.clone()
            && self.world.group_is_going(&name)
        {
            return Err(being_deleted(&name));
        }
        self.need_registered()?;
        self.need_unlocked("write", false)
    }

    /// 409 unless the namespace is registered.
    pub(crate) fn need_registered(&self) -> Result<(), Answer> {
        let namespace = self.target.namespace.clone().unwrap_or_default();
        let state = self
            .world
            .state
            .providers
            .get(&namespace.to_ascii_lowercase());
        if state.is_none_or(|word| word == "Registered") {
            return Ok(());
        }
        Err(Answer::gateway(
            409,
            "MissingSubscriptionRegistration",
            format!(
                "The subscription is not registered to use namespace '{}'. See \
                 https://aka.ms/rps-not-found for how to register subscriptions.",
                types::namespace(&namespace).unwrap_or_default()
            ),
        ))
    }

    /// 409 where a lock forbids it.
    pub(crate) fn need_unlocked(&self, word: &str, deleting: bool) -> Result<(), Answer> {
        let scope = self.target.path.as_str();
        let held = self.world.locks(scope, deleting);
        if held.is_empty() {
            return Ok(());
        }
        Err(Answer::gateway(
            409,
            "ScopeLocked",
            format!(
                "The scope '{scope}' cannot perform {word} operation because following scope(s) \
                 are locked: '{}'. Please remove the lock and try again.",
                held.join(",")
            ),
        ))
    }

    /// The region that a PUT names, checked against what is there.
    pub(crate) fn need_location(&self) -> Result<String, Answer> {
        let Some(given) = self.body["location"]
            .as_str()
            .filter(|text| !text.is_empty())
        else {
            return Err(Answer::gateway(
                400,
                "LocationRequired",
                "The location property is required for this definition.",
            ));
        };
        let location = normal(given);
        if !self.world.settings.locations.contains(&location) {
            return Err(Answer::gateway(
                400,
                "LocationNotAvailableForResourceType",
                format!(
                    "The provided location '{given}' is not available for resource type '{}'. \
                     List of available regions for the resource type is '{}'.",
                    self.kind.name,
                    self.world.settings.locations.join(",")
                ),
            ));
        }
        let there = self.world.state.resource(&self.target.path);
        if let Some(now) = there.and_then(|one| one.body["location"].as_str())
            && normal(now) != location
        {
            return Err(Answer::gateway(
                409,
                "InvalidResourceLocation",
                format!(
                    "The resource '{}' already exists in location '{now}' in resource group \
                     '{}'. A resource with the same name cannot be created in location \
                     '{location}'. Please select a new resource name.",
                    self.target.name(),
                    self.target.group.clone().unwrap_or_default()
                ),
            ));
        }
        Ok(location)
    }

    /// The id that a new resource gets, its group spelled as it was created.
    pub(crate) fn fresh_id(&self) -> String {
        let mut id = self.target.path.clone();
        if let Some(name) = &self.target.group
            && let Some(group) = self.world.state.group(name)
        {
            id = format!("{}{}", group.id, &id[group.id.len().min(id.len())..]);
        }
        // Types and namespace in Azure's own spelling, names as they came.
        let Some((scope, _)) = id.rsplit_once("/providers/") else {
            return id;
        };
        let mut words = self.kind.name.split('/');
        let mut fresh = format!("{scope}/providers/{}", words.next().unwrap_or_default());
        for (word, name) in words.zip(&self.target.names) {
            fresh.push_str(&format!("/{word}/{name}"));
        }
        fresh
    }
}

/// 404 `ResourceGroupNotFound`.
pub(crate) fn no_group(name: &str) -> Answer {
    Answer::gateway(
        404,
        "ResourceGroupNotFound",
        format!("Resource group '{name}' could not be found."),
    )
}

/// 409 `ResourceGroupBeingDeleted`.
pub(crate) fn being_deleted(name: &str) -> Answer {
    Answer::gateway(
        409,
        "ResourceGroupBeingDeleted",
        format!(
            "The resource group '{name}' is in deprovisioning state and cannot perform this \
             operation."
        ),
    )
}

/// `UK South` and `uksouth` are one region.
pub(crate) fn normal(location: &str) -> String {
    location.to_ascii_lowercase().replace(' ', "")
}
