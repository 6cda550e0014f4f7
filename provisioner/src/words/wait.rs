//! Waiting for a job's end: the progress line on the way, the factors at the end.
//!
//! A stack that stops answering meanwhile (its supervisor was killed) is asked for
//! again through its provider, which starts it anew; the job's ledger is on disk, so the
//! wait only goes on.

use super::connection::Connection;
use super::view::View;
use super::{Context, solved};
use crate::access::{Access, AccessError, WatchEvent};
use crate::exit::{Exit, Failure};
use crate::output::{Bar, Event, progress_line};
use futures_util::StreamExt;
use rsac_api::RSACracker;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a stack may stay silent before the wait gives up.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often progress is told where nothing can be redrawn.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// What is wrong for a moment only, while workers start say, is not worth a word.
const TROUBLE_LASTS: Duration = Duration::from_secs(10);

/// How following a job came to its end.
enum Followed {
    /// It ended; the resource as it was then.
    Ended(Box<RSACracker>),
    /// The stack stopped answering.
    Lost(AccessError),
}

/// Follows a job until it ends, and shows its factors.
pub(super) async fn until_ended(
    ctx: &Context<'_>,
    connection: &mut Connection,
    name: &str,
) -> Result<(), Failure> {
    let ended = tokio::select! {
        ended = follow_to_the_end(ctx, connection, name) => ended,
        () = ctx.interrupts.wait() => Err(Failure::new(
            Exit::Interrupted,
            format!("the waiting has ended; {name} runs on"),
        )
        .remedy(format!("`rsac-infra watch {name}` comes back to it"))),
    };
    ctx.out.still();
    ended
}

async fn follow_to_the_end(
    ctx: &Context<'_>,
    connection: &mut Connection,
    name: &str,
) -> Result<(), Failure> {
    let mut teller = Teller::default();
    loop {
        match follow(ctx, &*connection.access, name, &mut teller).await? {
            Followed::Ended(cracker) => return conclude(ctx, connection, &cracker).await,
            Followed::Lost(error) => reconnect(ctx, connection, &error).await?,
        }
    }
}

async fn follow(
    ctx: &Context<'_>,
    access: &dyn Access,
    name: &str,
    teller: &mut Teller,
) -> Result<Followed, Failure> {
    let mut events = match access.watch(Some(name)).await {
        Ok(events) => events,
        Err(error @ AccessError::Unreachable(_)) => return Ok(Followed::Lost(error)),
        Err(error) => return Err(error.into()),
    };
    while let Some(event) = events.next().await {
        match event {
            Ok(WatchEvent::Now(cracker)) => {
                let view = View(&cracker);
                if view.end().is_some() {
                    return Ok(Followed::Ended(cracker));
                }
                if let Some(why) = view.refusal() {
                    return Err(Failure::new(Exit::BadInput, format!("{name}: {why}")));
                }
                teller.tell(ctx, view)?;
            }
            Ok(WatchEvent::Gone(_)) => {
                let what = format!("{name} was deleted meanwhile");
                return Err(Failure::new(Exit::NotFound, what));
            }
            Err(error @ AccessError::Unreachable(_)) => return Ok(Followed::Lost(error)),
            Err(error) => return Err(error.into()),
        }
    }
    let closed = AccessError::Unreachable("the connection was closed".to_owned());
    Ok(Followed::Lost(closed))
}

/// Shows the factors, or says that there are none and why.
async fn conclude(
    ctx: &Context<'_>,
    connection: &mut Connection,
    cracker: &RSACracker,
) -> Result<(), Failure> {
    let view = View(cracker);
    let name = view.name();
    let Some(end) = view.end().filter(|end| !end.solved) else {
        let solution = solution_of(ctx, connection, name).await?;
        return solved::show(ctx, &connection.stack, cracker, &solution);
    };
    Err(without_factors(ctx, name, end.reason, end.message))
}

/// The solution of a job whose status says that it has one. The one who wrote the status
/// has it, so that only a stack lost at this very moment makes it wait.
async fn solution_of(
    ctx: &Context<'_>,
    connection: &mut Connection,
    name: &str,
) -> Result<rsac_protocol::Solution, Failure> {
    let begun = Instant::now();
    loop {
        match connection.access.solution(name).await {
            Ok(Some(solution)) => return Ok(solution),
            Err(error @ AccessError::Unreachable(_)) => reconnect(ctx, connection, &error).await?,
            Err(AccessError::NoMaster { .. }) | Ok(None) if begun.elapsed() < PATIENCE => {
                sleep(Duration::from_millis(200)).await;
            }
            Err(error) => return Err(error.into()),
            Ok(None) => {
                let what = format!("{name} is solved, but its factors cannot be had");
                return Err(Failure::new(Exit::Failure, what)
                    .remedy(format!("`rsac-infra logs {name}` may say why")));
            }
        }
    }
}

/// A job's end without factors: the event for programs, and the failure.
pub(super) fn without_factors(
    ctx: &Context<'_>,
    name: &str,
    reason: &str,
    message: &str,
) -> Failure {
    // The failure says the same to people; a full stdout must not hide it.
    let _ = ctx.out.event(&Event::Ended {
        name,
        reason,
        message,
    });
    Failure::new(
        Exit::NoFactors,
        format!("{name} ended without factors: {reason}: {message}"),
    )
}

/// Gets a new way in, again and again with pauses that grow, until patience ends.
async fn reconnect(
    ctx: &Context<'_>,
    connection: &mut Connection,
    lost: &AccessError,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(100);
    ctx.out.still();
    ctx.out.busy("Reconnecting", lost);
    loop {
        sleep(pause).await;
        match connection.provider.access().await {
            Ok(access) => {
                connection.access = access;
                return Ok(());
            }
            Err(error) if begun.elapsed() > PATIENCE => return Err(error.into()),
            Err(error) => tracing::debug!(%error, "the stack does not come back yet"),
        }
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

/// Says how far the job is: on a terminal in place, else now and then.
#[derive(Default)]
struct Teller {
    told: Option<(Instant, Bar)>,
    trouble: Option<Trouble>,
}

/// What was wrong when last looked.
struct Trouble {
    reason: String,
    since: Instant,
    told: bool,
}

impl Teller {
    fn tell(&mut self, ctx: &Context<'_>, view: View<'_>) -> Result<(), Failure> {
        self.tell_trouble(ctx, view);
        let bar = view.bar();
        let told = self.told.as_ref();
        if told.is_some_and(|(_, told)| *told == bar) {
            return Ok(());
        }
        ctx.out.event(&Event::Progress {
            name: &bar.name,
            reason: &bar.stage,
            done: bar.done,
            all: bar.all,
            word: &bar.word,
            rate: bar.rate,
            seconds_left: bar.seconds_left,
            workers: bar.workers,
        })?;
        if ctx.out.is_live() {
            ctx.out.live(&bar.draw(ctx.out.width()));
            self.told = Some((Instant::now(), bar));
            return Ok(());
        }
        let is_due =
            told.is_none_or(|(when, told)| told.stage != bar.stage || when.elapsed() >= TELL_EVERY);
        if is_due {
            ctx.out.busy("Progress", progress_line(&bar));
            self.told = Some((Instant::now(), bar));
        }
        Ok(())
    }

    fn tell_trouble(&mut self, ctx: &Context<'_>, view: View<'_>) {
        let Some((reason, message)) = view.trouble() else {
            self.trouble = None;
            return;
        };
        let known = self.trouble.take().filter(|known| known.reason == reason);
        let mut trouble = known.unwrap_or_else(|| Trouble {
            reason: reason.to_owned(),
            since: Instant::now(),
            told: false,
        });
        if !trouble.told && trouble.since.elapsed() >= TROUBLE_LASTS {
            ctx.out
                .warn(format_args!("{}: {reason}: {message}", view.name()));
            trouble.told = true;
        }
        self.trouble = Some(trouble);
    }
}
