//! What can be otherwise in a run that is forked. It is read by the types of the recorded component.

mod state;

pub use state::Edit;

use super::replayer::Ready;
use super::{ActorHistory, Cursor, History, Moment, PastTurn, Replayer};
use crate::actor::CallError;
use crate::boundary::export::{Function, why_unencodable};
use crate::boundary::{Source as AnswerSource, Stop};
use crate::call::{find_function, parse_arguments, parse_message};
use crate::diagnostic::{Diagnostic, FORK_IMPOSSIBLE, REPLAY_IMPOSSIBLE, Result, Source};
use crate::state::Delta;
use crate::trace::{Cause, WhatChanged, short_function, short_import};
use crate::wire::{Writer, encode_all};
use std::ops::Range;
use std::sync::Arc;
use wasmtime::component::Type;

/// What is otherwise in a run that goes on from a moment of another one.
#[derive(Debug, Clone)]
pub enum Change {
    /// The message of the turn.
    Message {
        /// The full name of the function that it calls.
        function: String,
        /// The arguments, in their encoding; none if the function takes none.
        arguments: Option<Vec<u8>>,
        /// The words for it, as a call of the actor.
        words: String,
    },
    /// The answer of an import call.
    Answer {
        /// Which call of the turn, from 1.
        step: u64,
        /// What it gets, an encoded array.
        results: Vec<u8>,
    },
    /// The state between two turns.
    State {
        /// Whether that is before the turn, and not after it.
        before: bool,
        /// What is set, and what is removed.
        delta: Delta,
    },
}

impl Change {
    /// What of the turn it is.
    pub fn what(&self) -> WhatChanged {
        match self {
            Self::Message { .. } => WhatChanged::Message,
            Self::Answer { step, .. } => WhatChanged::Answer(*step),
            Self::State { .. } => WhatChanged::State,
        }
    }
}

impl Replayer {
    /// Reads another message for a turn: what stands in the source from `from` on, as in a call, but without the
    /// actor.
    ///
    /// # Errors
    ///
    /// When there is no such function, the arguments are not of its types, or the turn can have no other message.
    pub fn other_message(
        &self,
        history: &History,
        actor: &ActorHistory,
        index: usize,
        (source, from): (&Arc<Source>, usize),
    ) -> Result<Change> {
        let past = history.past(actor, index)?;
        not_of_the_runtime(actor, past)?;
        let ready = self.ready(history, actor, past.code, false)?;
        let call = parse_message(source, from, &actor.name)?;
        let functions = possible(&ready, past);
        let names: Vec<_> = functions
            .iter()
            .map(|function| (function.interface.as_deref(), function.name.as_str()))
            .collect();
        let found = find_function(source, &call, &names);
        let function = functions[found.map_err(|problem| explained(problem, actor, past))?];
        let values = parse_arguments(source, call.arguments.clone(), &function.params)?;
        let arguments = function.encode_arguments(&values);
        within(&ready, actor, &arguments, (source, call.arguments))?;
        Ok(Change::Message {
            function: function.full_name.clone(),
            arguments: (!function.params.is_empty()).then_some(arguments),
            words: format!("{}.{}", actor.name, source.text[from..].trim()),
        })
    }

    /// Reads another answer for an import call of a turn: the value that stands in the source in `span`. The turn is
    /// executed again up to there, to find where the answer came from.
    ///
    /// # Errors
    ///
    /// When there is no such call, the value is not of its type, or it can have no other answer.
    pub async fn other_answer(
        &self,
        history: &History,
        cursor: Cursor,
        (source, span): (&Arc<Source>, Range<usize>),
    ) -> Result<Change> {
        let (actor, index) = cursor.whose(history)?;
        let place = cursor.place(history)?;
        let past = history.past(actor, index)?;
        not_of_the_runtime(actor, past)?;
        let Moment::Call(stop) = self.look(history, cursor).await? else {
            let message = format!("{place} is no import call, and has no answer");
            let help = format!("Name one: `{place}.1`. `theater trace show {place}` shows them.");
            return Err(Box::new(Diagnostic::error(FORK_IMPOSSIBLE, message).help(help)));
        };
        let Stop { step, call, source: from, .. } = *stop;
        let name = short_import(&call.function);
        if from == AnswerSource::Actor {
            let message = format!("the answer of {place} cannot be another one");
            let label = format!("what `{name}` answers follows from the actor's state and message");
            return Err(Box::new(
                Diagnostic::error(FORK_IMPOSSIBLE, message).at(source, span, label).help(
                    "Change the message of this turn or of an earlier one, or what came from outside the actor.",
                ),
            ));
        }
        let ready = self.ready(history, actor, past.code, false)?;
        let types = ready.program.import_results(&call.function).ok_or_else(|| {
            let message = format!("{place}: the recorded component does not import `{name}`");
            Diagnostic::error(REPLAY_IMPOSSIBLE, message)
        })?;
        let results = results(&types, source, span.clone(), &name)?;
        within(&ready, actor, &results, (source, span))?;
        Ok(Change::Answer { step, results })
    }
}

/// The answer of an import, in its encoding.
fn results(
    types: &[Type],
    source: &Arc<Source>,
    span: Range<usize>,
    name: &str,
) -> Result<Vec<u8>> {
    let refused = |message: String| {
        Box::new(Diagnostic::error(FORK_IMPOSSIBLE, message).at(
            source,
            span.clone(),
            "this answer",
        ))
    };
    if types.is_empty() {
        return Err(refused(format!("`{name}` gives no answer that could be another one")));
    }
    if types.iter().any(|ty| why_unencodable(ty).is_some()) {
        let message =
            format!("the answer of `{name}` has a handle in it, which is none of a value");
        return Err(refused(message));
    }
    let params: Vec<_> = types.iter().map(|ty| ("answer".to_owned(), ty.clone())).collect();
    let values = parse_arguments(source, span.clone(), &params)?;
    let mut writer = Writer::new();
    encode_all(&mut writer, &values, types);
    Ok(writer.into_bytes())
}

/// The functions that another message of a turn can call. Whoever waits for its answer waits for that of the
/// recorded one.
fn possible<'r>(ready: &'r Ready, past: &PastTurn) -> Vec<&'r Function> {
    match past.header.cause {
        Cause::Outside => ready.program.functions.iter().collect(),
        _ => ready.program.function(&past.header.function).into_iter().collect(),
    }
}

fn explained(problem: Box<Diagnostic>, actor: &ActorHistory, past: &PastTurn) -> Box<Diagnostic> {
    if past.header.cause == Cause::Outside {
        return problem;
    }
    let function = short_function(&past.header.function);
    let (name, turn) = (&actor.name, past.header.turn);
    Box::new(problem.help(format!(
        "The message of {name}#{turn} was not sent from outside: another one has to be for `{function}` as well."
    )))
}

/// What the runtime sends follows from what happened, and what a fork changed has no message.
fn not_of_the_runtime(actor: &ActorHistory, past: &PastTurn) -> Result<()> {
    if past.header.cause == Cause::Fork {
        let (name, turn) = (&actor.name, past.header.turn);
        let message = format!(
            "{name}#{turn} has no message and no answers: a fork changed the state there, and nothing was executed"
        );
        let help = format!(
            "Change the state in another way: `theater fork {name}#{turn} --before --set 'KEY = VALUE'`."
        );
        return Err(Box::new(Diagnostic::error(FORK_IMPOSSIBLE, message).help(help)));
    }
    if !matches!(past.header.cause, Cause::Runtime | Cause::Event(_)) {
        return Ok(());
    }
    let (name, turn) = (&actor.name, past.header.turn);
    let function = short_function(&past.header.function);
    let message =
        format!("{name}#{turn} cannot be changed: the runtime itself called `{function}`");
    let help =
        "Change a turn whose message came from outside, from another actor, or from a timer.";
    Err(Box::new(Diagnostic::error(FORK_IMPOSSIBLE, message).help(help)))
}

/// Whether what passes is within the actor's limit.
fn within(
    ready: &Ready,
    actor: &ActorHistory,
    encoded: &[u8],
    (source, span): (&Arc<Source>, Range<usize>),
) -> Result<()> {
    let (size, limit) = (encoded.len() as u64, ready.manifest.limits.message);
    match size > limit {
        true => {
            let error = CallError::TooLarge { actor: actor.name.clone(), size, limit };
            Err(Box::new(error.diagnostic().at(source, span, "too large")))
        }
        false => Ok(()),
    }
}
