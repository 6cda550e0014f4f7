//! Disks that two masters share, and disks without space.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod common;

use common::{
    LARGER, Worker, at, begun, covered, factors, finish, open, open_at, send, settle, trial,
};
use rsac_master::ledger::disk::{Machine, RealDisk};
use rsac_master::ledger::{LedgerError, folder_name};
use rsac_master::{JobSpec, Master};
use rsac_protocol::ProblemCode;

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
