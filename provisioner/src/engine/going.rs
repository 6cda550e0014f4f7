//! What a step says while it goes on: an event for programs, a live line on a terminal. Where no
//! line can be redrawn, as in a pipeline's log, a quick step says nothing, and one that takes
//! long how it stands, when that has changed, and now and then that it still goes on: a runner
//! that hears nothing for minutes may end the run. The engine makes one for each step.

use crate::output::{Event, Output, gerund, seconds};
use std::convert::Infallible;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So often a step without a live line is looked at for something new.
const NEWS: Duration = Duration::from_secs(30);
/// So many looks without news, then it says that it still goes on.
const STILL: u32 = 4;

/// A step that goes on.
pub(super) struct Going<'a> {
    out: &'a Output,
    verb: String,
    rest: String,
    begun: Instant,
    message: Mutex<String>,
    news: Duration,
}

impl<'a> Going<'a> {
    pub(super) fn begin(out: &'a Output, title: &str) -> Self {
        let (verb, rest) = gerund(title);
        let going = Self {
            out,
            verb,
            rest: rest.to_owned(),
            begun: Instant::now(),
            message: Mutex::default(),
            news: NEWS,
        };
        out.live(&going.prefix());
        going
    }

    fn prefix(&self) -> String {
        format!("{:>12} {}", self.verb, self.rest)
    }

    /// How it stands now, in its provider's words.
    pub(super) fn say(&self, message: &str) {
        // A note that cannot be written does not stop a step in its middle.
        let _ = self.out.event(&Event::Note { message });
        self.out.live(&format!("{}: {message}", self.prefix()));
        message.clone_into(&mut self.message());
    }

    fn message(&self) -> std::sync::MutexGuard<'_, String> {
        self.message.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The step's work, and beside it what there is to say.
    pub(super) async fn with<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            never = self.keep_saying() => match never {},
        }
    }

    async fn keep_saying(&self) -> Infallible {
        let (mut told, mut looks) = (String::new(), 0);
        loop {
            tokio::time::sleep(self.news).await;
            let message = self.message().clone();
            looks += 1;
            if self.out.is_live() || (message == told && looks < STILL) {
                continue;
            }
            let took = seconds(self.begun.elapsed().as_secs_f64());
            let colon = if message.is_empty() { "" } else { ": " };
            self.out.busy(
                &self.verb,
                format_args!("{}{colon}{message} ({took} so far)", self.rest),
            );
            (told, looks) = (message, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::OutputForm;
    use crate::output::test_stream;

    #[tokio::test]
    async fn a_long_step_without_a_terminal_says_how_it_stands() {
        let ((shown, err), (_, out)) = (test_stream(), test_stream());
        let output = Output::new(out, err, OutputForm::Human, false);
        let text = || String::from_utf8(shown.lock().unwrap().clone()).unwrap();
        let mut going = Going::begin(&output, "create the cluster");
        going.news = Duration::from_millis(5);
        // What changes is said once each; that it still goes on, after some looks.
        for (message, wanted) in [("Creating", 1), ("Updating", 2), ("Updating", 3)] {
            going.say(message);
            let enough = async {
                while text().lines().count() < wanted {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            going.with(enough).await;
        }
        let lines: Vec<String> = text().lines().map(str::to_owned).collect();
        for (line, message) in lines.iter().zip(["Creating", "Updating", "Updating"]) {
            let begins = format!("    Creating the cluster: {message} (");
            assert!(
                line.starts_with(&begins) && line.ends_with(" so far)"),
                "{line}"
            );
        }
        // A quick one says nothing.
        going.news = NEWS;
        going.with(async {}).await;
        assert_eq!(text().lines().count(), lines.len());
    }
}
