//! Another state, as somebody writes it: `KEY = VALUE`, or a key that goes.

use super::Change;
use crate::call::{Name, Type, Val, declared_parameters, read_value};
use crate::diagnostic::{
    Diagnostic, FORK_IMPOSSIBLE, Result, Source, TRACE_DAMAGED, VALUE_SYNTAX, VALUE_TYPE,
    did_you_mean,
};
use crate::manifest::{Manifest, RestartState};
use crate::node::recorded_manifest;
use crate::replay::{ActorHistory, History};
use crate::state::{State, TooLarge, Transaction, Value};
use crate::trace::key_text;
use crate::world::builtin;
use std::ops::Range;
use std::sync::Arc;

/// What is to be otherwise in a state: where it was written.
#[derive(Debug, Clone)]
pub enum Edit {
    /// `KEY = VALUE`. A key is written as it is shown: in quotes, if it could be mistaken for something else. A value
    /// is of the type that the key's value has, unless it says another one: `u64(5)`.
    Set(Arc<Source>, Range<usize>),
    /// `KEY`: the key goes.
    Unset(Arc<Source>, Range<usize>),
}

impl Edit {
    fn place(&self) -> (&Arc<Source>, Range<usize>) {
        let (Self::Set(source, span) | Self::Unset(source, span)) = self;
        (source, span.clone())
    }
}

impl History {
    /// Reads how the state of an actor is to be otherwise, after one of its turns, or before it.
    ///
    /// # Errors
    ///
    /// When a key or a value is not written as one, a key that is to go is not there, the state would grow too large,
    /// or the actor keeps none at that moment.
    pub fn other_state(
        &self,
        actor: &ActorHistory,
        index: usize,
        before: bool,
        edits: &[Edit],
    ) -> Result<Change> {
        let past = self.past(actor, index)?;
        let place = format!("{}#{}", actor.name, past.header.turn);
        if past.header.turn == 0 && (before || !past.header.outcome.commits()) {
            let message = format!("`{}` has no state before its `init` is done", actor.name);
            return Err(Box::new(
                Diagnostic::error(FORK_IMPOSSIBLE, message).help("Name a later turn."),
            ));
        }
        let state = if before { actor.before(index) } else { past.after.clone() };
        let state = state.ok_or_else(|| {
            let message = format!("the state at {place} is unknown");
            let help = "Name an earlier turn: changes to the state were removed from the trace.";
            Diagnostic::error(FORK_IMPOSSIBLE, message).help(help)
        })?;
        let max_size = self.kept_state(actor, index)?;
        let mut writing =
            Writing { actor: &actor.name, changed: Transaction::new(state, max_size) };
        let mut seen: Vec<String> = Vec::new();
        for edit in edits {
            let key = writing.edit(edit)?;
            if seen.contains(&key.text) {
                let (source, _) = edit.place();
                let message = format!("`{}` is given twice", key_text(&key.text));
                let problem = Diagnostic::error(FORK_IMPOSSIBLE, message);
                return Err(Box::new(problem.at(source, key.span, "given again here")));
            }
            seen.push(key.text);
        }
        Ok(Change::State { before, delta: writing.changed.finish().0 })
    }

    /// How large the state may be that an actor keeps.
    fn kept_state(&self, actor: &ActorHistory, index: usize) -> Result<u64> {
        let refused = |why: &str| {
            let message = format!("the state of `{}` cannot be another one: {why}", actor.name);
            Box::new(Diagnostic::error(FORK_IMPOSSIBLE, message))
        };
        let manifest = self.manifest_of(actor, self.past(actor, index)?.code.manifest)?;
        let grant = manifest.handlers.state;
        let Some(grant) = grant else {
            return Err(refused("its manifest does not grant `state`"));
        };
        // The node that goes on with the run starts it again.
        let parent = actor.name.rsplit_once('/');
        let parent = parent.and_then(|(parent, name)| Some((self.actor(parent).ok()?, name)));
        if let Some((parent, name)) = parent {
            let manifest = self.manifest_of(parent, parent.code.manifest)?;
            let mut children = manifest.supervisor.iter().flat_map(|it| it.static_children());
            let spec = children.find(|child| child.name.value == name);
            if spec.is_some_and(|spec| spec.state == RestartState::Fresh) {
                return Err(refused("it begins without state whenever it is started again"));
            }
        }
        Ok(grant.max_size)
    }

    fn manifest_of(&self, actor: &ActorHistory, hash: crate::trace::Hash) -> Result<Manifest> {
        let blobs = self.run().blobs();
        let bytes = blobs.get(&hash).map_err(|error| {
            let action = format!("read the manifest of `{}` from", actor.name);
            Diagnostic::io(TRACE_DAMAGED, &action, &blobs.path(&hash), &error)
        })?;
        recorded_manifest(&actor.name, &bytes)
    }
}

/// A state that is being changed.
struct Writing<'a> {
    actor: &'a str,
    changed: Transaction,
}

impl Writing<'_> {
    /// Makes one change. Answers with its key.
    fn edit(&mut self, edit: &Edit) -> Result<Name> {
        let (source, span) = edit.place();
        let (key, rest) = read_key(source, span.clone())?;
        let after = source.text[rest..span.end].trim_start();
        let syntax = |span, message: &str, label: &str| {
            let problem = Diagnostic::error(VALUE_SYNTAX, message).at(source, span, label);
            Box::new(problem.help(
                "Write `KEY = VALUE` for what is set, and the key alone for what is removed. A key with spaces, `=` or \
                 commas stands between double quotes.",
            ))
        };
        match edit {
            Edit::Set(..) => {
                let Some(value) = after.strip_prefix('=') else {
                    let message = format!("`{}` gets no value", key_text(&key.text));
                    return Err(syntax(key.span, &message, "expected `= VALUE` behind this"));
                };
                let value = span.end - value.len()..span.end;
                let present = self.changed.state().get(&key.text);
                let value = read_state_value(source, value, &key.text, present)?;
                let set = self.changed.set(key.text.clone(), value);
                set.map_err(|TooLarge { size, max }| {
                    let message = format!(
                        "the state would grow to {size} bytes; the `max-size` of its grant `state` is {max}"
                    );
                    Diagnostic::error(FORK_IMPOSSIBLE, message).at(source, span, "too much")
                })?;
            }
            Edit::Unset(..) if !after.is_empty() => {
                let span = span.end - after.len()..span.end;
                return Err(syntax(
                    span,
                    "a key that is removed has nothing behind it",
                    "too much",
                ));
            }
            Edit::Unset(..) => {
                if !self.changed.delete(key.text.clone()) {
                    return Err(self.unknown(source, &key));
                }
            }
        }
        Ok(key)
    }

    fn unknown(&self, source: &Arc<Source>, key: &Name) -> Box<Diagnostic> {
        let state = self.changed.state();
        let message = format!("`{}` has no key `{}` then", self.actor, key_text(&key.text));
        let problem = Diagnostic::error(FORK_IMPOSSIBLE, message);
        let problem = problem.at(source, key.span.clone(), "not in the state");
        let keys = || state.iter().map(|(key, _)| key);
        Box::new(match did_you_mean(&key.text, keys()) {
            Some(near) => problem.help(format!("Did you mean `{}`?", key_text(near))),
            None => problem.help(listed(state)),
        })
    }
}

/// The keys of a state, for a sentence.
fn listed(state: &State) -> String {
    /// More help nobody.
    const MOST: usize = 10;
    let keys = state.iter().take(MOST).map(|(key, _)| format!("`{}`", key_text(key)));
    let keys = keys.collect::<Vec<_>>().join(", ");
    match state.len() {
        0 => "The state is empty then.".to_owned(),
        MOST.. => format!("Its keys are {keys}, and more."),
        _ => format!("Its keys are {keys}."),
    }
}

/// Reads the key with which a text begins, and says where it ends.
fn read_key(source: &Arc<Source>, span: Range<usize>) -> Result<(Name, usize)> {
    let text = source.text[span.clone()].trim_start();
    let start = span.end - text.len();
    if text.starts_with('"') {
        let place = start..start + string_length(text);
        let key = read_value(source, place.clone(), "key", &Type::String)?;
        let text = if let Val::String(key) = key { key } else { String::new() };
        let end = place.end;
        return Ok((Name { text, span: place }, end));
    }
    let key = text[..text.find('=').unwrap_or(text.len())].trim_end();
    let place = start..start + key.len();
    let wrong = |place: &Range<usize>, message: &str, label: &str, help: String| {
        let problem = Diagnostic::error(VALUE_SYNTAX, message).at(source, place.clone(), label);
        Box::new(problem.help(help))
    };
    if key.is_empty() {
        // An empty label is hard to see.
        let end = start + text.chars().next().map_or(0, char::len_utf8);
        let last = source.text[..start].trim_end();
        let before = last.char_indices().next_back().map_or(start, |(at, _)| at);
        let place = if end > start { start..end } else { before..last.len().max(before) };
        return Err(wrong(
            &place,
            "a key is missing",
            "expected a key here",
            "Keys are shown by `theater trace state`, and written as they are shown there."
                .to_owned(),
        ));
    }
    if key.contains(|c: char| c.is_whitespace() || c == '"') {
        let help = format!("Write {} if it is one key.", key_text(key));
        return Err(wrong(&place, "this is no key", "a key with spaces stands in quotes", help));
    }
    let end = place.end;
    Ok((Name { text: key.to_owned(), span: place }, end))
}

/// The length of a text in quotes with which a text begins, or of all if they are not closed.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().enumerate().skip(1).find(|(_, byte)| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

/// Reads a value for a key that has the present one, if it has one.
fn read_state_value(
    source: &Arc<Source>,
    span: Range<usize>,
    key: &str,
    present: Option<&Value>,
) -> Result<Value> {
    let shown = key_text(key);
    let text = source.text[span.clone()].trim();
    let ty = value_type().ok_or_else(|| {
        Diagnostic::error(FORK_IMPOSSIBLE, "the types of values of the state cannot be read")
    })?;
    let plain = match present {
        Some(value) => Some(value.case()),
        None => plain_case(text),
    };
    let cases = ty.unwrap_variant();
    let mut cases = cases.cases();
    let case = plain.filter(|_| !names_case(text));
    let case = case.and_then(|name| Some((name, cases.find(|case| case.name == name)?.ty?)));
    if let Some((name, ty)) = case {
        let value = read_value(source, span, &shown, &ty).map_err(|problem| {
            let other = plain_case(text).unwrap_or("u64");
            match problem.code == VALUE_TYPE && other != name {
                true => Box::new(problem.help(format!(
                    "It has the type `{name}`. Write `{other}({text})` to give it another one."
                ))),
                false => problem,
            }
        })?;
        return of_case(name, value).ok_or_else(|| no_value(source, text));
    }
    if text.parse::<u64>().is_ok() {
        let message = format!("`{text}` can be a value of several types");
        let help = format!(
            "The state has no `{shown}` then, so say which: `u64({text})`, `s64({text})`, or `f64({text})`."
        );
        let end = span.end;
        let start = end - source.text[span].trim_start().len();
        let problem = Diagnostic::error(VALUE_TYPE, message);
        return Err(Box::new(
            problem.at(source, start..start + text.len(), "of which type?").help(help),
        ));
    }
    match read_value(source, span, &shown, &ty)? {
        Val::Variant(name, Some(payload)) => of_case(&name, *payload),
        _ => None,
    }
    .ok_or_else(|| no_value(source, text))
}

/// Cannot happen: what was read has the type of the state's values.
fn no_value(source: &Arc<Source>, text: &str) -> Box<Diagnostic> {
    let message = format!("`{text}` is no value of a state ({})", source.name);
    Box::new(Diagnostic::error(VALUE_TYPE, message))
}

/// Whether a value says its type: `u64(5)`.
fn names_case(text: &str) -> bool {
    let is_name = |name: &str| {
        let name = name.trim_end();
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-%".contains(c))
    };
    text.split_once('(').is_some_and(|(name, _)| is_name(name))
}

/// The type that a value without one can only have, as far as that can be seen.
fn plain_case(text: &str) -> Option<&'static str> {
    match text.as_bytes().first()? {
        b'"' => Some("text"),
        b'[' => Some("bytes"),
        _ if matches!(text, "true" | "false") => Some("bool"),
        _ if text.parse::<u64>().is_ok() => None,
        _ if text.parse::<i64>().is_ok() => Some("s64"),
        b'-' | b'0'..=b'9' => Some("f64"),
        _ => matches!(text, "nan" | "inf").then_some("f64"),
    }
}

/// The type `value` of the interface `state`.
fn value_type() -> Option<Type> {
    let resolve = builtin();
    let is_state = |id: &str| id.starts_with("theater:host/state@");
    let mut interfaces = resolve.interfaces.iter();
    let (_, interface) =
        interfaces.find(|(id, _)| resolve.id_of(*id).is_some_and(|id| is_state(&id)))?;
    let parameters = declared_parameters(resolve, interface.functions.get("set")?)?;
    parameters.into_iter().next_back().map(|(_, ty)| ty)
}

fn of_case(case: &str, value: Val) -> Option<Value> {
    let byte = |value: Val| if let Val::U8(byte) = value { Some(byte) } else { None };
    Some(match (case, value) {
        ("bool", Val::Bool(v)) => Value::Bool(v),
        ("s64", Val::S64(v)) => Value::S64(v),
        ("u64", Val::U64(v)) => Value::U64(v),
        ("f64", Val::Float64(v)) => Value::F64(v),
        ("text", Val::String(v)) => Value::Text(v),
        ("bytes", Val::List(v)) => Value::Bytes(v.into_iter().map(byte).collect::<Option<_>>()?),
        _ => return None,
    })
}
