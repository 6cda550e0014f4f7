//! What the ledger survives: a store or segments that are lost, cut or flipped.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod common;

use common::{LARGER, Worker, at, begun, covered, factors, finish, open, open_at, settle, trial};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rsac_master::ledger::disk::{Disk as _, Machine};
use rsac_master::ledger::{Ledger, RangeSet, folder_name};
use rsac_protocol::{Digest, Report, UnitState, UnitView};
use std::ops::Range;

const NUMBER: &str = "804556097";

fn path(number: &str, file: &str) -> String {
    format!("{}/{file}", folder_name(number))
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
    // What lost its report is not called done any more; other units do the rest.
    let units = master.units(None, None, 1000).unwrap().units;
    let is_done = |unit: &&UnitView| unit.state == UnitState::Done;
    let whole = |unit: &UnitView| unit.covered == unit.to - unit.from;
    assert!(units.iter().filter(is_done).all(whole), "{units:?}");
    assert!(units.iter().any(|unit| unit.state == UnitState::Split));
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
