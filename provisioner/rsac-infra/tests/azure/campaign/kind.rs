//! What can go wrong at a request: the tool is killed, or Azure answers badly or not at all.

use rsac_azure_simulator::fault_answers as answers;
use rsac_azure_simulator::{Effect, Seen};

/// What a disturbed run must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The tool copes: the same run ends well.
    Copes,
    /// It may fail, with words; a later run ends well.
    MayFail,
}

/// A kind of disturbance.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) blow: Blow,
    /// To how many requests in a row.
    pub(crate) times: u32,
    pub(crate) then: Then,
    at: At,
}

/// How it strikes.
#[derive(Clone, Debug)]
pub(crate) enum Blow {
    /// The tool is killed before the request is handled.
    KillBefore,
    /// It is killed once the request is handled; the answer is lost.
    KillAfter,
    /// The simulator does this.
    Effect(Effect),
}

/// At which requests a kind makes sense.
#[derive(Clone, Copy, Debug)]
enum At {
    Any,
    /// Reads, and writes that do the same when they are sent again.
    Repeatable,
    /// Writes that are not.
    Once,
    /// What may change something.
    Writes,
    Puts,
    /// What begins an operation.
    Begins,
    /// What creates the cluster, by itself or by a deployment.
    Cluster,
}

impl At {
    fn fits(self, seen: &Seen) -> bool {
        let path = seen.path.to_lowercase();
        let is_once = seen.method == "POST";
        let makes_cluster = path.contains("/managedclusters/") || path.contains("/deployments/");
        match self {
            Self::Any => true,
            Self::Repeatable => !is_once,
            Self::Once => is_once,
            Self::Writes => seen.mutating.is_some(),
            Self::Puts => seen.method == "PUT",
            Self::Begins => {
                let is_group = seen.method == "PUT" && !path.contains("/providers/");
                seen.mutating.is_some() && !is_once && !is_group
            }
            Self::Cluster => seen.method == "PUT" && makes_cluster,
        }
    }
}

impl Kind {
    /// Whether it makes sense at a request of an undisturbed run.
    pub(crate) fn fits(&self, seen: &Seen) -> bool {
        self.at.fits(seen)
    }

    fn of(name: &'static str, at: At, then: Then, effect: Effect) -> Self {
        Self {
            name,
            blow: Blow::Effect(effect),
            times: 1,
            then,
            at,
        }
    }

    fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    pub(crate) fn is_kill(&self) -> bool {
        !matches!(self.blow, Blow::Effect(_))
    }

    pub(crate) fn hangs(&self) -> bool {
        matches!(
            self.blow,
            Blow::Effect(Effect::HangBefore | Effect::HangAfter)
        )
    }
}

/// Kills before and after a request, once and again.
pub(crate) fn kills() -> Vec<Kind> {
    let kill = |name, blow| Kind {
        name,
        blow,
        times: 1,
        then: Then::MayFail,
        at: At::Any,
    };
    vec![
        kill("kill-before", Blow::KillBefore),
        kill("kill-after", Blow::KillAfter),
        // And so is the run after it, at another request.
        kill("kill-twice", Blow::KillAfter),
    ]
}

/// Everything that Azure and the network do.
pub(crate) fn faults() -> Vec<Kind> {
    use At::{Any, Begins, Cluster, Once, Puts, Repeatable, Writes};
    use Then::{Copes, MayFail};
    let words = |code: &str, text: &str| (code.to_owned(), text.to_owned());
    let quota = words(
        "QuotaExceeded",
        "Operation could not be completed as it results in exceeding approved Total Regional \
         Cores quota.",
    );
    let odd = words("Throttled", "Reconciling will be tried again by itself.");
    let answer = |name, at, then, answer| Kind::of(name, at, then, Effect::Answer(answer));
    vec![
        answer("throttled", Any, Copes, answers::throttled(1)),
        answer(
            "throttled-in-words",
            Any,
            Copes,
            answers::throttled_in_words(1),
        ),
        answer("throttled-bare", Any, Copes, answers::throttled_bare()).times(3),
        answer("outage-500", Repeatable, Copes, answers::outage(500)),
        answer("outage-503", Repeatable, Copes, answers::outage(503)).times(2),
        answer("outage-page", Repeatable, Copes, answers::outage_page(502)).times(3),
        answer(
            "outage-of-an-action",
            Once,
            MayFail,
            answers::outage_page(500),
        ),
        // Longer than the tool is patient.
        answer("long-outage", Any, MayFail, answers::outage_page(503)).times(12),
        Kind::of("reset-before", Repeatable, Copes, Effect::ResetBefore),
        Kind::of("reset-after", Repeatable, Copes, Effect::ResetAfter),
        Kind::of("reset-of-an-action", Once, MayFail, Effect::ResetAfter),
        Kind::of("long-reset", Any, MayFail, Effect::ResetBefore).times(12),
        Kind::of("hang-before", Repeatable, Copes, Effect::HangBefore),
        Kind::of("hang-after", Repeatable, Copes, Effect::HangAfter),
        Kind::of("token-expires", Any, Copes, Effect::ExpireTokens),
        Kind::of("slow", Begins, Copes, Effect::SlowOperation(25)),
        Kind::of(
            "fails",
            Begins,
            MayFail,
            Effect::FailOperation(quota.0, quota.1),
        ),
        Kind::of("warns", Begins, Copes, Effect::WarnOperation(odd.0, odd.1)),
        Kind::of("hidden", Puts, Copes, Effect::HideCreated(3)),
        answer(
            "another-operation",
            Writes,
            Copes,
            answers::another_operation("/x"),
        )
        .times(2),
        answer("retryable", Writes, Copes, answers::retryable("/x", 2)),
        answer(
            "cluster-busy",
            Cluster,
            Copes,
            answers::cluster_busy("Updating"),
        ),
        answer("etag-mismatch", Cluster, MayFail, answers::etag_mismatch()),
        answer(
            "quota",
            Cluster,
            MayFail,
            answers::quota(4, 1, "standardBSFamily", "uksouth"),
        ),
        answer(
            "quota-not-allowed",
            Cluster,
            MayFail,
            answers::quota_not_allowed("uksouth", 10, 8, 4),
        ),
        answer(
            "policy",
            Puts,
            MayFail,
            answers::policy("it", "only-tagged"),
        ),
    ]
}
