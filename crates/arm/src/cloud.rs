//! Which Azure: the endpoints of a cloud. Options name one; credentials and client read it.

use crate::error::ArmError;
use azure_core::http::Url;

/// A cloud's endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// `public`, `government`, `china`, or `custom`.
    pub name: String,
    /// Azure Resource Manager, as `https://management.azure.com/`.
    pub arm: Url,
    /// Where tokens come from, as `https://login.microsoftonline.com/`.
    pub authority: Url,
    /// What a token is asked for: the ARM endpoint and `/.default`.
    pub scope: String,
}

impl Cloud {
    /// A cloud by name: `public`, `government` or `china`, compared without case.
    ///
    /// # Errors
    /// When the name is another: the names that there are.
    pub fn named(name: &str) -> Result<Cloud, ArmError> {
        let (name, arm, authority) = match name.to_ascii_lowercase().as_str() {
            "public" => (
                "public",
                "https://management.azure.com",
                "https://login.microsoftonline.com",
            ),
            "government" => (
                "government",
                "https://management.usgovcloudapi.net",
                "https://login.microsoftonline.us",
            ),
            "china" => (
                "china",
                "https://management.chinacloudapi.cn",
                "https://login.chinacloudapi.cn",
            ),
            _ => {
                return Err(ArmError::Setup(format!(
                    "cloud {name:?} is not known: use public, government or china"
                )));
            }
        };
        let cloud = Cloud::custom(arm, authority)?;
        Ok(Cloud {
            name: name.to_owned(),
            ..cloud
        })
    }

    /// The name of a cloud that the Azure CLI calls `AzureUSGovernment` and the like; none of
    /// one that is none of these.
    pub fn of_azure_cli(name: &str) -> Option<&'static str> {
        let names = [
            ("AzureCloud", "public"),
            ("AzureUSGovernment", "government"),
            ("AzureChinaCloud", "china"),
        ];
        let found = names
            .iter()
            .find(|(theirs, _)| theirs.eq_ignore_ascii_case(name));
        found.map(|(_, own)| *own)
    }

    /// Another cloud, or a simulator.
    ///
    /// # Errors
    /// When an endpoint is no URL, has no host, or is not `https` (plain `http` is taken on
    /// loopback only: a token would travel readable).
    pub fn custom(arm: &str, authority: &str) -> Result<Cloud, ArmError> {
        let arm = endpoint("ARM endpoint", arm)?;
        let authority = endpoint("authority", authority)?;
        let scope = format!("{}/.default", arm.as_str().trim_end_matches('/'));
        Ok(Cloud {
            name: "custom".to_owned(),
            arm,
            authority,
            scope,
        })
    }

    /// Whether a token may be sent to this URL: the ARM endpoint's scheme, host and port.
    pub(crate) fn owns(&self, url: &Url) -> bool {
        same_origin(&self.arm, url)
    }

    /// Whether the endpoint is this machine: proxies are then left out of the way.
    pub(crate) fn on_loopback(&self) -> bool {
        is_loopback(&self.arm)
    }
}

fn endpoint(field: &str, text: &str) -> Result<Url, ArmError> {
    let wrong = |why: &str| {
        ArmError::Setup(format!(
            "{field} {text:?} {why}: give a URL as https://management.azure.com"
        ))
    };
    let url = Url::parse(text.trim()).map_err(|error| wrong(&error.to_string()))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("has no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("contains a user name or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has a query or fragment"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(wrong("is not https")),
    }
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

pub(crate) fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
        && other.username().is_empty()
        && other.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clouds_have_names_and_scopes() {
        let public = Cloud::named("Public").unwrap();
        assert_eq!(public.name, "public");
        assert_eq!(public.scope, "https://management.azure.com/.default");
        let china = Cloud::named("china").unwrap();
        assert_eq!(china.authority.host_str(), Some("login.chinacloudapi.cn"));
        let error = Cloud::named("moon").unwrap_err().to_string();
        assert!(error.contains("moon") && error.contains("government"));
        for name in ["AzureCloud", "AzureUSGovernment", "azurechinacloud"] {
            let own = Cloud::of_azure_cli(name).unwrap();
            assert_eq!(Cloud::named(own).unwrap().name, own);
        }
        assert_eq!(Cloud::of_azure_cli("AzureStack"), None);
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert!(Cloud::custom("http://127.0.0.1:8443", "https://localhost:1").is_ok());
        for bad in [
            "http://management.azure.com",
            "ftp://localhost",
            "nothing",
            "https://user:pw@host",
            "https://host/?x=1",
        ] {
            let error = Cloud::custom(bad, "https://localhost").unwrap_err();
            assert!(error.to_string().contains("ARM endpoint"), "{bad}");
        }
    }

    #[test]
    fn a_token_goes_to_the_own_origin_only() {
        let cloud = Cloud::named("public").unwrap();
        let own = |text: &str| cloud.owns(&Url::parse(text).unwrap());
        assert!(own("https://management.azure.com:443/x?c=1"));
        assert!(own("https://MANAGEMENT.azure.com/x"));
        assert!(!own("https://management.azure.com.example/x"));
        assert!(!own("http://management.azure.com/x"));
        assert!(!own("https://management.azure.com:444/x"));
        assert!(!own("https://a:b@management.azure.com/x"));
    }
}
