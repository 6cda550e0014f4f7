//! The user's words, a file each. [`run`] is the way in: the binary calls it with the
//! process's own streams, tests with buffers and a stack in memory.

mod adopt;
mod apply;
mod azure;
mod bring_up;
mod connection;
mod crack;
mod delete;
mod down;
mod generate;
mod image;
mod list;
mod logs;
mod manifest;
mod manifests;
mod orphans;
mod place;
mod plan;
mod progress;
mod reap;
mod result;
mod scale;
mod solved;
mod spot;
mod stacks;
mod status;
mod subscription;
mod suggest;
mod suspend;
mod units;
mod up;
mod view;
mod wait;
mod watch;
mod watcher;

pub use generate::{man_page, man_pages, reference};
pub use suggest::closest;

use crate::cli::{Cli, Word};
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupts;
use crate::output::Output;
use crate::provider::Provider;
use crate::stack::{Stack, Store};
use futures_util::future::BoxFuture;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};

/// Makes the provider of a stack.
pub type OpenProvider = dyn Fn(&Stack) -> Result<Box<dyn Provider>, Failure> + Send + Sync;
/// Puts a question on the terminal and answers the line that was typed.
pub type Ask = dyn Fn(String) -> BoxFuture<'static, io::Result<String>> + Send + Sync;
/// Reads stdin, at most so many bytes.
pub type ReadStdin = dyn Fn(u64) -> io::Result<Vec<u8>> + Send + Sync;

/// What a word works with.
pub struct Context<'a> {
    /// Where it says what it says.
    pub out: &'a Output,
    /// The stacks that are remembered.
    pub store: Store,
    /// The stack that was named.
    pub stack: Option<String>,
    /// Makes providers.
    pub open: &'a OpenProvider,
    /// Ctrl-C.
    pub interrupts: Interrupts,
    /// Asks whoever sits at the terminal; none where nobody does.
    pub ask: Option<&'a Ask>,
    /// The file for an image, which `image build` writes.
    pub image_file: Option<PathBuf>,
    /// Reads stdin, for `-`.
    pub stdin: &'a ReadStdin,
}

impl Context<'_> {
    /// The work's result, or that it was interrupted.
    async fn interruptible<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            done = work => done,
            () = self.interrupts.wait() => Err(Failure::new(Exit::Interrupted, "interrupted")),
        }
    }
}

impl Context<'_> {
    /// Asks whoever sits at the terminal; none where nobody does.
    async fn says_yes(&self, question: &str) -> Result<Option<bool>, Failure> {
        let Some(ask) = self.ask else {
            return Ok(None);
        };
        let asked = async {
            ask(format!("{question} [y/N] "))
                .await
                .map_err(|error| Failure::new(Exit::Failure, format!("the terminal: {error}")))
        };
        let answer = self.interruptible(asked).await?;
        Ok(Some(matches!(answer.trim(), "y" | "Y" | "yes")))
    }
}

/// Runs a word, says why where it fails, and answers the code to end with.
pub async fn run(ctx: &Context<'_>, cli: Cli) -> Exit {
    let done = match (&cli.word, cli.common.file()) {
        (Word::Image(_), _) | (_, None) => dispatch(ctx, cli.word).await,
        (_, Some(file)) => Err(misplaced(file)),
    };
    ctx.out.still();
    match done {
        Ok(()) => Exit::Done,
        Err(failure) if failure.is_unread() => failure.exit,
        Err(failure) => {
            ctx.out.failure(&failure);
            failure.exit
        }
    }
}

fn misplaced(file: &Path) -> Failure {
    let what = format!(
        "--output {}: only `image build` writes a file",
        file.display()
    );
    Failure::new(Exit::Usage, what).remedy("--output human or --output json")
}

async fn dispatch(ctx: &Context<'_>, word: Word) -> Result<(), Failure> {
    match word {
        // These have something to say at an interrupt.
        Word::Up(args) => up::run(ctx, args).await,
        Word::Crack(args) => crack::run(ctx, args).await,
        Word::Apply(args) => apply::run(ctx, args).await,
        Word::Watch(args) => watch::run(ctx, args).await,
        Word::Down(args) => down::run(ctx, args).await,
        Word::Reap(args) => reap::run(ctx, args).await,
        // The others just stop.
        word => ctx.interruptible(dispatch_plain(ctx, word)).await,
    }
}

async fn dispatch_plain(ctx: &Context<'_>, word: Word) -> Result<(), Failure> {
    match word {
        Word::Plan(args) => plan::run(ctx, args).await,
        Word::Orphans(args) => orphans::run(ctx, args).await,
        Word::List => list::run(ctx).await,
        Word::Status(args) => status::run(ctx, args).await,
        Word::Scale(args) => scale::run(ctx, args).await,
        Word::Suspend(args) => suspend::run(ctx, args, true).await,
        Word::Resume(args) => suspend::run(ctx, args, false).await,
        Word::Result(args) => result::run(ctx, args).await,
        Word::Units(args) => units::run(ctx, args).await,
        Word::Progress(args) => progress::run(ctx, args).await,
        Word::Logs(args) => logs::run(ctx, args).await,
        Word::Delete(args) => delete::run(ctx, args).await,
        Word::Stacks => stacks::run(ctx),
        Word::Image(args) => image::run(ctx, args).await,
        Word::Manifests(args) => manifests::run(ctx, args),
        Word::Completions(args) => generate::completions(ctx, args),
        Word::Man(args) => generate::man(ctx, args),
        Word::Up(_)
        | Word::Crack(_)
        | Word::Apply(_)
        | Word::Watch(_)
        | Word::Down(_)
        | Word::Reap(_) => Ok(()),
    }
}
