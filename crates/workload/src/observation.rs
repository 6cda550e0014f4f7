//! What a controller sees of a job.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use rsac_api::conditions::Reason;
use rsac_protocol::Summary;

/// Something that a job needs and that could not be made as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Why.
    pub reason: Reason,
    /// For people: which object, what is wrong, what to do.
    pub message: String,
}

/// What a controller sees of a job at one moment.
#[derive(Debug, Clone)]
pub struct Observation {
    /// When.
    pub now: Time,
    /// What the master answered just now; none when it did not answer. Never an answer
    /// kept from before: what is to be remembered is in the status.
    pub summary: Option<Summary>,
    /// Whether the master's process (or pod) runs and calls itself ready.
    pub master_ready: bool,
    /// Why the master cannot be started, where it cannot: "exited with code 3, restarting
    /// in 40 s".
    pub master_problem: Option<String>,
    /// Workers' processes (or pods) that exist.
    pub workers: u32,
    /// Of these, those that run.
    pub workers_ready: u32,
    /// Why workers are missing, where one of them says so: "the image cannot be pulled".
    pub workers_problem: Option<String>,
    /// What could not be made for the job; the rest goes on.
    pub obstacles: Vec<Obstacle>,
    /// Where the master answers `/progress`, as `host:port`.
    pub address: Option<String>,
    /// A broken rule that only the controller can see (none for the local one), with its
    /// remedy: the job is not accepted.
    pub refusal: Option<String>,
}

impl Observation {
    /// Nothing runs yet.
    pub fn nothing(now: Time) -> Self {
        Self {
            now,
            summary: None,
            master_ready: false,
            master_problem: None,
            workers: 0,
            workers_ready: 0,
            workers_problem: None,
            obstacles: Vec::new(),
            address: None,
            refusal: None,
        }
    }
}
