//! A trace that was changed: found, and named.

use crate::environment::{Ran, TestEnvironment};
use std::ops::Range;
use std::path::PathBuf;
use theater_runtime::node::make_snapshot;
use theater_runtime::trace::{Hash, Reader, RunDir};

/// A run with a few records, and where they stand in its only segment.
struct Recorded {
    env: TestEnvironment,
    segment: PathBuf,
    bytes: Vec<u8>,
    records: Vec<Range<usize>>,
}

impl Recorded {
    fn new() -> Self {
        let env = TestEnvironment::with_counter();
        env.theater(&["repl", "-e", "my-actor.increment(5)", "-e", "my-actor.increment(2)"]).ok();
        let folder = env.runs().remove(0);
        let mut reader = Reader::new(&RunDir::open(&folder).unwrap());
        let mut records = Vec::new();
        while let Some((location, _)) = reader.next_record().unwrap() {
            let start = location.offset as usize;
            records.push(start..start + location.len as usize);
        }
        assert_eq!(records.len(), 6);
        let segment = folder.join("segments/00000001.seg");
        let bytes = std::fs::read(&segment).unwrap();
        Self { env, segment, bytes, records }
    }

    fn verify(&self, bytes: &[u8]) -> Ran {
        std::fs::write(&self.segment, bytes).unwrap();
        self.env.theater(&["trace", "verify"])
    }

    /// The record at a byte; the head of the segment counts to the first.
    fn record_at(&self, byte: usize) -> usize {
        self.records.iter().position(|range| byte < range.end).unwrap()
    }
}

#[test]
fn every_changed_byte_is_found_and_named() {
    let run = Recorded::new();
    for at in 0..run.bytes.len() {
        let mut bytes = run.bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        let found = run.verify(&bytes).with_status(1);
        let place = format!("record {} ", run.record_at(at));
        assert!(found.stdout.contains(&place), "byte {at}: {found}");
    }
    run.verify(&run.bytes).ok();
}

#[test]
fn removed_doubled_and_swapped_records_are_found() {
    let run = Recorded::new();
    let head = &run.bytes[..run.records[0].start];
    let record = |n: usize| &run.bytes[run.records[n].clone()];
    let all: Vec<usize> = (0..run.records.len()).collect();
    let with = |order: &[usize]| -> Vec<u8> {
        order.iter().fold(head.to_vec(), |bytes, n| [&bytes, record(*n)].concat())
    };
    for n in all.clone() {
        let removed: Vec<usize> = all.iter().copied().filter(|other| *other != n).collect();
        let found = run.verify(&with(&removed)).with_status(1);
        let last = n + 1 == all.len();
        let named =
            if last { "the last 1 are missing".to_owned() } else { format!("record {} ", n + 1) };
        assert!(found.stdout.contains(&named), "removed {n}: {found}");

        let mut doubled = all.clone();
        doubled.insert(n, n);
        let found = run.verify(&with(&doubled)).with_status(1);
        assert!(found.stdout.contains(&format!("record {n} ")), "doubled {n}: {found}");

        if !last {
            let mut swapped = all.clone();
            swapped.swap(n, n + 1);
            let found = run.verify(&with(&swapped)).with_status(1);
            assert!(found.stdout.contains(&format!("record {} ", n + 1)), "swapped {n}: {found}");
        }
    }
}

#[test]
fn a_changed_component_or_manifest_is_found() {
    let run = Recorded::new();
    let folder = run.env.runs().remove(0);
    let mut blobs = 0;
    for entry in std::fs::read_dir(folder.join("blobs")).unwrap() {
        for blob in std::fs::read_dir(entry.unwrap().path()).unwrap() {
            let blob = blob.unwrap().path();
            let name = blob.file_name().unwrap().to_str().unwrap().to_owned();
            let whole = std::fs::read(&blob).unwrap();
            let mut changed = whole.clone();
            changed[whole.len() / 2] ^= 4;
            std::fs::write(&blob, &changed).unwrap();
            let found = run.env.theater(&["trace", "verify"]).with_status(1);
            assert!(found.stdout.contains(&name), "{found}");
            std::fs::remove_file(&blob).unwrap();
            let found = run.env.theater(&["trace", "verify"]).with_status(1);
            assert!(found.stdout.contains(&name), "{found}");
            std::fs::write(&blob, &whole).unwrap();
            blobs += 1;
        }
    }
    assert_eq!(blobs, 3);
    run.env.theater(&["trace", "verify"]).ok();
}

#[test]
fn a_changed_or_lost_end_is_found() {
    let run = Recorded::new();
    let folder = run.env.runs().remove(0);
    let head = folder.join("head");
    let whole = std::fs::read(&head).unwrap();
    for at in 0..whole.len() - 1 {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(&head, &changed).unwrap();
        let found = run.env.theater(&["trace", "verify"]).with_status(1);
        assert!(found.stdout.contains("damage: "), "byte {at}: {found}");
    }
    std::fs::remove_file(&head).unwrap();
    let lost = run.env.theater(&["trace", "verify"]).with_status(1);
    assert!(lost.stdout.contains("`head` is missing"), "{lost}");
    std::fs::write(&head, &whole).unwrap();
    std::fs::remove_file(&run.segment).unwrap();
    let lost = run.env.theater(&["trace", "verify"]).with_status(1);
    assert!(lost.stdout.contains("6 records were stored"), "{lost}");
    let refused = run.env.theater(&["repl", "--resume", "-e", "ps"]).with_status(2);
    assert!(refused.stderr.contains("6 records were stored"), "{refused}");
}

#[test]
fn a_torn_end_is_told_apart_and_cut() {
    let run = Recorded::new();
    let folder = run.env.runs().remove(0);
    // As a crash leaves it: the last record half written, and not yet promised.
    let torn = run.records[4].start + 10;
    let head = std::fs::read_to_string(folder.join("head")).unwrap();
    let promised = format!("{:020} {}", 4, header_hash(&folder, 3));
    assert_eq!(promised.len(), head.trim_end().len());
    std::fs::write(folder.join("head"), promised + "\n").unwrap();
    let found = run.verify(&run.bytes[..torn]).ok();
    assert!(found.stdout.contains("the last record is unfinished (10 bytes)"), "{found}");
    assert!(found.stdout.contains("in order"), "{found}");
    let again = run.env.theater(&["repl", "--resume", "-e", "my-actor.value()"]).ok();
    assert_eq!(again.stdout, "7\n", "{again}");
    let after = run.env.theater(&["trace", "verify"]).ok();
    assert!(!after.stdout.contains("unfinished"), "{after}");
    assert!(folder.join("torn").is_dir());
}

fn header_hash(folder: &std::path::Path, position: u64) -> String {
    let mut reader = Reader::new(&RunDir::open(folder).unwrap());
    loop {
        let (_, record) = reader.next_record().unwrap().unwrap();
        if record.header.position == position {
            return record.hash.to_string();
        }
    }
}

#[test]
fn no_bytes_in_a_segment_are_too_strange() {
    let run = Recorded::new();
    let noise: Vec<u8> =
        (0..3000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    let half = &run.bytes[..run.bytes.len() / 2];
    let huge_text =
        [&run.bytes[..run.records[2].start], b"\x7b\xff\xff\xff\xff\xff\xff\xff\xff"].concat();
    let huge_list =
        [&run.bytes[..run.records[2].start], b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff"].concat();
    let deep = [&run.bytes[..run.records[2].start], &[0x81; 100_000]].concat();
    for (name, bytes) in [
        ("empty", &[][..]),
        ("half", half),
        ("random", &noise),
        ("huge text", &huge_text),
        ("huge list", &huge_list),
        ("deep", &deep),
    ] {
        let verified = run.verify(bytes).with_status(1);
        assert!(verified.stdout.contains("damage: "), "{name}: {verified}");
        for command in [
            &["trace", "show"][..],
            &["trace", "show", "my-actor#2"],
            &["trace", "ls"],
            &["replay"],
            &["repl", "--resume", "-e", "my-actor.increment(1)"],
            &["run"],
        ] {
            let ran = run.env.theater(command);
            assert!(matches!(ran.status, Some(0..=2)), "{name}: {ran}");
            assert!(!ran.stderr.contains("panicked"), "{name}: {ran}");
            let writes = command[0] == "repl" || command[0] == "run";
            assert!(!writes || ran.status == Some(2), "{name}: a damaged run went on: {ran}");
        }
        assert_eq!(std::fs::read(&run.segment).unwrap(), bytes, "{name}: it was changed");
    }
}

#[test]
fn a_snapshot_that_does_not_follow_from_the_records_is_found() {
    let run = Recorded::new();
    let folder = RunDir::open(&run.env.runs().remove(0)).unwrap();
    let covered = make_snapshot(&folder).unwrap().unwrap();
    run.verify(&run.bytes).ok();
    let file = folder.path().join(format!("snapshots/{covered:020}.snapshot"));
    let sound = std::fs::read(&file).unwrap();
    let mut forged = sound.clone();
    // The count, 7, in the encoding of the state; and the hash at the end fits again.
    let count = b"\x82\x63u64\x07";
    let at = sound.windows(count.len()).position(|window| window == count).unwrap();
    forged[at + count.len() - 1] = 9;
    let end = forged.len() - 32;
    let hash = Hash::of(&forged[..end - 2]);
    forged[end..].copy_from_slice(&hash.0);
    std::fs::write(&file, &forged).unwrap();
    let found = run.verify(&run.bytes).with_status(1);
    let said = format!("the snapshot of the first {covered} records does not follow from them");
    assert!(found.stdout.contains(&said), "{found}");
    // What cannot be used harms nobody.
    std::fs::write(&file, &sound[..end]).unwrap();
    run.verify(&run.bytes).ok();
}
