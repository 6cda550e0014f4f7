//! CRD and operator into a cluster: server-side apply with one field manager, then waiting
//! until they serve. Providers' steps call it; every part can be repeated.

use super::compat::{Consent, Found, Refusal, Verdict, What, judge};
use super::look::{condition, find_operator, is_available, is_established, needs_image};
use super::marks::{Marks, installer};
use super::render::{self, Options, RenderError};
use super::{api_of, diagnose};
use crate::cluster::{ApiError, Cause};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, ObjectMeta, Patch, PatchParams};
use kube::{Client, ResourceExt};
use rsac_api::names;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How long the API server may take to serve a definition.
const ESTABLISHED: Duration = Duration::from_secs(60);
/// How long the operator may take, the pull of its image included.
const AVAILABLE: Duration = Duration::from_secs(300);
/// The same where a role lets the nodes pull: until it counts, and the next try after that,
/// of which kubelets make one in five minutes at last.
const ROLE_KNOWN: Duration = Duration::from_secs(900);
const POLL: Duration = Duration::from_millis(300);
/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(30);

/// Why CRD or operator are not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A request.
    #[error("{what}: {error}")]
    Api {
        /// What was tried.
        what: String,
        /// Why it failed.
        error: ApiError,
    },
    /// What is there cannot be used.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The manifests.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The definition is refused, or takes too long.
    #[error("the API server does not serve the CRD: {0}")]
    NotEstablished(String),
    /// What is deleted does not go.
    #[error("{name} is being deleted for {seconds} s and is still there")]
    Stuck {
        /// The object.
        name: String,
        /// How long.
        seconds: u64,
    },
    /// The operator does not start, and why.
    #[error("the operator does not become available in namespace {namespace}:\n  {}", .why.join("\n  "))]
    NotAvailable {
        /// Its namespace.
        namespace: String,
        /// What its pods and events say.
        why: Vec<String>,
    },
}

impl InstallError {
    /// What to do about it, where that is known.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => Some(refusal.remedy()),
            Self::Api { error, .. } if error.cause == Cause::Forbidden => Some(
                "installing CRD and operator takes a cluster administrator: let one run \
                 `rsac-infra manifests | kubectl apply --server-side -f -` once, then `up` again"
                    .to_owned(),
            ),
            Self::NotAvailable { why, .. } => diagnose::remedy(why),
            _ => None,
        }
    }
}

/// Installs or upgrades the definition where that is needed, and waits until it is served.
///
/// # Errors
/// When what is there may not be used, or the API server refuses.
pub async fn definition(
    client: &Client,
    marks: &Marks,
    consent: Consent,
) -> Result<Verdict, InstallError> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let there = ask("look for the CRD", api.get_opt(names::CRD)).await?;
    let found = there.as_ref().map(Found::definition);
    let verdict = judge(What::Definition, found.as_ref(), consent)?;
    if verdict != Verdict::Use {
        let mut crd = rsac_api::crd();
        let there = there.as_ref().map(|crd| &crd.metadata);
        mark(marks, &mut crd.metadata, verdict, there);
        let patch = Patch::Apply(&crd);
        ask(
            "install the CRD",
            api.patch(names::CRD, &applying(), &patch),
        )
        .await?;
    }
    let begun = Instant::now();
    loop {
        let crd = ask("look for the CRD", api.get_opt(names::CRD)).await?;
        if crd.as_ref().is_some_and(is_established) {
            return Ok(verdict);
        }
        if begun.elapsed() > ESTABLISHED {
            return Err(InstallError::NotEstablished(why_not_established(
                crd.as_ref(),
            )));
        }
        sleep(POLL).await;
    }
}

/// Installs or upgrades the operator where that is needed, and waits until it is
/// available. `say` takes progress text for people.
///
/// # Errors
/// When what is there may not be used, the API server refuses, or it does not start.
pub async fn operator(
    client: &Client,
    options: &Options,
    marks: &Marks,
    consent: Consent,
    say: &(dyn Fn(&str) + Sync),
) -> Result<Verdict, InstallError> {
    let there = find_operator(client).await?;
    let found = there.as_ref().map(Found::operator);
    let mut verdict = judge(What::Operator, found.as_ref(), consent)?;
    let given = (Some(options.image.as_str()), options.pull_secret.as_deref());
    let needs_image = there.as_ref().is_some_and(|d| needs_image(d, marks, given));
    if verdict == Verdict::Use && needs_image {
        verdict = Verdict::Upgrade;
    }
    let namespace = there.as_ref().and_then(ResourceExt::namespace);
    let namespace = namespace.unwrap_or_else(|| options.namespace.clone());
    if verdict != Verdict::Use {
        let options = Options {
            namespace: namespace.clone(),
            ..options.clone()
        };
        let meta = there.as_ref().map(|deployment| &deployment.metadata);
        for object in render::objects(&render::operator(&options)?)? {
            apply(client, object, marks, verdict, meta).await?;
        }
    }
    wait_until_available(client, &namespace, options.pulls_by_role, say).await?;
    Ok(verdict)
}

/// Marks what is installed: an upgrade of what another installed leaves it that other's,
/// and of what no stack installed, nobody's.
fn mark(marks: &Marks, meta: &mut ObjectMeta, verdict: Verdict, there: Option<&ObjectMeta>) {
    match verdict {
        Verdict::Upgrade if !there.is_some_and(|there| marks.installed(there)) => {
            marks.install_for(meta, there.and_then(installer));
        }
        _ => marks.install(meta),
    }
}

async fn apply(
    client: &Client,
    mut object: DynamicObject,
    marks: &Marks,
    verdict: Verdict,
    operator: Option<&ObjectMeta>,
) -> Result<(), InstallError> {
    let api = api_of(client, &object);
    let (kind, name) = (kind_of(&object), object.name_any());
    // A namespace that was there before is not this stack's.
    let is_anothers = kind == "Namespace" && {
        let there = ask("look for the namespace", api.get_metadata_opt(&name)).await?;
        there.is_some_and(|there| !marks.installed(&there.metadata))
    };
    if !is_anothers {
        mark(marks, &mut object.metadata, verdict, operator);
    }
    let what = format!("install {kind} {name}");
    ask(&what, api.patch(&name, &applying(), &Patch::Apply(&object))).await?;
    Ok(())
}

async fn wait_until_available(
    client: &Client,
    namespace: &str,
    pulls_by_role: bool,
    say: &(dyn Fn(&str) + Sync),
) -> Result<(), InstallError> {
    let api: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    let longest = match pulls_by_role {
        true => ROLE_KNOWN,
        false => AVAILABLE,
    };
    let begun = Instant::now();
    let mut said = String::new();
    loop {
        let deployment = ask("look for the operator", api.get_opt(names::OPERATOR)).await?;
        if deployment.as_ref().is_some_and(is_available) {
            return Ok(());
        }
        let pods = diagnose::pods(client, namespace).await;
        let is_hopeless = diagnose::is_hopeless(&pods, pulls_by_role);
        if is_hopeless || begun.elapsed() > longest {
            return Err(InstallError::NotAvailable {
                namespace: namespace.to_owned(),
                why: diagnose::explain(client, namespace, &pods).await,
            });
        }
        let now = diagnose::summary(&pods);
        if now != said {
            say(&now);
            said = now;
        }
        sleep(POLL).await;
    }
}

fn why_not_established(crd: Option<&CustomResourceDefinition>) -> String {
    let Some(crd) = crd else {
        return "it was deleted meanwhile".to_owned();
    };
    if crd.metadata.deletion_timestamp.is_some() {
        return "it is being deleted, and jobs or their finalizers hold it".to_owned();
    }
    let refused = ["NonStructuralSchema", "NamesAccepted", "Established"];
    let said = refused.iter().filter_map(|kind| condition(crd, kind));
    let lines: Vec<&str> = said.map(|(_, message)| message).collect();
    lines.join("; ")
}

fn kind_of(object: &DynamicObject) -> String {
    object
        .types
        .as_ref()
        .map(|t| t.kind.clone())
        .unwrap_or_default()
}

/// What is applied is what a template says, by one manager, and no misspelt field is
/// dropped in silence.
fn applying() -> PatchParams {
    PatchParams::apply(names::PROVISIONER)
        .force()
        .validation_strict()
}

/// A request within its time.
pub(super) async fn ask<T>(
    what: &str,
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, InstallError> {
    let failed = |error: ApiError| InstallError::Api {
        what: what.to_owned(),
        error,
    };
    match timeout(REQUEST, request).await {
        Ok(answer) => answer.map_err(|error| failed(error.into())),
        Err(_) => Err(failed(ApiError::silent(REQUEST))),
    }
}

/// The Secret with which the operator's image is pulled, in the operator's namespace, which
/// is made where it is not there.
///
/// # Errors
/// When the API server refuses.
pub async fn pull_secret(
    client: &Client,
    docker_config: &serde_json::Value,
    marks: &Marks,
) -> Result<(), InstallError> {
    let operator = find_operator(client).await?;
    let namespace = operator.as_ref().and_then(ResourceExt::namespace);
    let namespace = namespace.unwrap_or_else(|| names::OPERATOR_NAMESPACE.to_owned());
    let api: Api<Namespace> = Api::all(client.clone());
    if ask("look for the namespace", api.get_metadata_opt(&namespace))
        .await?
        .is_none()
    {
        let manifests = render::operator(&Options::default())?;
        let first = render::objects(&manifests)?.into_iter().next();
        if let Some(object) = first {
            apply(client, object, marks, Verdict::Install, None).await?;
        }
    }
    let mut secret = Secret {
        metadata: ObjectMeta {
            name: Some(names::PULL_SECRET.to_owned()),
            namespace: Some(namespace.clone()),
            ..ObjectMeta::default()
        },
        type_: Some("kubernetes.io/dockerconfigjson".to_owned()),
        string_data: Some([(".dockerconfigjson".to_owned(), docker_config.to_string())].into()),
        ..Secret::default()
    };
    marks.install(&mut secret.metadata);
    let api: Api<Secret> = Api::namespaced(client.clone(), &namespace);
    let what = format!("make Secret {}", names::PULL_SECRET);
    let patch = Patch::Apply(&secret);
    ask(&what, api.patch(names::PULL_SECRET, &applying(), &patch)).await?;
    Ok(())
}

/// A namespace for jobs, made by this stack.
///
/// # Errors
/// When the API server refuses.
pub async fn namespace(client: &Client, name: &str, marks: &Marks) -> Result<(), InstallError> {
    let mut object: DynamicObject = serde_json::from_value(json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        // Jobs' pods hold to the strictest rules there are.
        "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    }))
    .map_err(|error| RenderError::Template {
        template: "the namespace",
        why: error.to_string(),
    })?;
    marks.install(&mut object.metadata);
    let api = api_of(client, &object);
    let what = format!("make namespace {name}");
    ask(&what, api.patch(name, &applying(), &Patch::Apply(&object))).await?;
    Ok(())
}
