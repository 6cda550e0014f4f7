//! Faults that a test scripts: which request, and what happens to it. `server` asks for each
//! request; answers in Azure's own words are in `fault_answers`.

use crate::answer::Answer;
use crate::log::Seen;
use regex::Regex;
use std::sync::Arc;

/// A fault and the requests that it hits.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which requests.
    pub when: When,
    /// What happens.
    pub effect: Effect,
    /// How many requests it hits before it is spent.
    pub times: u32,
}

impl Fault {
    /// A fault that hits once.
    pub fn once(when: When, effect: Effect) -> Fault {
        Fault {
            when,
            effect,
            times: 1,
        }
    }

    /// The same fault, for so many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Fault {
        self.times = times;
        self
    }
}

/// Which requests a fault hits. Requests to the authority count for `Matching` alone.
#[derive(Clone, Debug)]
pub enum When {
    /// The nth of all requests to Azure Resource Manager, from 1, and those after it.
    Request(u64),
    /// The nth request that may change something (PUT, PATCH, POST, DELETE), from 1, and
    /// those after it.
    Mutating(u64),
    /// Requests whose `METHOD /path` matches, from the nth match, from 1.
    Matching(Regex, u64),
}

impl When {
    /// Requests whose `METHOD /path?query` matches a pattern, without case.
    ///
    /// # Errors
    /// When the pattern is no regular expression.
    pub fn matching(pattern: &str) -> Result<When, regex::Error> {
        Ok(When::Matching(Regex::new(&format!("(?i){pattern}"))?, 1))
    }
}

/// What happens to a request that is hit.
#[derive(Clone, Debug)]
pub enum Effect {
    /// It gets this answer and is not handled.
    Answer(Answer),
    /// The connection breaks; nothing was done.
    ResetBefore,
    /// The connection breaks; the request was done, its answer is lost.
    ResetAfter,
    /// No answer until the client gives up; nothing was done.
    HangBefore,
    /// No answer until the client gives up; the request was done.
    HangAfter,
    /// The operation it begins takes so many looks.
    SlowOperation(u32),
    /// The operation it begins ends `Failed` with this code and message.
    FailOperation(String, String),
    /// The operation it begins shows an `error` and yet ends well.
    WarnOperation(String, String),
    /// What it creates answers 404 to so many reads.
    HideCreated(u32),
    /// Every token handed out so far has expired.
    ExpireTokens,
}

/// What a hook wants done with the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// As if there were no hook.
    On,
    /// Break the connection: before handling, nothing is done; after it, the answer is lost.
    Drop,
}

/// Called with each request to Azure Resource Manager.
pub type Hook = Arc<dyn Fn(&Seen) -> Go + Send + Sync>;

/// A scripted fault with what it has seen.
#[derive(Debug)]
pub(crate) struct Armed {
    pub(crate) fault: Fault,
    pub(crate) matched: u64,
}

/// What the faults at this request ask of the handlers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) polls: Option<u32>,
    pub(crate) doom: Option<(String, String)>,
    pub(crate) warning: Option<(String, String)>,
    pub(crate) hide: u32,
}

impl Plan {
    /// What concerns the operation that a request begins; a second one is not touched.
    pub(crate) fn take_operation(&mut self) -> Plan {
        Plan {
            polls: self.polls.take(),
            doom: self.doom.take(),
            warning: self.warning.take(),
            hide: 0,
        }
    }
}

/// Takes the effects that hit a request out of the script.
pub(crate) fn take(armed: &mut Vec<Armed>, seen: &Seen) -> Vec<Effect> {
    let mut effects = Vec::new();
    for one in armed.iter_mut().filter(|one| one.fault.times > 0) {
        let hit = match &one.fault.when {
            When::Request(nth) => seen.number.is_some_and(|number| number >= *nth),
            When::Mutating(nth) => seen.mutating.is_some_and(|number| number >= *nth),
            When::Matching(pattern, nth) => {
                let line = format!("{} {}", seen.method, seen.target());
                one.matched += u64::from(pattern.is_match(&line));
                pattern.is_match(&line) && one.matched >= *nth
            }
        };
        if hit {
            one.fault.times -= 1;
            effects.push(one.fault.effect.clone());
        }
    }
    armed.retain(|one| one.fault.times > 0);
    effects
}
