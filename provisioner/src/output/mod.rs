//! What a run says, and to whom. Answers go to stdout; what people like to see on the
//! way (steps, progress, warnings) goes to stderr, so that stdout can be given to a
//! program at any time. With `--output json`, stdout is one [`Event`] a line.
//!
//! Every word writes through one [`Output`]; tests give it buffers for its streams.

mod bar;
mod event;
mod format;
mod stream;
mod table;

pub use bar::{Bar, line as progress_line};
pub use event::{Event, PlannedStep, StepState};
pub use format::{abridged, count, duration, gerund, one_line, rate, seconds};
pub use stream::Stream;
pub use table::Table;

use crate::cli::{Common, OutputForm};
use crate::exit::{Exit, Failure};
use anstyle::{AnsiColor, Style};
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use stream::wants_colour;

/// How wide the column of verbs is: as cargo's.
const VERB_WIDTH: usize = 12;

struct Streams {
    out: Stream,
    err: Stream,
    /// The line at the bottom of the terminal that is rewritten in place.
    live: Option<String>,
}

impl Streams {
    /// Writes whole lines to stderr, above the live line. Nobody can be told when that
    /// fails, and the run does not depend on it.
    fn say(&mut self, text: &str) {
        let clear = if self.live.is_some() { "\r\x1b[2K" } else { "" };
        let live = self.live.as_deref().unwrap_or_default();
        let _ = write!(self.err.writer, "{clear}{text}{live}");
        let _ = self.err.writer.flush();
    }
}

/// The one way out for everything that a run says.
pub struct Output {
    streams: Mutex<Streams>,
    json: bool,
    quiet: bool,
}

/// What can be told apart by colour.
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BUSY: Style = AnsiColor::Cyan.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

impl Output {
    /// Output on the given streams.
    pub fn new(out: Stream, err: Stream, form: OutputForm, quiet: bool) -> Self {
        let live = None;
        Self {
            streams: Mutex::new(Streams { out, err, live }),
            json: form == OutputForm::Json,
            quiet,
        }
    }

    /// Output on the process's own streams.
    pub fn of_process(common: &Common) -> Self {
        let width = terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0));
        let stream = |writer, terminal| Stream {
            writer,
            terminal,
            colour: wants_colour(common.color, terminal, |name| std::env::var_os(name)),
            width,
        };
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self::new(
            stream(Box::new(io::stdout()), io::stdout().is_terminal() && !dumb),
            stream(Box::new(io::stderr()), io::stderr().is_terminal() && !dumb),
            common.form(),
            common.quiet,
        )
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        // A panic while writing a line leaves nothing that a next line would trip over.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether stdout is for programs.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether bars can be drawn and people asked.
    pub fn is_live(&self) -> bool {
        !self.quiet && self.lock().err.terminal
    }

    /// An event for programs: a line of JSON on stdout, nothing for people.
    ///
    /// # Errors
    /// When stdout does not take it.
    pub fn event(&self, event: &Event<'_>) -> Result<(), Failure> {
        if self.json {
            self.to_stdout(&event.to_line())
        } else {
            Ok(())
        }
    }

    /// An event of a word that does something: what is begun is not left because whoever read
    /// of it has gone.
    ///
    /// # Errors
    /// When stdout does not take it.
    pub fn tell(&self, event: &Event<'_>) -> Result<(), Failure> {
        match self.event(event) {
            Err(failure) if failure.is_unread() => Ok(()),
            told => told,
        }
    }

    /// An answer: the event for programs, or the text for people, on stdout.
    ///
    /// # Errors
    /// When stdout does not take it.
    pub fn answer(&self, event: &Event<'_>, text: &str) -> Result<(), Failure> {
        if self.json {
            self.to_stdout(&event.to_line())
        } else {
            self.to_stdout(text)
        }
    }

    /// Text that is its own form for people and programs alike (a PEM, a script).
    ///
    /// # Errors
    /// When stdout does not take it.
    pub fn to_stdout(&self, text: &str) -> Result<(), Failure> {
        let mut streams = self.lock();
        if streams.live.is_some() && streams.out.terminal {
            let _ = write!(streams.err.writer, "\r\x1b[2K");
            let _ = streams.err.writer.flush();
        }
        let newline = if text.ends_with('\n') { "" } else { "\n" };
        let written =
            write!(streams.out.writer, "{text}{newline}").and_then(|()| streams.out.writer.flush());
        if streams.live.is_some() {
            streams.say("");
        }
        written.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::unread(),
            _ => Failure::new(Exit::Failure, format!("stdout cannot be written: {error}")),
        })
    }

    /// A step for people: a short verb, aligned, then what it was done to.
    pub fn step(&self, verb: &str, text: impl Display) {
        self.verb(GOOD, verb, text);
    }

    /// A step that goes on.
    pub fn busy(&self, verb: &str, text: impl Display) {
        self.verb(BUSY, verb, text);
    }

    fn verb(&self, style: Style, verb: &str, text: impl Display) {
        if self.quiet {
            return;
        }
        let mut streams = self.lock();
        let verb = streams
            .err
            .paint(style, format_args!("{verb:>VERB_WIDTH$}"));
        streams.say(&format!("{verb} {text}\n"));
    }

    /// Plain lines for people, not an answer.
    pub fn note(&self, text: impl Display) {
        if !self.quiet {
            self.lock().say(&format!("{text}\n"));
        }
    }

    /// Something that people should know, quiet or not.
    pub fn warn(&self, text: impl Display) {
        let text = text.to_string();
        // A warning that cannot be written is no reason to stop.
        let _ = self.event(&Event::Warning { message: &text });
        let mut streams = self.lock();
        let label = streams.err.paint(WARN, "warning:");
        streams.say(&format!("{label} {text}\n"));
    }

    /// Why the run failed, and what to do about it.
    pub fn failure(&self, failure: &Failure) {
        // Stdout may be the very thing that failed.
        let _ = self.event(&Event::Error {
            exit: failure.exit.code(),
            name: failure.exit.name(),
            message: &failure.message,
            remedies: &failure.remedies,
        });
        let mut streams = self.lock();
        let label = match failure.exit {
            Exit::Interrupted => streams.err.paint(WARN, "stopped:"),
            _ => streams.err.paint(BAD, "error:"),
        };
        let mut text = format!("{label} {}\n", failure.message);
        let remedy = streams.err.paint(BUSY, "try:");
        for line in &failure.remedies {
            text.push_str(&format!("  {remedy} {line}\n"));
        }
        streams.say(&text);
    }

    /// Replaces the live line; shown on a terminal only.
    pub fn live(&self, text: &str) {
        if !self.is_live() {
            return;
        }
        let mut streams = self.lock();
        let cut = cut_to(text, streams.err.width.saturating_sub(1));
        let line = streams.err.paint(DIM, cut);
        // One write: a cleared line and a drawn one apart would flicker.
        let _ = write!(streams.err.writer, "\r\x1b[2K{line}");
        let _ = streams.err.writer.flush();
        streams.live = Some(line);
    }

    /// Takes the live line away.
    pub fn still(&self) {
        let mut streams = self.lock();
        if streams.live.take().is_some() {
            let _ = write!(streams.err.writer, "\r\x1b[2K");
            let _ = streams.err.writer.flush();
        }
    }

    /// How wide stderr is.
    pub fn width(&self) -> usize {
        self.lock().err.width
    }

    /// Text made bold where stdout has colours.
    pub fn bold(&self, text: impl Display) -> String {
        self.lock().out.paint(BOLD, text)
    }

    /// Text made green where stdout has colours.
    pub fn good(&self, text: impl Display) -> String {
        self.lock().out.paint(GOOD, text)
    }
}

/// The first `width` characters.
fn cut_to(text: &str, width: usize) -> &str {
    match text.char_indices().nth(width) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
type Shown = std::sync::Arc<Mutex<Vec<u8>>>;

/// A stream for tests, and what was written to it.
#[cfg(test)]
pub(crate) fn test_stream() -> (Shown, Stream) {
    struct Shared(Shown);
    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let shown = Shown::default();
    let stream = Stream::plain(Box::new(Shared(shown.clone())));
    (shown, stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_line_stays_below_what_is_said() {
        let (shown, err) = test_stream();
        let (_, out) = test_stream();
        let output = Output::new(
            out,
            Stream {
                terminal: true,
                ..err
            },
            OutputForm::Human,
            false,
        );
        output.live("50 %");
        output.step("Started", "it");
        output.still();
        let text = String::from_utf8(shown.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "\r\x1b[2K50 %\r\x1b[2K     Started it\n50 %\r\x1b[2K");
    }

    #[test]
    fn a_full_stdout_is_a_failure_and_one_that_nobody_reads_is_none() {
        struct Broken(io::ErrorKind);
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::from(self.0))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let output = |kind| {
            let (_, err) = test_stream();
            let out = Stream::plain(Box::new(Broken(kind)));
            Output::new(out, err, OutputForm::Json, false)
        };
        let note = Event::Note { message: "m" };
        let full = output(io::ErrorKind::StorageFull);
        assert_eq!(full.to_stdout("factors").unwrap_err().exit, Exit::Failure);
        assert_eq!(full.tell(&note).unwrap_err().exit, Exit::Failure);
        let unread = output(io::ErrorKind::BrokenPipe);
        assert!(unread.to_stdout("factors").unwrap_err().is_unread());
        assert!(unread.event(&note).unwrap_err().is_unread());
        assert_eq!(unread.tell(&note), Ok(()));
    }
}
