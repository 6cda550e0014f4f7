//! What a job is to the operator, before anything is done for it.

use crate::observe::Seen;
use rsac_api::{RSACracker, rules};

/// What a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// To be worked on.
    Live,
    /// Nothing was made for it and nothing is to be: it is not accepted, or was created
    /// suspended and takes no volume before it starts.
    Idle,
    /// It was started, and then changed to what is not accepted: its pods stop, and the
    /// rest stays.
    Stopped,
}

/// Decides from the spec and from whether the job was ever started.
pub(crate) fn standing(cracker: &RSACracker, seen: &Seen, was_started: bool) -> Standing {
    let started = was_started || seen.master.is_some();
    let accepted = rules::check(cracker).is_empty() && cracker.spec.target().is_ok();
    match (accepted, started) {
        (false, false) => Standing::Idle,
        (false, true) => Standing::Stopped,
        (true, false) if cracker.spec.suspended() => Standing::Idle,
        (true, _) => Standing::Live,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::apps::v1::StatefulSet;
    use rsac_api::{IntOrText, RSACrackerSpec};

    #[test]
    fn what_a_job_is() {
        let job = |number: &str, suspend: bool| {
            let spec = RSACrackerSpec {
                number_to_factor: Some(IntOrText::from(number)),
                suspend: Some(suspend),
                ..RSACrackerSpec::default()
            };
            RSACracker::new("my-rsac", spec)
        };
        let nothing = Seen::default();
        let started = Seen {
            master: Some(StatefulSet::default()),
            ..Seen::default()
        };
        for (cracker, seen, was_started, expected) in [
            (job("15", false), &nothing, false, Standing::Live),
            (job("15", true), &nothing, false, Standing::Idle),
            (job("15", true), &nothing, true, Standing::Live),
            (job("15", true), &started, false, Standing::Live),
            (job("x", false), &nothing, false, Standing::Idle),
            (job("x", false), &started, false, Standing::Stopped),
        ] {
            assert_eq!(standing(&cracker, seen, was_started), expected);
        }
    }
}
