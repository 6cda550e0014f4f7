//! Rates and shares in words, for the columns that people read.

/// "10.6 M divisors/s".
pub(crate) fn rate(per_second: f64, word: &str) -> String {
    const PREFIXES: [&str; 5] = ["", " k", " M", " G", " T"];
    let mut value = per_second.max(0.0);
    let mut prefix = 0;
    // 999.5 would be written as 1000.
    while value >= 999.5 && prefix + 1 < PREFIXES.len() {
        value /= 1000.0;
        prefix += 1;
    }
    let digits = match value {
        v if v >= 99.95 || v == 0.0 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    format!("{value:.digits$}{} {word}/s", PREFIXES[prefix])
}

/// "12.3%"; 100% only when all is done.
pub(crate) fn percent(done: u64, all: u64) -> String {
    if done >= all {
        return if all == 0 { "0.0%" } else { "100.0%" }.into();
    }
    // In integers, because a float rounds 99.96 up.
    let tenths = u128::from(done) * 1000 / u128::from(all);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

/// Three significant digits: more would change the status at every look.
pub(crate) fn rounded(per_second: f64) -> f64 {
    if !per_second.is_finite() || per_second <= 0.0 {
        return 0.0;
    }
    let scale = 10_f64.powf(per_second.log10().floor() - 2.0);
    (per_second / scale).round() * scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_in_words() {
        for (per_second, text) in [
            (0.0, "0 curves/s"),
            (0.123, "0.12 curves/s"),
            (7.0, "7.00 curves/s"),
            (999.4, "999 curves/s"),
            (999.7, "1.00 k curves/s"),
            (10_600_000.0, "10.6 M curves/s"),
            (5e15, "5000 T curves/s"),
        ] {
            assert_eq!(rate(per_second, "curves"), text);
        }
    }

    #[test]
    fn shares_never_run_ahead() {
        assert_eq!(percent(0, 0), "0.0%");
        assert_eq!(percent(1, 3), "33.3%");
        assert_eq!(percent(99_999, 100_000), "99.9%");
        assert_eq!(percent(3, 3), "100.0%");
        assert_eq!(percent(u64::MAX - 1, u64::MAX), "99.9%");
    }

    #[test]
    fn rounding_keeps_three_digits() {
        assert_eq!(rounded(10_643_211.0), 10_600_000.0);
        assert_eq!(rounded(f64::NAN), 0.0);
        assert_eq!(rounded(-1.0), 0.0);
        assert!((rounded(0.012_345) - 0.0123).abs() < 1e-12);
    }
}
