//! A stream of a run's, and what can be shown on it. Used by [`Output`](super::Output).

use crate::cli::When;
use anstyle::Style;
use std::fmt::Display;
use std::io::Write;

/// One stream and what can be shown on it.
pub struct Stream {
    /// Where the bytes go.
    pub writer: Box<dyn Write + Send>,
    /// Whether a person looks at it: then there are bars.
    pub terminal: bool,
    /// Whether escape codes for colours are wanted.
    pub colour: bool,
    /// Columns.
    pub width: usize,
}

impl Stream {
    /// A stream that nobody looks at.
    pub fn plain(writer: Box<dyn Write + Send>) -> Self {
        Self {
            writer,
            terminal: false,
            colour: false,
            width: 100,
        }
    }

    pub(super) fn paint(&self, style: Style, text: impl Display) -> String {
        if self.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_string()
        }
    }
}

/// Whether a stream gets colours: what the flag says, else NO_COLOR, else
/// CLICOLOR_FORCE, else whether it is a terminal (<https://bixense.com/clicolors/>).
pub(super) fn wants_colour(
    when: When,
    terminal: bool,
    environment: impl Fn(&str) -> Option<std::ffi::OsString>,
) -> bool {
    let set = |name: &str| environment(name).is_some_and(|value| !value.is_empty());
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if set("NO_COLOR") => false,
        When::Auto if environment("CLICOLOR_FORCE").is_some_and(|v| v != "0" && !v.is_empty()) => {
            true
        }
        When::Auto => terminal && environment("TERM").is_none_or(|term| term != "dumb"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_the_customs() {
        let none = |_: &str| None;
        let with = |name: &'static str, value: &'static str| {
            move |asked: &str| (asked == name).then(|| value.into())
        };
        assert!(wants_colour(When::Auto, true, none));
        assert!(!wants_colour(When::Auto, false, none));
        assert!(!wants_colour(When::Auto, true, with("NO_COLOR", "1")));
        assert!(wants_colour(When::Auto, true, with("NO_COLOR", "")));
        assert!(wants_colour(When::Always, false, with("NO_COLOR", "1")));
        assert!(wants_colour(When::Auto, false, with("CLICOLOR_FORCE", "1")));
        assert!(!wants_colour(
            When::Auto,
            false,
            with("CLICOLOR_FORCE", "0")
        ));
        assert!(!wants_colour(When::Auto, true, with("TERM", "dumb")));
        assert!(!wants_colour(When::Never, true, none));
    }
}
