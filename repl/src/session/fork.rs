//! `fork`: the session goes on in a new run.

use super::past::at;
use super::{Session, Sink, Stop, placed};
use crate::causes::Shown;
use crate::forking;
use crate::line::{Fork, Otherwise, StateChange};
use crate::output::Output;
use serde_json::json;
use std::result;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use theater_runtime::diagnostic::{Diagnostic, Result, Source};
use theater_runtime::node::Node;
use theater_runtime::replay::{Cursor, Departure, Edit, Replayer};
use theater_runtime::trace::{Live, RecordView, RunDir};

/// How long nobody hears of a turn until somebody looks whether it is over.
const PAUSE: Duration = Duration::from_millis(100);

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
        let opened = match Node::open(run.clone(), None, self.node.cache().clone()).await {
            Ok(opened) => opened,
            Err(problem) => return Err(self.go_back(&run, problem).await),
        };
        self.go_on_with(opened.node);
        self.history = None;
        self.is_recorded = false;
        self.cursor = None;
        self.last = Some(place.actor.clone());
        for problem in opened.problems {
            sink(Output::Warning(Box::new(problem)))?;
        }
        let line = forking::line(&run, &place, &departure);
        let json = json!({ "forked": run.id() });
        sink(Output::Shown(Shown { lines: vec![line], json: vec![json] }))?;
        if let Some(turn) = departure.changed_turn(place.turn) {
            let interrupt = self.interrupt.clone();
            let turn = self.turn_ended(&place.actor, turn);
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
            let place = cursor.place(history)?;
            return Err(Box::new(forking::in_a_turn(&place, "with answer VALUE")));
        }
        let (actor, index) = cursor.whose(history)?;
        Ok(match &fork.otherwise {
            Otherwise::Message(from) => {
                let change = replayer()?.other_message(history, actor, index, (source, *from))?;
                Departure::With(change)
            }
            Otherwise::State { before, changes } => {
                let edit = |change: &StateChange| match change {
                    StateChange::Set(span) => Edit::Set(source.clone(), span.clone()),
                    StateChange::Unset(span) => Edit::Unset(source.clone(), span.clone()),
                };
                let edits: Vec<Edit> = changes.iter().map(edit).collect();
                Departure::With(history.other_state(actor, index, *before, &edits)?)
            }
            Otherwise::Before => Departure::Before,
            Otherwise::Nothing | Otherwise::Answer(_) => Departure::After,
        })
    }

    /// The session is on another node.
    fn go_on_with(&mut self, node: Node) {
        *self.interrupt.node.lock().unwrap_or_else(PoisonError::into_inner) = node.clone();
        self.node = node;
        self.has_moved = true;
    }

    /// Nobody can go on with the new run: the session is on its own one again, and the new one is gone.
    async fn go_back(&mut self, new: &RunDir, mut problem: Box<Diagnostic>) -> Stop {
        // It would be the newest run, with which the next session goes on. If it stays, that one tells why not.
        let _ = std::fs::remove_dir_all(new.path());
        let own = self.node.run().clone();
        let (after, problems) = match Node::open(own, None, self.node.cache().clone()).await {
            Ok(opened) => {
                self.go_on_with(opened.node);
                ("the session goes on where it was", opened.problems)
            }
            Err(again) => {
                ("and neither can the session in its own one: leave with `quit`", vec![*again])
            }
        };
        problem.message = format!("the new run cannot go on ({}); {after}", problem.message);
        Stop::Problems(std::iter::once(*problem).chain(problems).collect())
    }

    /// Waits until a turn is over. None if its actor ends before.
    async fn turn_ended(&mut self, actor: &str, turn: u64) -> Result<Option<RecordView>> {
        let mut live = self.node.subscribe();
        loop {
            let lives = self.node.actor(actor).map(|actor| actor.id);
            let history = self.refreshed()?;
            if let Ok((actor, index)) = history.turn(actor, turn) {
                return history.view_at(actor.id, history.past(actor, index)?.location).map(Some);
            }
            let Some(id) = lives else { return Ok(None) };
            let told = async {
                while let Some(Live::Record(record)) = live.next().await {
                    if record.header.actor == id {
                        return Some(record);
                    }
                }
                None
            };
            match tokio::time::timeout(PAUSE, told).await {
                Ok(Some(record)) if record.header.turn().is_some_and(|it| it.turn == turn) => {
                    return Ok(Some(RecordView::new(&record, Some(actor))));
                }
                // What happened before somebody listened is stored by the next look.
                Ok(Some(_)) | Err(_) => {}
                // Some was missed, or nothing will be told any more.
                Ok(None) => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}
