//! What a cluster has of rsac, and whether it serves: for plans, and before anything is
//! installed or removed.

use super::compat::{Consent, Found, Verdict, What, judge};
use super::install::{InstallError, ask};
use super::marks::Marks;
use crate::cluster::Cause;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};
use rsac_api::names;

/// What a cluster has of rsac.
#[derive(Debug, Clone, Default)]
pub struct Installed {
    /// The definition.
    pub definition: Option<CustomResourceDefinition>,
    /// The operator, wherever it is.
    pub operator: Option<Deployment>,
}

impl Installed {
    /// The definition, to be judged.
    pub fn found_definition(&self) -> Option<Found> {
        self.definition.as_ref().map(Found::definition)
    }

    /// The operator, to be judged.
    pub fn found_operator(&self) -> Option<Found> {
        self.operator.as_ref().map(Found::operator)
    }

    /// Whether the definition needs nothing done.
    pub fn is_definition_done(&self, consent: Consent) -> bool {
        self.definition.as_ref().is_some_and(|crd| {
            let found = Found::definition(crd);
            is_established(crd)
                && judge(What::Definition, Some(&found), consent) == Ok(Verdict::Use)
        })
    }

    /// Whether the operator needs nothing done: it fits and runs, and if this stack
    /// installed it, it has the image and the Secret to pull it with that are `given`.
    pub fn is_operator_done(
        &self,
        consent: Consent,
        marks: &Marks,
        given: (Option<&str>, Option<&str>),
    ) -> bool {
        self.operator.as_ref().is_some_and(|deployment| {
            let found = Found::operator(deployment);
            judge(What::Operator, Some(&found), consent) == Ok(Verdict::Use)
                && is_available(deployment)
                && !needs_image(deployment, marks, given)
        })
    }
}

/// Looks at what a cluster has.
///
/// # Errors
/// When it does not answer, or this user may not look.
pub async fn look(client: &Client) -> Result<Installed, InstallError> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let definition = ask("look for the CRD", definitions.get_opt(names::CRD)).await?;
    Ok(Installed {
        definition,
        operator: find_operator(client).await?,
    })
}

/// The operator's Deployment, in whatever namespace; where this user may not look
/// everywhere, in the usual one.
pub(super) async fn find_operator(client: &Client) -> Result<Option<Deployment>, InstallError> {
    let everywhere: Api<Deployment> = Api::all(client.clone());
    let labels = format!("{}={}", names::NAME_LABEL, names::NAME);
    let params = ListParams::default().labels(&labels);
    match ask("look for the operator", everywhere.list(&params)).await {
        Ok(all) => Ok(all
            .items
            .into_iter()
            .find(|d| d.name_any() == names::OPERATOR)),
        Err(InstallError::Api { error, .. }) if error.cause == Cause::Forbidden => {
            let usual: Api<Deployment> = Api::namespaced(client.clone(), names::OPERATOR_NAMESPACE);
            ask("look for the operator", usual.get_opt(names::OPERATOR)).await
        }
        Err(error) => Err(error),
    }
}

/// Whether an operator of this stack's has another image, or another Secret to pull it with.
pub(super) fn needs_image(
    deployment: &Deployment,
    marks: &Marks,
    (image, pull_secret): (Option<&str>, Option<&str>),
) -> bool {
    let pod = deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.template.spec.as_ref());
    let runs = pod.and_then(|pod| pod.containers.first()?.image.as_deref());
    let secrets = pod.and_then(|pod| pod.image_pull_secrets.as_ref());
    let pulls_with = secrets.and_then(|secrets| secrets.first());
    let pulls_with = pulls_with.map(|secret| secret.name.as_str());
    marks.installed(&deployment.metadata)
        && image.is_some()
        && (runs, pulls_with) != (image, pull_secret)
}

/// Whether the newest template is rolled out and answers.
pub(super) fn is_available(deployment: &Deployment) -> bool {
    let (Some(status), Some(spec)) = (&deployment.status, &deployment.spec) else {
        return false;
    };
    let wanted = spec.replicas.unwrap_or(1);
    status.observed_generation >= deployment.metadata.generation
        && status.updated_replicas.unwrap_or(0) >= wanted
        && status.available_replicas.unwrap_or(0) >= wanted.min(1)
        && status.replicas == status.updated_replicas
}

pub(super) fn is_established(crd: &CustomResourceDefinition) -> bool {
    condition(crd, "Established").is_some_and(|(status, _)| status == "True")
        && crd.metadata.deletion_timestamp.is_none()
}

pub(super) fn condition<'a>(
    crd: &'a CustomResourceDefinition,
    kind: &str,
) -> Option<(&'a str, &'a str)> {
    let conditions = crd.status.as_ref()?.conditions.as_ref()?;
    let found = conditions.iter().find(|c| c.type_ == kind)?;
    Some((&found.status, found.message.as_deref().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(status: serde_json::Value) -> Deployment {
        serde_json::from_value(json!({
            "metadata": {"generation": 2},
            "spec": {"replicas": 1, "selector": {}, "template": {"spec": {
                "containers": [{"name": "operator", "image": "rsac:1"}]}}},
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn the_old_template_still_running_is_not_the_new_one_available() {
        let status = |generation, updated, available, replicas| {
            json!({"observedGeneration": generation, "updatedReplicas": updated,
                "availableReplicas": available, "replicas": replicas})
        };
        assert!(is_available(&deployment(status(2, 1, 1, 1))));
        assert!(
            !is_available(&deployment(status(1, 1, 1, 1))),
            "not observed"
        );
        assert!(
            !is_available(&deployment(status(2, 0, 1, 1))),
            "only the old"
        );
        assert!(
            !is_available(&deployment(status(2, 1, 1, 2))),
            "the old one still"
        );
        assert!(!is_available(&deployment(status(2, 1, 0, 1))), "not ready");
        assert!(!is_available(&deployment(json!(null))));
    }

    #[test]
    fn only_an_operator_of_ones_own_is_given_the_stacks_image() {
        let marks = Marks {
            stack: "s".into(),
            run: "r".into(),
        };
        let mut own = deployment(json!(null));
        let needs_image =
            |own: &Deployment, marks: &Marks, image| super::needs_image(own, marks, (image, None));
        assert!(!needs_image(&own, &marks, Some("rsac:2")), "another's");
        marks.install(&mut own.metadata);
        assert!(needs_image(&own, &marks, Some("rsac:2")));
        assert!(!needs_image(&own, &marks, Some("rsac:1")));
        assert!(!needs_image(&own, &marks, None));
        let with = (Some("rsac:1"), Some("pull"));
        assert!(super::needs_image(&own, &marks, with), "no Secret yet");
    }
}
