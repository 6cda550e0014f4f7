//! The names of what a job's name is made into, and what follows for its length.
//! `rsac-infra` checks with it; the operator and the local provider name with it.

/// The longest name of a job: its StatefulSet's pods carry a label
/// `NAME-master-HASH`, the hash up to ten characters, and labels end at 63.
pub const MAX_NAME: usize = 45;

/// The master: a StatefulSet, its Service, and the component's name on this machine.
pub fn master(job: &str) -> String {
    format!("{job}-master")
}

/// The workers' Deployment.
pub fn workers(job: &str) -> String {
    format!("{job}-workers")
}

/// The Secret with the factors.
pub fn result_secret(job: &str) -> String {
    format!("{job}-result")
}

/// The Secret with the job's authority (`ca.crt`, `ca.key`) and the `token` of its master.
pub fn access_secret(job: &str) -> String {
    format!("{job}-access")
}

/// The Secret with the master's certificate and key.
pub fn tls_secret(job: &str) -> String {
    format!("{job}-tls")
}

/// The job's copy of the Secret with which its image is pulled.
pub fn pull_secret(job: &str) -> String {
    format!("{job}-pull")
}

/// The ConfigMap with the master's job file.
pub fn job_config(job: &str) -> String {
    format!("{job}-job")
}

/// The ConfigMap with the pod templates that the job was started with.
pub fn templates_config(job: &str) -> String {
    format!("{job}-templates")
}

/// The Service for people.
pub fn progress_service(job: &str) -> String {
    format!("{job}-progress")
}

/// The master's only pod.
pub fn master_pod(job: &str) -> String {
    format!("{}-0", master(job))
}

/// The volume claim of the master's ledger.
pub fn ledger_claim(job: &str) -> String {
    format!("{LEDGER_VOLUME}-{}", master_pod(job))
}

/// The volume of the ledger in the master's pod.
pub const LEDGER_VOLUME: &str = "ledger";

/// The label that every object and pod of a job carries, its value the job's name.
pub const JOB_LABEL: &str = "suu-kopf.dev/rsacracker";
/// The label that tells the master's pod from the workers'.
pub const COMPONENT_LABEL: &str = "app.kubernetes.io/component";
/// The workers' value of [`COMPONENT_LABEL`].
pub const WORKER_COMPONENT: &str = "worker";
/// The master's value of [`COMPONENT_LABEL`].
pub const MASTER_COMPONENT: &str = "master";
/// The operator's value of [`COMPONENT_LABEL`].
pub const OPERATOR_COMPONENT: &str = "operator";
/// The label that names the program.
pub const NAME_LABEL: &str = "app.kubernetes.io/name";
/// The value of [`NAME_LABEL`] on everything of a job.
pub const NAME: &str = "rsac";
/// The label that names who keeps an object.
pub const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";
/// The operator: its field manager, its Deployment, account, roles and Lease, and the
/// value of [`MANAGED_BY_LABEL`] on everything of a job.
pub const OPERATOR: &str = "rsac-operator";
/// Where the operator lives.
pub const OPERATOR_NAMESPACE: &str = "rsac-system";
/// The Secret in the operator's namespace with which its image is pulled, where that takes one.
pub const PULL_SECRET: &str = "rsac-pull";
/// The annotation of a result's Secret: the SHA-256 of the number's decimal digits.
pub const NUMBER_ANNOTATION: &str = "suu-kopf.dev/number-digest";

/// The master's port for TLS; every route wants the token.
pub const TLS_PORT: u16 = 8443;
/// The master's port on its pod's loopback: `/progress` alone.
pub const LOCAL_PORT: u16 = 8080;
/// The port for health, readiness and metrics, of master and operator.
pub const HEALTH_PORT: u16 = 8081;

/// The name of the definition.
pub const CRD: &str = "rsacrackers.suu-kopf.dev";
/// The label with the version of definition and operator.
pub const VERSION_LABEL: &str = "app.kubernetes.io/version";
/// `rsac-infra`: its field manager, and the value of [`MANAGED_BY_LABEL`] on what `up` made.
pub const PROVISIONER: &str = "rsac-infra";
/// The annotation of definition, operator and namespace with the id of the stack whose
/// `up` installed them.
pub const INSTALLED_BY: &str = "suu-kopf.dev/installed-by";
/// The label of jobs with the id of the stack that made them.
pub const STACK_LABEL: &str = "suu-kopf.dev/stack";
/// The annotation with the run of `up` that made something.
pub const RUN: &str = "suu-kopf.dev/run";
/// The annotation of an operator with the fields of a spec that it serves.
pub const SERVES: &str = "suu-kopf.dev/serves";

/// The selector of a job's workers, as `status.selector` and the scale subresource
/// want it.
pub fn worker_selector(job: &str) -> String {
    format!("{JOB_LABEL}={job},{COMPONENT_LABEL}={WORKER_COMPONENT}")
}

/// Why a text cannot be a job's name; none when it can. Services made from it want a
/// DNS label that begins with a letter (RFC 1035), stricter than a pod's (RFC 1123).
pub fn problem(name: &str) -> Option<String> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() {
        Some("is empty".into())
    } else if name.len() > MAX_NAME {
        Some(format!("has {} characters, over {MAX_NAME}", name.len()))
    } else if !name.bytes().all(fits) {
        Some("holds something else than a-z, 0-9 and '-'".into())
    } else if !name.as_bytes()[0].is_ascii_lowercase() {
        Some("does not begin with a letter".into())
    } else if name.ends_with('-') {
        Some("ends with '-'".into())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_fit_and_names_that_do_not() {
        for name in ["a", "my-rsac", "r2d2", &"a".repeat(MAX_NAME)] {
            assert_eq!(problem(name), None, "{name}");
        }
        for name in [
            "",
            "A",
            "my_rsac",
            "my.rsac",
            "-a",
            "a-",
            "1a",
            "ä",
            "a b",
            &"a".repeat(MAX_NAME + 1),
        ] {
            assert!(problem(name).is_some(), "{name}");
        }
    }

    #[test]
    fn the_longest_name_fits_everywhere() {
        let job = "a".repeat(MAX_NAME);
        assert!(master(&job).len() + "-".len() + 10 <= 63);
        assert!(workers(&job).len() <= 63);
        assert!(result_secret(&job).len() <= 63);
        assert!(templates_config(&job).len() <= 63);
        assert!(ledger_claim(&job).len() <= 63);
    }
}
