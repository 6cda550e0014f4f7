//! The workers: a Deployment. What must outlive a pod goes to the master in reports; the
//! emptyDir keeps what is not acknowledged yet over a container's crash.

use super::pod::{self, Wishes};
use super::templates::Record;
use super::{Bound, Parent};
use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::api::core::v1::{Container, PodTemplateSpec, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use rsac_api::{RSACrackerSpec, names};

const SPOOL_MOUNT: &str = "/var/spool/rsac";
const SPOOL: &str = "spool";

/// CPU that a computing thread asks for, in thousandths: an eighth of a small node, so that
/// the example's pods fit; it computes with whatever is idle.
const MILLI_CPU_PER_THREAD: u32 = 250;

/// The workers. A changed template replaces all pods at once: old ones would be refused by
/// the master of a new job, and none of them serves anybody.
pub(crate) fn workers(
    parent: &Parent,
    spec: &RSACrackerSpec,
    record: &Record,
    bound: &Bound,
    count: u32,
) -> Deployment {
    let component = names::WORKER_COMPONENT;
    let wished = spec.workers.clone().unwrap_or_default();
    let wishes = Wishes {
        labels: &wished.labels,
        node_selector: &wished.node_selector,
        tolerations: &wished.tolerations,
        resources: wished.resources.as_ref(),
    };
    let base = with_threads(record.workers.clone(), spec.threads());
    let template = pod::dress(base, &wishes, parent, component, bound);
    Deployment {
        metadata: parent.meta(names::workers(&parent.name), Some(component)),
        spec: Some(DeploymentSpec {
            replicas: Some(i32::try_from(count).unwrap_or(i32::MAX)),
            selector: parent.label_selector(component),
            strategy: Some(DeploymentStrategy {
                type_: Some("RollingUpdate".into()),
                rolling_update: Some(RollingUpdateDeployment {
                    max_surge: Some(IntOrString::Int(0)),
                    max_unavailable: Some(IntOrString::String("100%".into())),
                }),
            }),
            revision_history_limit: Some(1),
            template,
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}

fn with_threads(mut template: PodTemplateSpec, threads: u32) -> PodTemplateSpec {
    let spec = template.spec.as_mut();
    if let Some(container) = spec.and_then(|spec| spec.containers.first_mut()) {
        let command = container.command.get_or_insert_default();
        command.extend(["--threads".to_owned(), threads.to_string()]);
        let milli = MILLI_CPU_PER_THREAD.saturating_mul(threads);
        let cpu = match milli % 1000 {
            0 => (milli / 1000).to_string(),
            _ => format!("{milli}m"),
        };
        let resources = container.resources.get_or_insert_default();
        let requests = resources.requests.get_or_insert_default();
        requests.insert("cpu".into(), Quantity(cpu));
    }
    template
}

/// The base of the workers' template. No probe: a worker that hangs loses its units to
/// others, and one that cannot reach the master must not be killed for it.
pub(super) fn base(parent: &Parent, image: &str) -> PodTemplateSpec {
    let (job, namespace) = (parent.name.as_str(), &parent.namespace);
    let service = names::progress_service(job);
    let command = [
        pod::EXECUTABLE,
        "worker",
        "--job",
        job,
        "--name",
        "$(POD_NAME)",
        "--master",
        &format!("https://{service}.{namespace}.svc"),
        "--ca-file",
        "/etc/rsac/access/ca.crt",
        "--token-file",
        "/etc/rsac/access/token",
        "--spool",
        SPOOL_MOUNT,
        "--log-format",
        "json",
    ]
    .map(ToOwned::to_owned);
    let container = Container {
        name: names::WORKER_COMPONENT.into(),
        image: Some(image.into()),
        command: Some(command.into()),
        env: Some(vec![pod::field("POD_NAME", "metadata.name")]),
        resources: Some(pod::requests("250m", "128Mi")),
        volume_mounts: Some(vec![
            pod::mount("access", pod::ACCESS_MOUNT, true),
            pod::mount(SPOOL, SPOOL_MOUNT, false),
        ]),
        ..Container::default()
    };
    let volumes = vec![pod::access_volume(job), pod::empty_volume(SPOOL)];
    let mut template = pod::base(container, volumes);
    if let Some(pod) = &mut template.spec {
        pod.topology_spread_constraints = Some(vec![TopologySpreadConstraint {
            max_skew: 1,
            topology_key: "kubernetes.io/hostname".into(),
            when_unsatisfiable: "ScheduleAnyway".into(),
            label_selector: Some(parent.label_selector(names::WORKER_COMPONENT)),
            ..TopologySpreadConstraint::default()
        }]);
    }
    template
}
