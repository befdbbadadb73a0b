use super::{ActorHistory, History};
use crate::diagnostic::{Diagnostic, Result, TRACE_PART};
use crate::trace::{ActorId, Chosen, Kept, Kind, Location, RecordView, Step};
use std::collections::{BTreeMap, BTreeSet};

impl History {
    /// The part of the run in which some actors are whole, by their names: their records with everything in them,
    /// and what they execute. Of the others it has the headers.
    ///
    /// # Errors
    ///
    /// When there was no actor of one of these names.
    pub fn part_of(&self, names: &[String]) -> Result<Chosen> {
        let mut actors = BTreeMap::new();
        for name in names {
            self.actor(name)?;
            let of_name = self.actors().filter(|actor| actor.name == *name);
            actors.extend(of_name.map(|actor| (actor.id, Kept::All)));
        }
        let word = if names.len() == 1 { "actor" } else { "actors" };
        let about = format!("{word} {}", names.join(", "));
        Ok(Chosen { about, records: self.len() as u64, actors })
    }

    /// The part of the run on which a turn depends, or one step of it: the log up to it, and whole in it the
    /// turn, those that led to it, those that answered what these asked, and those that had the same
    /// instance before. Of earlier turns of their actors it has what they changed, so that the states in
    /// which all this happened are known.
    pub fn part_because_of(&self, actor: &ActorHistory, index: usize, step: Option<u64>) -> Chosen {
        let mut turns: BTreeMap<ActorId, BTreeSet<u64>> = BTreeMap::new();
        let mut last = None;
        let mut left = vec![(actor, index, step)];
        while let Some((actor, index, up_to)) = left.pop() {
            let Some(turn) = actor.turns.get(index) else { continue };
            let of_actor = turns.entry(actor.id).or_default();
            if !of_actor.insert(turn.header.turn) {
                continue;
            }
            let before = actor.life(index).start..index;
            let before = before.filter_map(|index| actor.turns.get(index));
            of_actor.extend(before.map(|past| past.header.turn));
            last = last.max(Some(turn.location));
            let cause = self.cause(actor, turn);
            let event = cause.event.and_then(|position| self.record(position));
            last = last.max(event.map(|(_, location)| location));
            let after = cause.after.map(|(actor, turn)| (actor.id, turn.header.turn));
            let sent = cause.sent.map(|Step { actor, turn, .. }| (actor, turn));
            for (id, turn) in after.into_iter().chain(sent) {
                let of = self.by_id(id);
                left.extend(of.and_then(|of| Some((of, of.index_of(turn).ok()?, None))));
            }
            // A message leaves when its turn has ended, an answer came before.
            let caused = self.caused_by(actor.id, turn.header.turn, 1..=up_to.unwrap_or(u64::MAX));
            let answered = caused.filter_map(|(_, id, index)| {
                let of = self.by_id(id)?;
                (of.turns.get(index)?.location < turn.location).then_some((of, index, None))
            });
            left.extend(answered);
        }
        let number = actor.turns.get(index).map_or(0, |turn| turn.header.turn);
        let step = step.map_or(String::new(), |step| format!(".{step}"));
        let position = last.and_then(|last| self.position(last));
        Chosen {
            about: format!("because of {}#{number}{step}", actor.name),
            records: position.map_or(0, |position| position + 1),
            actors: turns.into_iter().map(|(actor, turns)| (actor, Kept::Turns(turns))).collect(),
        }
    }

    /// Whose records stand in a part of the run, and where, in the order of the log; or all of the run.
    pub(super) fn chosen(
        &self,
        chosen: Option<&Chosen>,
    ) -> impl DoubleEndedIterator<Item = (ActorId, Location)> {
        let records =
            (0..self.len() as u64).filter_map(|position| Some((position, self.record(position)?)));
        records.filter_map(move |(position, (id, location))| {
            let is_in = chosen.is_none_or(|chosen| self.has(chosen, position, id, location));
            is_in.then_some((id, location))
        })
    }

    fn has(&self, chosen: &Chosen, position: u64, id: ActorId, location: Location) -> bool {
        if position >= chosen.records {
            return false;
        }
        match chosen.actors.get(&id) {
            Some(Kept::All) => true,
            None => false,
            Some(Kept::Turns(turns)) => {
                let turn =
                    self.by_id(id).and_then(|actor| actor.turns.get(actor.turns.at(location)?));
                match turn {
                    Some(turn) => turns.contains(&turn.header.turn),
                    None => self
                        .run()
                        .record_at(location)
                        .is_ok_and(|record| !matches!(record.header.kind, Kind::Open(_))),
                }
            }
        }
    }

    /// The records of a part, or of all of the run, as people read them.
    pub fn chosen_views(
        &self,
        chosen: Option<&Chosen>,
    ) -> impl DoubleEndedIterator<Item = Result<RecordView>> {
        self.chosen(chosen).map(|(id, location)| self.view_at(id, location))
    }

    /// The report that something is not in this part of a run. None if this is a whole one.
    pub(super) fn left_out(&self, what: &str) -> Option<Box<Diagnostic>> {
        let part = self.part.as_ref()?;
        let message = format!("{what} was left out of this part of the run");
        let help = format!(
            "The file has what was asked for when it was written: {}. Get the rest from whoever has the whole run.",
            part.about
        );
        Some(Box::new(Diagnostic::error(TRACE_PART, message).help(help)))
    }
}
