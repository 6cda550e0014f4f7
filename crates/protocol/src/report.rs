//! The report: "from…to is searched, and these are its findings".

use crate::{Digest, LedgerId, UnitId};
use serde::{Deserialize, Serialize};

/// The largest encoded report.
pub const MAX_REPORT_BYTES: usize = 1 << 20;

/// Something found at an index, in the encoding of `rsac-factor`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// The index of the plan at which it was found; within the report's range.
    pub index: u64,
    /// What was found; only `rsac-factor` reads it.
    // The same bytes on the wire as without, read at once and not one by one.
    #[serde(with = "serde_bytes")]
    pub data: Vec<u8>,
}

/// "The indices `from..to` of this plan are searched, and these are the findings."
///
/// Idempotent, and valid from any epoch of the same plan: a search is pure, so what a
/// stale holder finished is true. The epoch only decides who holds the unit now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The job's name.
    pub job: String,
    /// The plan that gives the indices their meaning.
    pub plan: Digest,
    /// The ledger that granted the unit.
    pub ledger: LedgerId,
    /// Its generation when it did.
    pub generation: u64,
    /// The worker's id, as registered.
    pub worker: String,
    /// The unit.
    pub unit: UnitId,
    /// The unit's epoch when it was granted.
    pub epoch: u64,
    /// First index searched.
    pub from: u64,
    /// One past the last index searched; more than `from`, within the unit.
    pub to: u64,
    /// What was found, in order of index.
    pub findings: Vec<Finding>,
    /// Counts this worker's reports: distinguishes a repeat from a new one in logs.
    pub sequence: u64,
    /// CPU time that the range took, microseconds.
    pub cpu_micros: u64,
}

/// Why bytes are no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportCodecError {
    /// Over [`MAX_REPORT_BYTES`].
    #[error("a report of {0} bytes, over the limit of {MAX_REPORT_BYTES}")]
    TooLarge(usize),
    /// The range is empty or reversed, or a finding lies outside of it.
    #[error("a report whose {0}")]
    Contradiction(&'static str),
    /// Not the encoding of a report.
    #[error("not a report: {0}")]
    Encoding(#[from] postcard::Error),
}

impl Report {
    /// The report's bytes.
    ///
    /// # Errors
    /// When they are more than [`MAX_REPORT_BYTES`], or the report contradicts itself.
    pub fn encode(&self) -> Result<Vec<u8>, ReportCodecError> {
        self.check()?;
        let bytes = postcard::to_stdvec(self)?;
        if bytes.len() > MAX_REPORT_BYTES {
            return Err(ReportCodecError::TooLarge(bytes.len()));
        }
        Ok(bytes)
    }

    /// Reads a report, and checks what can be checked without its plan.
    ///
    /// # Errors
    /// When the bytes are too many, no report, or one that contradicts itself.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReportCodecError> {
        if bytes.len() > MAX_REPORT_BYTES {
            return Err(ReportCodecError::TooLarge(bytes.len()));
        }
        let (report, rest) = postcard::take_from_bytes::<Self>(bytes)?;
        if !rest.is_empty() {
            return Err(ReportCodecError::Contradiction("bytes go on after its end"));
        }
        report.check()?;
        Ok(report)
    }

    fn check(&self) -> Result<(), ReportCodecError> {
        if self.from >= self.to {
            return Err(ReportCodecError::Contradiction("range is empty"));
        }
        if self
            .findings
            .iter()
            .any(|f| !(self.from..self.to).contains(&f.index))
        {
            return Err(ReportCodecError::Contradiction(
                "finding lies outside of its range",
            ));
        }
        Ok(())
    }
}

/// The master's answer to a report that it took: range and findings are on its disk.
/// What it cannot take is a [`crate::Problem`]; `Later` and `Internal` ones are to be
/// sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportAnswer {
    /// Whether the unit is still the sender's. "No longer yours" is no refusal: the
    /// report counts, but what is left of the unit is somebody else's.
    pub holds: bool,
    /// The sequence number of the report that is acknowledged.
    pub sequence: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            job: "my-rsac".into(),
            plan: Digest::of("plan"),
            ledger: LedgerId([7; 16]),
            generation: 2,
            worker: "w-1".into(),
            unit: 3,
            epoch: 1,
            from: 10,
            to: 20,
            findings: vec![Finding {
                index: 12,
                data: vec![1, 2, 3],
            }],
            sequence: 9,
            cpu_micros: 1_000,
        }
    }

    #[test]
    fn a_report_survives_the_wire() {
        let bytes = report().encode().unwrap();
        assert_eq!(Report::decode(&bytes).unwrap(), report());
    }

    #[test]
    fn findings_are_a_length_and_their_bytes() {
        let finding = &report().findings[0];
        let bytes = postcard::to_stdvec(finding).unwrap();
        assert_eq!(bytes, [12, 3, 1, 2, 3]);
        // As ledgers have them that were written one by one.
        let plain = postcard::to_stdvec(&(finding.index, finding.data.clone())).unwrap();
        assert_eq!(bytes, plain);
    }

    #[test]
    fn contradictions_are_refused_on_both_sides() {
        let empty = Report {
            to: 10,
            findings: vec![],
            ..report()
        };
        assert!(matches!(
            empty.encode(),
            Err(ReportCodecError::Contradiction(_))
        ));
        let outside = Report {
            findings: vec![Finding {
                index: 20,
                data: vec![],
            }],
            ..report()
        };
        let bytes = postcard::to_stdvec(&outside).unwrap();
        assert!(matches!(
            Report::decode(&bytes),
            Err(ReportCodecError::Contradiction(_))
        ));
    }

    #[test]
    fn cut_or_padded_bytes_are_no_report() {
        let bytes = report().encode().unwrap();
        for cut in 0..bytes.len() {
            assert!(Report::decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        let padded = [bytes, vec![0]].concat();
        assert!(Report::decode(&padded).is_err());
    }
}
