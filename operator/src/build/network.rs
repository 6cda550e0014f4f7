//! Who may talk to whom. The master answers, and asks nobody; workers ask the master and
//! the cluster's names, and answer nobody.

use super::Parent;
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use rsac_api::names;

const DNS_PORT: u16 = 53;

/// TLS from anywhere, because a Service may bring people from outside and every route wants
/// the token; health and metrics from within the cluster.
pub(crate) fn master_policy(parent: &Parent) -> NetworkPolicy {
    let component = names::MASTER_COMPONENT;
    let cluster = NetworkPolicyPeer {
        namespace_selector: Some(LabelSelector::default()),
        ..NetworkPolicyPeer::default()
    };
    NetworkPolicy {
        metadata: parent.meta(names::master(&parent.name), Some(component)),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(parent.label_selector(component)),
            policy_types: Some(vec!["Ingress".into(), "Egress".into()]),
            ingress: Some(vec![
                NetworkPolicyIngressRule {
                    from: None,
                    ports: Some(vec![port("TCP", names::TLS_PORT)]),
                },
                NetworkPolicyIngressRule {
                    from: Some(vec![cluster]),
                    ports: Some(vec![port("TCP", names::HEALTH_PORT)]),
                },
            ]),
            egress: None,
        }),
    }
}

/// To the master and to DNS, wherever a cluster keeps that; from nobody.
pub(crate) fn worker_policy(parent: &Parent) -> NetworkPolicy {
    let component = names::WORKER_COMPONENT;
    let master = NetworkPolicyPeer {
        pod_selector: Some(parent.label_selector(names::MASTER_COMPONENT)),
        ..NetworkPolicyPeer::default()
    };
    NetworkPolicy {
        metadata: parent.meta(names::workers(&parent.name), Some(component)),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(parent.label_selector(component)),
            policy_types: Some(vec!["Ingress".into(), "Egress".into()]),
            ingress: None,
            egress: Some(vec![
                NetworkPolicyEgressRule {
                    to: Some(vec![master]),
                    ports: Some(vec![port("TCP", names::TLS_PORT)]),
                },
                NetworkPolicyEgressRule {
                    to: None,
                    ports: Some(vec![port("UDP", DNS_PORT), port("TCP", DNS_PORT)]),
                },
            ]),
        }),
    }
}

fn port(protocol: &str, number: u16) -> NetworkPolicyPort {
    NetworkPolicyPort {
        port: Some(IntOrString::Int(number.into())),
        protocol: Some(protocol.into()),
        end_port: None,
    }
}
