//! Every change of a stored log is found.

use crate::stage::{COUNTER, Stage};
use std::ops::Range;
use theater_runtime::cache::Cache;
use theater_runtime::node::Node;
use theater_runtime::replay::History;
use theater_runtime::trace::{Durability, Reader, RunDir, verify};

/// The log of a few turns, closed.
async fn closed_run() -> (Stage, Vec<u8>) {
    let stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    for _ in 0..3 {
        stage.call("counter.increment(5)").await.unwrap();
    }
    stage.node.shutdown().await.unwrap();
    assert_eq!(verify(&stage.run).findings, Vec::<String>::new());
    let bytes = std::fs::read(stage.run.segment(1)).unwrap();
    (stage, bytes)
}

/// Where the records stand in the first segment.
fn places(run: &RunDir) -> Vec<Range<usize>> {
    let mut reader = Reader::new(run);
    let mut places = Vec::new();
    while let Some((location, _)) = reader.next_record().unwrap() {
        places.push(location.offset as usize..(location.offset + location.len) as usize);
    }
    places
}

fn findings(run: &RunDir, bytes: &[u8]) -> Vec<String> {
    std::fs::write(run.segment(1), bytes).unwrap();
    verify(run).findings
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_anywhere_is_found() {
    let (stage, bytes) = closed_run().await;
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert_ne!(findings(&stage.run, &changed), Vec::<String>::new(), "byte {at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_doubled_or_swapped_record_is_found_and_named() {
    let (stage, bytes) = closed_run().await;
    let places = places(&stage.run);
    for (i, place) in places.iter().enumerate() {
        let mut removed = bytes.clone();
        removed.drain(place.clone());
        let found = findings(&stage.run, &removed).join("\n");
        let expected = if i + 1 == places.len() {
            format!("the last {} are missing", 1)
        } else {
            format!("record {} ", i + 1)
        };
        assert!(found.contains(&expected), "record {i} removed: {found}");

        let mut doubled = bytes.clone();
        doubled.splice(place.end..place.end, bytes[place.clone()].iter().copied());
        let found = findings(&stage.run, &doubled).join("\n");
        assert!(found.contains(&format!("record {i} ")), "record {i} doubled: {found}");

        if let Some(next) = places.get(i + 1) {
            let mut swapped = bytes[..place.start].to_vec();
            swapped.extend_from_slice(&bytes[next.clone()]);
            swapped.extend_from_slice(&bytes[place.clone()]);
            swapped.extend_from_slice(&bytes[next.end..]);
            let found = findings(&stage.run, &swapped).join("\n");
            assert!(found.contains(&format!("record {i} ")), "{i} and {} swapped: {found}", i + 1);
        }
    }
}

/// Changes some bytes, removes some, swaps two parts, puts a part elsewhere, or cuts the end off.
fn tampered(bytes: &[u8], places: &[Range<usize>], how: usize, at: usize, more: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    let (at, len) = (at % bytes.len(), 1 + more % 100);
    let end = (at + len).min(bytes.len());
    let (one, other) = (at % places.len(), more % places.len());
    let (one, other) = (&places[one.min(other)], &places[one.max(other)]);
    match how {
        0 => changed[at] ^= 1 << (more % 8),
        1 => changed[at..end].reverse(),
        2 => drop(changed.drain(at..end)),
        3 => drop(changed.splice(at..at, bytes[..len].iter().copied())),
        4 => changed.truncate(at),
        5 => drop(changed.drain(one.start..other.end)),
        6 => drop(changed.splice(one.end..one.end, bytes[other.clone()].iter().copied())),
        _ => {
            changed = bytes[..one.start].to_vec();
            changed.extend_from_slice(&bytes[other.clone()]);
            changed.extend_from_slice(&bytes[one.end.min(other.start)..other.start]);
            if one != other {
                changed.extend_from_slice(&bytes[one.clone()]);
            }
            changed.extend_from_slice(&bytes[other.end..]);
        }
    }
    changed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_changes_are_found_each_in_its_place() {
    let (stage, bytes) = closed_run().await;
    let places = places(&stage.run);
    let mut noise = 1_u64;
    let mut next = || {
        // The multiplier and the increment of MMIX; the low bits are no good.
        noise =
            noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (noise >> 33) as usize
    };
    let mut count = 0;
    while count < 1000 {
        let (how, at, more) = (next() % 8, next(), next());
        let changed = tampered(&bytes, &places, how, at, more);
        // What was swapped with its like has not changed anything.
        let Some(first) =
            (0..bytes.len().max(changed.len())).find(|at| changed.get(*at) != bytes.get(*at))
        else {
            continue;
        };
        let found = findings(&stage.run, &changed).join("\n");
        // The first record that is not what it was, or the next one, which misses it; or how many are missing.
        let record = places.iter().position(|place| first < place.end).unwrap_or(places.len());
        let start = places.get(record).map_or(bytes.len(), |place| place.start);
        let named = [
            format!("record {record} "),
            format!("record {} ", record + 1),
            format!("segment 1, byte {start})"),
            format!("the last {} are missing", places.len() - record),
        ];
        assert!(
            named.iter().any(|named| found.contains(named)),
            "{how} {at} {more}: record {record} was changed, but found was: {found}"
        );
        count += 1;
    }
    assert_eq!(findings(&stage.run, &bytes), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_log_is_found() {
    let (stage, bytes) = closed_run().await;
    for end in 0..bytes.len() {
        assert_ne!(findings(&stage.run, &bytes[..end]), Vec::<String>::new(), "cut at {end}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_component_is_found() {
    let (stage, _) = closed_run().await;
    let blobs = stage.run.path().join("blobs");
    for folder in std::fs::read_dir(blobs).unwrap() {
        for blob in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = blob.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            std::fs::write(&path, [bytes.as_slice(), b"x"].concat()).unwrap();
        }
    }
    assert_eq!(verify(&stage.run).findings.len(), 3, "component, manifest, configuration");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_segment_and_one_that_is_no_file_are_found() {
    let (stage, bytes) = closed_run().await;
    let run = &stage.run;
    let found = || {
        let found = verify(run).findings.join("\n");
        assert!(History::load(run).is_err(), "{found}");
        found
    };
    // A name that no segment has is not looked at.
    std::fs::write(run.segment(u64::MAX), "").unwrap();
    // As if two had been between this one and the last.
    std::fs::write(run.segment(4), &bytes).unwrap();
    let between = found();
    assert!(between.contains("segment 2 is missing"), "{between}");
    assert!(between.contains("segment 4 was segment 1"), "{between}");
    std::fs::rename(run.segment(1), run.segment(u32::MAX.into())).unwrap();
    assert!(found().contains("segment 1 is missing"));
    std::fs::remove_file(run.segment(4)).unwrap();
    assert!(found().contains("segment 1 is missing"));
    std::fs::remove_file(run.segment(u32::MAX.into())).unwrap();

    let huge = std::fs::File::create(run.segment(1)).unwrap();
    huge.set_len(1 << 40).unwrap();
    assert!(found().contains("larger than any"));
    std::fs::remove_file(run.segment(1)).unwrap();
    #[cfg(unix)]
    {
        pipe(&run.segment(1));
        assert!(found().contains("is not a file"));
        std::fs::remove_file(run.segment(1)).unwrap();
        std::fs::write(run.segment(1), &bytes).unwrap();
        for name in ["head", "lock"] {
            std::fs::remove_file(run.path().join(name)).unwrap();
            pipe(&run.path().join(name));
        }
        assert_eq!(verify(run).findings, ["the file `head` is missing or unreadable"]);
        assert!(Node::open(run.clone(), Some(Durability::Async), Cache::none()).await.is_err());
    }
}

#[cfg(unix)]
fn pipe(path: &std::path::Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_does_not_fit_together_is_no_history() {
    let (stage, bytes) = closed_run().await;
    let mut places = places(&stage.run);
    let without = |place: Range<usize>| {
        let mut changed = bytes.clone();
        changed.drain(place);
        std::fs::write(stage.run.segment(1), changed).unwrap();
        History::load(&stage.run).unwrap_err().to_string()
    };
    assert!(without(places[3].clone()).ends_with("record 4: 1 record(s) are missing before it"));
    let count = places.len();
    let last = places.pop().unwrap();
    let end = format!("{count} records were stored, and {} are there", count - 1);
    assert!(without(last).ends_with(&end));
}
