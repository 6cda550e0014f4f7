//! The token authority: Microsoft Entra's endpoints for service principals, with its words
//! for what is wrong. Tokens are opaque to clients and end.

use crate::answer::{Answer, Reply};
use crate::request::{Request, same};
use crate::settings::Caller;
use crate::world::World;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use std::time::SystemTime;

/// A token that was handed out.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) client_id: String,
    pub(crate) expires: SystemTime,
}

/// Answers a request to the authority.
pub(crate) fn handle(world: &mut World, request: &Request) -> Reply {
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let base = world.endpoint.clone();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["common", "discovery", "instance"]) => {
            let host = base.trim_start_matches("https://");
            Ok(Answer::json(
                200,
                json!({
                    "tenant_discovery_endpoint":
                        format!("{base}/{}/v2.0/.well-known/openid-configuration", world.settings.tenant),
                    "api-version": "1.1",
                    "metadata": [{
                        "preferred_network": host, "preferred_cache": host, "aliases": [host]
                    }]
                }),
            ))
        }
        ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
            known_tenant(world, tenant)?;
            Ok(Answer::json(
                200,
                json!({
                    "token_endpoint": format!("{base}/{tenant}/oauth2/v2.0/token"),
                    "token_endpoint_auth_methods_supported":
                        ["client_secret_post", "private_key_jwt", "client_secret_basic"],
                    "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
                    "issuer": format!("{base}/{tenant}/v2.0"),
                    "authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/authorize"),
                    "device_authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/devicecode"),
                    "response_types_supported": ["code", "id_token", "code id_token"],
                    "subject_types_supported": ["pairwise"],
                    "tenant_region_scope": "EU"
                }),
            ))
        }
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => {
            known_tenant(world, tenant)?;
            token(world, request)
        }
        _ => Err(Answer::empty(404)),
    }
}

fn known_tenant(world: &World, tenant: &str) -> Result<(), Answer> {
    if same(tenant, &world.settings.tenant) {
        return Ok(());
    }
    Err(refusal(
        400,
        "invalid_request",
        90002,
        &format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are \
         signing into the correct cloud."
        ),
    ))
}

fn token(world: &mut World, request: &Request) -> Reply {
    let form = |name: &str| {
        url::form_urlencoded::parse(&request.body)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let needed = |name: &str| {
        form(name).ok_or_else(|| {
            refusal(
                400,
                "invalid_request",
                900_144,
                &format!("The request body must contain the following parameter: '{name}'."),
            )
        })
    };
    let grant = needed("grant_type")?;
    if grant != "client_credentials" {
        return Err(refusal(
            400,
            "unsupported_grant_type",
            70003,
            &format!("The app requested an unsupported grant type '{grant}'."),
        ));
    }
    let client_id = needed("client_id")?;
    let scope = needed("scope")?;
    let Some(resource) = scope.strip_suffix("/.default") else {
        return Err(refusal(
            400,
            "invalid_scope",
            1_002_012,
            &format!(
                "The provided value for scope {scope} is not valid. Client credential flows must \
             have a scope value with /.default suffixed to the resource identifier."
            ),
        ));
    };
    let ours = [
        world.endpoint.as_str(),
        "https://management.azure.com",
        "https://management.core.windows.net/",
    ];
    if !ours
        .iter()
        .any(|own| same(own.trim_end_matches('/'), resource.trim_end_matches('/')))
    {
        return Err(refusal(
            400,
            "invalid_resource",
            500_011,
            &format!("The resource principal named {resource} was not found in the tenant."),
        ));
    }
    let caller = world
        .settings
        .callers
        .iter()
        .find(|one| same(&one.client_id, &client_id))
        .cloned();
    let Some(caller) = caller else {
        return Err(refusal(
            400,
            "unauthorized_client",
            700_016,
            &format!("Application with identifier '{client_id}' was not found in the directory."),
        ));
    };
    if needed("client_secret")? != caller.secret.0 {
        return Err(refusal(
            401,
            "invalid_client",
            7_000_215,
            &format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the \
             client secret value, not the client secret ID, for a secret added to app \
             '{client_id}'."
            ),
        ));
    }
    let lifetime = world.settings.token_lifetime;
    let token = issue(world, &caller);
    Ok(Answer::json(
        200,
        json!({
            "token_type": "Bearer", "expires_in": lifetime.as_secs(),
            "ext_expires_in": lifetime.as_secs(), "access_token": token
        }),
    ))
}

fn issue(world: &mut World, caller: &Caller) -> String {
    let expires = SystemTime::now() + world.settings.token_lifetime;
    let seconds = |time: SystemTime| {
        time.duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |passed| passed.as_secs())
    };
    world.issued += 1;
    let part = |value: Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let token = format!(
        "{}.{}.{}",
        part(json!({"typ": "JWT", "alg": "RS256", "kid": "simulated"})),
        part(json!({
            "aud": world.endpoint, "iss": format!("{}/{}/", world.endpoint, world.settings.tenant),
            "iat": seconds(SystemTime::now()), "exp": seconds(expires), "appid": caller.client_id,
            "oid": caller.object_id, "tid": world.settings.tenant, "ver": "1.0",
            "uti": world.issued.to_string()
        })),
        part(json!(format!("{}{}", world.seal, world.issued)))
    );
    world.tokens.insert(
        token.clone(),
        Token {
            client_id: caller.client_id.clone(),
            expires,
        },
    );
    token
}

fn refusal(status: u16, error: &str, number: u32, message: &str) -> Answer {
    Answer::json(
        status,
        json!({
            "error": error,
            "error_description": format!(
                "AADSTS{number}: {message} Trace ID: 5a1c4d2e-0000-4000-8000-simulated000 \
                 Correlation ID: 5a1c4d2e-0000-4000-8000-simulated001 Timestamp: {}",
                crate::world::now()
            ),
            "error_codes": [number],
            "timestamp": crate::world::now(),
            "error_uri": format!("https://login.microsoftonline.com/error?code={number}")
        }),
    )
}
