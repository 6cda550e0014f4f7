//! What is wrong with a field, and what to do about it: the shape of every complaint
//! about a manifest, a number or a key.

use std::fmt;

/// The most characters of a value that a message shows.
const SHOWN: usize = 60;

/// A complaint about one field of a manifest (or about one value of the command line,
/// whose field is then its name).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Where: `spec.workerCount`, `metadata.labels["a/b"]`, `document 2: kind`.
    pub field: String,
    /// What was there, cut to a length fit for a message; none where it is missing,
    /// or secret.
    pub value: Option<String>,
    /// What is wrong with it: "is above 1000".
    pub problem: String,
    /// What to do: "use 0 to 1000".
    pub remedy: String,
}

impl FieldError {
    /// A complaint about a value, which is cut to a length fit for a message.
    pub fn new(
        field: impl Into<String>,
        value: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            value: Some(cut(value)),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// A complaint that shows no value.
    pub fn without_value(
        field: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            value: None,
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}: {value:?} {}", self.field, self.problem)?,
            None => write!(f, "{} {}", self.field, self.problem)?,
        }
        write!(f, "; {}", self.remedy)
    }
}

impl std::error::Error for FieldError {}

/// The beginning of a long value, its end, and how long it is.
fn cut(value: &str) -> String {
    let length = value.chars().count();
    if length <= SHOWN {
        return value.to_owned();
    }
    let head: String = value.chars().take(SHOWN / 2).collect();
    let tail: String = value.chars().skip(length - SHOWN / 4).collect();
    format!("{head}…{tail} ({length} characters)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_names_field_value_and_remedy() {
        let error = FieldError::new("spec.workerCount", "1001", "is above 1000", "use 0 to 1000");
        assert_eq!(
            error.to_string(),
            "spec.workerCount: \"1001\" is above 1000; use 0 to 1000"
        );
        let error = FieldError::without_value("spec", "is missing", "add it");
        assert_eq!(error.to_string(), "spec is missing; add it");
    }

    #[test]
    fn a_million_digits_are_cut() {
        let error = FieldError::new("n", &"7".repeat(1_000_000), "is long", "shorten it");
        let text = error.to_string();
        assert!(text.len() < 200, "{text}");
        assert!(text.contains("(1000000 characters)"), "{text}");
    }
}
