use super::lines::{Lines, LogLine};
use super::readable::{key_text, readable};
use super::{
    Answer, CallsReader, Cause, Changed, Durability, EndedBy, FORK, ImportCall, Kind, PayloadKind,
    Record, Step, TurnHeader,
};
use crate::call::{to_json, to_wave};
use crate::state::Delta;
use crate::turn::Failure;
use crate::wire::{Wire, decode_any_all};
use minicbor::decode::Decoder;
use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};
use wasmtime::component::Val;

/// A record as people and programs read it: names instead of numbers, values instead of bytes.
///
/// A payload that was removed or cannot be read is `None` and said in [`RecordView::unreadable`].
#[derive(Debug, Clone)]
pub struct RecordView {
    /// The place of the record in the whole log.
    pub position: u64,
    /// The actor's name; none for the node itself.
    pub actor: Option<String>,
    /// When it happened, in nanoseconds since 1970.
    pub time: u64,
    /// What happened.
    pub kind: Kind,
    /// The arguments of the message.
    pub arguments: Option<Vec<Val>>,
    /// The import calls, in order.
    pub calls: Vec<CallView>,
    /// What changed in the state.
    pub delta: Delta,
    /// What the function returned.
    pub result: Option<Vec<Val>>,
    /// Why the turn aborted.
    pub failure: Option<Failure>,
    /// The words with which somebody outside sent the message.
    pub origin: Option<String>,
    /// Payloads that are not there any more, or cannot be read.
    pub unreadable: Vec<PayloadKind>,
}

/// One import call.
#[derive(Debug, Clone)]
pub struct CallView {
    /// Interface and function.
    pub function: String,
    /// The arguments.
    pub arguments: Vec<Val>,
    /// What came back.
    pub answer: AnswerView,
    /// The call itself, in its encoding.
    pub call: ImportCall,
}

/// What an import call got.
#[derive(Debug, Clone)]
pub enum AnswerView {
    /// These results.
    Returned(Vec<Val>),
    /// Results that follow from the state, of which only the hash was recorded.
    Digest,
    /// No answer: the turn aborted in this call.
    None,
}

impl RecordView {
    /// Reads what a record holds. `name` is its actor's.
    pub fn new(record: &Record, name: Option<&str>) -> Self {
        let mut reading = Reading { record, unreadable: Vec::new() };
        for (kind, _) in &record.header.payloads {
            if record.payload(*kind).is_none() {
                reading.unreadable.push(*kind);
            }
        }
        let calls = reading.read(PayloadKind::Calls, |bytes| {
            let calls = CallsReader::new(bytes).ok()?.all().ok()?;
            calls.into_iter().map(CallView::new).collect::<Option<Vec<_>>>()
        });
        Self {
            position: record.header.position,
            actor: name.map(str::to_owned),
            time: record.header.time,
            kind: record.header.kind.clone(),
            arguments: reading.read(PayloadKind::Arguments, |bytes| decode_any_all(bytes).ok()),
            calls: calls.unwrap_or_default(),
            delta: reading
                .read(PayloadKind::Delta, |bytes| Delta::decode(bytes).ok())
                .unwrap_or_default(),
            result: reading.read(PayloadKind::Result, |bytes| decode_any_all(bytes).ok()),
            failure: reading.read(PayloadKind::Failure, |bytes| Failure::decode(bytes).ok()),
            origin: reading
                .read(PayloadKind::Origin, |bytes| String::read(&mut Decoder::new(bytes)).ok()),
            unreadable: reading.unreadable,
        }
    }

    /// The turn, if it is a turn's record.
    pub fn turn(&self) -> Option<&TurnHeader> {
        match &self.kind {
            Kind::Turn(turn) => Some(turn),
            _ => None,
        }
    }

    /// The record's address: `counter#3` for a turn, else the actor's name or `node`.
    pub fn address(&self) -> String {
        let name = self.actor.as_deref().unwrap_or("node");
        match self.turn() {
            Some(turn) => format!("{name}#{}", turn.turn),
            None => name.to_owned(),
        }
    }

    /// The message as a call: `increment(5)`.
    ///
    /// Of a state that a fork changed, how: `fork with state count = 5`.
    pub fn call(&self) -> String {
        let Some(turn) = self.turn() else { return String::new() };
        if turn.cause == Cause::Fork {
            return self.other_state();
        }
        let function = short_function(&turn.function);
        match &self.arguments {
            Some(values) => format!("{function}{}", show_list(values)),
            None if self.unreadable.contains(&PayloadKind::Arguments) => format!("{function}(?)"),
            None => format!("{function}()"),
        }
    }

    /// How a fork changed the state, in the words with which that is asked for.
    fn other_state(&self) -> String {
        let changes = &self.delta.0;
        if changes.is_empty() {
            return format!("{FORK} with state ?");
        }
        if changes.iter().all(|(_, value)| value.is_none()) {
            let keys: Vec<_> = changes.iter().map(|(key, _)| key_text(key)).collect();
            return format!("{FORK} without state {}", keys.join(", "));
        }
        let set = changes.iter().filter_map(|(key, value)| {
            let value = to_wave(&value.as_ref()?.to_val());
            Some(format!("{} = {value}", key_text(key)))
        });
        let unset = changes.iter().filter(|(_, value)| value.is_none());
        let unset = unset.map(|(key, _)| format!("without {}", key_text(key)));
        format!("{FORK} with state {}", set.chain(unset).collect::<Vec<_>>().join(", "))
    }

    /// What came of the message: the result, or how the turn aborted.
    pub fn outcome(&self) -> String {
        let Some(turn) = self.turn() else { return String::new() };
        if let Some(failure) = &self.failure {
            return format!("{}: {}", turn.outcome, failure.message);
        }
        if !turn.outcome.commits() {
            return turn.outcome.to_string();
        }
        match &self.result {
            Some(values) if values.len() == 1 => to_wave(&values[0]),
            Some(values) => show_list(values),
            None if self.unreadable.contains(&PayloadKind::Result) => "?".to_owned(),
            None => "()".to_owned(),
        }
    }

    /// What happened, in a few words: `increment(5) -> 5`, `exited: trap`.
    pub fn summary(&self) -> String {
        match &self.kind {
            Kind::Turn(turn) if turn.cause == Cause::Fork => self.call(),
            Kind::Turn(_) => format!("{} -> {}", self.call(), self.outcome()),
            Kind::Opened { version, durability, .. } => {
                match *durability == Durability::default() {
                    true => format!("opened by theater {version}"),
                    false => format!("opened by theater {version}, durability {durability}"),
                }
            }
            Kind::Closed => "closed".to_owned(),
            Kind::Forked { run, records, changed } => {
                let from = format!("goes on from the first {records} records of run {run}");
                match changed {
                    Some(changed) => format!("{from}, with {changed}"),
                    None => from,
                }
            }
            Kind::Spawned { component, request: None, .. } => {
                format!("spawned, component {}", component.short())
            }
            Kind::Spawned { component, request: Some(request), .. } => {
                format!("spawned as {}, component {}", request.template, component.short())
            }
            Kind::Template { name, code } => {
                format!("may start {name}, component {}", code.component.short())
            }
            Kind::Started { incarnation } => format!("started (incarnation {incarnation})"),
            Kind::Exited { incarnation, reason, by: EndedBy::Link(position) } => {
                format!(
                    "exited by a link: {reason} (incarnation {incarnation}, because of record {position})"
                )
            }
            Kind::Reloaded { code, .. } => {
                format!("reloaded, component {}", code.component.short())
            }
            Kind::Exited { incarnation, reason, .. } => {
                format!("exited: {reason} (incarnation {incarnation})")
            }
            Kind::Restarted { incarnation, fresh } => {
                let state = if *fresh { ", without state" } else { "" };
                format!("restarted as incarnation {incarnation}{state}")
            }
            Kind::GaveUp { child, restarts } => {
                format!("gave up: {child} exited once too often ({restarts} within the period)")
            }
            Kind::Open(open) if open.step == 0 => format!("#{} begins", open.turn),
            Kind::Open(open) => {
                // What was left out, or removed, was a question.
                let answered = self.calls.last().is_some_and(|call| call.results().is_some());
                let what = if answered { "goes on behind" } else { "asks, in" };
                format!("#{} {what} step {}", open.turn, open.step)
            }
            Kind::Undelivered { sent, why, .. } => {
                format!("message of #{}.{} undelivered: {why}", sent.turn, sent.step)
            }
            Kind::Stopped => "stopped".to_owned(),
        }
    }

    /// The lines that the turn logged or printed.
    pub fn log_lines(&self) -> impl Iterator<Item = LogLine> {
        Lines::new(self.calls.iter().map(|call| &call.call))
    }

    /// When it happened, in UTC, to the millisecond (RFC 3339).
    pub fn time_text(&self) -> String {
        time_text(self.time)
    }

    /// Everything, for programs. 64-bit numbers are exact.
    pub fn to_json(&self) -> Value {
        let mut object = json!({
            "position": self.position,
            "actor": self.actor,
            "time": self.time_text(),
            "kind": self.kind.name(),
        });
        let mut add = |key: &str, value: Value| object[key] = value;
        match &self.kind {
            Kind::Opened { version, engine, cut, durability } => {
                add("version", json!(version));
                add("engine", json!(engine.to_string()));
                add("cut", json!(cut));
                add("durability", json!(durability.name()));
            }
            Kind::Spawned { name, component, manifest, parent, request } => {
                add("name", json!(name));
                add("component", json!(component.to_string()));
                add("manifest", json!(manifest.to_string()));
                add("parent", json!(parent.map(|parent| parent.0)));
                if let Some(request) = request {
                    add("template", json!(request.template));
                    add("sent_by", step_json(request.step));
                }
            }
            Kind::Template { name, code } => {
                add("name", json!(name));
                add("component", json!(code.component.to_string()));
                add("manifest", json!(code.manifest.to_string()));
            }
            Kind::Started { incarnation } => add("incarnation", json!(incarnation)),
            Kind::Reloaded { code, upgrade } => {
                add("component", json!(code.component.to_string()));
                add("manifest", json!(code.manifest.to_string()));
                add("upgrade", json!(upgrade));
                add("origin", json!(self.origin));
            }
            Kind::Exited { incarnation, reason, by } => {
                add("incarnation", json!(incarnation));
                add("reason", json!(reason.name()));
                add("ended_by", json!(by.name()));
                if let EndedBy::Link(position) = by {
                    add("because_of", json!(position));
                }
            }
            Kind::Restarted { incarnation, fresh } => {
                add("incarnation", json!(incarnation));
                add("fresh", json!(fresh));
            }
            Kind::GaveUp { child, restarts } => {
                add("child", json!(child));
                add("restarts", json!(restarts));
            }
            Kind::Open(open) => {
                add("turn", json!(open.turn));
                add("step", json!(open.step));
                add("incarnation", json!(open.incarnation));
                add("cause", json!(open.cause.name()));
                add("sent_by", open.cause.step().map_or(Value::Null, step_json));
                add("function", json!(open.function));
            }
            Kind::Undelivered { sent, to, why } => {
                add("sent_by", step_json(*sent));
                add("to", json!(to.map(|to| to.0)));
                add("reason", json!(why.name()));
            }
            Kind::Forked { run, records, changed } => {
                add("run", json!(run));
                add("records", json!(records));
                add("changed", changed.as_ref().map_or(Value::Null, changed_json));
            }
            Kind::Closed | Kind::Stopped => {}
            Kind::Turn(turn) => {
                add("turn", json!(turn.turn));
                add("incarnation", json!(turn.incarnation));
                add("instance", json!(turn.instance));
                add("cause", json!(turn.cause.name()));
                if let Some(step) = turn.cause.step() {
                    add("sent_by", step_json(step));
                }
                if let Cause::Event(position) = turn.cause {
                    add("because_of", json!(position));
                }
                add("origin", json!(self.origin));
                add("function", json!(turn.function));
                add("arguments", values_json(self.arguments.as_deref()));
                add("calls", self.calls.iter().map(CallView::to_json).collect());
                add("changes", delta_json(&self.delta));
                add("outcome", json!(turn.outcome.name()));
                add("result", values_json(self.result.as_deref()));
                add("failure", self.failure.as_ref().map_or(Value::Null, failure_json));
                add("fuel", json!(turn.fuel));
                add("elapsed_ns", json!(turn.elapsed));
                let removed = self.unreadable.iter().map(PayloadKind::name);
                add("unreadable", removed.collect::<Vec<_>>().into());
            }
        }
        object
    }
}

impl CallView {
    /// Reads what a call holds; none if it is unreadable.
    pub fn new(call: ImportCall) -> Option<Self> {
        Some(Self {
            function: call.function.clone(),
            arguments: decode_any_all(&call.arguments).ok()?,
            answer: match &call.answer {
                Answer::Returned(bytes) => AnswerView::Returned(decode_any_all(bytes).ok()?),
                Answer::Digest(_) => AnswerView::Digest,
                Answer::None => AnswerView::None,
            },
            call,
        })
    }

    /// What came back, if it was recorded as it is.
    pub fn results(&self) -> Option<&[Val]> {
        match &self.answer {
            AnswerView::Returned(values) => Some(values),
            AnswerView::Digest | AnswerView::None => None,
        }
    }

    /// The call with its answer: `state.get("count") -> some(u64(5))`. Bytes are shown as text, and not
    /// more than some of them; [`CallView::to_json`] has all.
    pub fn summary(&self) -> String {
        match self.answered() {
            Some(answer) => format!("{} -> {answer}", self.asked()),
            None => self.asked(),
        }
    }

    /// The call alone: `state.get("count")`.
    pub fn asked(&self) -> String {
        let arguments: Vec<Val> = self.arguments.iter().map(readable).collect();
        format!("{}{}", short_import(&self.function), show_list(&arguments))
    }

    /// What came back, in words. None if the function has no results.
    pub fn answered(&self) -> Option<String> {
        match &self.answer {
            AnswerView::Returned(values) if values.is_empty() => None,
            AnswerView::Returned(values) => {
                let values: Vec<Val> = values.iter().map(readable).collect();
                Some(match values.as_slice() {
                    [value] => to_wave(value),
                    values => show_list(values),
                })
            }
            AnswerView::Digest => Some("(recorded by its hash)".to_owned()),
            AnswerView::None => Some("(the turn aborted here)".to_owned()),
        }
    }

    /// Everything, for programs. 64-bit numbers are exact.
    pub fn to_json(&self) -> Value {
        json!({
            "function": self.function,
            "arguments": values_json(Some(&self.arguments)),
            "answer": match &self.answer {
                AnswerView::Returned(values) => json!({ "returned": values_json(Some(values)) }),
                AnswerView::Digest => json!("digest"),
                AnswerView::None => Value::Null,
            },
        })
    }
}

/// Reads payloads and notes which ones cannot be read.
struct Reading<'r> {
    record: &'r Record,
    unreadable: Vec<PayloadKind>,
}

impl Reading<'_> {
    fn read<T>(&mut self, kind: PayloadKind, read: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let bytes = self.record.payload(kind)?;
        let value = read(bytes);
        if value.is_none() {
            self.unreadable.push(kind);
        }
        value
    }
}

/// A time in nanoseconds since 1970, in UTC, to the millisecond (RFC 3339).
pub fn time_text(nanoseconds: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_nanos(nanoseconds);
    humantime::format_rfc3339_millis(time).to_string()
}

/// `increment` of `local:counter/counter#increment`.
pub fn short_function(full_name: &str) -> &str {
    full_name.rsplit_once('#').map_or(full_name, |(_, name)| name)
}

/// `state.get` of `theater:host/state@0.1.0#get`; of a resource, its name and what is done with it:
/// `input-stream.read` of `wasi:io/streams@0.2.0#[method]input-stream.read`.
pub(crate) fn short_import(full_name: &str) -> String {
    let Some((interface, function)) = full_name.rsplit_once('#') else {
        return full_name.to_owned();
    };
    let resource = function.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match resource {
        Some(("constructor", name)) => return format!("{name}.new"),
        Some(("resource-drop", name)) => return format!("{name}.drop"),
        Some((_, name)) => return name.to_owned(),
        None => {}
    }
    let interface = interface.rsplit_once('/').map_or(interface, |(_, name)| name);
    let interface = interface.split_once('@').map_or(interface, |(name, _)| name);
    format!("{interface}.{function}")
}

/// Values as arguments: `(5, "a")`.
fn show_list(values: &[Val]) -> String {
    let values: Vec<String> = values.iter().map(to_wave).collect();
    format!("({})", values.join(", "))
}

fn values_json(values: Option<&[Val]>) -> Value {
    values.map_or(Value::Null, |values| values.iter().map(to_json).collect())
}

fn delta_json(delta: &Delta) -> Value {
    let changes = delta.0.iter().map(|(key, value)| {
        let value = value.as_ref().map_or(Value::Null, |value| to_json(&value.to_val()));
        json!({ "key": key, "value": value })
    });
    changes.collect()
}

fn changed_json(changed: &Changed) -> Value {
    json!({
        "actor": changed.name,
        "turn": changed.turn,
        "what": changed.what.name(),
        "step": changed.what.step(),
    })
}

/// An import call, by its actor's number.
fn step_json(step: Step) -> Value {
    json!({ "actor": step.actor.0, "turn": step.turn, "step": step.step })
}

fn failure_json(failure: &Failure) -> Value {
    json!({ "message": failure.message, "frames": failure.frames, "stderr": failure.stderr })
}
