//! The job file, understood.

use num_bigint::BigUint;
use rsac_factor::Method;
use rsac_protocol::Job;

/// More digits than this are refused before they are converted: the largest number
/// accepted has 1234.
const MAX_DIGITS: usize = 20_000;

/// A job that a master can serve.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSpec {
    /// The resource's name.
    pub name: String,
    /// What the controller calls this attempt.
    pub attempt: String,
    /// The number to factor.
    pub number: BigUint,
    /// The number in decimal, without leading zeros.
    pub decimal: String,
    /// The public exponent, where known.
    pub public_exponent: Option<BigUint>,
    /// The method wanted; none is `auto`.
    pub method: Option<Method>,
    /// The longest time that a worker computes without reporting, seconds.
    pub checkpoint_seconds: u64,
    /// CPU hours allowed.
    pub max_cpu_hours: f64,
    /// CPU seconds allowed for the pre-pass.
    pub pre_pass_seconds: u64,
    /// Seconds of active time allowed.
    pub deadline_seconds: Option<u64>,
}

/// Why a job cannot be served: field, value and remedy, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct UnsuitableJob {
    /// The field of the job.
    pub field: &'static str,
    /// What is wrong with it, and the remedy.
    pub problem: String,
}

impl JobSpec {
    /// Reads a job.
    ///
    /// # Errors
    /// When a field holds no usable value. Whether the number can be factored is not
    /// looked at: that is for the classification to say.
    pub fn parse(job: &Job) -> Result<Self, UnsuitableJob> {
        let number = decimal("number", &job.number)?;
        let public_exponent = job
            .public_exponent
            .as_deref()
            .map(|text| decimal("publicExponent", text))
            .transpose()?;
        let method = match job.method.as_deref() {
            None | Some("auto") => None,
            Some(name) => {
                Some(
                    name.parse()
                        .map_err(|e: rsac_factor::UnknownMethod| UnsuitableJob {
                            field: "method",
                            problem: format!("{e}, or auto"),
                        })?,
                )
            }
        };
        if job.checkpoint_seconds == 0 {
            return Err(UnsuitableJob {
                field: "checkpointSeconds",
                problem: "is 0: use at least 1".into(),
            });
        }
        if !(job.max_cpu_hours.is_finite() && job.max_cpu_hours > 0.0) {
            return Err(UnsuitableJob {
                field: "maxCpuHours",
                problem: format!("is {}: use a number above 0", job.max_cpu_hours),
            });
        }
        Ok(Self {
            name: job.name.clone(),
            attempt: job.attempt.clone(),
            decimal: number.to_string(),
            number,
            public_exponent,
            method,
            checkpoint_seconds: job.checkpoint_seconds,
            max_cpu_hours: job.max_cpu_hours,
            pre_pass_seconds: job.pre_pass_seconds,
            deadline_seconds: job.deadline_seconds,
        })
    }

    /// The method's name as the state keeps it.
    pub(crate) fn method_name(&self) -> Option<String> {
        self.method.map(|method| method.name().to_owned())
    }

    /// CPU microseconds allowed.
    pub(crate) fn max_cpu_micros(&self) -> u64 {
        // Saturates: a limit beyond half a million years is none.
        (self.max_cpu_hours * 3.6e9) as u64
    }
}

fn decimal(field: &'static str, text: &str) -> Result<BigUint, UnsuitableJob> {
    let shown: String = text.chars().take(40).collect();
    let problem = |problem: String| UnsuitableJob { field, problem };
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(problem(format!(
            "{shown:?} is not a decimal number: use digits only, without sign or spaces"
        )));
    }
    if text.len() > MAX_DIGITS {
        return Err(problem(format!(
            "has {} digits: numbers of more than 4096 bits (1234 digits) are not accepted",
            text.len()
        )));
    }
    text.parse()
        .map_err(|_| problem(format!("{shown:?} is not a decimal number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> Job {
        Job {
            name: "my-rsac".into(),
            attempt: "a1".into(),
            number: "0804556097".into(),
            public_exponent: None,
            method: None,
            checkpoint_seconds: 10,
            max_cpu_hours: 24.0,
            pre_pass_seconds: 60,
            deadline_seconds: None,
        }
    }

    #[test]
    fn a_job_is_understood() {
        let spec = JobSpec::parse(&job()).unwrap();
        assert_eq!(spec.decimal, "804556097");
        assert_eq!(spec.method, None);
        let named = Job {
            method: Some("trial-division".into()),
            ..job()
        };
        let method = JobSpec::parse(&named).unwrap().method;
        assert_eq!(method, Some(Method::TrialDivision));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let fields = [
            (
                Job {
                    number: "-5".into(),
                    ..job()
                },
                "number: \"-5\" is not",
            ),
            (
                Job {
                    number: "1 2".into(),
                    ..job()
                },
                "number: \"1 2\" is not",
            ),
            (
                Job {
                    number: "9".repeat(1_000_000),
                    ..job()
                },
                "number: has 1000000 digits",
            ),
            (
                Job {
                    method: Some("magic".into()),
                    ..job()
                },
                "method: there is no method \"magic\"",
            ),
            (
                Job {
                    max_cpu_hours: f64::NAN,
                    ..job()
                },
                "maxCpuHours: is NaN",
            ),
            (
                Job {
                    checkpoint_seconds: 0,
                    ..job()
                },
                "checkpointSeconds: is 0",
            ),
            (
                Job {
                    public_exponent: Some("0x11".into()),
                    ..job()
                },
                "publicExponent: \"0x11\"",
            ),
        ];
        for (job, words) in fields {
            let error = JobSpec::parse(&job).unwrap_err().to_string();
            assert!(error.starts_with(words), "{error}");
        }
    }
}
