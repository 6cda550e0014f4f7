//! An agent driven by hand: the test plays its master, its lanes and its clock.

use crate::agent::*;
use bytes::Bytes;
use rsac_factor::{BigUint, Method, choose};
use rsac_protocol::{
    AcquireAnswer, Answer, Command, Digest, HeartbeatAnswer, LedgerId, LedgerPosition, PlanText,
    Problem, ProblemCode, RegisterAnswer, ReportAnswer, Unit,
};
use std::collections::BTreeSet;
use std::ops::Range;

pub(super) fn seconds(n: u64) -> Time {
    Duration::from_secs(n)
}

pub(super) fn position(ledger: u8, generation: u64) -> LedgerPosition {
    LedgerPosition {
        ledger: LedgerId([ledger; 16]),
        generation,
    }
}

pub(super) fn plan_text() -> PlanText {
    let number = BigUint::from(1_000_003u64) * BigUint::from(1_000_033u64);
    let plan = choose(&number, Some(Method::TrialDivision), seconds(3600)).unwrap();
    PlanText {
        digest: Digest::of(&plan.text()),
        text: plan.text(),
    }
}

pub(super) fn unit(id: u64, range: Range<u64>) -> Unit {
    Unit {
        id,
        epoch: 1,
        from: range.start,
        to: range.end,
    }
}

/// An agent, the time, and what it wants done.
pub(super) struct Bench {
    pub(super) agent: Agent,
    pub(super) now: Time,
    pub(super) requests: Vec<(RequestId, Request)>,
    pub(super) ordered: Vec<(usize, Range<u64>)>,
    pub(super) halted: BTreeSet<usize>,
    pub(super) spooled: BTreeMap<ReportKey, Bytes>,
    pub(super) wake: Option<Time>,
    pub(super) end: Option<End>,
    pub(super) position: LedgerPosition,
}

impl Bench {
    pub(super) fn new(lanes: usize) -> Self {
        let config = Config {
            job: "my-rsac".into(),
            worker: "worker-0-abc".into(),
            lanes,
            seed: 7,
        };
        let mut bench = Self {
            agent: Agent::new(config, Vec::new()),
            now: seconds(1),
            requests: Vec::new(),
            ordered: Vec::new(),
            halted: BTreeSet::new(),
            spooled: BTreeMap::new(),
            wake: None,
            end: None,
            position: position(1, 1),
        };
        bench.step();
        bench
    }

    pub(super) fn step(&mut self) {
        let step = self.agent.advance(self.now);
        for action in step.actions {
            match action {
                Action::Send { id, request } => self.requests.push((id, request)),
                Action::Compute { lane, range, .. } => self.ordered.push((lane, range)),
                Action::Halt { lane } => {
                    self.halted.insert(lane);
                }
                Action::Spool { key, bytes } => {
                    self.spooled.insert(key, bytes);
                }
                Action::Unspool { key } => {
                    self.spooled.remove(&key);
                }
            }
        }
        self.wake = step.wake;
        self.end = self.end.take().or(step.end);
    }

    /// Takes the oldest request that `is` one of those wanted.
    pub(super) fn take<T>(&mut self, is: impl Fn(&Request) -> Option<T>) -> (RequestId, T) {
        let found = self.requests.iter().position(|(_, r)| is(r).is_some());
        let (id, request) = self.requests.remove(found.expect("no such request"));
        (id, is(&request).unwrap())
    }

    pub(super) fn reply(&mut self, id: RequestId, reply: Reply) {
        self.agent.replied(self.now, id, reply);
        self.step();
    }

    pub(super) fn registers(&mut self, plan: Option<PlanText>) {
        let (id, ()) = self.take(|r| matches!(r, Request::Register(_)).then_some(()));
        let body = RegisterAnswer {
            plan,
            checkpoint_seconds: 10,
        };
        self.reply(id, Reply::Register(Answer::new(self.position, body)));
    }

    pub(super) fn acquires(&mut self, units: Vec<Unit>) -> u64 {
        let (id, request) = self.take(|r| match r {
            Request::Acquire(a) => Some(a.request),
            _ => None,
        });
        let body = AcquireAnswer::Units { units };
        self.reply(id, Reply::Acquire(Answer::new(self.position, body)));
        request
    }

    pub(super) fn beats(&mut self, command: Command, not_yours: Vec<u64>) -> Vec<Holding> {
        let (id, held) = self.take(|r| match r {
            Request::Heartbeat(h) => Some(h.held.clone()),
            _ => None,
        });
        let body = HeartbeatAnswer { command, not_yours };
        self.reply(id, Reply::Heartbeat(Answer::new(self.position, body)));
        held
    }

    pub(super) fn next_report(&mut self) -> (RequestId, Report) {
        self.take(|r| match r {
            Request::Report(bytes) => Some(Report::decode(bytes).unwrap()),
            _ => None,
        })
    }

    pub(super) fn acknowledges(&mut self, holds: bool) -> Report {
        let (id, report) = self.next_report();
        let body = ReportAnswer {
            holds,
            sequence: report.sequence,
        };
        self.reply(id, Reply::Report(Answer::new(self.position, body)));
        report
    }

    pub(super) fn refuses(&mut self, code: ProblemCode) -> Report {
        let (id, report) = self.next_report();
        let message = "no".into();
        self.reply(id, Reply::Refused(Problem { code, message }));
        report
    }

    pub(super) fn computes(&mut self, lane: usize, range: Range<u64>, idle: bool) {
        let piece = Piece {
            lane,
            range,
            found: vec![],
            wall: Duration::from_millis(250),
            cpu: Duration::from_millis(250),
            idle,
        };
        self.agent.computed(self.now, piece);
        self.step();
    }

    pub(super) fn passes(&mut self, time: Duration) {
        self.now += time;
        self.step();
    }

    /// Registered, with units 0 (in work) and 1 (prefetched).
    pub(super) fn at_work() -> Self {
        let mut bench = Self::new(1);
        bench.registers(Some(plan_text()));
        bench.beats(Command::Continue, vec![]);
        bench.acquires(vec![unit(0, 0..100), unit(1, 100..200)]);
        assert_eq!(bench.ordered, [(0, 0..100)]);
        bench
    }

    /// The same in a search that is an hour old.
    pub(super) fn long_at_work() -> Self {
        let mut bench = Self::at_work();
        bench.now += seconds(3600);
        bench.agent.heartbeat_at += seconds(3600);
        bench
    }
}
