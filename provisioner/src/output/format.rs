//! Numbers, rates and times as people read them.

/// 28363 → `28 363`, with narrow groups of three.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// 5 300 000 → `5.3 M`.
pub fn rate(per_second: f64) -> String {
    let (value, unit) = match per_second {
        r if r < 0.0 || !r.is_finite() => (0.0, ""),
        r if r < 1e3 => (r, ""),
        r if r < 1e6 => (r / 1e3, " k"),
        r if r < 1e9 => (r / 1e6, " M"),
        r => (r / 1e9, " G"),
    };
    if value >= 100.0 {
        format!("{value:.0}{unit}")
    } else {
        format!("{value:.1}{unit}")
    }
}

/// Seconds as people say them: `0.42 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
pub fn seconds(s: f64) -> String {
    if !s.is_finite() || s < 0.0 {
        return "unknown".to_owned();
    }
    if s < 9.95 {
        return format!("{s:.1} s");
    }
    // Saturating: no job is older than u64 seconds.
    let whole = s.round() as u64;
    let pair = |n: u64, big: &str, m: u64, small: &str| match m {
        0 => format!("{n} {big}"),
        m => format!("{n} {big} {m} {small}"),
    };
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => pair(whole / 60, "min", whole % 60, "s"),
        3600..86_400 => pair(whole / 3600, "h", whole % 3600 / 60, "min"),
        _ => pair(whole / 86_400, "d", whole % 86_400 / 3600, "h"),
    }
}

/// [`seconds`] of a duration.
pub fn duration(d: std::time::Duration) -> String {
    seconds(d.as_secs_f64())
}

/// Splits "start the supervisor" into "Starting" and "the supervisor": a step's title
/// is an imperative, and the screen shows what is going on.
pub fn gerund(title: &str) -> (String, &str) {
    let (verb, rest) = title.split_once(' ').unwrap_or((title, ""));
    let doubled = ["run", "stop", "put", "set", "get", "ship", "begin"].contains(&verb);
    let stem = match verb.strip_suffix('e') {
        Some(stem) if !stem.ends_with('e') => stem,
        _ => verb,
    };
    let last = if doubled { verb.chars().last() } else { None };
    let mut text: String = stem.chars().take(1).flat_map(char::to_uppercase).collect();
    text.extend(stem.chars().skip(1));
    text.extend(last);
    text.push_str("ing");
    (text, rest)
}

/// A long number shortened to its ends, for lines where it is not the subject.
pub fn one_line(number: &str, width: usize) -> String {
    let length = number.chars().count();
    if length <= width || width < 8 {
        return number.to_owned();
    }
    let keep = (width - 1) / 2;
    let head: String = number.chars().take(keep).collect();
    let tail: String = number.chars().skip(length - keep).collect();
    format!("{head}…{tail}")
}

/// "804556097", or for long ones how long: "25195…57 (617 digits)".
pub fn abridged(number: &str) -> String {
    if number.len() <= 40 {
        number.to_owned()
    } else {
        format!("{} ({} digits)", one_line(number, 21), number.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(28363), "28 363");
        assert_eq!(count(u64::MAX), "18 446 744 073 709 551 615");
    }

    #[test]
    fn rates_have_a_unit() {
        assert_eq!(rate(0.0), "0.0");
        assert_eq!(rate(12.34), "12.3");
        assert_eq!(rate(5.3e6), "5.3 M");
        assert_eq!(rate(234_567.0), "235 k");
        assert_eq!(rate(f64::NAN), "0.0");
    }

    #[test]
    fn times_have_two_units_at_the_most() {
        assert_eq!(seconds(0.04), "0.0 s");
        assert_eq!(seconds(9.94), "9.9 s");
        assert_eq!(seconds(9.96), "10 s");
        assert_eq!(seconds(200.0), "3 min 20 s");
        assert_eq!(seconds(7500.0), "2 h 5 min");
        assert_eq!(seconds(86_400.0 * 3.0 + 4.0 * 3600.0), "3 d 4 h");
        assert_eq!(seconds(f64::INFINITY), "unknown");
        assert_eq!(duration(std::time::Duration::from_millis(400)), "0.4 s");
    }

    #[test]
    fn steps_are_told_as_they_go_on() {
        assert_eq!(
            gerund("start the supervisor"),
            ("Starting".into(), "the supervisor")
        );
        assert_eq!(gerund("make the folder"), ("Making".into(), "the folder"));
        assert_eq!(gerund("stop it"), ("Stopping".into(), "it"));
        assert_eq!(gerund("free"), ("Freeing".into(), ""));
    }

    #[test]
    fn long_numbers_keep_their_ends() {
        assert_eq!(one_line("1234567890", 9), "1234…7890");
        assert_eq!(one_line("123", 9), "123");
        let long = "7".repeat(617);
        assert_eq!(abridged(&long), "7777777777…7777777777 (617 digits)");
        assert_eq!(abridged("804556097"), "804556097");
    }
}
