//! The two Services: headless, for workers; and the one for people.

use super::Parent;
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use rsac_api::{RSACrackerSpec, ServiceType, names};

/// Names the master's pod for the workers. A master that opens its ledger is not ready, and
/// yet is where they must ask.
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

/// What people reach the master through: every route wants the token.
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
