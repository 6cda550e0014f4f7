//! The master: a StatefulSet of one pod, with the ledger's volume.

use super::pod::{self, Wishes};
use super::templates::{Outfit, Record};
use super::{Bound, Parent};
use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, HTTPGetAction, PersistentVolumeClaim, PersistentVolumeClaimSpec,
    PodTemplateSpec, Probe, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use rsac_api::{RSACrackerSpec, defaults, names};
use std::collections::BTreeMap;

const LEDGER_MOUNT: &str = "/var/lib/rsac";

/// The master. Its pods are all managed at once: with one after the other, a pod that
/// cannot start would never be replaced by one that can.
pub(crate) fn master(
    parent: &Parent,
    spec: &RSACrackerSpec,
    record: &Record,
    bound: &Bound,
    runs: bool,
) -> StatefulSet {
    let component = names::MASTER_COMPONENT;
    let wished = spec.master.clone().unwrap_or_default();
    let wishes = Wishes {
        labels: &wished.labels,
        node_selector: &wished.node_selector,
        tolerations: &wished.tolerations,
        resources: wished.resources.as_ref(),
    };
    StatefulSet {
        metadata: parent.meta(names::master(&parent.name), Some(component)),
        spec: Some(StatefulSetSpec {
            replicas: Some(i32::from(runs)),
            selector: parent.label_selector(component),
            service_name: Some(names::master(&parent.name)),
            pod_management_policy: Some("Parallel".into()),
            update_strategy: Some(StatefulSetUpdateStrategy {
                type_: Some("RollingUpdate".into()),
                rolling_update: None,
            }),
            revision_history_limit: Some(1),
            template: pod::dress(record.master.clone(), &wishes, parent, component, bound),
            volume_claim_templates: (!record.claims.is_empty()).then(|| record.claims.clone()),
            ..StatefulSetSpec::default()
        }),
        status: None,
    }
}

/// The base of the master's template.
pub(super) fn base(parent: &Parent, spec: &RSACrackerSpec, outfit: Outfit<'_>) -> PodTemplateSpec {
    let (job, namespace) = (parent.name.as_str(), &parent.namespace);
    let command = [
        pod::EXECUTABLE,
        "master",
        "--data",
        LEDGER_MOUNT,
        "--job",
        "/etc/rsac/job/job.json",
        "--token-file",
        "/etc/rsac/access/token",
        "--listen",
        &format!("127.0.0.1:{}", names::LOCAL_PORT),
        "--tls-listen",
        &format!("0.0.0.0:{}", names::TLS_PORT),
        "--tls-dir",
        "/etc/rsac/tls",
        "--health-listen",
        &format!("0.0.0.0:{}", names::HEALTH_PORT),
        "--log-format",
        "json",
    ];
    let mut command = command.map(ToOwned::to_owned).to_vec();
    if let Some(address) = outfit.hears_at {
        let url = format!("http://{address}/masters/{namespace}/{job}/$(POD_UID)");
        command.extend(["--announce-to".to_owned(), url]);
    }
    let container = Container {
        name: names::MASTER_COMPONENT.into(),
        image: Some(outfit.image.into()),
        command: Some(command),
        env: outfit
            .hears_at
            .map(|_| vec![pod::field("POD_UID", "metadata.uid")]),
        ports: Some(vec![
            port("https", names::TLS_PORT),
            port("health", names::HEALTH_PORT),
        ]),
        // A ledger that is rebuilt from its segments takes its time: ten minutes.
        startup_probe: Some(Probe {
            period_seconds: Some(1),
            failure_threshold: Some(600),
            ..probe("/healthz")
        }),
        readiness_probe: Some(Probe {
            period_seconds: Some(5),
            failure_threshold: Some(2),
            ..probe("/readyz")
        }),
        liveness_probe: Some(Probe {
            period_seconds: Some(10),
            failure_threshold: Some(6),
            ..probe("/healthz")
        }),
        resources: Some(pod::requests("100m", "128Mi")),
        volume_mounts: Some(vec![
            pod::mount("job", "/etc/rsac/job", true),
            pod::mount("access", pod::ACCESS_MOUNT, true),
            pod::mount("tls", "/etc/rsac/tls", true),
            pod::mount(names::LEDGER_VOLUME, LEDGER_MOUNT, false),
        ]),
        ..Container::default()
    };
    let mut volumes = vec![
        pod::job_volume(job),
        pod::access_volume(job),
        pod::tls_volume(job),
    ];
    if is_ephemeral(spec) {
        volumes.push(pod::empty_volume(names::LEDGER_VOLUME));
    }
    pod::base(container, volumes)
}

/// The claim of the ledger's volume; none for an ephemeral one. It is the job's, not the
/// StatefulSet's: somebody who deletes the latter does not lose the search.
pub(super) fn claims(parent: &Parent, spec: &RSACrackerSpec) -> Vec<PersistentVolumeClaim> {
    if is_ephemeral(spec) {
        return Vec::new();
    }
    let ledger = spec.ledger.clone().unwrap_or_default();
    let size = ledger
        .size
        .map_or_else(|| defaults::LEDGER_SIZE.to_owned(), |size| size.to_string());
    let mut metadata = parent.meta(names::LEDGER_VOLUME.into(), Some(names::MASTER_COMPONENT));
    metadata.namespace = None;
    vec![PersistentVolumeClaim {
        metadata,
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".into()]),
            storage_class_name: ledger.storage_class_name,
            resources: Some(VolumeResourceRequirements {
                requests: Some(BTreeMap::from([("storage".to_owned(), Quantity(size))])),
                limits: None,
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    }]
}

fn is_ephemeral(spec: &RSACrackerSpec) -> bool {
    let ledger = spec.ledger.as_ref();
    ledger.and_then(|ledger| ledger.ephemeral).unwrap_or(false)
}

fn port(name: &str, number: u16) -> ContainerPort {
    ContainerPort {
        name: Some(name.into()),
        container_port: number.into(),
        protocol: Some("TCP".into()),
        ..ContainerPort::default()
    }
}

fn probe(path: &str) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.into()),
            port: IntOrString::Int(names::HEALTH_PORT.into()),
            scheme: Some("HTTP".into()),
            ..HTTPGetAction::default()
        }),
        timeout_seconds: Some(5),
        ..Probe::default()
    }
}
