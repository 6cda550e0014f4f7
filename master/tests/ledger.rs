//! What the ledger survives: damaged, lost and full disks, other masters, changed jobs.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod common;

use common::{Worker, at, factors, job, machine, open, open_at, send, settle};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rsac_master::ledger::disk::{Disk as _, Machine, RealDisk};
use rsac_master::ledger::{Ledger, LedgerError, RangeSet, folder_name};
use rsac_master::{JobSpec, Master};
use rsac_protocol::{Digest, Ending, Job, ProblemCode, Report, Stage, UnitState};
use std::ops::Range;

const NUMBER: &str = "804556097";

/// 1000003 · 1000033: one unit for trial division, of many indices.
const LARGER: &str = "1000036000099";

fn path(number: &str, file: &str) -> String {
    format!("{}/{file}", folder_name(number))
}

fn trial(number: &str) -> Job {
    job(number, Some("trial-division"))
}

fn covered(master: &Master) -> u64 {
    master.units(None, None, 1).unwrap().covered
}

/// A searching master, and a worker that has reported a part of a unit.
fn begun(machine: &Machine, job: &Job) -> (Master, Worker, rsac_protocol::Unit) {
    let mut master = open(&machine.process(), job);
    settle(&mut master, at(1));
    let mut worker = Worker::new("w-1");
    worker.register(&mut master, at(1));
    let unit = worker.acquire(&mut master, at(1)).unwrap();
    let report = worker.claim(unit, unit.from, unit.from + 3, vec![]);
    assert!(send(&mut master, at(2), &report).unwrap().holds);
    (master, worker, unit)
}

fn finish(master: &mut Master) {
    settle(master, at(20));
    // The unit that was held goes to others once its holder is lost.
    settle(master, at(100));
    Worker::new("w-2").work(master, at(100));
    settle(master, at(101));
}

#[test]
fn a_lost_or_ruined_store_is_rebuilt_from_the_segments() {
    type Ruin = fn(&mut Vec<u8>);
    let ruins: [(&str, Ruin); 6] = [
        ("emptied", |bytes| bytes.clear()),
        ("cut", |bytes| bytes.truncate(bytes.len() / 2)),
        ("cut within its head", |bytes| bytes.truncate(100)),
        ("zeroed", |bytes| bytes.fill(0)),
        ("garbage", |bytes| {
            for (i, byte) in bytes.iter_mut().enumerate() {
                *byte = (i * 131 % 251) as u8;
            }
        }),
        ("garbage behind its head", |bytes| bytes[4096..].fill(0x5a)),
    ];
    for (how, ruin) in ruins {
        let machine = Machine::new();
        let (master, _, _) = begun(&machine, &trial(LARGER));
        let before = master.position();
        drop(master);
        assert!(machine.damage(&path(LARGER, "store.redb"), ruin), "{how}");

        let mut master = open_at(&machine.process(), &trial(LARGER), at(10));
        let after = master.position();
        assert_eq!(after.ledger, before.ledger, "{how}");
        assert!(after.generation > before.generation, "{how}");
        assert_eq!(covered(&master), 3, "{how}: what was acknowledged is there");
        finish(&mut master);
        assert_eq!(factors(&master), ["1000003", "1000033"], "{how}");
    }
}

#[test]
fn a_solution_survives_the_loss_of_store_and_fence() {
    let machine = Machine::new();
    let (mut master, _, _) = begun(&machine, &trial(LARGER));
    finish(&mut master);
    let before = master.position();
    drop(master);
    let disk = machine.process();
    let folder = disk.folder(&folder_name(LARGER)).unwrap();
    folder.remove("store.redb").unwrap();
    folder.remove("fence").unwrap();
    let master = open_at(&disk, &trial(LARGER), at(200));
    assert_eq!(factors(&master), ["1000003", "1000033"]);
    assert_eq!(master.position().ledger, before.ledger);
    assert!(master.position().generation > before.generation);
}

#[test]
fn flipped_bytes_in_the_store_never_change_what_is_known() {
    let machine = Machine::new();
    let (master, _, _) = begun(&machine, &trial(LARGER));
    let before = master.position();
    drop(master);
    let file = path(LARGER, "store.redb");
    let mut whole = Vec::new();
    machine.damage(&file, |bytes| whole = bytes.clone());
    for at_byte in (0..whole.len()).step_by((whole.len() / 40) | 1) {
        machine.damage(&file, |bytes| {
            bytes.clone_from(&whole);
            bytes[at_byte] ^= 0x10;
        });
        let master = open_at(&machine.process(), &trial(LARGER), at(5));
        assert_eq!(covered(&master), 3, "byte {at_byte}");
        assert_eq!(master.position().ledger, before.ledger, "byte {at_byte}");
    }
}

const PLAN: &str = "the plan of a test";
const RANGES: [Range<u64>; 4] = [0..10, 10..20, 40..50, 50..60];

/// A ledger with a report of each of [`RANGES`] in its segment; answers the segment's
/// path.
fn segment(machine: &Machine) -> String {
    let mut ledger = ledger(machine);
    let plan = ledger.add_plan("trial-division", PLAN.into());
    let position = ledger.position();
    for (sequence, range) in RANGES.into_iter().enumerate() {
        let report = Report {
            job: "test".into(),
            plan: Digest::of(PLAN),
            ledger: position.ledger,
            generation: position.generation,
            worker: "w".into(),
            unit: 0,
            epoch: 1,
            from: range.start,
            to: range.end,
            findings: vec![],
            sequence: sequence as u64,
            cpu_micros: 1,
        };
        let bytes = report.encode().unwrap();
        assert_eq!(ledger.accept(plan, &bytes, range.clone()).unwrap(), [range]);
        ledger.commit().unwrap();
    }
    path(NUMBER, "segment-00000000")
}

fn ledger(machine: &Machine) -> Ledger {
    let mut rng = StdRng::seed_from_u64(9);
    Ledger::open(&machine.process(), NUMBER, &mut rng).unwrap()
}

/// What is covered after an opening and a replay, with the reports that were replayed
/// and the notes.
fn replayed(machine: &Machine) -> (RangeSet, Vec<Range<u64>>, Vec<String>) {
    let mut ledger = ledger(machine);
    let mut reports = Vec::new();
    ledger
        .replay(0, |report| reports.push(report.from..report.to))
        .unwrap();
    let notes = ledger.take_notes();
    (ledger.covered(0).clone(), reports, notes)
}

/// The records' starts, by their magic.
fn starts(bytes: &[u8]) -> Vec<usize> {
    let windows = bytes.windows(4).enumerate();
    windows
        .filter(|(_, window)| *window == b"rec\x01")
        .map(|(at, _)| at)
        .collect()
}

fn set(ranges: &[Range<u64>]) -> RangeSet {
    let mut set = RangeSet::default();
    for range in ranges {
        set.insert(range.clone());
    }
    set
}

#[test]
fn a_flipped_byte_of_a_segment_costs_its_record_alone() {
    let machine = Machine::new();
    let file = segment(&machine);
    let mut whole = Vec::new();
    machine.damage(&file, |bytes| whole = bytes.clone());
    let starts = starts(&whole);
    assert_eq!(starts.len(), 1 + RANGES.len());
    assert_eq!(replayed(&machine).1, RANGES);
    for at_byte in 0..whole.len() {
        machine.damage(&file, |bytes| {
            bytes.clone_from(&whole);
            bytes[at_byte] ^= 0x04;
        });
        let (covered, reports, notes) = replayed(&machine);
        // Record 0 is the segment's head, which holds no report.
        let record = starts.iter().rposition(|start| *start <= at_byte).unwrap();
        let mut left = RANGES.to_vec();
        let lost = (record > 0).then(|| left.remove(record - 1));
        assert_eq!(reports, left, "byte {at_byte}");
        assert_eq!(covered, set(&left), "byte {at_byte}");
        let next = starts.get(record + 1).copied().unwrap_or(whole.len());
        let damage = format!(
            "segment-00000000: bytes {}..{next} hold no intact record",
            starts[record]
        );
        assert!(notes.contains(&damage), "byte {at_byte}: {notes:?}");
        let again = lost.map(|lost| {
            format!(
                "the indices {}..{} of plan 0 are uncovered again",
                lost.start, lost.end
            )
        });
        let uncovered: Vec<_> = notes.iter().filter(|n| n.contains("uncovered")).collect();
        assert_eq!(uncovered, again.iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_segment_cut_within_its_committed_part_loses_what_was_cut() {
    let machine = Machine::new();
    let file = segment(&machine);
    let mut whole = Vec::new();
    machine.damage(&file, |bytes| whole = bytes.clone());
    let starts = starts(&whole);
    for cut in (0..whole.len()).step_by(3) {
        machine.damage(&file, |bytes| bytes.clone_from(&whole[..cut].to_vec()));
        let (covered, reports, notes) = replayed(&machine);
        let intact = starts[1..]
            .iter()
            .skip(1)
            .filter(|next| **next <= cut)
            .count();
        assert_eq!(reports, RANGES[..intact], "cut at {cut}");
        assert_eq!(covered, set(&RANGES[..intact]), "cut at {cut}");
        let end = starts.iter().rfind(|start| **start <= cut).unwrap();
        let damage = format!(
            "segment-00000000: bytes {end}..{} hold no intact record",
            whole.len()
        );
        assert!(notes.contains(&damage), "cut at {cut}: {notes:?}");
    }
}

#[test]
fn a_torn_tail_beyond_the_committed_length_is_cut() {
    let machine = Machine::new();
    let file = segment(&machine);
    let mut whole = Vec::new();
    machine.damage(&file, |bytes| whole = bytes.clone());
    let last = *starts(&whole).last().unwrap();
    for torn in [1, 5, 12, 20, whole.len() - last - 1] {
        machine.damage(&file, |bytes| {
            bytes.extend_from_slice(&whole[last..last + torn]);
        });
        let (covered, reports, notes) = replayed(&machine);
        assert_eq!(reports, RANGES);
        assert_eq!(covered, set(&RANGES));
        assert!(
            !notes.iter().any(|n| n.contains("no intact record")),
            "{notes:?}"
        );
        machine.damage(&file, |bytes| assert_eq!(*bytes, whole, "torn at {torn}"));
    }
}

#[test]
fn a_job_ends_right_although_a_report_with_its_divisor_was_damaged() {
    let machine = Machine::new();
    let mut master = open(&machine.process(), &trial(LARGER));
    settle(&mut master, at(1));
    Worker::new("w-1").work(&mut master, at(2));
    // All is reported; the master dies before it has made anything of it.
    drop(master);
    let segments: Vec<String> = { machine.paths().into_iter() }
        .filter(|path| path.contains("segment-"))
        .collect();
    assert!(segments.len() >= 2, "{segments:?}");
    for segment in segments {
        machine.damage(&segment, |bytes| {
            for at_byte in (0..bytes.len()).step_by(50) {
                bytes[at_byte] ^= 0xff;
            }
        });
    }
    let mut master = open_at(&machine.process(), &trial(LARGER), at(10));
    assert!(master.solution().is_none());
    finish(&mut master);
    assert_eq!(factors(&master), ["1000003", "1000033"]);
}

#[test]
fn a_missing_segment_is_searched_again() {
    let machine = Machine::new();
    segment(&machine);
    let folder = machine.process().folder(&folder_name(NUMBER)).unwrap();
    folder.remove("segment-00000000").unwrap();
    let (covered, reports, notes) = replayed(&machine);
    assert_eq!((covered.count(), reports.len()), (0, 0));
    assert!(notes.contains(&"segment-00000000 is missing".to_owned()));
}

#[test]
fn a_master_stops_when_the_fence_is_foreign() {
    let machine = Machine::new();
    let (mut first, mut worker, unit) = begun(&machine, &trial(LARGER));
    let spec = JobSpec::parse(&trial(LARGER)).unwrap();
    let error = Master::open(&machine.process(), spec, at(3), 8)
        .err()
        .unwrap();
    assert!(matches!(error, LedgerError::Locked { .. }));
    assert!(first.stopped().is_none());

    machine.break_locks();
    let mut second = open_at(&machine.process(), &trial(LARGER), at(3));
    assert!(second.position().generation > first.position().generation);
    let report = worker.claim(unit, unit.from + 3, unit.from + 5, vec![]);
    let refused = send(&mut first, at(4), &report).unwrap_err();
    assert_eq!(refused.code, ProblemCode::Later);
    assert!(matches!(first.stopped(), Some(LedgerError::Foreign { .. })));
    first.close(at(4));
    drop(first);
    assert_eq!(covered(&second), 3);
    // The older generation's report counts with the new master.
    send(&mut second, at(5), &report).unwrap();
    assert_eq!(covered(&second), 5);
    finish(&mut second);
    assert_eq!(factors(&second), ["1000003", "1000033"]);
}

#[test]
fn a_real_folder_serves_one_master_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let disk = RealDisk::open(&folder.path().join("data")).unwrap();
    let mut master = open(&disk, &trial(LARGER));
    settle(&mut master, at(1));
    let spec = || JobSpec::parse(&trial(LARGER)).unwrap();
    let error = Master::open(&disk, spec(), at(2), 8).err().unwrap();
    let words = error.to_string();
    assert!(words.contains("in use by another master"), "{words}");
    let place = folder.path().join("data").join(folder_name(LARGER));
    assert!(words.contains(place.to_str().unwrap()), "{words}");

    let mut worker = Worker::new("w-1");
    worker.register(&mut master, at(2));
    let unit = worker.acquire(&mut master, at(2)).unwrap();
    let report = worker.claim(unit, unit.from, unit.from + 3, vec![]);
    send(&mut master, at(2), &report).unwrap();
    let before = master.position();
    drop(master);
    std::fs::write(place.join("store.redb"), b"no store at all").unwrap();
    let mut master = open_at(&disk, &trial(LARGER), at(3));
    assert_eq!(master.position().ledger, before.ledger);
    assert_eq!(covered(&master), 3);
    assert!(place.join("store.damaged").exists());
    finish(&mut master);
    assert_eq!(factors(&master), ["1000003", "1000033"]);
}

#[test]
fn a_full_disk_stops_the_intake_until_there_is_space() {
    let machine = Machine::new();
    let (mut master, mut worker, unit) = begun(&machine, &trial(LARGER));
    machine.set_capacity(Some(machine.used()));
    let report = worker.claim(unit, unit.from + 3, unit.from + 5, vec![]);
    for second in 3..6 {
        let refused = send(&mut master, at(second), &report).unwrap_err();
        assert_eq!(refused.code, ProblemCode::Later);
        let why = master.summary(at(second)).ledger_unavailable.unwrap();
        assert!(why.contains("cannot be written"), "{why}");
    }
    assert!(master.stopped().is_none());
    // Signs of life are taken all the same.
    worker.heartbeat(&mut master, at(6), &[unit]);

    machine.set_capacity(None);
    master.tick(at(8));
    assert_eq!(master.summary(at(8)).ledger_unavailable, None);
    send(&mut master, at(8), &report).unwrap();
    assert_eq!(covered(&master), 5);
    drop(master);
    let mut master = open_at(&machine.process(), &trial(LARGER), at(9));
    assert_eq!(covered(&master), 5);
    finish(&mut master);
    assert_eq!(factors(&master), ["1000003", "1000033"]);
}

#[test]
fn a_master_that_ends_on_a_full_disk_leaves_nothing_half_written() {
    // From no space at all to enough for everything.
    for space in [0, 10, 50, 100, 200, 1000, 10_000] {
        let machine = Machine::new();
        let (mut master, mut worker, unit) = begun(&machine, &trial(LARGER));
        machine.set_capacity(Some(machine.used() + space));
        let mut acknowledged = 3;
        for step in 0..5 {
            let from = unit.from + 3 + step;
            let report = worker.claim(unit, from, from + 1, vec![]);
            acknowledged += u64::from(send(&mut master, at(3), &report).is_ok());
        }
        master.close(at(4));
        drop(master);
        machine.set_capacity(None);
        let mut master = open_at(&machine.process(), &trial(LARGER), at(9));
        assert!(covered(&master) >= acknowledged, "space {space}");
        finish(&mut master);
        assert_eq!(factors(&master), ["1000003", "1000033"], "space {space}");
    }
}

#[test]
fn a_changed_number_has_a_ledger_of_its_own() {
    let machine = Machine::new();
    let (master, _, _) = begun(&machine, &trial(LARGER));
    let before = master.position();
    drop(master);
    let spec = JobSpec::parse(&trial(NUMBER)).unwrap();
    let mut other = Master::open(&machine.process(), spec, at(0), 8).unwrap();
    settle(&mut other, at(1));
    assert_ne!(other.position().ledger, before.ledger);
    assert_eq!(other.position().generation, 1);
    assert_eq!(covered(&other), 0);
    drop(other);
    let back = open_at(&machine.process(), &trial(LARGER), at(2));
    assert_eq!(back.position().ledger, before.ledger);
    assert_eq!(covered(&back), 3);
}

/// 1125899906842597 · 1125899906842589, of 100 bits.
fn hard() -> String {
    let product = 1_125_899_906_842_597u128 * 1_125_899_906_842_589;
    product.to_string()
}

#[test]
fn a_changed_method_makes_a_plan_and_the_old_one_may_come_back() {
    let machine = Machine::new();
    let allow = |method: &str| Job {
        max_cpu_hours: 1e6,
        ..job(&hard(), Some(method))
    };
    let (master, _, _) = begun(&machine, &allow("trial-division"));
    drop(master);
    let mut master = open_at(&machine.process(), &allow("quadratic-sieve"), at(5));
    settle(&mut master, at(5));
    let plan = master.summary(at(5)).plan.unwrap();
    assert_eq!(plan.method, "quadratic-sieve");
    assert_eq!(plan.sequence, 1);
    let old = master.units(Some(0), None, 10).unwrap();
    assert!(old.units.iter().all(|u| u.state == UnitState::Dropped));
    assert_eq!(old.covered, 3);
    drop(master);
    let mut master = open_at(&machine.process(), &allow("trial-division"), at(9));
    settle(&mut master, at(9));
    let plan = master.summary(at(9)).plan.unwrap();
    assert_eq!((plan.method.as_str(), plan.sequence), ("trial-division", 0));
    assert_eq!(covered(&master), 3);
}

#[test]
fn raised_limits_reopen_a_job_that_they_ended() {
    let (_, disk) = machine();
    let infeasible = trial(&hard());
    let ending = |master: &Master| master.summary(at(1)).outcome.map(|o| o.ending);
    let mut master = open(&disk, &infeasible);
    settle(&mut master, at(1));
    assert_eq!(ending(&master), Some(Ending::Infeasible));
    drop(master);
    // The same limits: it stays so.
    let mut master = open(&disk, &infeasible);
    settle(&mut master, at(1));
    assert_eq!(ending(&master), Some(Ending::Infeasible));
    drop(master);
    let deadline = |seconds| Job {
        max_cpu_hours: 1e6,
        deadline_seconds: Some(seconds),
        ..infeasible.clone()
    };
    let mut master = open(&disk, &deadline(50));
    settle(&mut master, at(1));
    assert_eq!(master.summary(at(1)).stage, Stage::Search);
    settle(&mut master, at(60));
    assert_eq!(ending(&master), Some(Ending::DeadlineExceeded));
    drop(master);
    let mut master = open(&disk, &deadline(50));
    settle(&mut master, at(1));
    assert_eq!(ending(&master), Some(Ending::DeadlineExceeded));
    drop(master);
    let mut master = open(&disk, &deadline(500));
    settle(&mut master, at(1));
    assert_eq!(ending(&master), None);
    assert_eq!(master.summary(at(1)).stage, Stage::Search);
}
