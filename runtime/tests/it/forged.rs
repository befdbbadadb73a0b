//! Traces that somebody made on purpose, or changed at random: mostly every digest and every chain fits,
//! and what they say does not.
//! Nothing that reads a trace may panic or hang.

use crate::stage::{COUNTER, Stage};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use theater_runtime::cache::Cache;
use theater_runtime::node::Node;
use theater_runtime::replay::{Cursor, History, Replayer, Selection, replay_all};
use theater_runtime::trace::{
    ActorId, Code, Durability, EndedBy, ExitReason, Hash, Header, Kind, Payload, PayloadKind,
    Reader, Record, Request, RunDir, Step, verify,
};
use theater_runtime::turn::OutcomeKind;
use theater_runtime::wire::Writer;

const SEEDS: u64 = 500;

/// Numbers that are the same for a seed.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 29
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    fn number(&mut self) -> u64 {
        let numbers =
            [0, 1, 2, 3, 23, 255, u64::from(u32::MAX), 1 << 32, 1 << 63, u64::MAX - 1, u64::MAX];
        numbers[self.below(numbers.len())]
    }

    fn text(&mut self) -> String {
        let texts =
            ["", "counter", "../../etc", "\u{1b}[2J", "a\nb", "#", "init", "x#y#z", "\u{0}"];
        texts[self.below(texts.len())].to_owned()
    }

    fn bytes(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.next() as u8),
                // A length that no memory holds: of bytes, a text, an array, a map.
                2 => {
                    let major = [0x5b, 0x7b, 0x9b, 0xbb][self.below(4)];
                    bytes.splice(at..at, [major, 0x10, 0, 0, 0, 0, 0, 0, 0]);
                }
                _ if at < bytes.len() => bytes[at] = self.next() as u8,
                _ => {}
            }
        }
    }
}

fn forge_kind(noise: &mut Noise, kind: &mut Kind) {
    match kind {
        Kind::Turn(turn) => match noise.below(8) {
            0 => turn.turn = noise.number(),
            1 => turn.incarnation = noise.number() as u32,
            2 => turn.function = noise.text(),
            3 => turn.fuel = noise.number(),
            4 => turn.elapsed = noise.number(),
            5 => turn.instance = Some(noise.number()),
            6 => turn.instance = None,
            _ => {
                let outcomes = ["returned", "trap", "out-of-fuel", "timeout", "stack-overflow"];
                let name = outcomes[noise.below(outcomes.len())];
                turn.outcome = OutcomeKind::from_name(name).unwrap_or(turn.outcome);
            }
        },
        Kind::Spawned { name, component, manifest, parent, request } => match noise.below(5) {
            4 => {
                let step = Step { actor: ActorId(noise.number()), turn: 1, step: noise.number() };
                *request = Some(Request { step, template: noise.text() });
            }
            3 => *parent = Some(ActorId(noise.number())),
            0 => *name = noise.text(),
            1 => std::mem::swap(component, manifest),
            _ => *component = Hash([7; 32]),
        },
        Kind::Opened { version, cut, .. } => {
            *version = noise.text();
            *cut = noise.number();
        }
        other => {
            *other = match noise.below(7) {
                5 => {
                    let code = Code { component: Hash([7; 32]), manifest: Hash([7; 32]) };
                    Kind::Template { name: noise.text(), code }
                }
                6 => Kind::Started { incarnation: noise.number() as u32 },
                4 => Kind::Reloaded {
                    code: Code { component: Hash([7; 32]), manifest: Hash([7; 32]) },
                    upgrade: noise.chance(2),
                },
                0 => {
                    let incarnation = noise.number() as u32;
                    Kind::Restarted { incarnation, fresh: noise.chance(2) }
                }
                1 => Kind::Exited {
                    incarnation: noise.number() as u32,
                    reason: ExitReason::Trap,
                    by: [EndedBy::Itself, EndedBy::Node, EndedBy::Link(noise.number())]
                        [noise.below(3)],
                },
                2 => Kind::Stopped,
                _ => Kind::Closed,
            }
        }
    }
}

fn forge(noise: &mut Noise, record: &Record) -> (Header, Vec<Payload>) {
    let (mut header, mut payloads) = (record.header.clone(), record.payloads.clone());
    if noise.chance(3) {
        forge_kind(noise, &mut header.kind);
    }
    if noise.chance(6) {
        header.time = noise.number();
    }
    if noise.chance(8) {
        header.actor = ActorId(noise.number());
    }
    if noise.chance(3) {
        for payload in &mut payloads {
            noise.bytes(&mut payload.bytes);
        }
    }
    if noise.chance(8) {
        let kinds = [PayloadKind::Failure, PayloadKind::Delta, PayloadKind::Calls];
        payloads.iter_mut().for_each(|payload| payload.kind = kinds[noise.below(3)]);
    }
    header.payloads = payloads.iter().map(|payload| (payload.kind, payload.digest())).collect();
    (header, payloads)
}

/// A log of forged records. Most of the time its chains fit.
fn forged_log(noise: &mut Noise, head: &[u8], records: &[Record]) -> Vec<u8> {
    let mut log = Writer::new();
    log.raw(head);
    let mut last = std::collections::HashMap::new();
    let chained = !noise.chance(8);
    for (position, record) in records.iter().enumerate() {
        let (mut header, payloads) = forge(noise, record);
        if chained {
            let (sequence, previous) = last.get(&header.actor).copied().unwrap_or((0, None));
            header.position = position as u64;
            header.sequence = sequence;
            header.previous = previous;
        } else {
            header.position = noise.number();
            header.sequence = noise.number();
        }
        let encoded = header.encode();
        let hash = Hash::of(&encoded);
        last.insert(header.actor, (header.sequence.wrapping_add(1), Some(hash)));
        Record::write(&mut log, &encoded, &hash, &payloads);
    }
    log.into_bytes()
}

/// Reads the run in every way there is.
async fn read_everything(run: &RunDir, replayer: &Arc<Replayer>) {
    drop(verify(run));
    let Ok(history) = History::load(run) else { return };
    for view in history.views(None).flatten() {
        let shown = [view.summary(), view.address(), view.time_text(), view.to_json().to_string()];
        let calls: Vec<String> = view.calls.iter().map(|call| call.summary()).collect();
        drop((shown, calls, view.log_lines().count()));
    }
    for actor in history.actors() {
        let Ok(mut cursor) = Cursor::last(&history, &actor.name) else { continue };
        for _ in 0..30 {
            drop((cursor.event(&history), cursor.state(&history), cursor.place(&history)));
            drop(cursor.next(&history));
            match cursor.step_back(&history) {
                Ok(before) => cursor = before,
                Err(_) => break,
            }
        }
    }
    replay_all(Arc::new(history), replayer.clone(), Selection::All, |_, _, _| ()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_trace_is_read_without_a_panic() {
    survives(0..SEEDS / 2, "[handlers]\nstate = true").await;
    survives(SEEDS / 2..SEEDS, "instance = \"warm\"\n[handlers]\nstate = true").await;
}

async fn survives(seeds: Range<u64>, manifest: &str) {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let stage = Stage::new().await;
    stage.spawn(COUNTER, manifest).await;
    for _ in 0..3 {
        stage.call("counter.increment(5)").await.unwrap();
    }
    stage.call("counter.increment(4294967295)").await.unwrap_err();
    stage.node.shutdown().await.unwrap();
    let segment = stage.run.segment(1);
    let sound = std::fs::read(&segment).unwrap();
    let mut reader = Reader::new(&stage.run);
    let (mut records, mut head) = (Vec::new(), 0);
    while let Some((location, record)) = reader.next_record().unwrap() {
        head = if records.is_empty() { location.offset as usize } else { head };
        records.push(record);
    }
    std::fs::remove_file(stage.run.path().join("head")).unwrap();
    let replayer = Arc::new(Replayer::new(None, Cache::none()).unwrap());

    // A panic in a task of the node does not reach this one.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        hook(info);
    }));
    for seed in seeds {
        let noise = &mut Noise(seed);
        let mut log = forged_log(noise, &sound[..head], &records);
        if noise.chance(4) {
            log = sound.clone();
            noise.bytes(&mut log);
        }
        std::fs::write(&segment, log).unwrap();
        let whole = async {
            read_everything(&stage.run, &replayer).await;
            if let Ok(opened) =
                Node::open(stage.run.clone(), Some(Durability::Async), Cache::none()).await
            {
                for actor in opened.node.actors() {
                    let call =
                        opened.node.call(&actor.name, "local:counter/counter#value", vec![], None);
                    drop(call.await);
                }
                drop(opened.node.shutdown().await);
            }
            std::fs::remove_file(stage.run.path().join("head")).ok();
        };
        let ended = tokio::time::timeout(Duration::from_secs(60), whole).await;
        assert!(ended.is_ok(), "seed {seed} hangs");
        assert_eq!(PANICS.load(Ordering::Relaxed), 0, "seed {seed}");
    }
}
