//! What master and workers' pods have in common, and what the spec says of them.
//!
//! A pod template has two layers. The base depends on the program and its image alone; it
//! is recorded when a job starts, so that a later operator does not change pods under a
//! running job. The spec's wishes are laid over it anew each time.

use super::{ACCESS_ANNOTATION, Bound, JOB_ANNOTATION, Parent, USER};
use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapVolumeSource, Container, EnvVar, EnvVarSource, KeyToPath,
    ObjectFieldSelector, PodSecurityContext, PodSpec, PodTemplateSpec, ResourceRequirements,
    SeccompProfile, SecretVolumeSource, SecurityContext, Toleration, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use rsac_api::{Resources, names};
use std::collections::BTreeMap;

/// A pod drains before it is killed; the processes' own limit is 30 s.
const GRACE_SECONDS: i64 = 35;

/// The executable in the image.
pub(super) const EXECUTABLE: &str = "/rsac-infra";
pub(super) const ACCESS_MOUNT: &str = "/etc/rsac/access";
/// The kubelet shows them to the pod's group alone.
const SECRET_MODE: i32 = 0o440;

/// What the spec wishes for the pods of one component.
pub(super) struct Wishes<'a> {
    pub(super) labels: &'a BTreeMap<String, String>,
    pub(super) node_selector: &'a BTreeMap<String, String>,
    pub(super) tolerations: &'a [Toleration],
    pub(super) resources: Option<&'a Resources>,
}

/// The base of a template: fit for pod security "restricted".
pub(super) fn base(container: Container, volumes: Vec<Volume>) -> PodTemplateSpec {
    PodTemplateSpec {
        metadata: None,
        spec: Some(PodSpec {
            automount_service_account_token: Some(false),
            enable_service_links: Some(false),
            security_context: Some(PodSecurityContext {
                run_as_non_root: Some(true),
                run_as_user: Some(USER),
                run_as_group: Some(USER),
                fs_group: Some(USER),
                fs_group_change_policy: Some("OnRootMismatch".into()),
                seccomp_profile: Some(SeccompProfile {
                    type_: "RuntimeDefault".into(),
                    ..SeccompProfile::default()
                }),
                ..PodSecurityContext::default()
            }),
            termination_grace_period_seconds: Some(GRACE_SECONDS),
            containers: vec![Container {
                image_pull_policy: Some("IfNotPresent".into()),
                security_context: Some(SecurityContext {
                    allow_privilege_escalation: Some(false),
                    read_only_root_filesystem: Some(true),
                    capabilities: Some(Capabilities {
                        drop: Some(vec!["ALL".into()]),
                        add: None,
                    }),
                    ..SecurityContext::default()
                }),
                ..container
            }],
            volumes: Some(volumes),
            ..PodSpec::default()
        }),
    }
}

/// The base with the spec's wishes. Labels of ours win over the user's: they tell whose
/// pod it is.
pub(super) fn dress(
    mut template: PodTemplateSpec,
    wishes: &Wishes<'_>,
    parent: &Parent,
    component: &str,
    bound: &Bound,
) -> PodTemplateSpec {
    let mut labels = wishes.labels.clone();
    labels.extend(parent.labels(Some(component)));
    template.metadata = Some(ObjectMeta {
        labels: Some(labels),
        annotations: Some(BTreeMap::from([
            (JOB_ANNOTATION.to_owned(), bound.job.clone()),
            (ACCESS_ANNOTATION.to_owned(), bound.access.clone()),
        ])),
        ..ObjectMeta::default()
    });
    if let Some(spec) = &mut template.spec {
        if !wishes.node_selector.is_empty() {
            spec.node_selector = Some(wishes.node_selector.clone());
        }
        if !wishes.tolerations.is_empty() {
            spec.tolerations = Some(wishes.tolerations.to_vec());
        }
        if let (Some(container), Some(wished)) = (spec.containers.first_mut(), wishes.resources) {
            let mut resources = container.resources.take().unwrap_or_default();
            lay_over(&mut resources, wished);
            container.resources = Some(resources);
        }
    }
    template
}

fn lay_over(resources: &mut ResourceRequirements, wished: &Resources) {
    for (name, value) in &wished.limits {
        let limits = resources.limits.get_or_insert_default();
        limits.insert(name.clone(), Quantity(value.to_string()));
        // As the API server does where a request is silent: our small default must not
        // stand above a smaller limit.
        if !wished.requests.contains_key(name) {
            let requests = resources.requests.get_or_insert_default();
            requests.remove(name);
        }
    }
    for (name, value) in &wished.requests {
        let requests = resources.requests.get_or_insert_default();
        requests.insert(name.clone(), Quantity(value.to_string()));
    }
}

/// Requests small enough that the example fits two small nodes; no limits, because a
/// number's size decides what it needs and the user may say better.
pub(super) fn requests(cpu: &str, memory: &str) -> ResourceRequirements {
    let quantities = [("cpu", cpu), ("memory", memory)];
    ResourceRequirements {
        requests: Some(
            quantities
                .map(|(name, value)| (name.to_owned(), Quantity(value.to_owned())))
                .into(),
        ),
        ..ResourceRequirements::default()
    }
}

/// An environment variable with a field of the pod.
pub(super) fn field(variable: &str, path: &str) -> EnvVar {
    EnvVar {
        name: variable.into(),
        value: None,
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                api_version: Some("v1".into()),
                field_path: path.into(),
            }),
            ..EnvVarSource::default()
        }),
    }
}

pub(super) fn mount(volume: &str, path: &str, read_only: bool) -> VolumeMount {
    VolumeMount {
        name: volume.into(),
        mount_path: path.into(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    }
}

/// Token and authority, without the authority's key.
pub(super) fn access_volume(job: &str) -> Volume {
    let item = |key: &str| KeyToPath {
        key: key.into(),
        path: key.into(),
        mode: None,
    };
    Volume {
        name: "access".into(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(names::access_secret(job)),
            items: Some(vec![item("token"), item("ca.crt")]),
            default_mode: Some(SECRET_MODE),
            optional: None,
        }),
        ..Volume::default()
    }
}

pub(super) fn tls_volume(job: &str) -> Volume {
    Volume {
        name: "tls".into(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(names::tls_secret(job)),
            default_mode: Some(SECRET_MODE),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    }
}

pub(super) fn job_volume(job: &str) -> Volume {
    Volume {
        name: "job".into(),
        config_map: Some(ConfigMapVolumeSource {
            name: names::job_config(job),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    }
}

pub(super) fn empty_volume(name: &str) -> Volume {
    Volume {
        name: name.into(),
        empty_dir: Some(k8s_openapi::api::core::v1::EmptyDirVolumeSource::default()),
        ..Volume::default()
    }
}
