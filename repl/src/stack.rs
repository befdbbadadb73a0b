//! Where in its code an actor was at a moment, as a person sees it.

use crate::causes::Shown;
use crate::paint::Role;
use crate::record;
use crate::styled::Line;
use serde_json::{Map, Value, json};
use std::env;
use std::path::Path;
use theater_runtime::boundary::Stop;
use theater_runtime::cache::Cache;
use theater_runtime::call::to_json;
use theater_runtime::diagnostic::Result;
use theater_runtime::replay::{Cursor, History, Moment, Place, Replayer, Walked};
use theater_runtime::trace::{CallView, RecordView};
use theater_runtime::turn::{Frame, SourcePlace};

/// Executes turns again to look into them. What that takes is made when it is first needed.
#[derive(Debug)]
pub struct Looker {
    cache: Cache,
    replayer: Option<Replayer>,
}

impl Looker {
    /// One that has looked at nothing yet.
    pub fn new(cache: Cache) -> Self {
        Self { cache, replayer: None }
    }

    /// Where the guest was at a moment.
    ///
    /// # Errors
    ///
    /// When the engine cannot start, the turn cannot be read, or it cannot be executed as it was recorded.
    pub async fn look(&mut self, history: &History, cursor: Cursor) -> Result<Shown> {
        let replayer = match self.replayer.take() {
            Some(replayer) => replayer,
            None => Replayer::for_inspection(self.cache.clone())?,
        };
        let replayer = self.replayer.insert(replayer);
        moment(history, cursor, &replayer.look(history, cursor).await?)
    }
}

/// The moment at a cursor, as re-execution has shown it.
///
/// # Errors
///
/// When the record cannot be read any more.
pub fn moment(history: &History, cursor: Cursor, moment: &Moment) -> Result<Shown> {
    let place = cursor.place(history)?;
    match moment {
        Moment::Call(stop) => Ok(call(&place, stop)),
        Moment::End(walked) => {
            let (actor, index) = cursor.whose(history)?;
            let view = history.view_at(actor.id, history.past(actor, index)?.location)?;
            Ok(end(&place, &view, walked))
        }
    }
}

/// An import call in the turn of a place: what the guest asked and got, and the functions that led to it.
pub fn call(place: &Place, stop: &Stop) -> Shown {
    let address = format!("{}#{}.{}", place.actor, place.turn, stop.step);
    let head = Line::default().role(Role::Actor, &address).plain("  ");
    let view = CallView::new(stop.call.clone());
    let line = match &view {
        Some(view) => record::import_call(head, view),
        None => head.plain(&stop.call.function),
    };
    let mut object = object(place, &stop.stack);
    object["step"] = json!(stop.step);
    object["call"] = view.map_or(Value::Null, |view| view.to_json());
    let entries = stop.state.iter().map(|(key, value)| (key.to_owned(), to_json(&value.to_val())));
    object["state"] = Value::Object(entries.collect::<Map<_, _>>());
    let mut lines = vec![line];
    lines.extend(frames(&stop.stack));
    Shown { lines, json: vec![object] }
}

/// The end of a turn: how it ended, and the functions in which it aborted.
fn end(place: &Place, view: &RecordView, walked: &Walked) -> Shown {
    let mut object = object(place, &walked.stack);
    object["step"] = Value::Null;
    object["outcome"] = json!(walked.outcome.name());
    object["failure"] = json!(walked.failure.as_ref().map(|failure| &failure.message));
    let mut lines = vec![record::line(view)];
    lines.extend(frames(&walked.stack));
    if walked.stack.is_empty() {
        let why = match walked.outcome.commits() {
            true => {
                "  it has returned, so no function is on its stack; an import call is `ACTOR#TURN.STEP`"
            }
            false => "  no function was on its stack",
        };
        lines.push(Line::default().role(Role::Faint, why));
    }
    Shown { lines, json: vec![object] }
}

fn object(place: &Place, stack: &[Frame]) -> Value {
    let frame = |frame: &Frame| {
        let place = frame.place.as_ref();
        json!({
            "function": frame.function,
            "file": place.map(|place| &place.file),
            "line": place.map(|place| place.line),
            "column": place.and_then(|place| place.column),
            "inlined": frame.inlined,
        })
    };
    let stack: Vec<Value> = stack.iter().map(frame).collect();
    json!({ "actor": place.actor, "turn": place.turn, "stack": stack })
}

/// One function a line, the innermost first. One that called itself from the same place stands there once, with
/// how often.
fn frames(stack: &[Frame]) -> impl Iterator<Item = Line> {
    stack.chunk_by(|a, b| a == b).enumerate().map(|(index, same)| {
        let lead = if index == 0 { "  in " } else { "  called from " };
        let line = Line::default().role(Role::Faint, lead).plain(&same[0].function);
        let line = match same.len() {
            1 => line,
            times => line.role(Role::Faint, &format!(" ({times} times)")),
        };
        match &same[0].place {
            Some(place) => line.role(Role::Faint, &format!("  {}", short(place))),
            None => line,
        }
    })
}

/// A place, its file from the folder in which one works if it lies there.
fn short(place: &SourcePlace) -> String {
    let here = env::current_dir().unwrap_or_default();
    match Path::new(&place.file).strip_prefix(here) {
        Ok(file) => SourcePlace { file: file.display().to_string(), ..place.clone() }.to_string(),
        Err(_) => place.to_string(),
    }
}
