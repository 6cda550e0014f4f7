//! Plans: a method with every parameter that decides what an index means.
//!
//! A plan is decided once, by the master; its text is stored in the ledger and sent to
//! workers, and a digest over the text names it. Two builds that know the same
//! [`PLAN_VERSION`] must agree on what every index of it means: golden vectors in the
//! tests pin that, and a change of meaning is a new version.

mod choose;

pub use choose::{Infeasible, choose};

use crate::classify::MAX_BITS;
use crate::ecm::{self, EllipticCurves};
use crate::sieve::{self, QuadraticSieve};
use crate::trial::{self, TrialDivision};
use crate::{Collector, Method, Searcher, Supply, UnknownMethod};
use num_bigint::BigUint;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The version of the plans that this build makes, and the only one it serves.
pub const PLAN_VERSION: u32 = 1;

/// A planned method for one composite number.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    kind: Kind,
}

/// One variant a method.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    TrialDivision(TrialDivision),
    QuadraticSieve(QuadraticSieve),
    EllipticCurve(EllipticCurves),
}

/// What every method's parameters answer; the questions are [`Plan`]'s.
pub(crate) trait Parameters {
    fn number(&self) -> &BigUint;
    fn supply(&self) -> Supply;
    fn word(&self) -> &'static str;
    fn weight(&self, indices: Range<u64>) -> u64;
    fn estimate_cpu_seconds(&self) -> f64;
    fn index_cpu_seconds(&self) -> f64;
    fn searcher(&self) -> Box<dyn Searcher>;
    fn collector(&self) -> Box<dyn Collector>;
}

/// Why a text is no plan that this build can serve.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Not the JSON of a plan.
    #[error("not a plan: {0}")]
    Syntax(#[from] serde_json::Error),
    /// Of another version.
    #[error("a plan of version {found}; this build serves version {PLAN_VERSION}")]
    Version {
        /// The plan's.
        found: u32,
    },
    /// A parameter is impossible.
    #[error("a plan whose {0}")]
    Parameter(&'static str),
    /// A method of another name.
    #[error(transparent)]
    Method(#[from] UnknownMethod),
    /// The method cannot take a number of this size at all.
    #[error("{method} cannot take a number of {bits} bits")]
    Unreachable {
        /// The method.
        method: Method,
        /// The number's size.
        bits: u64,
    },
}

/// The JSON of a plan. The fields are written in this order, without spaces: the text
/// of a plan is always the same.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<P> {
    version: u32,
    method: String,
    number: String,
    parameters: P,
}

/// Enough of an envelope to tell whose it is.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl<P: Serialize> Envelope<P> {
    fn text(method: Method, number: &BigUint, parameters: P) -> String {
        let envelope = Self {
            version: PLAN_VERSION,
            method: method.name().to_owned(),
            number: number.to_string(),
            parameters,
        };
        serde_json::to_string(&envelope).unwrap_or_default()
    }
}

impl Plan {
    /// Plans a method, whatever it would cost.
    ///
    /// # Errors
    /// When the method cannot take a number of this size at all.
    pub(crate) fn new(number: &BigUint, method: Method) -> Result<Self, PlanError> {
        let kind = match method {
            Method::TrialDivision => Kind::TrialDivision(TrialDivision::new(number.clone())?),
            Method::QuadraticSieve => Kind::QuadraticSieve(QuadraticSieve::new(number.clone())?),
            Method::EllipticCurve => Kind::EllipticCurve(EllipticCurves::new(number.clone())?),
        };
        Ok(Self { kind })
    }

    /// Reads a plan's text. Parameters are held to bounds, so that no text makes a worker
    /// allocate without end; whether the number is composite is not looked at.
    ///
    /// # Errors
    /// When it is none that this build can serve.
    pub fn parse(text: &str) -> Result<Self, PlanError> {
        let Version { version } = serde_json::from_str(text)?;
        if version != PLAN_VERSION {
            return Err(PlanError::Version { found: version });
        }
        let envelope: Envelope<serde_json::Value> = serde_json::from_str(text)?;
        let number = parse_number(&envelope.number)?;
        let parameters = envelope.parameters;
        let method: Method = envelope.method.parse()?;
        let kind = match method {
            Method::TrialDivision => {
                let text: trial::Text = serde_json::from_value(parameters)?;
                Kind::TrialDivision(TrialDivision::from_text(number, &text)?)
            }
            Method::QuadraticSieve => {
                let text: sieve::Text = serde_json::from_value(parameters)?;
                Kind::QuadraticSieve(QuadraticSieve::from_text(number, text)?)
            }
            Method::EllipticCurve => {
                let text: ecm::Text = serde_json::from_value(parameters)?;
                Kind::EllipticCurve(EllipticCurves::from_text(number, text)?)
            }
        };
        Ok(Self { kind })
    }

    /// The plan's text: the same for the same plan, always. Its SHA-256 names the plan.
    pub fn text(&self) -> String {
        let (method, number) = (self.method(), self.number());
        match &self.kind {
            Kind::TrialDivision(plan) => Envelope::text(method, number, plan.text()),
            Kind::QuadraticSieve(plan) => Envelope::text(method, number, plan.text()),
            Kind::EllipticCurve(plan) => Envelope::text(method, number, plan.text()),
        }
    }

    fn parameters(&self) -> &dyn Parameters {
        match &self.kind {
            Kind::TrialDivision(plan) => plan,
            Kind::QuadraticSieve(plan) => plan,
            Kind::EllipticCurve(plan) => plan,
        }
    }

    /// The number it splits: composite and no perfect power, when it was classified
    /// before it was planned (a plan does not judge it).
    pub fn number(&self) -> &BigUint {
        self.parameters().number()
    }

    /// Its method.
    pub fn method(&self) -> Method {
        match &self.kind {
            Kind::TrialDivision(_) => Method::TrialDivision,
            Kind::QuadraticSieve(_) => Method::QuadraticSieve,
            Kind::EllipticCurve(_) => Method::EllipticCurve,
        }
    }

    /// How its supply ends.
    pub fn supply(&self) -> Supply {
        self.parameters().supply()
    }

    /// What progress is counted in: `divisors`, `relations`, `curves`.
    pub fn word(&self) -> &'static str {
        self.parameters().word()
    }

    /// How much `indices` weigh in that word, where indices are what is counted (Cover:
    /// integers tried; Budget: curves); for a Goal the collector's tally counts.
    pub fn weight(&self, indices: Range<u64>) -> u64 {
        self.parameters().weight(indices)
    }

    /// CPU seconds that the whole search is expected to take on one core.
    pub fn estimate_cpu_seconds(&self) -> f64 {
        self.parameters().estimate_cpu_seconds()
    }

    /// CPU seconds that one index is expected to take: for the first units' size.
    pub fn index_cpu_seconds(&self) -> f64 {
        self.parameters().index_cpu_seconds()
    }

    /// The worker's side.
    pub fn searcher(&self) -> Box<dyn Searcher> {
        self.parameters().searcher()
    }

    /// The master's side.
    pub fn collector(&self) -> Box<dyn Collector> {
        self.parameters().collector()
    }
}

/// A plan's number: decimal, as this crate writes it, of a size that is accepted.
fn parse_number(text: &str) -> Result<BigUint, PlanError> {
    // 4096 bits have 1234 digits: reading longer ones would only cost time.
    let plausible = text.len() <= 1234 && text.bytes().all(|b| b.is_ascii_digit());
    let number = match text.parse::<BigUint>() {
        Ok(number) if plausible && !text.starts_with('0') => number,
        _ => return Err(PlanError::Parameter("number is not decimal")),
    };
    if number.bits() > MAX_BITS {
        return Err(PlanError::Parameter("number has more than 4096 bits"));
    }
    if number < BigUint::from(4u32) {
        return Err(PlanError::Parameter("number is below 4"));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(version: u32, method: &str, number: &str, parameters: &str) -> String {
        format!(
            r#"{{"version":{version},"method":"{method}","number":"{number}","parameters":{parameters}}}"#
        )
    }

    #[test]
    fn the_text_of_a_plan_is_pinned() {
        let plan = Plan::new(&BigUint::from(804_556_097u32), Method::TrialDivision).unwrap();
        let expected = text(1, "trial-division", "804556097", r#"{"block":30030}"#);
        assert_eq!(plan.text(), expected);
        assert_eq!(Plan::parse(&expected).unwrap(), plan);
    }

    #[test]
    fn what_is_no_plan_is_named() {
        let error = |text: String| Plan::parse(&text).unwrap_err().to_string();
        let good = r#"{"block":30030}"#;
        assert!(error("{".into()).starts_with("not a plan: "));
        assert_eq!(
            error(text(2, "trial-division", "15", good)),
            "a plan of version 2; this build serves version 1"
        );
        assert_eq!(
            error(r#"{"version":7,"anything":"else"}"#.into()),
            "a plan of version 7; this build serves version 1"
        );
        assert_eq!(
            error(text(1, "guessing", "15", good)),
            "there is no method \"guessing\": use trial-division, quadratic-sieve or elliptic-curve"
        );
        for number in [
            "",
            "015",
            "+15",
            "1_5",
            "0x15",
            "fifteen",
            &"9".repeat(5000),
        ] {
            assert_eq!(
                error(text(1, "trial-division", number, good)),
                "a plan whose number is not decimal"
            );
        }
        assert_eq!(
            error(text(1, "trial-division", "3", good)),
            "a plan whose number is below 4"
        );
        assert_eq!(
            error(text(1, "trial-division", "15", r#"{"block":210}"#)),
            "a plan whose block is not 30030"
        );
        for parameters in ["{}", r#"{"block":30030,"x":1}"#, r#"{"block":-1}"#, "3"] {
            let error = error(text(1, "trial-division", "15", parameters));
            assert!(error.starts_with("not a plan: "), "{error}");
        }
        assert_eq!(
            error(text(1, "trial-division", &"9".repeat(60), good)),
            "trial-division cannot take a number of 200 bits"
        );
    }
}
