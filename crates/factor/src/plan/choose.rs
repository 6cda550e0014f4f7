//! Which method for which number, and what is out of reach.

use super::Plan;
use crate::pre_pass::has_roca_fingerprint;
use crate::{Method, ecm, sieve, trial};
use num_bigint::BigUint;
use std::fmt;
use std::time::Duration;

/// No method, or not the one that was named, reaches the number within the CPU time.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct Infeasible {
    /// The cheapest method, or the one named.
    pub method: Method,
    /// Its estimate, CPU seconds; infinite when it cannot take the number at all.
    pub estimate_cpu_seconds: f64,
    /// Whether the number has the fingerprint of a faulty library's keys: other programs
    /// may be able to do it.
    pub roca: bool,
}

impl Infeasible {
    /// What whoever wants the factors should know besides.
    pub fn hint(&self) -> Option<&'static str> {
        self.roca.then_some(
            "the number has the fingerprint of the ROCA keys (CVE-2017-15361): there are \
             programs of their own for these",
        )
    }
}

impl fmt::Display for Infeasible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.method;
        if self.estimate_cpu_seconds.is_finite() {
            let time = Humane(self.estimate_cpu_seconds);
            write!(f, "{method} would take about {time}")
        } else {
            write!(f, "{method} would never end")
        }
    }
}

/// Plans the cheapest method for a composite, or the one that is named.
///
/// # Errors
/// When its estimate is over `limit`, or it cannot take the number at all.
pub fn choose(
    number: &BigUint,
    named: Option<Method>,
    limit: Duration,
) -> Result<Plan, Infeasible> {
    let method = named.unwrap_or_else(|| cheapest(number));
    let infeasible = |estimate_cpu_seconds| Infeasible {
        method,
        estimate_cpu_seconds,
        roca: has_roca_fingerprint(number),
    };
    let estimate = estimate_cpu_seconds(number, method);
    if estimate > limit.as_secs_f64() {
        return Err(infeasible(estimate));
    }
    Plan::new(number, method).map_err(|_| infeasible(f64::INFINITY))
}

/// Elliptic curves are for whoever knows that a factor is small: never by itself.
fn cheapest(number: &BigUint) -> Method {
    let divide = estimate_cpu_seconds(number, Method::TrialDivision);
    if divide <= estimate_cpu_seconds(number, Method::QuadraticSieve) {
        Method::TrialDivision
    } else {
        Method::QuadraticSieve
    }
}

fn estimate_cpu_seconds(number: &BigUint, method: Method) -> f64 {
    match method {
        Method::TrialDivision => trial::estimate_cpu_seconds(number),
        Method::QuadraticSieve => sieve::estimate_cpu_seconds(number),
        Method::EllipticCurve => ecm::estimate_cpu_seconds(number),
    }
}

/// A time in the unit that people would use for it.
struct Humane(f64);

impl fmt::Display for Humane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HOUR: f64 = 3600.0;
        const YEAR: f64 = 365.25 * 24.0 * HOUR;
        let seconds = self.0;
        let (count, unit) = match seconds {
            _ if seconds < 120.0 => (seconds, "CPU seconds"),
            _ if seconds < 2.0 * HOUR => (seconds / 60.0, "CPU minutes"),
            _ if seconds < 0.2 * YEAR => (seconds / HOUR, "CPU hours"),
            _ => (seconds / YEAR, "CPU years"),
        };
        match count {
            _ if count > 1e9 => f.write_str("more than a thousand million CPU years"),
            _ if count >= 10.0 => write!(f, "{count:.0} {unit}"),
            _ => write!(f, "{count:.1} {unit}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_reach_is_said() {
        let refused = |number: BigUint, method| {
            let limit = Duration::from_secs(1 << 40);
            choose(&number, Some(method), limit)
                .unwrap_err()
                .to_string()
        };
        let even = BigUint::from(1u32) << 100u32;
        assert_eq!(
            refused(even, Method::EllipticCurve),
            "elliptic-curve would never end"
        );
        let long = (BigUint::from(1u32) << 2000u32) - 1u32;
        assert_eq!(
            refused(long, Method::TrialDivision),
            "trial-division would take about more than a thousand million CPU years"
        );
        let sieve = |roca| Infeasible {
            method: Method::QuadraticSieve,
            estimate_cpu_seconds: 600.0,
            roca,
        };
        assert_eq!(
            sieve(true).to_string(),
            "quadratic-sieve would take about 10 CPU minutes"
        );
        assert!(sieve(true).hint().is_some_and(|hint| hint.contains("ROCA")));
        assert_eq!(sieve(false).hint(), None);
    }

    #[test]
    fn times_read_well() {
        let read = |seconds| Humane(seconds).to_string();
        assert_eq!(read(0.02), "0.0 CPU seconds");
        assert_eq!(read(90.0), "90 CPU seconds");
        assert_eq!(read(600.0), "10 CPU minutes");
        assert_eq!(read(90_000.0), "25 CPU hours");
        assert_eq!(read(3.2e8), "10 CPU years");
        assert_eq!(read(1e30), "more than a thousand million CPU years");
        assert_eq!(read(f64::MAX), "more than a thousand million CPU years");
    }
}
