//! The rules for what a cluster has already. CRD and operator are the cluster's: what
//! serves every field that may be sent is used as it is, an older one is upgraded only
//! when asked, nothing is ever downgraded, nothing of others is taken unasked.

use super::marks;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use rsac_api::names;
use std::collections::BTreeSet;
use std::fmt;

/// What is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The custom resource definition.
    Definition,
    /// The operator.
    Operator,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Definition => "CRD",
            Self::Operator => "operator",
        })
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Whether it is rsac's at all.
    pub is_rsac: bool,
    /// The stack that installed it, if one did.
    pub installer: Option<String>,
    /// Its version, if it says one.
    pub version: Option<String>,
    /// The fields of a spec that it serves.
    pub serves: BTreeSet<String>,
}

impl Found {
    /// A definition.
    pub fn definition(crd: &CustomResourceDefinition) -> Self {
        Self::with(&crd.metadata, super::serves::of_definition(crd))
    }

    /// An operator.
    pub fn operator(deployment: &Deployment) -> Self {
        let annotations = deployment.metadata.annotations.as_ref();
        let text = annotations.and_then(|all| all.get(names::SERVES));
        let serves = text.map(|text| super::serves::from_text(text));
        Self::with(&deployment.metadata, serves.unwrap_or_default())
    }

    fn with(meta: &ObjectMeta, serves: BTreeSet<String>) -> Self {
        let label = |name: &str| meta.labels.as_ref()?.get(name).cloned();
        Self {
            is_rsac: label(names::NAME_LABEL).as_deref() == Some(names::NAME),
            installer: marks::installer(meta).map(str::to_owned),
            version: label(names::VERSION_LABEL),
            serves,
        }
    }
}

/// What the user agreed to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consent {
    /// `--adopt`: take over what is another's.
    pub adopt: bool,
    /// `--upgrade-operator`: put this version in the place of an older one.
    pub upgrade: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There is none: install this version's.
    Install,
    /// It fits: use it as it is.
    Use,
    /// It is older, and the user asked: put this version in its place.
    Upgrade,
    /// It is another's, and the user asked: take it over.
    Adopt,
}

/// Why what is there cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not rsac's.
    #[error("the cluster has a {what} of this name that is not rsac's")]
    Foreign {
        /// Which.
        what: What,
    },
    /// An older one that lacks what is needed.
    #[error("the cluster's {what} is of version {found} and does not serve {}", shown(.lacks))]
    Older {
        /// Which.
        what: What,
        /// Its version.
        found: String,
        /// The fields.
        lacks: Vec<String>,
    },
    /// A newer one that no longer serves what is needed.
    #[error("the cluster's {what} is of the newer version {found} and does not serve {}", shown(.lacks))]
    Newer {
        /// Which.
        what: What,
        /// Its version.
        found: String,
        /// The fields.
        lacks: Vec<String>,
    },
}

impl Refusal {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Foreign { .. } => {
                "--adopt puts rsac's in its place: what others made of it may break".to_owned()
            }
            Self::Older { .. } => {
                "--upgrade-operator puts this version in its place; jobs that run keep theirs"
                    .to_owned()
            }
            Self::Newer { found, .. } => format!("use rsac-infra {found}; nothing is downgraded"),
        }
    }
}

fn shown(lacks: &[String]) -> String {
    match lacks {
        [a, b, c, rest @ ..] if !rest.is_empty() => {
            format!("{a}, {b}, {c} and {} more", rest.len())
        }
        few => few.join(", "),
    }
}

/// What to do about what was found.
///
/// # Errors
/// When it cannot be used, and the user did not agree to what would help.
pub fn judge(what: What, found: Option<&Found>, consent: Consent) -> Result<Verdict, Refusal> {
    judge_for(
        what,
        found,
        consent,
        &super::serves::ours(),
        env!("CARGO_PKG_VERSION"),
    )
}

fn judge_for(
    what: What,
    found: Option<&Found>,
    consent: Consent,
    needs: &BTreeSet<String>,
    own: &str,
) -> Result<Verdict, Refusal> {
    let Some(found) = found else {
        return Ok(Verdict::Install);
    };
    if !found.is_rsac {
        return match consent.adopt {
            true => Ok(Verdict::Adopt),
            false => Err(Refusal::Foreign { what }),
        };
    }
    let lacks: Vec<String> = needs.difference(&found.serves).cloned().collect();
    let version = found.version.clone().unwrap_or_default();
    let (theirs, ours) = (number(&version), number(own));
    if lacks.is_empty() && (theirs >= ours || !consent.upgrade) {
        return Ok(Verdict::Use);
    }
    let found = if version.is_empty() {
        "(none)".to_owned()
    } else {
        version
    };
    if theirs > ours {
        return Err(Refusal::Newer { what, found, lacks });
    }
    match consent.upgrade {
        true => Ok(Verdict::Upgrade),
        false => Err(Refusal::Older { what, found, lacks }),
    }
}

/// A version as numbers that compare; one that says nothing is older than any.
fn number(version: &str) -> Vec<u64> {
    let parts = version.split(['.', '-', '+']);
    parts.map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEITHER: Consent = Consent {
        adopt: false,
        upgrade: false,
    };
    const UPGRADE: Consent = Consent {
        adopt: false,
        upgrade: true,
    };
    const ADOPT: Consent = Consent {
        adopt: true,
        upgrade: false,
    };

    fn found(version: &str, serves: &[&str]) -> Found {
        Found {
            is_rsac: true,
            installer: None,
            version: Some(version.to_owned()),
            serves: serves.iter().map(|&s| s.to_owned()).collect(),
        }
    }

    fn verdict(found: &Found, consent: Consent) -> Result<Verdict, Refusal> {
        let needs = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        judge_for(What::Operator, Some(found), consent, &needs, "1.2.0")
    }

    #[test]
    fn what_serves_all_fields_is_used_whatever_its_version() {
        for version in ["1.1.0", "1.2.0", "1.10.0", "2.0.0"] {
            assert_eq!(
                verdict(&found(version, &["a", "b", "c"]), NEITHER),
                Ok(Verdict::Use)
            );
        }
    }

    #[test]
    fn an_older_one_is_upgraded_only_when_asked() {
        let older = found("1.1.9", &["a"]);
        let refusal = verdict(&older, NEITHER).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "the cluster's operator is of version 1.1.9 and does not serve b"
        );
        assert!(refusal.remedy().starts_with("--upgrade-operator"));
        assert_eq!(verdict(&older, UPGRADE), Ok(Verdict::Upgrade));
        // Also one that would do.
        assert_eq!(
            verdict(&found("1.1.9", &["a", "b"]), UPGRADE),
            Ok(Verdict::Upgrade)
        );
        assert_eq!(
            verdict(&found("1.2.0", &["a", "b"]), UPGRADE),
            Ok(Verdict::Use)
        );
        // A version that says nothing is older than any.
        assert_eq!(verdict(&found("", &[]), UPGRADE), Ok(Verdict::Upgrade));
    }

    #[test]
    fn nothing_is_downgraded() {
        let newer = found("1.10.0", &["a", "c"]);
        for consent in [NEITHER, UPGRADE, ADOPT] {
            let refusal = verdict(&newer, consent).unwrap_err();
            assert!(refusal.remedy().contains("1.10.0"), "{refusal}");
        }
        assert_eq!(
            verdict(&found("1.10.0", &["a", "b"]), UPGRADE),
            Ok(Verdict::Use)
        );
    }

    #[test]
    fn anothers_is_taken_only_when_asked() {
        let foreign = Found {
            is_rsac: false,
            ..found("9.9.9", &["a", "b"])
        };
        for consent in [NEITHER, UPGRADE] {
            assert!(
                verdict(&foreign, consent)
                    .unwrap_err()
                    .remedy()
                    .contains("--adopt")
            );
        }
        assert_eq!(verdict(&foreign, ADOPT), Ok(Verdict::Adopt));
    }

    #[test]
    fn this_builds_own_definition_is_used() {
        let own = Found::definition(&rsac_api::crd());
        assert_eq!(
            judge(What::Definition, Some(&own), NEITHER),
            Ok(Verdict::Use)
        );
        let mut older = rsac_api::crd();
        let schema = older.spec.versions[0].schema.as_mut().unwrap();
        let root = schema.open_api_v3_schema.as_mut().unwrap();
        let spec = root.properties.as_mut().unwrap().get_mut("spec").unwrap();
        spec.properties.as_mut().unwrap().remove("suspend");
        let older = Found::definition(&older);
        assert!(judge(What::Definition, Some(&older), NEITHER).is_err());
    }
}
