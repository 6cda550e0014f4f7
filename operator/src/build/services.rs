//! The two Services: the headless one that a StatefulSet has, and the one that people and
//! workers ask by.

use super::Parent;
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use rsac_api::{RSACrackerSpec, ServiceType, names};

/// Gives the master's pod the name that a StatefulSet promises for it, also while it opens its
/// ledger and is not ready.
pub(crate) fn headless_service(parent: &Parent) -> Service {
    Service {
        metadata: parent.meta(names::master(&parent.name), Some(names::MASTER_COMPONENT)),
        spec: Some(ServiceSpec {
            cluster_ip: Some("None".into()),
            publish_not_ready_addresses: Some(true),
            selector: Some(parent.selector(names::MASTER_COMPONENT)),
            ports: Some(vec![https(names::TLS_PORT)]),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

/// What people and workers reach the master through: every route wants the token.
///
/// Its name is known as soon as the Service is there, and its address stays when the master's
/// pod is replaced. A headless one's name is unknown until the pod has an address, which a
/// cluster's DNS may remember for a while, and then the old address (decision 23).
pub(crate) fn progress_service(parent: &Parent, spec: &RSACrackerSpec) -> Service {
    let type_ = match spec.service_type() {
        ServiceType::ClusterIP => "ClusterIP",
        ServiceType::NodePort => "NodePort",
        ServiceType::LoadBalancer => "LoadBalancer",
    };
    Service {
        metadata: parent.meta(
            names::progress_service(&parent.name),
            Some(names::MASTER_COMPONENT),
        ),
        spec: Some(ServiceSpec {
            type_: Some(type_.into()),
            // Workers must reach a master that opens its ledger; people are told that it does.
            publish_not_ready_addresses: Some(true),
            selector: Some(parent.selector(names::MASTER_COMPONENT)),
            ports: Some(vec![https(443)]),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

fn https(port: u16) -> ServicePort {
    ServicePort {
        name: Some("https".into()),
        port: port.into(),
        protocol: Some("TCP".into()),
        target_port: Some(IntOrString::String("https".into())),
        ..ServicePort::default()
    }
}
