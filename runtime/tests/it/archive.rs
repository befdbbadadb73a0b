//! A run as one file: it comes out as it went in, and nothing else comes out of any file.

use crate::stage::{COUNTER, Stage};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use theater_runtime::cache::Cache;
use theater_runtime::replay::{History, Replayer};
use theater_runtime::trace::{Chosen, RunDir, Unpacked, export, unpack, verify};

fn packed(content: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(content).unwrap();
    packer.finish().unwrap()
}

fn unpacked(file: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    GzDecoder::new(file).read_to_end(&mut content).unwrap();
    content
}

fn try_unpack(file: &[u8], folder: &Path) -> Result<RunDir, String> {
    unpack(file, file.len() as u64, folder)
}

/// Everything below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        }
        all.push(path);
    }
    all
}

async fn recorded() -> Stage {
    let stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    stage.call("counter.increment(5)").await.unwrap();
    stage.call("counter.increment(4294967295)").await.unwrap_err();
    stage.call("counter.increment(2)").await.unwrap();
    stage.node.shutdown().await.unwrap();
    stage
}

/// An archive of a small run.
static ARCHIVE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let stage = runtime.block_on(recorded());
    let folder = tempfile::tempdir().unwrap();
    export(&stage.run, &folder.path().join("x.trace"), None).unwrap();
    fs::read(folder.path().join("x.trace")).unwrap()
});

#[tokio::test(flavor = "multi_thread")]
async fn a_run_comes_out_as_it_went_in() {
    let stage = recorded().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.trace");
    let archived = export(&stage.run, &file, None).unwrap();
    assert_eq!((archived.missing, archived.bytes), (0, fs::metadata(&file).unwrap().len()));
    let run = RunDir::open(&file).unwrap();
    assert_eq!(run.id(), stage.run.id());
    let found = verify(&run);
    assert_eq!((found.findings.len(), found.torn), (0, 0), "{:?}", found.findings);
    assert_eq!(found.records, archived.records);
    assert_eq!(run.head(), stage.run.head());
    let segment = fs::read(run.segment(1)).unwrap();
    assert_eq!(segment, fs::read(stage.run.segment(1)).unwrap());
    let history = History::load(&run).unwrap();
    let replayer = Replayer::new(None, Cache::none()).unwrap();
    let actor = history.actor("counter").unwrap();
    for index in 0..actor.turns.len() {
        assert_eq!(replayer.replay(&history, actor, index).await.unwrap().divergence, None);
    }
    // What was unpacked goes with the last of those who read it.
    let unpacked = run.path().to_owned();
    drop(run);
    assert!(unpacked.exists());
    drop(history);
    assert!(!unpacked.exists());
    let again = export(&stage.run, &file, None).unwrap_err();
    assert!(again.message.ends_with("x.trace is there already"), "{again}");
}

/// Each turn alone, and each actor alone, can be executed again from a part with no more than it needs; a
/// blob that should be there is missed, and one that was left out is not.
#[tokio::test(flavor = "multi_thread")]
async fn every_turn_replays_from_the_part_that_it_depends_on() {
    let stage = recorded().await;
    let history = History::load(&stage.run).unwrap();
    let actor = history.actor("counter").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let open = |name: String, chosen: &Chosen| {
        let file = folder.path().join(name);
        let archived = export(&stage.run, &file, Some(chosen)).unwrap();
        (RunDir::open(&file).unwrap(), archived)
    };
    for index in 0..actor.turns.len() {
        let chosen = history.part_because_of(actor, index, None);
        let (run, archived) = open(format!("{index}.trace"), &chosen);
        let found = verify(&run);
        assert_eq!(found.findings, Vec::<String>::new());
        assert_eq!(found.removed_payloads, archived.left_out_payloads);
        assert_eq!(found.part.as_deref(), Some(chosen.about.as_str()));
        let part = History::load(&run).unwrap();
        let of = part.actor("counter").unwrap();
        assert_eq!(of.turns.len(), index + 1, "nothing of what came later");
        assert_eq!(of.turns[index].after, actor.turns[index].after);
        let replayer = Replayer::new(None, Cache::none()).unwrap();
        assert_eq!(replayer.replay(&part, of, index).await.unwrap().divergence, None);
        for before in 0..index {
            assert_eq!(of.turns[before].after, actor.turns[before].after);
            let problem = replayer.replay(&part, of, before).await.unwrap_err();
            assert_eq!(problem.code.id, "TH0607", "{problem}");
        }
        let component = run.blobs().path(&of.code.component);
        fs::remove_file(component).unwrap();
        let findings = verify(&run).findings;
        assert!(findings.len() == 1 && findings[0].contains("component"), "{findings:?}");
    }
    let nobody = Chosen { about: "nobody".to_owned(), actors: BTreeMap::new(), records: 3 };
    let (run, archived) = open("nobody.trace".to_owned(), &nobody);
    let found = verify(&run);
    assert_eq!((found.findings.len(), found.records), (0, 3), "{:?}", found.findings);
    assert_eq!((found.left_out_blobs, archived.left_out_blobs), (2, 2));
    // What it does have is checked.
    let history = History::load(&run).unwrap();
    fs::create_dir_all(run.blobs().path(&actor.code.component).parent().unwrap()).unwrap();
    fs::write(run.blobs().path(&actor.code.component), "another").unwrap();
    assert_eq!(verify(history.run()).findings.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_unpacked_is_kept() {
    let stage = recorded().await;
    let folder = tempfile::tempdir().unwrap();
    let (file, kept) = (folder.path().join("x.trace"), folder.path().join("kept"));
    export(&stage.run, &file, None).unwrap();
    let unpacked = Unpacked::in_folder(&kept, 1 << 20).at_least(0);
    let open = || {
        let run = unpacked.open(&file).unwrap();
        let found = verify(&run);
        assert_eq!((run.id(), found.findings), (stage.run.id(), Vec::new()));
        assert_eq!(run.head(), stage.run.head());
        run
    };
    let first = open();
    assert!(first.path().starts_with(&kept), "{first:?}");
    History::load_with_index(&first, 1).unwrap();
    let second = open();
    assert_eq!(first.path(), second.path());
    assert!(second.path().join("index/directory").exists(), "with its index");
    let session = second.temporary().unwrap().to_owned();
    assert!(session.exists() && !session.starts_with(&kept));
    // What is in use stays.
    assert_eq!(unpacked.clean().entries, 0);
    let path = second.path().to_owned();
    drop((first, second));
    assert!(path.exists() && !session.exists());
    assert_eq!(unpacked.usage().entries, 1);
    // What misses something is unpacked again.
    let segment = path.join("segments/00000001.seg");
    let bytes = fs::read(&segment).unwrap();
    fs::write(&segment, &bytes[..bytes.len() - 5]).unwrap();
    assert_eq!(open().path(), path);
    fs::remove_dir_all(path.join("segments")).unwrap();
    open();
    fs::remove_file(path.with_file_name("used")).unwrap();
    open();
    assert_eq!(fs::read_dir(&kept).unwrap().count(), 1);
    // A file that was changed is another one.
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert_eq!(unpacked.open(&file).unwrap_err().code.id, "TH0606");
    assert_eq!((unpacked.clean().entries, unpacked.usage().bytes), (1, 0));
    assert_eq!(fs::read_dir(&kept).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_kept_than_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let mut files = Vec::new();
    for name in ["a.trace", "b.trace", "c.trace"] {
        let stage = recorded().await;
        files.push(folder.path().join(name));
        export(&stage.run, &files[files.len() - 1], None).unwrap();
    }
    let all = Unpacked::in_folder(&kept, 1 << 30).at_least(0);
    let size = all.open(&files[0]).unwrap().size();
    let few = Unpacked::in_folder(&kept, size * 5 / 2).at_least(0);
    let is_kept = |of: &Unpacked, file: &PathBuf| of.open(file).unwrap().path().starts_with(&kept);
    assert!(files.iter().all(|file| is_kept(&few, file)));
    assert_eq!(few.usage().entries, 2);
    // The one that was not used for the longest time has gone; what is in use stays, and then more may be there.
    let held: Vec<_> = files[1..].iter().map(|file| few.open(file).unwrap()).collect();
    assert!(is_kept(&few, &files[0]));
    assert_eq!(few.usage().entries, 3);
    drop(held);
    for unusable in [Unpacked::in_folder(&kept, size / 2), Unpacked::in_folder(&files[0], 1 << 30)]
    {
        let unusable = unusable.at_least(0);
        let other = folder.path().join("other.trace");
        export(&recorded().await.run, &other, None).unwrap();
        assert!(!is_kept(&unusable, &other));
        fs::remove_file(other).unwrap();
    }
    assert!(
        !is_kept(&Unpacked::in_folder(&kept, 1 << 30), &files[0]),
        "small ones are not worth it"
    );
    fs::set_permissions(&kept, Permissions::from_mode(0o777)).unwrap();
    assert!(!is_kept(&all, &files[0]), "others could change it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_being_written_is_whole_in_its_archive() {
    let stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    stage.call("counter.increment(5)").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.trace");
    // A record that is not there to its end yet.
    let segment = fs::read(stage.run.segment(1)).unwrap();
    let copy = folder.path().join(stage.run.id());
    fs::create_dir_all(copy.join("segments")).unwrap();
    fs::write(copy.join("segments/00000001.seg"), &segment[..segment.len() - 5]).unwrap();
    let archived = export(&RunDir::open(&copy).unwrap(), &file, None).unwrap();
    assert_eq!(archived.missing, 3, "component, manifest, engine");
    let run = RunDir::open(&file).unwrap();
    assert_eq!(verify(&run).torn, 0);
    assert_eq!(verify(&run).records, archived.records);
    stage.node.shutdown().await.unwrap();
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let outer = tempfile::tempdir().unwrap();
    for run in ["..", "../x", "/tmp/x", "a/b", "a\\b", "", ".", "x\0", "é", &"x".repeat(65)] {
        let mut encoder = minicbor::Encoder::new(Vec::new());
        encoder.array(3).unwrap().str("theater archive").unwrap().u8(1).unwrap().str(run).unwrap();
        let folder = outer.path().join("in");
        fs::create_dir_all(&folder).unwrap();
        let refused = try_unpack(&packed(encoder.writer()), &folder).unwrap_err();
        assert!(refused.contains("a name that no run has"), "{run}: {refused}");
        assert_eq!(files(outer.path()), [folder]);
    }
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    let content = |item: &dyn Fn(&mut minicbor::Encoder<Vec<u8>>)| {
        let mut encoder = minicbor::Encoder::new(Vec::new());
        encoder.array(3).unwrap().str("theater archive").unwrap().u8(1).unwrap().str("x").unwrap();
        item(&mut encoder);
        packed(encoder.writer())
    };
    let zeros = vec![0; 200 << 20];
    let blob = content(&|encoder| {
        encoder.array(2).unwrap().str("blob").unwrap().bytes(&zeros).unwrap();
    });
    let segments = content(&|encoder| {
        for piece in zeros.chunks(1 << 20) {
            encoder.array(3).unwrap().str("segment").unwrap().u8(1).unwrap().bytes(piece).unwrap();
        }
    });
    for bomb in [blob, segments] {
        assert!(bomb.len() < 1 << 20);
        let folder = tempfile::tempdir().unwrap();
        let refused = try_unpack(&bomb, folder.path()).unwrap_err();
        assert_eq!(refused, "it holds far more than a trace of this size");
        let written: u64 =
            files(folder.path()).iter().map(|file| fs::metadata(file).unwrap().len()).sum();
        assert!(written < 100 << 20, "{written}");
    }
    // A length that nothing follows takes no memory.
    let promise = content(&|encoder| {
        encoder.writer_mut().extend([0x82, 0x64, b'b', b'l', b'o', b'b']);
        encoder.writer_mut().extend([0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    });
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(try_unpack(&promise, folder.path()).unwrap_err(), "it ends in the middle");
}

#[test]
fn segments_stand_in_order() {
    for numbers in [&[2_u64][..], &[1, 3], &[1, 2, 1], &[0], &[u64::MAX]] {
        let mut encoder = minicbor::Encoder::new(Vec::new());
        encoder.array(3).unwrap().str("theater archive").unwrap().u8(1).unwrap().str("x").unwrap();
        for number in numbers {
            encoder.array(3).unwrap().str("segment").unwrap().u64(*number).unwrap();
            encoder.bytes(b"x").unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let refused = try_unpack(&packed(encoder.writer()), folder.path()).unwrap_err();
        assert_eq!(refused, "its segments are not in order", "{numbers:?}");
    }
}

/// What comes out of a changed archive is the run, or damage that is found.
fn is_refused_or_found(file: &[u8], original: &RunDir) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("in");
    fs::create_dir(&inside).unwrap();
    let unpacked = try_unpack(file, &inside);
    prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something lies outside");
    let Ok(run) = unpacked else { return Ok(()) };
    let same = run.id() == original.id()
        && run.head() == original.head()
        && fs::read(run.segment(1)).ok() == fs::read(original.segment(1)).ok();
    prop_assert!(same || !verify(&run).findings.is_empty());
    // Whatever it is, it can be looked at without a panic.
    let _ = History::load(&run);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_changed_archive_is_found(
        at in any::<prop::sample::Index>(),
        length in any::<prop::sample::Index>(),
        change in 0..4_u8,
        byte in any::<u8>(),
        inside in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let original = try_unpack(&ARCHIVE, folder.path()).unwrap();
        let mut bytes = if inside { unpacked(&ARCHIVE) } else { ARCHIVE.clone() };
        let at = at.index(bytes.len());
        match change {
            0 => bytes[at] = byte,
            1 => bytes.truncate(at),
            2 => drop(bytes.drain(at..at + length.index(bytes.len() - at + 1))),
            _ => bytes.insert(at, byte),
        }
        let file = if inside { packed(&bytes) } else { bytes };
        is_refused_or_found(&file, &original)?;
    }

    #[test]
    fn bytes_from_outside_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), pack in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let file = if pack { packed(&bytes) } else { bytes };
        prop_assert!(try_unpack(&file, folder.path()).is_err());
    }
}
