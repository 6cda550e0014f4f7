//! Over the wire: TLS with an authority of its own, the token endpoint, and the simulator's
//! faults, which are those of the real service.

use rsac_arm::credentials::{Environment, chain_in};
use rsac_arm::managed_clusters::{AksClusters, ClusterId, Declared, ManagedClusters};
use rsac_arm::{Arm, Begun, Call, Class, Cloud, Options, Patience};
use rsac_azure_simulator::{Effect, Fault, Settings, Simulator, When};
use serde_json::{Value, json};
use std::time::Duration;

const GROUPS: &str = "2021-04-01";

struct Bench {
    simulator: Simulator,
    arm: Arm,
    subscription: String,
}

impl Bench {
    fn new(change: impl FnOnce(&mut Options)) -> Bench {
        let simulator = Simulator::start(Settings::default()).unwrap();
        let cloud = Cloud::custom(&simulator.endpoint, &simulator.authority).unwrap();
        let mut options = Options::new(cloud, "rsac-test/1");
        options.ca_pem = Some(simulator.ca_pem.clone().into_bytes());
        options.patience = Patience::none();
        change(&mut options);
        let environment = Environment::of(simulator.environment());
        let credential = chain_in(&options, &environment).unwrap();
        let arm = Arm::new(credential, options).unwrap();
        let subscription = environment.text("AZURE_SUBSCRIPTION_ID").unwrap();
        Bench {
            simulator,
            arm,
            subscription,
        }
    }

    fn group(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/rsac-test",
            self.subscription
        )
    }

    async fn make_group(&self) {
        let put = Call::put(self.group(), GROUPS, json!({"location": "uksouth"}));
        self.arm.run(&put).await.unwrap();
    }

    fn cluster(&self) -> (AksClusters, ClusterId) {
        let id = ClusterId::new(&self.subscription, "rsac-test", "rsac").unwrap();
        (AksClusters::new(self.arm.clone()), id)
    }
}

fn declared() -> Declared {
    let body = json!({
        "location": "uksouth",
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "dnsPrefix": "rsac",
            "agentPoolProfiles": [{"name": "agentpool", "count": 2, "vmSize": "Standard_B2s",
                "osType": "Linux", "mode": "System"}]
        }
    });
    Declared::from_json(&body).unwrap()
}

async fn finish(arm: &Arm, begun: Begun) -> Result<Option<Value>, rsac_arm::ArmError> {
    match begun {
        Begun::Done { body, .. } => Ok(body),
        Begun::Running(operation) => arm.follow(&operation, &|_| ()).await,
    }
}

#[tokio::test]
async fn a_cluster_lives_and_goes() {
    let bench = Bench::new(|_| ());
    assert!(!bench.arm.exists(&bench.group(), GROUPS).await.unwrap());
    bench.make_group().await;
    assert!(bench.arm.exists(&bench.group(), GROUPS).await.unwrap());
    let (clusters, id) = bench.cluster();
    assert_eq!(clusters.get(&id).await.unwrap(), None);
    let begun = clusters.put(&id, &declared()).await.unwrap();
    let made = finish(&bench.arm, begun).await.unwrap().unwrap();
    assert_eq!(made["properties"]["provisioningState"], "Succeeded");
    let kubeconfigs = clusters.user_credentials(&id).await.unwrap();
    assert!(kubeconfigs[0].yaml.contains("clusters"));
    finish(&bench.arm, clusters.delete(&id).await.unwrap())
        .await
        .unwrap();
    assert_eq!(clusters.get(&id).await.unwrap(), None);
    bench
        .arm
        .run(&Call::delete(bench.group(), GROUPS))
        .await
        .unwrap();
    assert!(!bench.arm.exists(&bench.group(), GROUPS).await.unwrap());
    let groups = bench.simulator.groups();
    assert!(
        !groups.iter().any(|group| group.contains("rsac")),
        "{groups:?}"
    );
}

#[tokio::test]
async fn a_cluster_is_made_through_every_fault_at_every_request() {
    let answer =
        |status, body: Value| Effect::Answer(rsac_azure_simulator::Answer::json(status, body));
    let throttled =
        json!({"error": {"code": "TooManyRequests", "message": "Retry after 3 seconds."}});
    let effects = [
        answer(429, throttled),
        answer(
            503,
            json!({"error": {"code": "ServiceUnavailable", "message": "m"}}),
        ),
        Effect::ResetBefore,
        Effect::ResetAfter,
        Effect::ExpireTokens,
    ];
    let mut cases = 0;
    for effect in effects {
        for request in 1..=8 {
            let bench = Bench::new(|_| ());
            bench
                .simulator
                .fault(Fault::once(When::Request(request), effect.clone()));
            bench.make_group().await;
            let (clusters, id) = bench.cluster();
            let begun = clusters.put(&id, &declared()).await.unwrap();
            let made = finish(&bench.arm, begun).await.unwrap().unwrap();
            assert_eq!(made["properties"]["provisioningState"], "Succeeded");
            assert_eq!(
                bench.simulator.clusters().len(),
                1,
                "{effect:?} at {request}"
            );
            cases += 1;
        }
    }
    assert_eq!(cases, 40);
}

#[tokio::test]
async fn a_server_that_hangs_is_left_and_asked_again() {
    let bench = Bench::new(|options| options.patience.request = Duration::from_secs(1));
    bench.make_group().await;
    bench.simulator.forget_requests();
    bench
        .simulator
        .fault(Fault::once(When::Request(1), Effect::HangBefore));
    assert!(
        bench
            .arm
            .get(&bench.group(), GROUPS)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn failures_keep_their_class_on_the_way() {
    let bench = Bench::new(|_| ());
    bench.make_group().await;
    let code = ("QuotaExceeded".to_owned(), "no cores left".to_owned());
    bench.simulator.forget_requests();
    let put = When::Mutating(1);
    bench
        .simulator
        .fault(Fault::once(put, Effect::FailOperation(code.0, code.1)));
    let (clusters, id) = bench.cluster();
    let begun = clusters.put(&id, &declared()).await.unwrap();
    let error = finish(&bench.arm, begun).await.unwrap_err();
    assert_eq!(
        (error.class(), error.code()),
        (Class::Quota, "QuotaExceeded")
    );

    let old = clusters.clone().at("2022-05-02-preview");
    assert_eq!(
        old.get(&id).await.unwrap_err().class(),
        Class::NotRegistered
    );
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_spoken_to() {
    let bench = Bench::new(|_| ());
    let mut options = bench.arm.options().clone();
    options.ca_pem = None;
    options.patience.retries = 1;
    let arm = Arm::new(rsac_arm::credentials::fixed("t"), options).unwrap();
    let error = arm.get(&bench.group(), GROUPS).await.unwrap_err();
    assert_eq!(error.class(), Class::Unreachable);
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn a_wrong_secret_is_named_without_being_shown() {
    let bench = Bench::new(|_| ());
    let mut variables = bench.simulator.environment();
    for (name, value) in &mut variables {
        if *name == "AZURE_CLIENT_SECRET" {
            *value = "wr0ng".to_owned();
        }
    }
    let options = bench.arm.options().clone();
    let credential = chain_in(&options, &Environment::of(variables)).unwrap();
    let arm = Arm::new(credential, options).unwrap();
    let error = arm.get(&bench.group(), GROUPS).await.unwrap_err();
    assert_eq!(error.class(), Class::Credential);
    let text = error.to_string();
    assert!(
        text.contains("AADSTS7000215") && !text.contains("wr0ng"),
        "{text}"
    );
}
