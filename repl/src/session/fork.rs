//! `fork`: the session goes on in a new run.

use super::past::at;
use super::{Session, Sink, Stop, placed};
use crate::causes::Shown;
use crate::forking;
use crate::line::{Fork, Otherwise};
use crate::output::Output;
use serde_json::json;
use std::result;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use theater_runtime::diagnostic::{Diagnostic, FORK_IMPOSSIBLE, Result, Source};
use theater_runtime::node::Node;
use theater_runtime::replay::{Cursor, Departure, Replayer};
use theater_runtime::trace::RecordView;

/// How long it is until somebody looks again whether a turn is over.
const PAUSE: Duration = Duration::from_millis(5);

impl Session {
    pub(super) async fn fork(
        &mut self,
        source: &Arc<Source>,
        fork: &Fork,
        sink: &mut Sink<'_>,
    ) -> result::Result<(), Stop> {
        let cursor = at(self.refreshed()?, source, &fork.address)?;
        let in_line = |problem| placed(problem, source, fork.address.span.clone(), "from here");
        let departure = self.departure(source, fork, cursor).await.map_err(in_line)?;
        let runs = self.runs.clone();
        let history = self.refreshed()?;
        let (actor, index) = cursor.whose(history)?;
        let place = cursor.place(history)?;
        let run = history.fork(actor, index, &departure, &runs).map_err(in_line)?;
        self.node.shutdown().await.map_err(|error| Box::new(error.diagnostic()))?;
        let opened = Node::open(run.clone(), None, self.node.cache().clone()).await?;
        self.go_on_with(opened.node, &place.actor);
        for problem in opened.problems {
            sink(Output::Warning(Box::new(problem)))?;
        }
        let line = forking::line(&run, &place, &departure);
        let json = json!({ "forked": run.id() });
        sink(Output::Shown(Shown { lines: vec![line], json: vec![json] }))?;
        if let Departure::With(_) = departure {
            let interrupt = self.interrupt.clone();
            let turn = self.turn_ended(&place.actor, place.turn);
            if let Some(view) = interrupt.during(&place.actor, turn).await? {
                sink(Output::Record(Box::new(view)))?;
            }
        }
        Ok(())
    }

    /// From which moment of the turn the new run goes on.
    async fn departure(
        &mut self,
        source: &Arc<Source>,
        fork: &Fork,
        cursor: Cursor,
    ) -> Result<Departure> {
        let cache = self.node.cache().clone();
        let replayer = || Replayer::new(None, cache);
        let history = self.refreshed()?;
        if let Otherwise::Answer(span) = &fork.otherwise {
            let replayer = replayer()?;
            let change = replayer.other_answer(history, cursor, (source, span.clone())).await?;
            return Ok(Departure::With(change));
        }
        if fork.address.step.is_some() {
            return Err(Box::new(in_a_turn()));
        }
        Ok(match fork.otherwise {
            Otherwise::Message(from) => {
                let (actor, index) = cursor.whose(history)?;
                let change = replayer()?.other_message(history, actor, index, (source, from))?;
                Departure::With(change)
            }
            Otherwise::Before => Departure::Before,
            Otherwise::Nothing | Otherwise::Answer(_) => Departure::After,
        })
    }

    /// The session is on another node.
    fn go_on_with(&mut self, node: Node, actor: &str) {
        *self.interrupt.node.lock().unwrap_or_else(PoisonError::into_inner) = node.clone();
        self.node = node;
        self.history = None;
        self.is_recorded = false;
        self.cursor = None;
        self.last = Some(actor.to_owned());
    }

    /// Waits until a turn is over. None if its actor ends before.
    async fn turn_ended(&mut self, actor: &str, turn: u64) -> Result<Option<RecordView>> {
        loop {
            let lives = self.node.actor(actor).is_some();
            let history = self.refreshed()?;
            if let Ok((actor, index)) = history.turn(actor, turn) {
                return history.view_at(actor.id, history.past(actor, index)?.location).map(Some);
            }
            if !lives {
                return Ok(None);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn in_a_turn() -> Diagnostic {
    let message =
        "a run cannot go on from the middle of a turn as it was: a turn is all or nothing";
    Diagnostic::error(FORK_IMPOSSIBLE, message)
        .help("Give the import call another answer (`with answer VALUE`), or name the turn without the step.")
}
