//! A run as one page for a browser, which loads nothing and sends nothing.
//!
//! What the run holds is data in it and never markup: lines of JSON, compressed (gzip) and in base64, so that
//! no text of an actor can end the element in which it stands. The page's script puts texts into the page as
//! texts, and its content security policy allows that script, that style and nothing else.
//!
//! The first line is about the run; each further one is a record, in the order of the log. Values are text
//! as people read it (WAVE). Times are microseconds since the run's first record.

use super::cursor::change;
use super::{ActorHistory, History};
use crate::call::to_wave;
use crate::diagnostic::Result;
use crate::state::Value as StateValue;
use crate::trace::{ActorId, CallView, Cause, Chosen, Kind, Location, RecordView};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::Write;

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// How much compressed data is gathered before it is written: a number of whole base64 groups.
const PIECE: usize = 48 << 10;

/// The page, piece by piece: together they are the file.
///
/// With a part, only what it has whole.
pub fn html<'h>(
    history: &'h History,
    chosen: Option<&'h Chosen>,
) -> impl Iterator<Item = Result<Vec<u8>>> + 'h {
    let (before, after) = page(&history.run().id());
    let began = history.views(None).next().and_then(Result::ok).map_or(0, |view| view.time);
    let head = std::iter::once_with(move || Ok(Some(head(history, chosen, began))));
    let records = history
        .chosen(chosen)
        .map(move |(id, location)| record(history, id, location, began).map(Some));
    let mut packer = Packer::new();
    let data = head
        .chain(records)
        .chain(std::iter::once(Ok(None)))
        .map(move |line: Result<Option<Value>>| Ok(packer.pack(line?.as_ref())));
    std::iter::once(Ok(before.into_bytes()))
        .chain(data)
        .chain(std::iter::once(Ok(after.into_bytes())))
}

/// The page around its data.
fn page(run: &str) -> (String, String) {
    let page = PAGE
        .replace("{{run}}", &run.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "?"))
        .replace("{{style-hash}}", &BASE64_STANDARD.encode(Sha256::digest(STYLE)))
        .replace("{{script-hash}}", &BASE64_STANDARD.encode(Sha256::digest(SCRIPT)))
        .replace("{{style}}", STYLE)
        .replace("{{script}}", SCRIPT);
    let (before, after) = page.split_once("{{data}}").unwrap_or((&page, ""));
    (before.to_owned(), after.to_owned())
}

fn head(history: &History, chosen: Option<&Chosen>, began: u64) -> Value {
    let actor = |actor: &ActorHistory| json!({ "id": actor.id.0, "name": actor.name });
    let is_in = |id| chosen.is_none_or(|chosen| chosen.actors.contains_key(&id));
    json!({
        "run": history.run().id(),
        "began": began / 1_000_000,
        "actors": history.actors().filter(|actor| is_in(actor.id)).map(actor).collect::<Vec<_>>(),
    })
}

/// A record as a line of the data.
fn record(history: &History, id: ActorId, location: Location, began: u64) -> Result<Value> {
    let view = history.view_at(id, location)?;
    let mut object = json!({
        "position": view.position,
        "actor": id.0,
        "time": view.time.saturating_sub(began) / 1000,
        "kind": view.kind.name(),
    });
    let Value::Object(fields) = &mut object else { return Ok(object) };
    let mut add = |key: &str, value: Value| {
        // What is empty says nothing, and there are many of it.
        let is_empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !is_empty {
            fields.insert(key.to_owned(), value);
        }
    };
    if view.turn().is_some() {
        turn(history, id, location, &view, &mut add);
    } else {
        add("text", json!(view.summary()));
        if let Kind::Restarted { fresh: true, .. } = view.kind {
            add("fresh", json!(true));
        }
        if let Kind::Exited { reason, .. } = view.kind {
            add("failed", json!(!reason.is_orderly()));
        }
    }
    Ok(object)
}

fn turn(
    history: &History,
    id: ActorId,
    location: Location,
    view: &RecordView,
    add: &mut impl FnMut(&str, Value),
) {
    let Some(turn) = view.turn() else { return };
    let values = |values: &Option<Vec<_>>| values.iter().flatten().map(to_wave).collect::<Vec<_>>();
    add("turn", json!(turn.turn));
    add("call", json!(view.call()));
    add("outcome", json!(view.outcome()));
    add("aborted", json!((!turn.outcome.commits()).then(|| turn.outcome.name())));
    add("function", json!(turn.function));
    add("elapsed", json!(turn.elapsed / 1000));
    add("fuel", json!(turn.fuel));
    add("incarnation", json!(turn.incarnation));
    add("instance", json!(turn.instance));
    add("cause", json!(turn.cause.name()));
    add("origin", json!(view.origin));
    if let Cause::Event(position) = turn.cause {
        add("event", json!(position));
    }
    add("because", because(history, id, location));
    add("arguments", json!(values(&view.arguments)));
    add("calls", view.calls.iter().map(call).collect());
    add("changes", view.delta.0.iter().map(|(key, value)| json!([key, shown(value)])).collect());
    add("result", json!(values(&view.result)));
    if let Some(failure) = &view.failure {
        add("failure", json!([failure.message, failure.frames_in_short(), failure.stderr]));
    }
    add("missing", view.unreadable.iter().map(|kind| kind.name()).collect());
}

/// The turn that has caused this one, by its actor, its number and the step: 0 for the end of the turn.
fn because(history: &History, id: ActorId, location: Location) -> Value {
    let turn = history.by_id(id).and_then(|actor| {
        let index = actor.turns.at(location)?;
        Some((actor, actor.turns.get(index)?))
    });
    let Some((actor, turn)) = turn else { return Value::Null };
    let cause = history.cause(actor, turn);
    match (cause.after, cause.sent) {
        (Some((actor, turn)), _) => json!([actor.id.0, turn.header.turn, 0]),
        (None, Some(step)) => json!([step.actor.0, step.turn, step.step]),
        (None, None) => Value::Null,
    }
}

/// What was asked, what came back, and what it changed in the state.
fn call(call: &CallView) -> Value {
    match change(call) {
        Some((key, value)) => json!([call.asked(), call.answered(), [key, shown(&value)]]),
        None => json!([call.asked(), call.answered()]),
    }
}

fn shown(value: &Option<StateValue>) -> Option<String> {
    value.as_ref().map(|value| to_wave(&value.to_val()))
}

/// Compresses lines, and writes what comes of it in base64.
struct Packer(GzEncoder<Vec<u8>>);

impl Packer {
    fn new() -> Self {
        Self(GzEncoder::new(Vec::new(), Compression::default()))
    }

    /// Takes a line, or the end. Answers what can be written now.
    fn pack(&mut self, line: Option<&Value>) -> Vec<u8> {
        let written = match line {
            Some(line) => writeln!(self.0, "{line}"),
            None => self.0.try_finish(),
        };
        written.expect("memory takes everything");
        let packed = self.0.get_mut();
        let whole = match line {
            Some(_) => packed.len() / PIECE * PIECE,
            None => packed.len(),
        };
        BASE64_STANDARD.encode(packed.drain(..whole).as_slice()).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use proptest::prelude::*;
    use std::io::Read;

    /// What a browser reads in what was packed.
    fn unpacked(pieces: &[Vec<u8>]) -> String {
        let packed = BASE64_STANDARD.decode(pieces.concat()).expect("whole base64");
        let mut text = String::new();
        GzDecoder::new(packed.as_slice()).read_to_string(&mut text).expect("whole gzip");
        text
    }

    proptest! {
        #[test]
        fn no_text_is_ever_markup(texts in prop::collection::vec(".*|</script>|<!--|]]>", 0..20)) {
            let lines: Vec<Value> = texts.iter().map(|text| json!({ "text": text })).collect();
            let mut packer = Packer::new();
            let mut pieces: Vec<_> = lines.iter().map(|line| packer.pack(Some(line))).collect();
            pieces.push(packer.pack(None));
            let is_data = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
            prop_assert!(pieces.iter().flatten().all(is_data));
            let text = unpacked(&pieces);
            let read: Vec<Value> =
                text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            prop_assert_eq!(read, lines);
        }

        #[test]
        fn a_name_of_a_run_is_never_markup(run in ".*") {
            let (before, after) = page(&run);
            let (usual, end) = page("20261123-051710-a3f2");
            let signs = |page: &str| page.chars().filter(|c| "<>\"'&".contains(*c)).count();
            prop_assert_eq!(signs(&before), signs(&usual));
            prop_assert_eq!(after, end);
        }
    }

    #[test]
    fn much_is_written_in_pieces_that_fit() {
        let mut packer = Packer::new();
        let mut seed = 1_u64;
        let mut noise = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            seed
        };
        let lines: Vec<Value> =
            (0..200).map(|_| (0..500).map(|_| json!(noise())).collect()).collect();
        let mut pieces: Vec<_> = lines.iter().map(|line| packer.pack(Some(line))).collect();
        pieces.push(packer.pack(None));
        assert!(pieces.iter().filter(|piece| !piece.is_empty()).count() > 5);
        assert_eq!(
            unpacked(&pieces),
            lines.iter().map(|line| format!("{line}\n")).collect::<String>()
        );
    }

    #[test]
    fn the_script_makes_no_markup_from_text_and_asks_for_nothing() {
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "document.write",
            "eval(",
            "new Function",
            "fetch(",
            "XMLHttp",
            "import(",
            "javascript:",
            "http:",
            "https:",
            "</",
            "<!--",
            "{{",
        ] {
            let allowed = usize::from(word == "http:");
            assert!(SCRIPT.matches(word).count() <= allowed, "{word}");
        }
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import") && !STYLE.contains("</"));
        assert_eq!(PAGE.matches("{{data}}").count(), 1);
    }
}
