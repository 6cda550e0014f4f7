//! How this run may push to a registry of `--attach-acr`: with what `docker login` stored for
//! it, else as whoever is signed in to Azure, whose token the registry takes in exchange for
//! one of its own. So neither Docker nor the Azure CLI is needed.
//!
//! Source: "Azure Container Registry, Azure AD and OAuth", `/oauth2/exchange`; that its refresh
//! token is the password of a user of zeros, as `az acr login --expose-token` has it.

use super::acr::Acr;
use super::session::Session;
use crate::image::{Auth, TOKEN_USER, is_azures, is_loopback, of_docker};
use crate::provider::ProviderError;
use serde_json::Value;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(60);

/// Credentials for a push.
pub(super) async fn login(session: &Session, acr: &Acr) -> Result<Auth, ProviderError> {
    let host = acr.host.as_str();
    if let Ok(Some(_)) = of_docker(host) {
        return Ok(Auth::OfDocker);
    }
    let failed = |why: String| ProviderError::Setting {
        what: format!("registry {host} gives no token to push with: {why}"),
        remedy: format!(
            "the role AcrPush on it for whoever is signed in to Azure; or `az acr login`, or \
             `docker login {host}`, first"
        ),
    };
    // Nobody else is given the token.
    let scheme = match is_loopback(host) {
        true => "http",
        false if is_azures(host) => "https",
        false => return Err(failed("it is none of Azure's hosts".to_owned())),
    };
    let token = session.token().await?;
    let answer = async {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let url = format!("{scheme}://{host}/oauth2/exchange");
        let form = [
            ("grant_type", "access_token"),
            ("service", host),
            ("access_token", token.as_str()),
        ];
        let body = form.map(|(name, value)| format!("{name}={}", escaped(value)));
        let request = client
            .post(url)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body.join("&"));
        request.send().await
    };
    let answer = answer
        .await
        .map_err(|error| failed(error.without_url().to_string()))?;
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    match body.get("refresh_token").and_then(Value::as_str) {
        Some(password) if status.is_success() => Ok(Auth::Password {
            user: TOKEN_USER.to_owned(),
            password: password.to_owned(),
        }),
        _ => {
            let said = body.pointer("/errors/0/message").and_then(Value::as_str);
            Err(failed(format!("{status} {}", said.unwrap_or_default())))
        }
    }
}

/// As a form has it: everything but letters, digits and `-._~` by its bytes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_keeps_what_it_is_given() {
        assert_eq!(escaped("eyJ0.a-b_c~"), "eyJ0.a-b_c~");
        assert_eq!(escaped("a+b/c=&é"), "a%2Bb%2Fc%3D%26%C3%A9");
    }
}
