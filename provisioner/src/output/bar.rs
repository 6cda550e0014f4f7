//! The progress line: percent, count, rate and time left.

use super::format::{count, rate, seconds};

/// What a progress line shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bar {
    /// The job.
    pub name: String,
    /// What is going on: `Search`, `Suspended` …
    pub stage: String,
    /// Searched, or found.
    pub done: u64,
    /// To be searched, or needed; 0 while that is unknown.
    pub all: u64,
    /// What is counted.
    pub word: String,
    /// How many a second.
    pub rate: f64,
    /// Seconds left at that rate.
    pub seconds_left: Option<f64>,
    /// Workers at work.
    pub workers: u32,
}

impl Bar {
    /// How much is done, 0 to 100. Never rounded up to 100.
    pub fn percent(&self) -> f64 {
        if self.all == 0 {
            return 0.0;
        }
        let percent = self.done as f64 / self.all as f64 * 100.0;
        if self.done < self.all {
            percent.min(99.9)
        } else {
            100.0
        }
    }

    /// The line with a bar, for a terminal of `width` columns.
    pub fn draw(&self, width: usize) -> String {
        let text = self.fitting(width);
        if self.all == 0 {
            return text;
        }
        // What is left beside the text, from a bar worth the name up to one that is calm.
        let room = width.saturating_sub(text.chars().count() + 4).min(30);
        if room < 8 {
            return text;
        }
        let full = (self.percent() / 100.0 * room as f64) as usize;
        let bar = format!("{}{}", "━".repeat(full), "╌".repeat(room - full));
        format!("{bar}  {text}")
    }
}

/// The line without a bar, as it is told where there is no terminal.
pub fn line(bar: &Bar) -> String {
    bar.text(Detail::All)
}

/// How much a line tells, for terminals of different widths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    /// How far, and how long still.
    Least,
    /// The rate too.
    Rate,
    /// And the workers.
    Workers,
    /// And what is counted.
    All,
}

impl Bar {
    /// As much of the line as `width` columns hold whole.
    fn fitting(&self, width: usize) -> String {
        let lines = [Detail::All, Detail::Workers, Detail::Rate].map(|detail| self.text(detail));
        let fits = |line: &String| line.chars().count() < width;
        let fitting = lines.into_iter().find(fits);
        fitting.unwrap_or_else(|| self.text(Detail::Least))
    }

    fn text(&self, detail: Detail) -> String {
        let mut text = format!("{} {}", self.name, self.stage);
        if self.all > 0 {
            text.push_str(&format!(" {:.1} %", self.percent()));
            if detail >= Detail::All {
                let (done, all) = (count(self.done), count(self.all));
                text.push_str(&format!(" ({done} of {all} {})", self.word));
            }
        }
        if self.rate > 0.0 && detail >= Detail::Rate {
            text.push_str(&format!(", {} {}/s", rate(self.rate), self.word));
        }
        if let Some(left) = self.seconds_left {
            text.push_str(&format!(", {} left", seconds(left)));
        }
        if self.workers > 0 && detail >= Detail::Workers {
            let plural = if self.workers == 1 { "" } else { "s" };
            text.push_str(&format!(", {} worker{plural}", self.workers));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar() -> Bar {
        Bar {
            name: "my-rsac".into(),
            stage: "Search".into(),
            done: 12_764,
            all: 28_363,
            word: "divisors".into(),
            rate: 5.3e6,
            seconds_left: Some(200.0),
            workers: 3,
        }
    }

    #[test]
    fn all_that_is_known_is_told() {
        insta::assert_snapshot!(line(&bar()), @"my-rsac Search 45.0 % (12 764 of 28 363 divisors), 5.3 M divisors/s, 3 min 20 s left, 3 workers");
        let early = Bar {
            name: "my-rsac".into(),
            stage: "Classify".into(),
            ..Bar::default()
        };
        assert_eq!(line(&early), "my-rsac Classify");
    }

    #[test]
    fn the_bar_takes_what_the_text_leaves() {
        insta::assert_snapshot!(bar().draw(130), @"━━━━━━━━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  my-rsac Search 45.0 % (12 764 of 28 363 divisors), 5.3 M divisors/s, 3 min 20 s left, 3 workers");
    }

    #[test]
    fn a_narrow_terminal_is_told_less_and_nothing_is_cut() {
        for (width, told) in [
            (
                98,
                "my-rsac Search 45.0 % (12 764 of 28 363 divisors), 5.3 M divisors/s, 3 min 20 s left, 3 workers",
            ),
            (
                80,
                "━━━━╌╌╌╌╌  my-rsac Search 45.0 %, 5.3 M divisors/s, 3 min 20 s left, 3 workers",
            ),
            (
                60,
                "my-rsac Search 45.0 %, 5.3 M divisors/s, 3 min 20 s left",
            ),
            (50, "━━━╌╌╌╌╌  my-rsac Search 45.0 %, 3 min 20 s left"),
            (40, "my-rsac Search 45.0 %, 3 min 20 s left"),
        ] {
            assert_eq!(bar().draw(width), told);
            assert!(told.chars().count() < width);
        }
    }

    #[test]
    fn almost_done_is_not_done() {
        let mut bar = bar();
        bar.all = 1_000_000;
        bar.done = 999_999;
        assert_eq!(bar.percent(), 99.9);
        bar.done = bar.all;
        assert_eq!(bar.percent(), 100.0);
    }
}
