//! Durations as Go and Kubernetes users write them, whole minutes and seconds only:
//! `10s`, `2m`, `1m30s`.

use std::time::Duration;

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is no duration")]
pub struct ParseDurationError;

/// Reads `10s`, `2m` or `1m30s`: up to four digits before each unit.
///
/// # Errors
/// When it is anything else.
pub fn parse_duration(text: &str) -> Result<Duration, ParseDurationError> {
    let (minutes, rest) = match text.split_once('m') {
        Some((minutes, rest)) => (digits(minutes)?, rest),
        None => (0, text),
    };
    let seconds = match rest.strip_suffix('s') {
        Some(seconds) => digits(seconds)?,
        None if rest.is_empty() && !text.is_empty() => 0,
        None => return Err(ParseDurationError),
    };
    Ok(Duration::from_secs(minutes * 60 + seconds))
}

fn digits(text: &str) -> Result<u64, ParseDurationError> {
    if text.is_empty() || text.len() > 4 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ParseDurationError);
    }
    text.parse().map_err(|_| ParseDurationError)
}

/// Writes whole seconds the way [`parse_duration`] reads them.
pub fn format_duration(duration: Duration) -> String {
    let (minutes, seconds) = (duration.as_secs() / 60, duration.as_secs() % 60);
    match (minutes, seconds) {
        (0, s) => format!("{s}s"),
        (m, 0) => format!("{m}m"),
        (m, s) => format!("{m}m{s}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_whole_minutes_and_seconds() {
        for (text, seconds) in [
            ("10s", 10),
            ("2m", 120),
            ("1m30s", 90),
            ("0s", 0),
            ("90s", 90),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)));
        }
        for text in [
            "", "10", "s", "m", "ms", "10ms", "1h", "-1s", "+1s", "1.5s", " 1s", "1s ", "1m1",
            "1s1m", "99999s",
        ] {
            assert_eq!(parse_duration(text), Err(ParseDurationError), "{text}");
        }
    }

    #[test]
    fn writing_and_reading_agree() {
        for seconds in 0..=700 {
            let duration = Duration::from_secs(seconds);
            assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }
    }
}
