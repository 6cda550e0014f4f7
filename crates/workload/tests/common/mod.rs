//! What the tests of a job's status share: a job, a master's word, a controller's round.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]
#![allow(dead_code, unreachable_pub, reason = "each test uses some of it")]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use rsac_api::conditions::ConditionType;
use rsac_api::{IntOrText, RSACracker, RSACrackerSpec};
use rsac_protocol::{Ending, LedgerId, Outcome, Progress, Stage, Summary, VERSION, WorkersSummary};
use rsac_workload::{Observation, identity, status};

pub const START: i64 = 1_800_000_000;

pub fn at(seconds: i64) -> Time {
    Time(Timestamp::from_second(START + seconds).unwrap())
}

pub fn job(number: &str) -> RSACracker {
    let spec = RSACrackerSpec {
        number_to_factor: Some(IntOrText::from(number)),
        worker_count: Some(3),
        ..RSACrackerSpec::default()
    };
    let mut cracker = RSACracker::new("my-rsac", spec);
    cracker.metadata.generation = Some(1);
    cracker
}

pub fn attempt(spec: &RSACrackerSpec) -> String {
    identity(spec).unwrap().attempt
}

/// The word of a master that was started for [`job`] of that number.
pub fn summary(number: &str, stage: Stage) -> Summary {
    Summary {
        protocol: VERSION,
        job: "my-rsac".into(),
        attempt: attempt(&job(number).spec),
        number: number.into(),
        ledger: LedgerId([1; 16]),
        generation: 1,
        stage,
        plan: None,
        progress: Progress {
            done: 10,
            all: 40,
            word: "divisors".into(),
            rate: 2.0,
            seconds_left: Some(15.0),
        },
        workers: WorkersSummary::default(),
        active_seconds: 5.0,
        cpu_seconds: 5.0,
        ledger_unavailable: None,
        outcome: None,
    }
}

pub fn ended(number: &str, ending: Ending) -> Summary {
    let outcome = Outcome {
        ending,
        message: "in words".into(),
        finished_at: u64::try_from(START).unwrap() + 7,
    };
    Summary {
        outcome: Some(outcome),
        ..summary(number, Stage::Done)
    }
}

pub fn heard(seconds: i64, summary: Summary) -> Observation {
    Observation {
        summary: Some(summary),
        master_ready: true,
        ..Observation::nothing(at(seconds))
    }
}

/// The controller's round: what was seen becomes the stored status.
pub fn round(cracker: &mut RSACracker, observation: &Observation) {
    cracker.status = Some(status(cracker, observation));
}

pub fn says(cracker: &RSACracker, kind: ConditionType) -> (String, String) {
    let status = cracker.status.as_ref().unwrap();
    let condition = status.condition(kind).expect("a condition");
    (condition.status.clone(), condition.reason.clone())
}

/// The same word, of a master that was started for this very resource.
pub fn of(cracker: &RSACracker, summary: Summary) -> Summary {
    Summary {
        attempt: attempt(&cracker.spec),
        ..summary
    }
}
