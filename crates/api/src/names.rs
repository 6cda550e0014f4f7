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

/// The label that every object and pod of a job carries, its value the job's name.
pub const JOB_LABEL: &str = "suu-kopf.dev/rsacracker";
/// The label that tells the master's pod from the workers'.
pub const COMPONENT_LABEL: &str = "app.kubernetes.io/component";
/// The workers' value of [`COMPONENT_LABEL`].
pub const WORKER_COMPONENT: &str = "worker";

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
    }
}
