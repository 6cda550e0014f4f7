//! The master's routes. Those under [`WORKER_API`] and [`ASK_API`] want the job's
//! token as `Authorization: Bearer …`; the rest answer to anyone who can connect.

/// Prefix of what workers call.
pub const WORKER_API: &str = "/v1/worker";
/// POST [`crate::RegisterRequest`] → [`crate::RegisterAnswer`].
pub const REGISTER: &str = "/v1/worker/register";
/// POST [`crate::AcquireRequest`] → [`crate::AcquireAnswer`].
pub const ACQUIRE: &str = "/v1/worker/acquire";
/// POST [`crate::HeartbeatRequest`] → [`crate::HeartbeatAnswer`].
pub const HEARTBEAT: &str = "/v1/worker/heartbeat";
/// POST an encoded [`crate::Report`] → [`crate::ReportAnswer`].
pub const REPORT: &str = "/v1/worker/report";
/// POST [`crate::ReleaseRequest`] → [`crate::ReleaseAnswer`].
pub const RELEASE: &str = "/v1/worker/release";

/// Prefix of what controllers and people ask.
pub const ASK_API: &str = "/v1/job";
/// GET → [`crate::Summary`].
pub const SUMMARY: &str = "/v1/job/summary";
/// GET → [`crate::Solution`], or 404 while there is none.
pub const SOLUTION: &str = "/v1/job/solution";
/// GET `?plan=<sequence>&after=<unit>&limit=<n>` → [`crate::UnitsPage`].
pub const UNITS: &str = "/v1/job/units";

/// GET → [`crate::ProgressAnswer`], as the first system answered it.
pub const PROGRESS: &str = "/progress";
/// GET → 200 while the process works.
pub const HEALTHZ: &str = "/healthz";
/// GET → 200 while the ledger is open and takes reports, else 503.
pub const READYZ: &str = "/readyz";
/// GET → metrics in Prometheus' text format.
pub const METRICS: &str = "/metrics";
