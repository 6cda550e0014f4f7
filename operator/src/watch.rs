//! What the operator watches, and the stores that its watches fill: jobs, their children
//! and their pods, by label. Each kind behind a guard, so that one object that cannot be
//! decoded does not stall the watch. No Secret is watched.

use crate::build::CHILDREN;
use crate::writer::Child;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, select_all};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, Pod, PodSpec, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::core::{DeserializeGuard, NamespaceResourceScope};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use rsac_api::{RSACracker, names};
use std::sync::Arc;

/// An object that may not have been decoded.
pub(crate) type Guarded<K> = DeserializeGuard<K>;

/// What the watches have seen last.
pub(crate) struct Stores {
    pub(crate) masters: Store<Guarded<StatefulSet>>,
    pub(crate) workers: Store<Guarded<Deployment>>,
    pub(crate) services: Store<Guarded<Service>>,
    pub(crate) budgets: Store<Guarded<PodDisruptionBudget>>,
    pub(crate) policies: Store<Guarded<NetworkPolicy>>,
    pub(crate) configs: Store<Guarded<ConfigMap>>,
    pub(crate) pods: Store<Guarded<Pod>>,
}

impl Stores {
    /// Waits until each has its first list: before, what is not there may only be unknown.
    pub(crate) async fn ready(&self) -> bool {
        let all = tokio::join!(
            self.masters.wait_until_ready(),
            self.workers.wait_until_ready(),
            self.services.wait_until_ready(),
            self.budgets.wait_until_ready(),
            self.policies.wait_until_ready(),
            self.configs.wait_until_ready(),
            self.pods.wait_until_ready(),
        );
        [all.0, all.1, all.2, all.3, all.4, all.5, all.6]
            .iter()
            .all(Result::is_ok)
    }

    /// The pods of a job, whatever they belong to.
    pub(crate) fn pods_of(&self, namespace: &str, job: &str) -> Vec<Arc<Guarded<Pod>>> {
        self.pods.state_filter(|pod| {
            pod.meta().namespace.as_deref() == Some(namespace)
                && pod.labels().get(names::JOB_LABEL).map(String::as_str) == Some(job)
        })
    }
}

/// The object of that name, as its watch saw it last.
pub(crate) fn seen<K>(store: &Store<Guarded<K>>, namespace: &str, name: &str) -> Option<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + 'static,
{
    let key = ObjectRef::new(name).within(namespace);
    let object = store.get(&key)?;
    object.0.as_ref().ok().cloned()
}

/// A job that something happened to.
pub(crate) type Job = ObjectRef<Guarded<RSACracker>>;
/// Jobs that something happened to, or a watch that broke and goes on.
pub(crate) type Triggers = BoxStream<'static, Result<Job, watcher::Error>>;

/// The watches of one namespace, or of all.
pub(crate) struct Watches {
    pub(crate) jobs: Store<Guarded<RSACracker>>,
    pub(crate) stores: Stores,
    /// Must be polled for the stores to fill.
    pub(crate) triggers: Triggers,
}

/// Prepares the watches; nothing is asked until they are polled.
pub(crate) fn watches(client: &Client, namespace: Option<&str>) -> Watches {
    let (jobs, of_jobs) = watched(client, namespace, watcher::Config::default(), |job| {
        Some(ObjectRef::from_obj(job))
    });
    let (masters, of_masters) = owned(client, namespace);
    let (workers, of_workers) = owned(client, namespace);
    let (services, of_services) = owned(client, namespace);
    let (budgets, of_budgets) = owned(client, namespace);
    let (policies, of_policies) = owned(client, namespace);
    let (configs, of_configs) = owned(client, namespace);
    let (pods, of_pods) = watched::<Pod>(client, namespace, children(), job_of);
    Watches {
        jobs,
        stores: Stores {
            masters,
            workers,
            services,
            budgets,
            policies,
            configs,
            pods,
        },
        triggers: select_all([
            of_jobs,
            of_masters,
            of_workers,
            of_services,
            of_budgets,
            of_policies,
            of_configs,
            of_pods,
        ])
        .boxed(),
    }
}

fn children() -> watcher::Config {
    watcher::Config::default().labels(CHILDREN)
}

/// A kind whose objects name their job as their owner.
fn owned<K: Child>(client: &Client, namespace: Option<&str>) -> (Store<Guarded<K>>, Triggers) {
    watched(client, namespace, children(), |child: &Guarded<K>| {
        let namespace = child.meta().namespace.as_deref();
        let mut owners = child.owner_references().iter();
        owners.find_map(|owner| ObjectRef::from_owner_ref(namespace, owner, ()))
    })
}

fn watched<K: Child>(
    client: &Client,
    namespace: Option<&str>,
    config: watcher::Config,
    job: impl Fn(&Guarded<K>) -> Option<Job> + Send + 'static,
) -> (Store<Guarded<K>>, Triggers) {
    let api: Api<Guarded<K>> = match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    let (store, writer) = reflector::store();
    let triggers = watcher(api, config)
        .default_backoff()
        .modify(slim)
        .reflect(writer)
        .touched_objects()
        .filter_map(move |object| {
            std::future::ready(match object {
                Ok(object) => job(&object).map(Ok),
                Err(error) => Some(Err(error)),
            })
        });
    (store, triggers.boxed())
}

/// What the operator never reads is not kept.
fn slim<K: Resource + 'static>(object: &mut Guarded<K>) {
    object.meta_mut().managed_fields = None;
    let any: &mut dyn std::any::Any = object;
    if let Some(DeserializeGuard(Ok(pod))) = any.downcast_mut::<Guarded<Pod>>() {
        pod.spec = pod.spec.take().map(|spec| PodSpec {
            node_name: spec.node_name,
            ..PodSpec::default()
        });
    }
}

/// Pods belong to a StatefulSet or ReplicaSet, not to the job: their label names it.
fn job_of(pod: &Guarded<Pod>) -> Option<Job> {
    let job = pod.labels().get(names::JOB_LABEL)?;
    let namespace = pod.meta().namespace.as_deref()?;
    Some(ObjectRef::new(job).within(namespace))
}
