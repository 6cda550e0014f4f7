//! What a seed decides: the number, the workers, the network, the faults and their times.

use crate::oracle::{NUMBERS, Number};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rsac_factor::Method;
use std::time::Duration;

/// Something that goes wrong, or is done to the system.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// kill −9 of a worker; its spool outlives it or not.
    KillWorker { spool: bool },
    /// A worker stands still, then goes on as if nothing had happened.
    FreezeWorker(Duration),
    /// More or fewer workers; those too many drain.
    Scale(usize),
    /// kill −9 of the master, between two of its steps.
    KillMaster,
    /// kill −9 of the master at its so-manieth change of the disk from now on.
    FuseMaster(i64),
    /// The machine of the ledger loses power.
    PowerLoss,
    /// A second master opens the ledger while the first one runs.
    SecondMaster,
    /// No space for so long.
    DiskFull(Duration),
    /// One worker hears and is heard by nobody for so long.
    CutOff(Duration),
    /// The ledger's disk is replaced by an empty one.
    LoseLedger,
    /// While no master runs, a bit of one of the ledger's files turns.
    FlipBit,
}

/// What kind of schedule it is; each kind allows checks that the next one does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only scaling: nothing may be computed twice.
    Drains,
    /// Workers are killed too, on a good network: each repeats a checkpoint interval.
    Kills,
    /// Anything.
    Storm,
}

/// The network.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Net {
    pub(crate) loss: f64,
    pub(crate) repeat: f64,
    /// The master's queue is full.
    pub(crate) later: f64,
    pub(crate) slowest: Duration,
}

/// A schedule, before it is played.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) kind: Kind,
    pub(crate) number: Number,
    /// No lane finds anything: a Cover must be searched to its last index, and then the
    /// contradiction be shown.
    pub(crate) blind: bool,
    pub(crate) workers: usize,
    pub(crate) lanes: usize,
    /// What an index takes the fastest worker.
    pub(crate) index: Duration,
    pub(crate) checkpoint: u64,
    pub(crate) net: Net,
    pub(crate) faults: Vec<(Duration, Fault)>,
    /// From here on nothing goes wrong any more, and at least one worker works.
    pub(crate) calm_from: Duration,
    /// The job must have ended by then.
    pub(crate) end_by: Duration,
}

/// Half of all times are short against this, the others up to it.
fn within(rng: &mut StdRng, longest: f64) -> Duration {
    let shape: f64 = rng.random_range(0.0..1.0);
    Duration::from_secs_f64(longest * shape * shape + 0.01)
}

impl Scenario {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let kind = match rng.random_range(0..8u8) {
            0 => Kind::Drains,
            1 => Kind::Kills,
            _ => Kind::Storm,
        };
        let number = NUMBERS[rng.random_range(0..NUMBERS.len())].clone();
        let blind = number.method == Method::TrialDivision && rng.random_bool(0.4);
        let workers = rng.random_range(1..=4);
        let lanes = rng.random_range(1..=2);
        // All of the work together, on one lane: one to ten minutes.
        let work = rng.random_range(60.0..600.0);
        let index = Duration::from_secs_f64((work / number.indices as f64).min(3.0));
        let net = match kind {
            Kind::Storm => Net {
                loss: rng.random_range(0.0..0.25) * f64::from(rng.random_range(0..2u8)),
                repeat: rng.random_range(0.0..0.2),
                later: rng.random_range(0.0..0.1) * f64::from(rng.random_range(0..2u8)),
                slowest: within(&mut rng, 12.0),
            },
            _ => Net {
                loss: 0.0,
                repeat: 0.0,
                later: 0.0,
                slowest: Duration::from_millis(50),
            },
        };
        let calm_from = Duration::from_secs_f64(work / workers as f64 / lanes as f64 + 30.0);
        let count = rng.random_range(1..=8);
        let mut faults: Vec<_> = (0..count)
            .map(|_| {
                let at = calm_from.mul_f64(rng.random_range(0.0..1.0));
                (at, fault(kind, &mut rng))
            })
            .collect();
        faults.sort_by_key(|(at, _)| *at);
        let end_by = calm_from + Duration::from_secs_f64(4.0 * work + 1200.0);
        Self {
            seed,
            kind,
            number,
            blind,
            workers,
            lanes,
            index,
            checkpoint: rng.random_range(2..=12),
            net,
            faults,
            calm_from,
            end_by,
        }
    }
}

fn fault(kind: Kind, rng: &mut StdRng) -> Fault {
    let spool = rng.random_bool(0.5);
    match (kind, rng.random_range(0..26u8)) {
        (Kind::Drains, _) | (_, 0..=3) => Fault::Scale(rng.random_range(0..=5)),
        (Kind::Kills, _) | (_, 4..=7) => Fault::KillWorker { spool },
        (_, 8..=10) => Fault::FreezeWorker(within(rng, 120.0)),
        (_, 11..=12) => Fault::KillMaster,
        (_, 13..=15) => Fault::FuseMaster(rng.random_range(0..60)),
        (_, 16..=18) => Fault::PowerLoss,
        (_, 19) => Fault::SecondMaster,
        (_, 20..=21) => Fault::DiskFull(within(rng, 90.0)),
        (_, 22) => Fault::CutOff(within(rng, 120.0)),
        (_, 23) => Fault::LoseLedger,
        (_, _) => Fault::FlipBit,
    }
}
