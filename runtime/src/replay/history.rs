use crate::actor::Timers;
use crate::diagnostic::{ACTOR_UNKNOWN, Diagnostic, NO_SUCH_TURN, Result, did_you_mean};
use crate::state::{Delta, State};
use crate::trace::{
    ActorId, Chain, Code, Hash, Kind, Location, PayloadKind, Reader, Record, RecordView, RunDir,
    Step, TurnHeader,
};
use std::collections::BTreeMap;

/// All that a run's log says, with the state after every turn. Grows with the run, see
/// [`History::refresh`].
#[derive(Debug)]
pub struct History {
    run: RunDir,
    reader: Reader,
    /// What the next record must fit: a history of records that do not fit would be no history.
    chain: Chain,
    /// All records in the order of the log.
    records: Vec<(ActorId, Location)>,
    actors: BTreeMap<ActorId, ActorHistory>,
    engine: Option<Hash>,
    /// Which turns a step has caused, by their actors and indices, in the order of the log. What an
    /// event has caused stands under step 0 of the turn that caused the event.
    pub(super) caused: BTreeMap<Step, Vec<(ActorId, usize)>>,
}

/// What happened to one actor.
#[derive(Debug)]
pub struct ActorHistory {
    /// Its number in the run.
    pub id: ActorId,
    /// Its name.
    pub name: String,
    /// The step that asked for it, if one did.
    pub request: Option<Step>,
    /// What it executes at last.
    pub code: Code,
    /// Its turns, in order.
    pub turns: Vec<PastTurn>,
    /// The state after its last record. None if it is unknown.
    state: Option<State>,
    /// The timers after its last record.
    timers: Timers,
}

/// A turn that was recorded.
#[derive(Debug, Clone)]
pub struct PastTurn {
    /// What its header says.
    pub header: TurnHeader,
    /// Where its record stands.
    pub location: Location,
    /// When it ended, in nanoseconds since 1970.
    pub time: u64,
    /// The state before it. None if it is unknown, because changes were removed from the trace.
    pub before: Option<State>,
    /// The state after it. None if it is unknown, because changes were removed from the trace.
    pub after: Option<State>,
    /// The timers before it.
    pub timers: Timers,
    /// What it executed.
    pub code: Code,
    /// The blob with the configuration of the engine that executed it.
    pub engine: Option<Hash>,
}

impl History {
    /// Reads a run up to its present end.
    ///
    /// # Errors
    ///
    /// When the log is damaged.
    pub fn load(run: &RunDir) -> Result<Self> {
        let mut history = Self {
            run: run.clone(),
            reader: Reader::new(run),
            chain: Chain::default(),
            records: Vec::new(),
            actors: BTreeMap::new(),
            engine: None,
            caused: BTreeMap::new(),
        };
        history.refresh()?;
        Ok(history)
    }

    /// Reads what was written since.
    ///
    /// # Errors
    ///
    /// When the log is damaged.
    pub fn refresh(&mut self) -> Result<()> {
        // Read before the log: what it promises is there by then.
        let promised = self.run.head().map_or(0, |(count, _)| count);
        loop {
            match self.reader.next_record() {
                Ok(None) => return self.chain.holds(promised, &self.run),
                Ok(Some((location, record))) => match self.chain.follow(&record) {
                    None => self.follow(location, &record),
                    Some(misfit) => {
                        let position = record.header.position;
                        let what = format!("record {position}: {misfit}");
                        return Err(Box::new(self.run.damaged(&what)));
                    }
                },
                // The last record is being written, or a crash tore it.
                Err(problem) if problem.torn => return Ok(()),
                Err(problem) => return Err(Box::new(problem.diagnostic(&self.run))),
            }
        }
    }

    fn follow(&mut self, location: Location, record: &Record) {
        let id = record.header.actor;
        self.records.push((id, location));
        match &record.header.kind {
            Kind::Opened { engine, .. } => self.engine = Some(*engine),
            Kind::Spawned { name, component, manifest, request, .. } => {
                let actor = ActorHistory {
                    id,
                    name: name.clone(),
                    request: request.as_ref().map(|request| request.step),
                    code: Code { component: *component, manifest: *manifest },
                    turns: Vec::new(),
                    state: Some(State::default()),
                    timers: Timers::default(),
                };
                self.actors.insert(id, actor);
            }
            Kind::Reloaded { code, .. } => {
                if let Some(actor) = self.actors.get_mut(&id) {
                    actor.code = *code;
                }
            }
            Kind::Turn(header) => {
                let Some(actor) = self.actors.get_mut(&id) else { return };
                let before = actor.state.clone();
                let after = before.clone().and_then(|before| state_after(before, header, record));
                actor.state = after.clone();
                let timers = actor.timers.clone();
                // What is unreadable here, replay tells of the turn itself.
                let _ = actor.timers.follow(header, record);
                let (header, code, engine) = (header.clone(), actor.code, self.engine);
                let time = record.header.time;
                let turn = PastTurn { header, location, time, before, after, timers, code, engine };
                actor.turns.push(turn);
                self.note_cause(id);
            }
            Kind::Restarted { fresh: true, .. } => {
                let Some(actor) = self.actors.get_mut(&id) else { return };
                actor.state = Some(State::default());
                actor.timers = Timers::default();
            }
            _ => {}
        }
    }

    /// Notes what has caused the last turn of an actor.
    fn note_cause(&mut self, id: ActorId) {
        let Some(actor) = self.actors.get(&id) else { return };
        let Some(index) = actor.turns.len().checked_sub(1) else { return };
        let cause = self.cause(actor, &actor.turns[index]);
        let after = cause.after.map(|(actor, turn)| Step {
            actor: actor.id,
            turn: turn.header.turn,
            step: 0,
        });
        if let Some(step) = after.or(cause.sent) {
            self.caused.entry(step).or_default().push((id, index));
        }
    }

    /// The run.
    pub fn run(&self) -> &RunDir {
        &self.run
    }

    /// All actors, in the order in which they were spawned.
    pub fn actors(&self) -> impl Iterator<Item = &ActorHistory> {
        self.actors.values()
    }

    /// The actor with this number.
    pub fn by_id(&self, id: ActorId) -> Option<&ActorHistory> {
        self.actors.get(&id)
    }

    /// The actor of this name; if there were several, the last one.
    ///
    /// # Errors
    ///
    /// When there was none.
    pub fn actor(&self, name: &str) -> Result<&ActorHistory> {
        self.actors.values().rev().find(|actor| actor.name == name).ok_or_else(|| {
            let message = format!("no actor `{name}` in run {}", self.run.id());
            let diagnostic = Diagnostic::error(ACTOR_UNKNOWN, message);
            let names = self.actors.values().map(|actor| actor.name.as_str());
            Box::new(match did_you_mean(name, names) {
                Some(near) => diagnostic.help(format!("Did you mean `{near}`?")),
                None => diagnostic.help("See the actors of a run with `theater trace ls`."),
            })
        })
    }

    /// A turn of the actor of this name, and its index; if there were several of the name, of the last one that
    /// had such a turn.
    ///
    /// # Errors
    ///
    /// When there was none.
    pub fn turn(&self, name: &str, turn: u64) -> Result<(&ActorHistory, usize)> {
        let had = |actor: &&ActorHistory| actor.name == name && actor.index_of(turn).is_ok();
        let actor = self.actors.values().rev().find(had).map_or_else(|| self.actor(name), Ok)?;
        Ok((actor, actor.index_of(turn)?))
    }

    /// The last turn of the actor of this name, by its index; if there were several of the name, of the last
    /// one that had a turn.
    ///
    /// # Errors
    ///
    /// When there was none.
    pub fn last_turn(&self, name: &str) -> Result<(&ActorHistory, usize)> {
        let had = |actor: &&ActorHistory| actor.name == name && !actor.turns.is_empty();
        let actor = self.actors.values().rev().find(had).map_or_else(|| self.actor(name), Ok)?;
        match actor.turns.len().checked_sub(1) {
            Some(index) => Ok((actor, index)),
            None => {
                let message = format!("`{name}` has had no turn yet");
                Err(Box::new(Diagnostic::error(NO_SUCH_TURN, message)))
            }
        }
    }

    /// Whose record stands at a position of the log, and where.
    pub fn record(&self, position: u64) -> Option<(ActorId, Location)> {
        self.records.get(usize::try_from(position).ok()?).copied()
    }

    /// The position in the log of the record that stands at a place.
    pub(super) fn position(&self, location: Location) -> Option<u64> {
        let index = self.records.binary_search_by_key(&location, |(_, location)| *location);
        index.ok().map(|index| index as u64)
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The records in the order of the log, those of one actor only if one is given.
    pub fn views(
        &self,
        actor: Option<ActorId>,
    ) -> impl DoubleEndedIterator<Item = Result<RecordView>> {
        self.records(actor).map(|(id, location)| self.view_at(id, location))
    }

    /// Whose the records are and where they stand, in the order of the log.
    pub(super) fn records(
        &self,
        actor: Option<ActorId>,
    ) -> impl DoubleEndedIterator<Item = (ActorId, Location)> {
        let records = self.records.iter().copied();
        records.filter(move |(id, _)| actor.is_none_or(|actor| actor == *id))
    }

    /// One record of an actor.
    ///
    /// # Errors
    ///
    /// When it cannot be read any more.
    pub fn view_at(&self, actor: ActorId, location: Location) -> Result<RecordView> {
        let record = self.run.record_at(location)?;
        let name = self.actors.get(&actor).map(|actor| actor.name.as_str());
        Ok(RecordView::new(&record, name))
    }
}

impl ActorHistory {
    /// The state before the turn at an index.
    pub fn before(&self, index: usize) -> Option<State> {
        self.turns.get(index)?.before.clone()
    }

    /// The index of the turn with this number.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn index_of(&self, turn: u64) -> Result<usize> {
        self.turns.binary_search_by_key(&turn, |past| past.header.turn).map_err(|_| {
            let message = format!("there is no {}#{turn}", self.name);
            let diagnostic = Diagnostic::error(NO_SUCH_TURN, message);
            Box::new(match (self.turns.first(), self.turns.last()) {
                (Some(first), Some(last)) => diagnostic.help(format!(
                    "Its turns are {}#{} to {}#{}.",
                    self.name, first.header.turn, self.name, last.header.turn
                )),
                _ => diagnostic.help(format!("`{}` has had no turn yet.", self.name)),
            })
        })
    }
}

fn state_after(before: State, header: &TurnHeader, record: &Record) -> Option<State> {
    let mut state = before;
    if !header.outcome.commits() {
        return Some(state);
    }
    match record.payload(PayloadKind::Delta) {
        Some(bytes) => state.apply(Delta::decode(bytes).ok()?),
        None if record.header.payloads.iter().any(|(kind, _)| *kind == PayloadKind::Delta) => {
            return None;
        }
        None => {}
    }
    Some(state)
}
