//! The status of an RSACracker: written by the local supervisor and the operator
//! (through `rsac-workload`), read by people and `rsac-infra`.

use crate::conditions::{self, ConditionType};
use crate::schemas;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of a job. Never holds a factor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RSACrackerStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Accepted, Ready, Progressing, Degraded, Finished, Succeeded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schemas::conditions")]
    pub conditions: Vec<Condition>,
    /// A digest of what the job is about (number, exponent, method): a status whose digest
    /// is not the spec's is old news. While a spec is not accepted, that of the last one
    /// that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// A digest of job and limits (maxCpuHours, deadlineSeconds): a job that ended without
    /// factors runs again under other limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<String>,
    /// The stage that the master last reported: Classify, PrePass, Search, Finish or Done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The method in force, once there is a plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Workers that exist now.
    #[schemars(range(min = 0))]
    pub workers: i32,
    /// Workers that exist and that the master hears from.
    #[schemars(range(min = 0))]
    pub ready_workers: i32,
    /// How many workers the job can use; more would wait. Advice.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub useful_workers: Option<i32>,
    /// How far the job is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<ProgressStatus>,
    /// How fast, for people: "10.6 M divisors/s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// Seconds left at this rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub seconds_left: Option<i64>,
    /// Seconds that the job was active.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub active_seconds: Option<i64>,
    /// The label selector of the workers, for the scale subresource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Where the master answers `/progress`, as `host:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// How far a job is, in the word that its method counts in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProgressStatus {
    /// Searched, or found; `all` once the job is solved, also where luck came early.
    #[schemars(range(min = 0))]
    pub done: i64,
    /// To be searched, or needed; not less than `done`.
    #[schemars(range(min = 0))]
    pub all: i64,
    /// What is counted: divisors, relations, curves, steps.
    pub word: String,
    /// How many a second.
    #[schemars(range(min = 0))]
    pub per_second: f64,
    /// For people: "12.3%".
    pub percent: String,
}

impl RSACrackerStatus {
    /// The condition of that type.
    pub fn condition(&self, kind: ConditionType) -> Option<&Condition> {
        conditions::find(&self.conditions, kind)
    }

    /// Whether the condition of that type is `True`.
    pub fn is_true(&self, kind: ConditionType) -> bool {
        conditions::is_true(&self.conditions, kind)
    }
}
