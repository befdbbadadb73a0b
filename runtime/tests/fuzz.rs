//! What reads bytes or texts from outside, fed with changed ones for a while: nothing panics, hangs, takes memory without
//! bound, or writes where it should not.
//!
//! Each target takes `THEATER_TEST_FUZZ_SECONDS`, or one second. Inputs follow from numbers that count up, so that
//! `THEATER_TEST_FUZZ_SEED` tries one alone; a failure names it. There is no measuring of covered code, for which a compiler
//! with unstable options would be needed: inputs are made from real ones that were changed, in their bytes and in the lengths
//! that stand in them, which comes as far in formats whose every part has a check. `it/forged.rs` has traces whose checks
//! all fit.
#![allow(clippy::unwrap_used, clippy::print_stdout)]
// What memory is taken can be counted by an allocator only.
#![allow(unsafe_code)]

mod fuzzing;

use flate2::Compression;
use flate2::write::GzEncoder;
use fuzzing::{alone, try_inputs};
use std::fs;
use std::io::Write;
use std::path::Path;
use theater_runtime::diagnostic::Source;
use theater_runtime::manifest::Manifest;
use theater_runtime::replay::{Condition, History, Subject};
use theater_runtime::state::State;
use theater_runtime::syntax::wit;
use theater_runtime::trace::{
    ActorId, Cause, Durability, Entry, Hash, Kind, Opening, PayloadKind, Reader, RecordView,
    RunDir, TurnHeader, export, verify,
};
use theater_runtime::turn::OutcomeKind;
use theater_runtime::wire::{WireList, Writer};

/// How much memory an input may take, beside what it has itself many times.
const MOST: usize = 16 << 20;

/// The same for an archive: what it holds may be 64 MiB, and the largest item stands in memory.
const MOST_OF_ARCHIVE: usize = 256 << 20;

/// A CBOR head with a length that no memory holds: of bytes, a text, an array, a map.
const LONG: [&[u8]; 8] = [
    b"\x5b\x10\0\0\0\0\0\0\0",
    b"\x7b\x10\0\0\0\0\0\0\0",
    b"\x9b\x10\0\0\0\0\0\0\0",
    b"\xbb\x10\0\0\0\0\0\0\0",
    b"\x5a\x40\0\0\0",
    b"\x9a\x40\0\0\0",
    b"\x9f",
    b"\xd8\x18",
];

/// A run with a few made-up turns, closed.
fn run_in(folder: &Path) -> RunDir {
    let run = RunDir::create(folder).unwrap();
    let log = Opening::read(&run, |_, _| Ok(())).unwrap().begin(Some(Durability::Async)).unwrap();
    let blob = run.store(b"component", Hash::of(b"component")).unwrap();
    let (name, actor) = ("counter".to_owned(), ActorId(1));
    let spawned =
        Kind::Spawned { name, component: blob, manifest: blob, parent: None, request: None };
    log.append(Entry { actor, kind: spawned, payloads: Vec::new() }).unwrap();
    for turn in 1..4_u64 {
        let header = TurnHeader {
            turn,
            incarnation: 1,
            instance: None,
            cause: Cause::Outside,
            function: "local:counter/counter#increment".to_owned(),
            outcome: OutcomeKind::Returned,
            fuel: 100,
            elapsed: 100,
        };
        let mut arguments = Writer::new();
        (turn, "text".to_owned(), vec![Some(turn)]).write_values(&mut arguments);
        let payloads = vec![(PayloadKind::Arguments, arguments.into_bytes())];
        log.append(Entry { actor, kind: Kind::Turn(header), payloads }).unwrap();
    }
    log.close();
    run
}

/// Reads all that a run's folder has, by every way that there is.
fn read_all(run: &RunDir) {
    let mut reader = Reader::new(run);
    let mut problems = 0;
    loop {
        match reader.next_record() {
            Ok(Some((_, record))) => {
                let view = RecordView::new(&record, Some("counter"));
                let _ = (view.to_json(), view.summary(), view.log_lines().count());
            }
            Ok(None) => break,
            Err(_) if problems < 3 => {
                problems += 1;
                reader.skip_segment();
            }
            Err(_) => break,
        }
    }
    verify(run);
    if let Ok(history) = History::load_with_index(run, 1) {
        for actor in history.actors() {
            for index in 0..actor.turns.len() {
                let _ = (history.past(actor, index), history.effects(actor, index, None));
            }
        }
    }
}

#[test]
fn a_changed_segment() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let run = run_in(dir.path());
    let segment = fs::read(run.segment(1)).unwrap();
    let inputs = [segment.clone(), segment[..segment.len() / 2].to_vec(), Vec::new()];
    try_inputs("segments", MOST, |noise| {
        let bytes = noise.changed(&inputs, &LONG);
        fs::write(run.segment(1), &bytes).unwrap();
        let _ = fs::remove_dir_all(run.path().join("index"));
        read_all(&run);
        bytes.len()
    });
}

#[test]
fn a_changed_index() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let run = run_in(dir.path());
    History::load_with_index(&run, 1).unwrap();
    let files = ["directory", "records", "chapters", "pages", "bodies"];
    let files = files.map(|name| run.path().join("index").join(name));
    let sound = files.each_ref().map(|file| fs::read(file).unwrap());
    try_inputs("index", MOST, |noise| {
        files.iter().zip(&sound).for_each(|(file, bytes)| fs::write(file, bytes).unwrap());
        let file = noise.below(files.len());
        let mut bytes = noise.changed(&sound[file..=file], &LONG);
        // A directory with a hash that fits comes further.
        if file == 0 && noise.below(2) == 0 && bytes.len() > 32 {
            let covered = bytes.len() - 32;
            let hash = Hash::of(&bytes[..covered]);
            bytes[covered..].copy_from_slice(&hash.0);
        }
        fs::write(&files[file], &bytes).unwrap();
        let history = History::load_with_index(&run, 1).unwrap();
        assert_eq!(history.len(), 4);
        read_all(&run);
        bytes.len()
    });
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut unpacker = flate2::write::GzDecoder::new(Vec::new());
    unpacker.write_all(bytes).unwrap();
    unpacker.finish().unwrap()
}

/// The head of an archive of a run with this name.
fn head(name: &str) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.array(3);
    writer.text("theater archive");
    writer.unsigned(1);
    writer.text(name);
    writer.into_bytes()
}

#[test]
fn a_changed_archive() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let run = run_in(&dir.path().join("data"));
    let file = dir.path().join("run.trace");
    export(&run, &file, None).unwrap();
    let whole = fs::read(&file).unwrap();
    let plain = unpacked(&whole);
    let history = History::load(&run).unwrap();
    let actor = history.actors().find(|actor| !actor.turns.is_empty()).unwrap();
    let chosen = history.part_because_of(actor, actor.turns.len() - 1, None);
    let file = dir.path().join("part.trace");
    export(&run, &file, Some(&chosen)).unwrap();
    let part = unpacked(&fs::read(&file).unwrap());
    // A bomb: what unpacks into a thousand times its size.
    let bomb = [&plain[..plain.len() / 2], &vec![0; 100 << 20]].concat();
    let mut item = Writer::new();
    item.array(2);
    item.text("blob");
    item.bytes(&vec![0; 100 << 20]);
    let blob = [head("run").as_slice(), item.as_bytes()].concat();
    let bombs = [packed(&bomb), packed(&blob)];
    let inputs = [plain, part, head("../../out"), head("/tmp/out"), head("a/b"), head("..")];
    let place = dir.path().join("place");
    let around = || fs::read_dir(dir.path()).unwrap().count();
    fs::create_dir(&place).unwrap();
    let before = around();
    try_inputs("archives", MOST_OF_ARCHIVE, |noise| {
        let bytes = match noise.below(50) {
            0 => bombs[noise.below(2)].clone(),
            n if n < 10 => noise.changed(std::slice::from_ref(&whole), &LONG),
            _ => packed(&noise.changed(&inputs, &LONG)),
        };
        let inside = place.join("inside");
        fs::create_dir(&inside).unwrap();
        let found = theater_runtime::trace::unpack(bytes.as_slice(), bytes.len() as u64, &inside);
        if let Ok(run) = found {
            assert!(run.path().starts_with(&inside));
            read_all(&run);
        }
        fs::remove_dir_all(&inside).unwrap();
        assert_eq!(fs::read_dir(&place).unwrap().count(), 0, "something stands beside");
        assert_eq!(around(), before, "something stands outside");
        bytes.len()
    });
}

/// Tries changed texts.
fn try_texts(target: &str, texts: &[&str], words: &[&str], mut try_one: impl FnMut(&str)) {
    let inputs: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    try_inputs(target, MOST, |noise| {
        let bytes = noise.changed(&inputs, &words);
        try_one(&String::from_utf8_lossy(&bytes));
        // Reports hold the whole text.
        bytes.len() * 16
    });
}

#[test]
fn a_changed_condition() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let run = run_in(dir.path());
    let history = History::load(&run).unwrap();
    let views: Vec<RecordView> = history.views(None).map(Result::unwrap).collect();
    let state = State::default();
    let deep = format!("{}turn = 1{}", "not (".repeat(3000), ")".repeat(3000));
    let texts = [
        "state.count > 5 and not outcome = trap",
        "(actor = inventory or turn >= 100) and text ~ \"A-1\"",
        "time > 2026-11-23T05:17 and fuel != 3 // why",
        "state.\"a key\" = \"\\u{1f600}\\n\" or changed !~ x",
        &deep,
    ];
    let words =
        ["and", "or", "not", "(", ")", "\"", "\\u{", "state.", "=", "!~", ">=", "-1", "9e999"];
    try_texts("conditions", &texts, &words, |text| {
        let source = Source::new("condition", text);
        let Ok(condition) = Condition::parse(&source, 0..text.len()) else { return };
        for view in &views {
            condition.holds(&Subject { view, call: None, state: Some(&state) });
        }
        // What is shown of it is the same condition.
        let shown = condition.to_string();
        let again = Condition::parse(&Source::new("condition", shown.as_str()), 0..shown.len());
        assert_eq!(again.unwrap().to_string(), shown);
    });
}

#[test]
fn a_changed_manifest() {
    let _alone = alone();
    let texts = [
        include_str!("../../templates/counter/wat/theater.toml"),
        "[actor]\nname = \"a\"\ncomponent = \"a.wasm\"\n[handlers]\nstate = { max-size = \"64MiB\" }\n[limits]\ntimeout = \"5s\"\n",
        "[supervisor]\nstrategy = \"one-for-one\"\nperiod = \"5s\"\n[[children]]\nname = \"b\"\nmanifest = \"../b\"\n",
    ];
    let words =
        ["[", "]", "{", "}", "\"", "\"\"\"", "=", "[[", "\n", "9999999999999999999", "GiB", "."];
    try_texts("manifests", &texts, &words, |text| {
        let _ = Manifest::parse(Source::new("theater.toml", text), Path::new("")).into_result();
    });
}

#[test]
fn a_changed_wit() {
    let _alone = alone();
    let texts = [
        include_str!("../../templates/app/shared/inventory/wit/stock.wit"),
        "package a:b@1.0.0;\nworld w { import f: func(a: list<option<u8>>) -> result<_, string>; export i; }",
        "interface i { resource r { constructor(); f: static func() -> own<r>; } flags g { a, b } }",
    ];
    let words = ["{", "}", "<", ">", "list<", "func(", "//", "/*", "*/", ";", "@", "package", "%"];
    try_texts("wit", &texts, &words, |text| {
        let parsed = wit::parse(text);
        assert_eq!(parsed.root().text(), text);
        for error in parsed.errors() {
            let _ = format!("{error:?}");
        }
    });
}
