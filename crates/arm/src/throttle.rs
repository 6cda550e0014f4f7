//! How long the service asks to wait, in all the ways it says so: headers in seconds,
//! milliseconds or as a date, and words in the message.

use crate::answer::Answer;
use crate::patience::LONGEST;
use azure_core::time::{OffsetDateTime, parse_rfc7231};
use std::time::Duration;

/// The wait an answer asks for, if any; never longer than the longest single sleep.
pub(crate) fn asked(answer: &Answer) -> Option<Duration> {
    let message = || {
        let said = answer.json.as_ref().and_then(crate::said::said)?;
        let inner = said.details.iter().map(|detail| detail.message.as_str());
        std::iter::once(said.message.as_str())
            .chain(inner)
            .find_map(in_words)
    };
    from_headers(answer)
        .or_else(message)
        .or_else(|| in_words(&answer.excerpt()).filter(|_| answer.json.is_none()))
        .map(|wait| wait.min(LONGEST))
}

/// The wait that a poll's headers ask for: its body is a status, and not searched.
pub(crate) fn from_headers(answer: &Answer) -> Option<Duration> {
    let millis = ["x-ms-retry-after-ms", "retry-after-ms"]
        .into_iter()
        .find_map(|name| number(answer.header(name)?))
        .map(|millis| millis / 1000.0);
    let seconds = || {
        let value = answer.header("retry-after")?;
        number(value).or_else(|| until(value, answer.header("date")))
    };
    let limits = || {
        answer.headers().find_map(|(name, value)| {
            let limit = name.starts_with("x-ms-ratelimit-") && name.ends_with("retry-after");
            limit.then(|| number(value)).flatten()
        })
    };
    let quota = || clock(answer.header("x-ms-user-quota-resets-after")?);
    millis
        .or_else(seconds)
        .or_else(limits)
        .or_else(quota)
        .map(|seconds| Duration::from_secs_f64(seconds.min(LONGEST.as_secs_f64())))
}

fn number(text: &str) -> Option<f64> {
    text.trim()
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite() && *number >= 0.0)
}

/// The seconds to an HTTP date, by the server's clock where it says what time it has.
fn until(date: &str, now: Option<&str>) -> Option<f64> {
    let then = parse_rfc7231(date.trim()).ok()?;
    let now = now
        .and_then(|now| parse_rfc7231(now.trim()).ok())
        .unwrap_or_else(OffsetDateTime::now_utc);
    Some((then - now).as_seconds_f64().max(0.0))
}

/// `hh:mm:ss`.
fn clock(text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    for part in text.trim().split(':') {
        seconds = seconds * 60.0 + number(part)?;
    }
    Some(seconds)
}

/// "Retry after 12 seconds", "can be retried in 14 seconds", "try again in '2' minutes".
fn in_words(message: &str) -> Option<Duration> {
    let message = message.to_ascii_lowercase();
    let begin = ["retry", "retried", "try again", "try after"]
        .iter()
        .filter_map(|word| message.find(word))
        .min()?;
    let words: Vec<&str> = message[begin..]
        .split(|c: char| c.is_whitespace() || "'\"();,".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    for (index, word) in words.iter().enumerate() {
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
        let Some(count) = number(digits).filter(|_| !digits.is_empty()) else {
            continue;
        };
        let glued = word[digits.len()..].trim_matches('.');
        let unit = match glued {
            "" => words.get(index + 1).copied().unwrap_or_default(),
            unit => unit,
        };
        let seconds = match unit.trim_matches('.') {
            "ms" | "millisecond" | "milliseconds" => count / 1000.0,
            "s" | "sec" | "secs" | "second" | "seconds" => count,
            "m" | "min" | "mins" | "minute" | "minutes" => count * 60.0,
            "h" | "hour" | "hours" => count * 3600.0,
            _ => continue,
        };
        return Some(Duration::from_secs_f64(seconds.min(LONGEST.as_secs_f64())));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use azure_core::http::{RawResponse, StatusCode, headers::Headers};

    fn answer(headers: &[(&'static str, &'static str)], body: &'static str) -> Answer {
        let mut all = Headers::new();
        for (name, value) in headers {
            all.insert(*name, *value);
        }
        Answer::read(RawResponse::from_bytes(
            StatusCode::TooManyRequests,
            all,
            body.as_bytes(),
        ))
    }

    fn seconds(headers: &[(&'static str, &'static str)], body: &'static str) -> Option<f64> {
        asked(&answer(headers, body)).map(|wait| wait.as_secs_f64())
    }

    #[test]
    fn headers_of_all_kinds_are_read() {
        assert_eq!(seconds(&[("retry-after", " 17 ")], ""), Some(17.0));
        assert_eq!(seconds(&[("retry-after-ms", "1500")], ""), Some(1.5));
        assert_eq!(seconds(&[("x-ms-retry-after-ms", "20")], ""), Some(0.02));
        let date = [
            ("date", "Wed, 25 Nov 2026 10:00:00 GMT"),
            ("retry-after", "Wed, 25 Nov 2026 10:00:42 GMT"),
        ];
        assert_eq!(seconds(&date, ""), Some(42.0));
        let limit = [("x-ms-ratelimit-microsoft.consumption-retry-after", "9")];
        assert_eq!(seconds(&limit, ""), Some(9.0));
        assert_eq!(
            seconds(&[("x-ms-user-quota-resets-after", "00:01:05")], ""),
            Some(65.0)
        );
    }

    #[test]
    fn a_date_in_the_past_means_now_and_nonsense_means_nothing() {
        assert_eq!(
            seconds(&[("retry-after", "Wed, 25 Nov 2020 10:00:42 GMT")], ""),
            Some(0.0)
        );
        for nonsense in ["", "soon", "-5", "NaN", "inf", "12 parsecs"] {
            assert_eq!(
                seconds(&[("retry-after", nonsense)], ""),
                None,
                "{nonsense}"
            );
        }
        assert_eq!(
            seconds(&[("x-ms-ratelimit-remaining-subscription-reads", "0")], ""),
            None
        );
    }

    #[test]
    fn no_answer_makes_us_sleep_for_hours() {
        assert_eq!(seconds(&[("retry-after", "1e300")], ""), Some(600.0));
        assert_eq!(
            seconds(&[], r#"{"error":{"message":"retry after 9 hours"}}"#),
            Some(600.0)
        );
    }

    #[test]
    fn words_of_the_message_are_read() {
        let said = |text: &str| in_words(text).map(|wait| wait.as_secs_f64());
        assert_eq!(said("Too many. Retry after 12 seconds."), Some(12.0));
        assert_eq!(said("The call can be retried in 14 seconds."), Some(14.0));
        assert_eq!(said("Please try again after '3' minutes"), Some(180.0));
        assert_eq!(said("try again in 250ms"), Some(0.25));
        assert_eq!(
            said("limit of 1200 reads per hour. Please retry later"),
            None
        );
        assert_eq!(said("1200 seconds have passed"), None);
        let inner = r#"{"error":{"code":"RetryableError","message":"A retryable error occurred.",
            "details":[{"code":"X","message":"The call can be retried in 14 seconds."}]}}"#;
        assert_eq!(seconds(&[], inner), Some(14.0));
        assert_eq!(
            seconds(&[], "<html>Retry after 5 seconds</html>"),
            Some(5.0)
        );
    }
}
