//! Who may talk to whom. The master answers, and asks nobody: all that it may send is its word
//! to the operator that it is there. Workers ask the master and the cluster's names, and answer
//! nobody.

use super::Parent;
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use rsac_api::names;

const DNS_PORT: u16 = 53;

/// An operator that hears masters: its pods' namespace and port.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hearer<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) port: u16,
}

/// TLS from anywhere, because a Service may bring people from outside and every route wants
/// the token; health and metrics from within the cluster.
pub(crate) fn master_policy(parent: &Parent, hearer: Option<Hearer<'_>>) -> NetworkPolicy {
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
            egress: hearer.map(|hearer| vec![to_operator(hearer)]),
        }),
    }
}

fn to_operator(hearer: Hearer<'_>) -> NetworkPolicyEgressRule {
    let labelled = |labels: &[(&str, &str)]| LabelSelector {
        match_labels: Some(
            labels
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        ),
        ..LabelSelector::default()
    };
    let operator = NetworkPolicyPeer {
        namespace_selector: Some(labelled(&[(
            "kubernetes.io/metadata.name",
            hearer.namespace,
        )])),
        pod_selector: Some(labelled(&[
            (names::NAME_LABEL, names::NAME),
            (names::COMPONENT_LABEL, names::OPERATOR_COMPONENT),
        ])),
        ..NetworkPolicyPeer::default()
    };
    NetworkPolicyEgressRule {
        to: Some(vec![operator]),
        ports: Some(vec![port("TCP", hearer.port)]),
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
