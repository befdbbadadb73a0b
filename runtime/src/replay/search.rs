use super::{Condition, History, Subject};
use crate::diagnostic::Result;
use crate::state::State;
use crate::trace::{ActorId, Kind, RecordView};
use std::collections::HashMap;

impl History {
    /// Whether a condition holds for the record at a position of the log. Not if it cannot be read any more; and if
    /// it asks for the state, only after a turn.
    pub fn holds(&self, condition: &Condition, position: u64) -> bool {
        let Some((id, location)) = self.record(position) else { return false };
        let Ok(view) = self.view_at(id, location) else { return false };
        let actor = self.by_id(id).filter(|_| condition.asks_for_state());
        let turn = actor.and_then(|actor| actor.turns.get(actor.turns.at(location)?));
        let state = turn.and_then(|turn| turn.after.as_ref());
        condition.holds(&Subject { view: &view, call: None, state })
    }

    /// The records for which a condition holds, in the order of the log; those of one actor only if one is
    /// given. A record that cannot be read any more is an error in its place.
    pub fn matching<'h>(
        &'h self,
        condition: &'h Condition,
        actor: Option<ActorId>,
    ) -> impl Iterator<Item = Result<RecordView>> + 'h {
        // Of each actor, its next turn and the state at the present record.
        let mut states: HashMap<ActorId, (usize, Option<State>)> = HashMap::new();
        self.records(actor).filter_map(move |(id, location)| {
            let view = match self.view_at(id, location) {
                Ok(view) => view,
                Err(problem) => return Some(Err(problem)),
            };
            let (next, state) = states.entry(id).or_insert((0, Some(State::default())));
            match &view.kind {
                Kind::Turn(_) => {
                    let turn = self.by_id(id).and_then(|actor| actor.turns.get(*next));
                    *state = turn.and_then(|turn| turn.after.clone());
                    *next += 1;
                }
                Kind::Restarted { fresh: true, .. } => *state = Some(State::default()),
                _ => {}
            }
            let subject = Subject { view: &view, call: None, state: state.as_ref() };
            condition.holds(&subject).then_some(Ok(view))
        })
    }
}
