use super::*;
use rsac_protocol::{Digest, Finding, LedgerId, Report};

fn report(sequence: u64) -> Report {
    Report {
        job: "my-rsac".into(),
        plan: Digest::of("plan"),
        ledger: LedgerId([7; 16]),
        generation: 2,
        worker: "w-1".into(),
        unit: 3,
        epoch: 1,
        from: 10,
        to: 20,
        findings: vec![Finding {
            index: 12,
            data: vec![1, 2, 3],
        }],
        sequence,
        cpu_micros: 1_000,
    }
}

#[test]
fn what_one_process_wrote_and_did_not_delete_the_next_one_reads() {
    let folder = tempfile::tempdir().unwrap();
    let (mut spool, left) = Spool::open(folder.path(), "a").unwrap();
    assert!(left.is_empty());
    for sequence in 0..3 {
        let bytes = report(sequence).encode().unwrap();
        spool.write(ReportKey(sequence), &bytes).unwrap();
    }
    spool.delete(ReportKey(1));
    assert!(matches!(
        Spool::open(folder.path(), "b"),
        Err(SpoolError::Busy(_))
    ));
    drop(spool);

    let (mut spool, left) = Spool::open(folder.path(), "b").unwrap();
    let reports: Vec<_> = left.iter().map(|spooled| spooled.report.clone()).collect();
    assert_eq!(reports, [report(0), report(2)]);
    assert_eq!(left[1].bytes, report(2).encode().unwrap());
    for spooled in &left {
        spool.delete(spooled.key);
    }
    drop(spool);
    let (_spool, left) = Spool::open(folder.path(), "c").unwrap();
    assert!(left.is_empty());
}

#[test]
fn a_damaged_file_is_dropped_and_the_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(folder.path(), "a").unwrap();
    for sequence in 0..4 {
        let bytes = report(sequence).encode().unwrap();
        spool.write(ReportKey(sequence), &bytes).unwrap();
    }
    drop(spool);
    let path = |sequence: u64| folder.path().join(format!("a-{sequence:08}.report"));
    let mut flipped = fs::read(path(0)).unwrap();
    flipped[30] ^= 1;
    fs::write(path(0), flipped).unwrap();
    let whole = fs::read(path(1)).unwrap();
    fs::write(path(1), &whole[..whole.len() - 5]).unwrap();
    fs::write(path(2), b"").unwrap();
    fs::write(folder.path().join("a-00000009.tmp"), &whole).unwrap();

    let (_spool, left) = Spool::open(folder.path(), "b").unwrap();
    let sequences: Vec<_> = left.iter().map(|s| s.report.sequence).collect();
    assert_eq!(sequences, [3]);
    for sequence in 0..3 {
        assert!(!path(sequence).exists());
    }
    assert!(!folder.path().join("a-00000009.tmp").exists());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = Spool::open(&file.join("spool"), "a").unwrap_err();
    assert!(error.to_string().contains("file/spool"), "{error}");
}
