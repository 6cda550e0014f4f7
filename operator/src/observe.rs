//! What is to be seen of a job: its objects and pods as the watches show them. The
//! master's own word is got by `ask`.

use crate::build::Parent;
use crate::children::{Whose, whose};
use crate::context::Context;
use crate::pods;
use crate::watch::seen;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::SignedDuration;
use kube::ResourceExt;
use rsac_api::{ServiceType, names};
use rsac_workload::Observation;
use std::net::IpAddr;
use std::time::Instant;

/// A StatefulSet makes its pod at once, unless something stops it.
const PODLESS: SignedDuration = SignedDuration::from_secs(10);

/// The objects of a job that matter to a look.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) master: Option<StatefulSet>,
    pub(crate) workers: Option<Deployment>,
    pub(crate) service: Option<Service>,
    /// The pod of this master.
    pub(crate) master_pod: Option<Pod>,
    /// Where that pod said that it answers.
    pub(crate) announced: Option<IpAddr>,
    pub(crate) worker_pods: Vec<Pod>,
}

/// Looks into the stores.
pub(crate) fn look(context: &Context, parent: &Parent) -> Seen {
    let (namespace, name) = (parent.namespace.as_str(), parent.name.as_str());
    let stores = &context.stores;
    let ours = |meta: &ObjectMeta| whose(meta, parent) == Whose::Ours;
    let master =
        seen(&stores.masters, namespace, &names::master(name)).filter(|set| ours(&set.metadata));
    let workers = seen(&stores.workers, namespace, &names::workers(name))
        .filter(|deployment| ours(&deployment.metadata));
    let service = seen(&stores.services, namespace, &names::progress_service(name))
        .filter(|service| ours(&service.metadata));
    let pods: Vec<Pod> = stores
        .pods_of(namespace, name)
        .iter()
        .filter_map(|pod| pod.0.as_ref().ok().cloned())
        .collect();
    let belongs = |pod: &Pod, uid: &Option<String>| {
        let owners = pod.owner_references();
        owners.iter().any(|owner| Some(&owner.uid) == uid.as_ref())
    };
    let master_pod = master.as_ref().and_then(|set| {
        let of_set = |pod: &&Pod| belongs(pod, &set.metadata.uid);
        pods.iter().find(of_set).cloned()
    });
    let is_worker = |pod: &Pod| {
        let component = pod.labels().get(names::COMPONENT_LABEL);
        component.map(String::as_str) == Some(names::WORKER_COMPONENT)
    };
    let announced = master_pod.as_ref().and_then(|pod| {
        context
            .announced
            .address(pod.metadata.uid.as_deref()?, Instant::now())
    });
    Seen {
        announced,
        worker_pods: pods.into_iter().filter(is_worker).collect(),
        master,
        workers,
        service,
        master_pod,
    }
}

impl Seen {
    /// What the objects say, without the master's word.
    pub(crate) fn observation(&self, service_type: ServiceType, now: Time) -> Observation {
        let mut observation = Observation::nothing(now);
        observation.master_problem = self.master_problem(&observation.now);
        if let Some(status) = self.workers.as_ref().and_then(|d| d.status.as_ref()) {
            let count = |number: Option<i32>| u32::try_from(number.unwrap_or(0)).unwrap_or(0);
            observation.workers = count(status.replicas);
            observation.workers_ready = count(status.ready_replicas);
        }
        observation.workers_problem = self.workers_problem(&observation.now);
        observation.address = self.address(service_type);
        observation
    }

    /// The master's pod, if it runs as far as anybody can tell: its status says so, or it
    /// announced itself and no status speaks against it.
    pub(crate) fn running_master(&self) -> Option<&Pod> {
        let pod = self.master_pod.as_ref()?;
        let runs = pods::runs(pod) || (self.announced.is_some() && pods::is_young(pod));
        (runs && !pods::ends(pod)).then_some(pod)
    }

    /// Where that pod is.
    pub(crate) fn master_ip(&self) -> Option<String> {
        let pod = self.running_master()?;
        let announced = || self.announced.map(|ip| ip.to_string());
        pods::ip(pod).map(ToOwned::to_owned).or_else(announced)
    }

    /// Whether a master that is to stop is still needed: workers that end report to it what
    /// they computed, which is lost with them otherwise.
    pub(crate) fn is_reported_to(&self, parent: &Parent, now: &Time) -> bool {
        let workers = names::workers(&parent.name);
        let mut pods = self.worker_pods.iter();
        self.master_pod.is_some() && pods.any(|pod| pods::may_report(pod, &workers, now))
    }

    fn master_problem(&self, now: &Time) -> Option<String> {
        if let Some(pod) = &self.master_pod {
            return pods::problem(pod, now);
        }
        let set = self.master.as_ref()?;
        let wanted = set.spec.as_ref()?.replicas.unwrap_or(1);
        let since = set.metadata.creation_timestamp.as_ref()?;
        let long = now.0.duration_since(since.0) > PODLESS;
        let current = set.status.as_ref()?.replicas;
        (wanted > 0 && current == 0 && long).then(|| {
            let name = set.name_any();
            format!(
                "StatefulSet {name} has no pod; what stops it is among its events: kubectl \
                 describe statefulset {name}"
            )
        })
    }

    fn workers_problem(&self, now: &Time) -> Option<String> {
        let of_pods = || {
            self.worker_pods
                .iter()
                .find_map(|pod| pods::problem(pod, now))
        };
        let status = self.workers.as_ref()?.status.as_ref()?;
        let conditions = status.conditions.as_deref().unwrap_or_default();
        let failure = conditions
            .iter()
            .find(|condition| condition.type_ == "ReplicaFailure" && condition.status == "True");
        match failure {
            Some(condition) => condition.message.clone(),
            None => of_pods(),
        }
    }

    fn address(&self, service_type: ServiceType) -> Option<String> {
        let service = self.service.as_ref()?;
        let port = service.spec.as_ref()?.ports.as_ref()?.first()?;
        match service_type {
            ServiceType::ClusterIP => {
                let namespace = service.namespace().unwrap_or_default();
                Some(within(&service.name_any(), &namespace))
            }
            ServiceType::NodePort => {
                let node = self
                    .master_pod
                    .as_ref()?
                    .status
                    .as_ref()?
                    .host_ip
                    .as_ref()?;
                Some(host_port(node, u16::try_from(port.node_port?).ok()?))
            }
            ServiceType::LoadBalancer => {
                let balancer = service.status.as_ref()?.load_balancer.as_ref()?;
                let ingress = balancer.ingress.as_ref()?.first()?;
                let host = ingress.ip.as_ref().or(ingress.hostname.as_ref())?;
                Some(host_port(host, u16::try_from(port.port).ok()?))
            }
        }
    }
}

/// Where a job answers within its cluster.
pub(crate) fn address_within(parent: &Parent) -> String {
    within(&names::progress_service(&parent.name), &parent.namespace)
}

fn within(service: &str, namespace: &str) -> String {
    format!("{service}.{namespace}.svc:443")
}

/// As a URL has it.
pub(crate) fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn seen(pod: Value, announced: Option<&str>) -> Seen {
        Seen {
            master_pod: Some(serde_json::from_value(pod).unwrap()),
            announced: announced.map(|ip| ip.parse().unwrap()),
            ..Seen::default()
        }
    }

    fn pod(state: &str, ip: Option<&str>) -> Value {
        json!({
            "metadata": {},
            "status": {"podIP": ip, "containerStatuses": [{
                "name": "master", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                "state": {state: {"reason": "ContainerCreating"}},
            }]},
        })
    }

    #[test]
    fn a_master_is_where_it_announced_itself_until_its_pods_status_says_where() {
        let word = Some("10.244.1.9");
        let ip = |pod: Value, announced| seen(pod, announced).master_ip();
        assert_eq!(ip(pod("waiting", None), None), None);
        assert_eq!(ip(pod("waiting", None), word).as_deref(), word);
        let running = pod("running", Some("10.244.2.3"));
        assert_eq!(ip(running.clone(), word).as_deref(), Some("10.244.2.3"));
        assert_eq!(ip(running, None).as_deref(), Some("10.244.2.3"));

        // What its status knows better, and a pod on its way out.
        assert_eq!(ip(pod("terminated", None), word), None);
        let mut ending = pod("waiting", None);
        ending["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert!(seen(ending, word).running_master().is_none());
    }
}
