//! A master over a simulated disk, with workers that are driven by hand.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part"
)]

use rsac_factor::{Plan, Searcher};
use rsac_master::ledger::disk::{Disk, Machine, MemoryDisk};
use rsac_master::{JobSpec, Master, Now, ReceivedReport, Reply, Request};
use rsac_protocol::{
    AcquireAnswer, AcquireRequest, Digest, Ending, Finding, HeartbeatRequest, Holding, Job,
    LedgerPosition, Problem, RegisterRequest, Report, ReportAnswer, Stage, Unit,
};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub fn job(number: &str, method: Option<&str>) -> Job {
    Job {
        name: "test".into(),
        attempt: String::new(),
        number: number.into(),
        public_exponent: None,
        method: method.map(str::to_owned),
        checkpoint_seconds: 10,
        max_cpu_hours: 24.0,
        pre_pass_seconds: 1,
        deadline_seconds: None,
    }
}

pub fn at(seconds: u64) -> Now {
    Now {
        elapsed: Duration::from_secs(seconds),
        unix: 1_800_000_000 + seconds,
    }
}

pub fn open_at(disk: &dyn Disk, job: &Job, now: Now) -> Master {
    Master::open(disk, JobSpec::parse(job).unwrap(), now, 7).unwrap()
}

pub fn open(disk: &dyn Disk, job: &Job) -> Master {
    open_at(disk, job, at(0))
}

pub fn machine() -> (Machine, MemoryDisk) {
    let machine = Machine::new();
    let disk = machine.process();
    (machine, disk)
}

/// Runs the master's computations until none is due.
pub fn settle(master: &mut Master, now: Now) {
    master.tick(now);
    while let Some(task) = master.take_task() {
        let result = task.run();
        master.task_done(now, result);
    }
}

/// A worker with one lane.
pub struct Worker {
    pub name: String,
    pub plan: Option<(Digest, Plan)>,
    pub position: Option<LedgerPosition>,
    searcher: Option<Box<dyn Searcher>>,
    request: u64,
    sequence: u64,
}

impl Worker {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            plan: None,
            position: None,
            searcher: None,
            request: 0,
            sequence: 0,
        }
    }

    pub fn register(&mut self, master: &mut Master, now: Now) {
        let request = RegisterRequest {
            protocol: rsac_protocol::VERSION,
            job: "test".into(),
            worker: self.name.clone(),
            lanes: 1,
        };
        let Reply::Register(answer) = master.handle(now, Request::Register(request)).unwrap()
        else {
            panic!("another answer");
        };
        self.position = Some(answer.position());
        if let Some(plan) = answer.body.plan {
            assert_eq!(Digest::of(&plan.text), plan.digest);
            let parsed = Plan::parse(&plan.text).unwrap();
            self.searcher = Some(parsed.searcher());
            self.plan = Some((plan.digest, parsed));
        }
    }

    pub fn acquire_with(
        &mut self,
        master: &mut Master,
        now: Now,
        request: u64,
        count: u32,
    ) -> Result<AcquireAnswer, Problem> {
        let request = AcquireRequest {
            worker: self.name.clone(),
            plan: self.plan.as_ref().unwrap().0,
            count,
            request,
        };
        match master.handle(now, Request::Acquire(request))? {
            Reply::Acquire(answer) => Ok(answer.body),
            other => panic!("another answer: {other:?}"),
        }
    }

    pub fn acquire(&mut self, master: &mut Master, now: Now) -> Option<Unit> {
        self.request += 1;
        match self.acquire_with(master, now, self.request, 1).unwrap() {
            AcquireAnswer::Units { units } => Some(units[0]),
            _ => None,
        }
    }

    /// Searches a part of a unit; the report of it is not sent.
    pub fn search(&mut self, unit: Unit, from: u64, to: u64) -> Report {
        let mut found = Vec::new();
        let searcher = self.searcher.as_mut().unwrap();
        let end = searcher.search(from..to, &AtomicBool::new(false), &mut found);
        assert_eq!(end, to);
        self.claim(
            unit,
            from,
            to,
            found.into_iter().map(|f| (f.index, f.data)).collect(),
        )
    }

    /// A report that says so.
    pub fn claim(
        &mut self,
        unit: Unit,
        from: u64,
        to: u64,
        findings: Vec<(u64, Vec<u8>)>,
    ) -> Report {
        self.sequence += 1;
        let position = self.position.unwrap();
        Report {
            job: "test".into(),
            plan: self.plan.as_ref().unwrap().0,
            ledger: position.ledger,
            generation: position.generation,
            worker: self.name.clone(),
            unit: unit.id,
            epoch: unit.epoch,
            from,
            to,
            findings: findings
                .into_iter()
                .map(|(index, data)| Finding { index, data })
                .collect(),
            sequence: self.sequence,
            cpu_micros: 1000,
        }
    }

    pub fn heartbeat(
        &self,
        master: &mut Master,
        now: Now,
        held: &[Unit],
    ) -> (rsac_protocol::Command, Vec<u64>) {
        let request = HeartbeatRequest {
            worker: self.name.clone(),
            plan: self.plan.as_ref().unwrap().0,
            held: held
                .iter()
                .map(|unit| Holding {
                    unit: unit.id,
                    epoch: unit.epoch,
                    at: unit.from,
                })
                .collect(),
        };
        match master.handle(now, Request::Heartbeat(request)).unwrap() {
            Reply::Heartbeat(answer) => (answer.body.command, answer.body.not_yours),
            other => panic!("another answer: {other:?}"),
        }
    }

    /// Works until the master has no unit for it; answers how many it had.
    pub fn work(&mut self, master: &mut Master, now: Now) -> usize {
        let mut units = 0;
        self.register(master, now);
        while let Some(unit) = self
            .plan
            .is_some()
            .then(|| self.acquire(master, now))
            .flatten()
        {
            let report = self.search(unit, unit.from, unit.to);
            send(master, now, &report).unwrap();
            units += 1;
        }
        units
    }
}

pub fn send(master: &mut Master, now: Now, report: &Report) -> Result<ReportAnswer, Problem> {
    let received = ReceivedReport::decode(report.encode().unwrap()).unwrap();
    match master.handle(now, Request::Report(received))? {
        Reply::Report(answer) => Ok(answer.body),
        other => panic!("another answer: {other:?}"),
    }
}

pub fn factors(master: &Master) -> Vec<String> {
    master
        .solution()
        .map(|s| s.factors.clone())
        .unwrap_or_default()
}

/// 1000003 · 1000033: one unit for trial division, of many indices.
pub const LARGER: &str = "1000036000099";

pub fn trial(number: &str) -> Job {
    job(number, Some("trial-division"))
}

pub fn covered(master: &Master) -> u64 {
    master.units(None, None, 1).unwrap().covered
}

/// A searching master, and a worker that has reported a part of a unit.
pub fn begun(machine: &Machine, job: &Job) -> (Master, Worker, rsac_protocol::Unit) {
    let mut master = open(&machine.process(), job);
    settle(&mut master, at(1));
    let mut worker = Worker::new("w-1");
    worker.register(&mut master, at(1));
    let unit = worker.acquire(&mut master, at(1)).unwrap();
    let report = worker.claim(unit, unit.from, unit.from + 3, vec![]);
    assert!(send(&mut master, at(2), &report).unwrap().holds);
    (master, worker, unit)
}

pub fn finish(master: &mut Master) {
    settle(master, at(20));
    // The unit that was held goes to others once its holder is lost.
    settle(master, at(100));
    Worker::new("w-2").work(master, at(100));
    settle(master, at(101));
}

pub fn searching(job: &Job) -> (Machine, MemoryDisk, Master) {
    let (machine, disk) = machine();
    let mut master = open(&disk, job);
    settle(&mut master, at(1));
    assert_eq!(master.summary(at(1)).stage, Stage::Search);
    (machine, disk, master)
}

pub fn registered(master: &mut Master, name: &str, second: u64) -> Worker {
    let mut worker = Worker::new(name);
    worker.register(master, at(second));
    worker
}

pub fn ending(master: &Master) -> Option<Ending> {
    master.summary(at(0)).outcome.map(|o| o.ending)
}
