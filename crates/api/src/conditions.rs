//! The condition types of an RSACracker and their reasons, in one place: who writes a
//! status (`rsac-workload`) and who reads one (`rsac-infra`, tests) use these.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use std::fmt;

/// What a condition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConditionType {
    /// The spec is one that can be worked on.
    Accepted,
    /// The master answers.
    Ready,
    /// The job moves.
    Progressing,
    /// Something stands in the way, though it may pass.
    Degraded,
    /// The job has ended, one way or the other.
    Finished,
    /// The number is completely factored (or prime). Unknown until the job is finished.
    Succeeded,
}

impl ConditionType {
    /// All of them, in the order in which a status lists them.
    pub const ALL: [Self; 6] = [
        Self::Accepted,
        Self::Ready,
        Self::Progressing,
        Self::Degraded,
        Self::Finished,
        Self::Succeeded,
    ];

    /// As written in `status.conditions[].type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Ready => "Ready",
            Self::Progressing => "Progressing",
            Self::Degraded => "Degraded",
            Self::Finished => "Finished",
            Self::Succeeded => "Succeeded",
        }
    }
}

impl fmt::Display for ConditionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Why a condition is as it is. One enum, because some reasons serve several
        /// conditions: a suspended job is neither ready nor progressing.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As written in `status.conditions[].reason`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

reasons! {
    // Accepted
    /// The spec can be worked on.
    Valid,
    /// A field of the spec, or the name, breaks a rule.
    InvalidSpec,
    /// `numberToFactor` is no number.
    InvalidNumber,
    /// The number has more than 4096 bits.
    NumberTooLarge,
    /// `publicKey` is no RSA public key.
    InvalidKey,

    // Ready
    /// The master answers.
    MasterReady,
    /// The master does not answer yet.
    MasterStarting,
    /// The master answered before, and does not now.
    MasterUnreachable,
    /// The master cannot be started.
    MasterFailed,

    // Progressing
    /// The kind of number is being found out.
    Classifying,
    /// Known weaknesses are being tried.
    PrePass,
    /// Workers search.
    Searching,
    /// There is work, and no worker.
    NoWorkers,
    /// The findings are being turned into factors.
    Finishing,
    /// `spec.suspend` is set.
    Suspended,
    /// The spec is not accepted.
    NotAccepted,
    /// The job has ended.
    Ended,

    // Degraded
    /// Nothing stands in the way.
    AsExpected,
    /// The ledger takes no reports now.
    LedgerUnavailable,
    /// Fewer workers are ready than wanted.
    WorkersMissing,
    /// The cluster refused one of the job's objects: a quota, a webhook, a right.
    ChildRefused,
    /// One of the job's objects would have the name of somebody else's.
    NameTaken,

    // Finished and Succeeded
    /// The job has not ended.
    Running,
    /// Composite, and completely factored.
    Factored,
    /// The number is itself prime.
    Prime,
    /// The number has no prime factorisation (0 or 1), or cannot be served.
    Unsuitable,
    /// No method reaches the number within `maxCpuHours`.
    Infeasible,
    /// `deadlineSeconds` of active time passed.
    DeadlineExceeded,
    /// `maxCpuHours` are used up.
    CpuHoursExceeded,
    /// Everything was searched and nothing found, though the number is composite.
    Contradiction,
}

impl Reason {
    /// The reason of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|reason| reason.name() == name)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The condition of that type.
pub fn find(conditions: &[Condition], kind: ConditionType) -> Option<&Condition> {
    conditions
        .iter()
        .find(|condition| condition.type_ == kind.name())
}

/// Whether the condition of that type is there and `True`.
pub fn is_true(conditions: &[Condition], kind: ConditionType) -> bool {
    find(conditions, kind).is_some_and(|condition| condition.status == "True")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_names_that_kubernetes_takes_and_can_be_read_back() {
        for reason in Reason::ALL {
            let name = reason.name();
            assert!(name.chars().all(|c| c.is_ascii_alphabetic()), "{name}");
            assert!(name.starts_with(|c: char| c.is_ascii_uppercase()), "{name}");
            assert_eq!(Reason::from_name(name), Some(*reason));
        }
        assert_eq!(Reason::from_name("Nonsense"), None);
    }
}
