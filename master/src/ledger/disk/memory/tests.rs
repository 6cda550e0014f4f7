use super::*;
use crate::ledger::disk::Disk as _;
use rand::SeedableRng as _;

#[test]
fn power_loss_keeps_what_was_synced_and_only_sectors_of_the_rest() {
    for seed in 0..50 {
        let machine = Machine::new();
        let disk = machine.process();
        let file = disk.open("a").unwrap();
        file.write_at(0, &[1; 1024]).unwrap();
        file.sync().unwrap();
        disk.sync().unwrap();
        file.write_at(0, &[2; 2048]).unwrap();
        disk.open("b").unwrap();
        machine.power_loss(&mut StdRng::seed_from_u64(seed));
        assert!(file.len().is_err(), "handles die with the process");

        let disk = machine.process();
        let bytes = crate::ledger::disk::read_all(&*disk.open("a").unwrap()).unwrap();
        assert!(bytes.len() >= 1024, "seed {seed}");
        for sector in bytes.chunks(SECTOR) {
            assert!(sector.iter().all(|b| *b == sector[0]), "seed {seed}");
        }
        assert!(bytes[..1024].iter().all(|b| *b == 1 || *b == 2));
    }
}

#[test]
fn a_lock_ends_with_its_guard_or_its_process() {
    let machine = Machine::new();
    let (first, second) = (machine.process(), machine.process());
    let guard = first.lock().unwrap();
    assert!(guard.is_some());
    assert!(second.lock().unwrap().is_none());
    drop(guard);
    let guard = second.lock().unwrap();
    assert!(guard.is_some());
    second.kill();
    assert!(first.lock().unwrap().is_some());
}

#[test]
fn a_full_disk_refuses_growth_but_not_overwriting() {
    let machine = Machine::new();
    machine.set_capacity(Some(100));
    let disk = machine.process();
    let file = disk.open("a").unwrap();
    file.write_at(0, &[1; 100]).unwrap();
    let error = file.write_at(1, &[2; 100]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    file.write_at(0, &[3; 100]).unwrap();
}
