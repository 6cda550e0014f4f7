//! The children of the example, held to snapshots, and what a spec changes about them.

use super::templates::{Outfit, Record};
use super::*;
use k8s_openapi::api::core::v1::{PodTemplateSpec, Toleration};
use k8s_openapi::jiff::Timestamp;
use rsac_api::{IntOrText, LedgerSpec, MasterSpec, RSACrackerSpec, Resources, WorkersSpec};
use rsac_protocol::Job;

pub(super) const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);
const IMAGE: &str = "registry.example/rsac:0.1.0";
const HEARER: Hearer<'_> = Hearer {
    namespace: "rsac-system",
    port: 8081,
};

fn cracker() -> RSACracker {
    let spec = RSACrackerSpec {
        worker_count: Some(3),
        number_to_factor: Some(IntOrText::from("804556097")),
        ..RSACrackerSpec::default()
    };
    let mut cracker = RSACracker::new("my-rsac", spec);
    cracker.metadata.namespace = Some("jobs".into());
    cracker.metadata.uid = Some("11111111-2222-3333-4444-555555555555".into());
    cracker
}

pub(crate) fn parent() -> Parent {
    Parent::of(&cracker()).unwrap()
}

fn bound() -> Bound {
    Bound {
        job: "0123abcd".into(),
        access: "99999999-8888-7777-6666-555555555555".into(),
    }
}

fn record(spec: &RSACrackerSpec) -> Record {
    Record::new(&parent(), spec, "question".into(), public(IMAGE))
}

fn public(image: &str) -> Outfit<'_> {
    Outfit {
        image,
        is_private: false,
        hears_at: Some("10.244.1.7:8081".parse().unwrap()),
    }
}

fn template(
    pods: Option<PodTemplateSpec>,
) -> (
    k8s_openapi::api::core::v1::PodSpec,
    BTreeMap<String, String>,
) {
    let pods = pods.unwrap();
    (pods.spec.unwrap(), pods.metadata.unwrap().labels.unwrap())
}

#[test]
fn the_examples_children() {
    let (parent, spec) = (parent(), cracker().spec);
    let record = record(&spec);
    let job = Job {
        name: "my-rsac".into(),
        attempt: "a".repeat(64),
        number: "804556097".into(),
        public_exponent: None,
        method: None,
        checkpoint_seconds: 10,
        max_cpu_hours: 24.0,
        pre_pass_seconds: 60,
        deadline_seconds: None,
    };
    insta::assert_json_snapshot!("job", job_config(&parent, &job).unwrap().0);
    insta::assert_json_snapshot!("master", master(&parent, &spec, &record, &bound(), true));
    insta::assert_json_snapshot!("workers", workers(&parent, &spec, &record, &bound(), 3));
    insta::assert_json_snapshot!("headless_service", headless_service(&parent));
    insta::assert_json_snapshot!("progress_service", progress_service(&parent, &spec));
    insta::assert_json_snapshot!("budget", budget(&parent));
    insta::assert_json_snapshot!("master_policy", master_policy(&parent, Some(HEARER)));
    insta::assert_json_snapshot!("worker_policy", worker_policy(&parent));
}

#[test]
fn a_record_survives_its_config_map_and_keeps_its_claims() {
    let spec = cracker().spec;
    let first = record(&spec);
    let config = first.config(&parent()).unwrap();
    assert_eq!(Record::read(&config).as_ref(), Some(&first));
    let spec = RSACrackerSpec {
        ledger: Some(LedgerSpec {
            size: Some(IntOrText::from("9Gi")),
            ..LedgerSpec::default()
        }),
        ..spec
    };
    let renewed = first.renewed(
        &parent(),
        &spec,
        "another".into(),
        public("registry.example/rsac:2"),
    );
    assert_eq!(renewed.claims, first.claims);
    assert_eq!(renewed.question, "another");
    let image = |record: &Record| {
        let spec = record.workers.spec.clone().unwrap();
        spec.containers[0].image.clone()
    };
    assert_eq!(image(&renewed).as_deref(), Some("registry.example/rsac:2"));
    assert_eq!(image(&first).as_deref(), Some(IMAGE));
}

#[test]
fn a_private_image_is_pulled_with_the_jobs_own_copy_of_the_secret() {
    let spec = cracker().spec;
    let outfit = Outfit {
        is_private: true,
        ..public(IMAGE)
    };
    let private = Record::new(&parent(), &spec, "question".into(), outfit);
    for template in [&private.master, &private.workers] {
        let secrets = template.spec.clone().unwrap().image_pull_secrets.unwrap();
        assert_eq!(secrets[0].name, names::pull_secret(&parent().name));
    }
    let public = record(&spec);
    assert_eq!(public.master.spec.unwrap().image_pull_secrets, None);
}

/// Run from outside the cluster.
#[test]
fn a_master_announces_itself_to_nobody_where_it_cannot_reach_the_operator() {
    let spec = cracker().spec;
    let outfit = Outfit {
        hears_at: None,
        ..public(IMAGE)
    };
    let record = Record::new(&parent(), &spec, "question".into(), outfit);
    let text = serde_json::to_string(&record.master).unwrap();
    assert!(
        !text.contains("announce") && !text.contains("POD_UID"),
        "{text}"
    );
    let policy = master_policy(&parent(), None).spec.unwrap();
    assert_eq!(policy.egress, None);
    assert!(policy.policy_types.unwrap().contains(&"Egress".to_owned()));
}

#[test]
fn wishes_of_the_spec_are_laid_over_the_record() {
    let quantity = |name: &str, value: &str| (name.to_owned(), IntOrText::from(value));
    let toleration = Toleration {
        key: Some("spot".into()),
        operator: Some("Exists".into()),
        ..Toleration::default()
    };
    let spec = RSACrackerSpec {
        workers: Some(WorkersSpec {
            threads: Some(4),
            resources: Some(Resources {
                limits: [quantity("memory", "64Mi")].into(),
                requests: [quantity("cpu", "2")].into(),
            }),
            labels: [
                ("team".to_owned(), "red".to_owned()),
                (names::JOB_LABEL.to_owned(), "stolen".to_owned()),
            ]
            .into(),
            node_selector: [("pool".to_owned(), "spot".to_owned())].into(),
            tolerations: vec![toleration.clone()],
        }),
        master: Some(MasterSpec {
            labels: [("team".to_owned(), "blue".to_owned())].into(),
            ..MasterSpec::default()
        }),
        ..cracker().spec
    };
    // Recorded without the wishes, as by an operator that started the job before.
    let record = record(&cracker().spec);
    let deployment = workers(&parent(), &spec, &record, &bound(), 0);
    let (pod, labels) = template(deployment.spec.map(|spec| spec.template));
    assert_eq!(labels["team"], "red");
    assert_eq!(labels[names::JOB_LABEL], "my-rsac");
    assert_eq!(pod.tolerations, Some(vec![toleration]));
    assert_eq!(pod.node_selector.unwrap()["pool"], "spot");
    let container = &pod.containers[0];
    let command = container.command.as_ref().unwrap();
    assert_eq!(command[command.len() - 2..], ["--threads", "4"]);
    let resources = container.resources.as_ref().unwrap();
    assert_eq!(resources.limits.as_ref().unwrap()["memory"].0, "64Mi");
    let requests = resources.requests.as_ref().unwrap();
    assert_eq!(requests["cpu"].0, "2");
    assert!(
        !requests.contains_key("memory"),
        "our 128Mi is over the limit"
    );

    let set = master(&parent(), &spec, &record, &bound(), false);
    let set = set.spec.unwrap();
    assert_eq!(set.replicas, Some(0));
    let (_, labels) = template(Some(set.template));
    assert_eq!(labels["team"], "blue");
}

#[test]
fn threads_ask_for_their_share_of_cpu() {
    for (threads, cpu) in [(1, "250m"), (2, "500m"), (4, "1"), (6, "1500m")] {
        let spec = RSACrackerSpec {
            workers: Some(WorkersSpec {
                threads: Some(threads),
                ..WorkersSpec::default()
            }),
            ..cracker().spec
        };
        let deployment = workers(&parent(), &spec, &record(&spec), &bound(), 1);
        let (pod, _) = template(deployment.spec.map(|spec| spec.template));
        let resources = pod.containers[0].resources.clone().unwrap();
        assert_eq!(resources.requests.unwrap()["cpu"].0, cpu);
    }
}

#[test]
fn an_ephemeral_ledger_has_no_claim() {
    let spec = RSACrackerSpec {
        ledger: Some(LedgerSpec {
            ephemeral: Some(true),
            ..LedgerSpec::default()
        }),
        ..cracker().spec
    };
    let set = master(&parent(), &spec, &record(&spec), &bound(), true);
    let set = set.spec.unwrap();
    assert_eq!(set.volume_claim_templates, None);
    let volumes = set.template.spec.unwrap().volumes.unwrap();
    let ledger = volumes.iter().find(|v| v.name == names::LEDGER_VOLUME);
    assert!(ledger.unwrap().empty_dir.is_some());
}
