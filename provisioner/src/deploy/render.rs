//! Templates to manifests. The templates are part of the executable; deploy/ holds what
//! they give by default, and a test compares.

use super::{DEFAULT_IMAGE, serves};
use handlebars::Handlebars;
use kube::api::DynamicObject;
use rsac_api::names::OPERATOR_NAMESPACE;
use rsac_operator::rights::{PULLING, RIGHTS, Right, Scope};
use serde::Serialize;

/// What may differ from deploy/.
#[derive(Debug, Clone)]
pub struct Options {
    /// The image of operator, masters and workers.
    pub image: String,
    /// The Secret in the operator's namespace with which the image is pulled; none where
    /// anybody may pull it.
    pub pull_secret: Option<String>,
    /// Whether the nodes pull by a role, which may be minutes old before it counts everywhere:
    /// a pull that fails is then no end.
    pub pulls_by_role: bool,
    /// The operator's namespace.
    pub namespace: String,
    /// The only namespaces whose jobs the operator works on, with rights in no other;
    /// none for all.
    pub watched: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            image: DEFAULT_IMAGE.to_owned(),
            pull_secret: None,
            pulls_by_role: false,
            namespace: OPERATOR_NAMESPACE.to_owned(),
            watched: Vec::new(),
        }
    }
}

/// A file of deploy/.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Its path within deploy/.
    pub path: String,
    /// Its content.
    pub text: String,
}

/// Why something cannot be rendered: a fault of the templates, or an odd option.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The template.
    #[error("template {template}: {why}")]
    Template {
        /// Which.
        template: &'static str,
        /// Why.
        why: String,
    },
    /// An image reference.
    #[error("--image {0:?} is no image reference")]
    Image(String),
}

macro_rules! templates {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../templates/", $path, ".hbs")))),*]
    };
}

/// The operator's files, in the order in which they are applied.
const OPERATOR: &[(&str, &str)] = templates![
    "operator/00-namespace.yaml",
    "operator/10-account.yaml",
    "operator/20-rights.yaml",
    "operator/30-users.yaml",
    "operator/40-network.yaml",
    "operator/50-deployment.yaml",
];
const RULES: &str = include_str!("../../../templates/operator/rules.hbs");
/// Files for kustomize: where they are within deploy/, and their templates.
const KUSTOMIZE: &[(&str, &str)] = &[
    (
        "crd/Kustomization",
        include_str!("../../../templates/kustomize/crd.hbs"),
    ),
    (
        "operator/Kustomization",
        include_str!("../../../templates/kustomize/operator.hbs"),
    ),
    (
        "kustomize/kustomization.yaml",
        include_str!("../../../templates/kustomize/kustomization.yaml.hbs"),
    ),
];

/// What the templates are filled with.
#[derive(Serialize)]
struct Values<'a> {
    image: &'a str,
    image_name: &'a str,
    image_tag: &'a str,
    pull_secret: Option<&'a str>,
    namespace: &'a str,
    watched: &'a [String],
    version: &'static str,
    serves: String,
    rights: Vec<Rule>,
    own_rights: Vec<Rule>,
    files: Vec<&'static str>,
}

/// A rule of a role, from the operator's own list of its rights.
#[derive(Serialize)]
struct Rule {
    reason: &'static str,
    groups: [&'static str; 1],
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
}

fn rules<'r>(rights: impl Iterator<Item = &'r Right>, scope: Scope) -> Vec<Rule> {
    let granted = rights.filter(|right| right.scope == scope);
    let rule = |right: &Right| Rule {
        reason: right.why,
        groups: [right.group],
        resources: right.resources,
        verbs: right.verbs,
    };
    granted.map(rule).collect()
}

impl<'a> Values<'a> {
    fn new(options: &'a Options) -> Result<Self, RenderError> {
        let image = options.image.as_str();
        if !is_image(image) {
            return Err(RenderError::Image(image.to_owned()));
        }
        let (image_name, image_tag) = split_tag(image);
        let pulling = match options.pull_secret {
            Some(_) => PULLING,
            None => &[],
        };
        let name = |path: &'static str| path.rsplit('/').next().unwrap_or(path);
        Ok(Self {
            image,
            image_name,
            image_tag,
            pull_secret: options.pull_secret.as_deref(),
            namespace: &options.namespace,
            watched: &options.watched,
            version: env!("CARGO_PKG_VERSION"),
            serves: serves::to_text(&serves::ours()),
            rights: rules(RIGHTS.iter(), Scope::Jobs),
            own_rights: rules(RIGHTS.iter().chain(pulling), Scope::Own),
            files: OPERATOR.iter().map(|(path, _)| name(path)).collect(),
        })
    }
}

/// The operator's manifests, without the CRD.
///
/// # Errors
/// When the image is no reference, or a template is at fault.
pub fn operator(options: &Options) -> Result<Vec<Manifest>, RenderError> {
    let values = Values::new(options)?;
    OPERATOR.iter().map(|t| render(t, &values)).collect()
}

/// All that deploy/ has from templates: the operator's manifests and the kustomization.
///
/// # Errors
/// As [`operator`].
pub fn all(options: &Options) -> Result<Vec<Manifest>, RenderError> {
    let values = Values::new(options)?;
    let files = OPERATOR.iter().chain(KUSTOMIZE);
    files.map(|t| render(t, &values)).collect()
}

/// The objects of manifests, in their order.
///
/// # Errors
/// When one is no YAML of an object: a template is at fault.
pub fn objects(manifests: &[Manifest]) -> Result<Vec<DynamicObject>, RenderError> {
    let mut objects = Vec::new();
    for manifest in manifests {
        let read: Vec<DynamicObject> = serde_saphyr::from_multiple(&manifest.text)
            .map_err(|error| fault("of an object", error))?;
        objects.extend(read);
    }
    Ok(objects)
}

fn render(
    (path, template): &(&'static str, &'static str),
    values: &Values<'_>,
) -> Result<Manifest, RenderError> {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.set_prevent_indent(true);
    handlebars.register_escape_fn(yaml_scalar);
    handlebars
        .register_partial("rules", RULES)
        .map_err(|error| fault("operator/rules", error))?;
    let text = handlebars
        .render_template(template, values)
        .map_err(|error| fault(path, error))?;
    Ok(Manifest {
        path: (*path).to_owned(),
        text,
    })
}

fn fault(template: &'static str, error: impl std::fmt::Display) -> RenderError {
    RenderError::Template {
        template,
        why: error.to_string(),
    }
}

/// A text as YAML reads it back as that text: plain where nothing can mistake it.
fn yaml_scalar(text: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(word)
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if is_plain {
        text.to_owned()
    } else {
        // JSON's texts are YAML's double-quoted ones.
        serde_json::Value::from(text).to_string()
    }
}

/// Enough of the grammar that nothing else than a reference gets into a manifest.
fn is_image(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    !text.is_empty()
        && text.len() <= 512
        && text.chars().all(fits)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// `host:5000/name:tag` into name and tag.
fn split_tag(image: &str) -> (&str, &str) {
    let without_digest = image.split('@').next().unwrap_or(image);
    match without_digest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (without_digest, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts() {
        assert_eq!(yaml_scalar("rsac-system"), "rsac-system");
        for odd in [
            "true", "No", "1", "1e3", "", "a: b", "#", "a\"b", "0.1.0", "*",
        ] {
            let quoted = yaml_scalar(odd);
            assert!(quoted.starts_with('"'), "{odd}");
            let back: String = serde_saphyr::from_str(&quoted).unwrap();
            assert_eq!(back, odd);
        }
    }

    #[test]
    fn an_image_is_a_reference_and_nothing_else() {
        for good in ["a", "r.example:5000/x/rsac:0.1.0", "x@sha256:00ff"] {
            assert!(is_image(good), "{good}");
        }
        for bad in ["", " ", "a b", "a\nb: c", "-a", "$(X)", "{{x}}"] {
            let options = Options {
                image: bad.to_owned(),
                ..Options::default()
            };
            assert!(operator(&options).is_err(), "{bad:?}");
        }
        assert_eq!(split_tag("r:5000/x:1"), ("r:5000/x", "1"));
        assert_eq!(split_tag("r:5000/x"), ("r:5000/x", "latest"));
    }

    #[test]
    fn watching_some_namespaces_takes_no_rights_in_others() {
        let options = Options {
            watched: vec!["team-a".into(), "team-b".into()],
            ..Options::default()
        };
        let objects = objects(&operator(&options).unwrap()).unwrap();
        let kind = |o: &DynamicObject| o.types.clone().unwrap_or_default().kind;
        let bound: Vec<_> = objects
            .iter()
            .filter(|o| kind(o) == "RoleBinding")
            .collect();
        let places: Vec<_> = bound
            .iter()
            .map(|o| o.metadata.namespace.as_deref())
            .collect();
        assert_eq!(
            places,
            [Some("team-a"), Some("team-b"), Some("rsac-system")]
        );
        assert!(objects.iter().all(|o| kind(o) != "ClusterRoleBinding"));
        let deployment = objects.iter().find(|o| kind(o) == "Deployment").unwrap();
        let command =
            deployment.data["spec"]["template"]["spec"]["containers"][0]["command"].to_string();
        assert!(
            command.ends_with(r#""--namespace","team-a","--namespace","team-b"]"#),
            "{command}"
        );
    }
}
