use super::index::{Attempt, Fences, Index, Lengths, key_number, short};
use super::turns::{Row, Turns};
use crate::actor::Timers;
use crate::diagnostic::{ACTOR_UNKNOWN, Diagnostic, NO_SUCH_TURN, Result, did_you_mean};
use crate::state::{Delta, State};
use crate::trace::{
    ActorId, Chain, Code, Hash, Kind, Location, Part, PayloadKind, Reader, Record, RecordView,
    RunDir, Step, TurnHeader,
};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// When so many records stand in no index, they are worth one: until then, they are read as quickly.
const WORTH_AN_INDEX: usize = 8192;

/// So many records are held at most while an index is made.
const HELD: usize = 65_536;

/// After so many records who extends an index is asked whether to go on.
const ASKED_AFTER: usize = 256;

/// All that a run's log says, with the state after every turn. Grows with the run, see
/// [`History::refresh`].
///
/// What stands in the run's index is read when it is asked for.
#[derive(Debug)]
pub struct History {
    pub(super) run: RunDir,
    /// What it is a part of a run for, if it is one.
    pub(super) part: Option<Part>,
    reader: Reader,
    /// What the next record must fit: a history of records that do not fit would be no history.
    pub(super) chain: Chain,
    /// What is read when it is asked for. None while nothing stands in an index.
    pub(super) index: Option<Arc<Index>>,
    /// How long the files of the index are.
    pub(super) lengths: Lengths,
    pub(super) fences: Fences,
    pub(super) attempt: Attempt,
    /// How many records may stand in no index. None if none is to be made.
    unindexed: Option<usize>,
    /// How many records stand in the index.
    pub(super) base: u64,
    /// The records behind them in the order of the log.
    pub(super) records: Vec<(ActorId, Location)>,
    pub(super) actors: BTreeMap<ActorId, ActorHistory>,
    pub(super) engine: Option<Hash>,
    /// The positions of the records that say with which changes the run was forked.
    pub(super) forks: Vec<u64>,
    /// Which turns a step has caused, by their actors and indices, in the order of the log, without those in the
    /// index. What an event has caused stands under step 0 of the turn that caused the event.
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
    pub turns: Turns,
    /// The state and the timers after its last turn. None before they are asked for, if they stand in the
    /// index. The state is none if it is unknown.
    end: Option<(Option<State>, Timers)>,
    /// Whether it was restarted without state since its last turn.
    fresh: bool,
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
    /// Reads a run up to its present end. A long run gets an index, and what stands in it is not read
    /// again.
    ///
    /// # Errors
    ///
    /// When the log is damaged.
    pub fn load(run: &RunDir) -> Result<Self> {
        Self::load_with_index(run, WORTH_AN_INDEX)
    }

    /// The same. So many records may stand in no index.
    ///
    /// # Errors
    ///
    /// When the log is damaged.
    pub fn load_with_index(run: &RunDir, unindexed: usize) -> Result<Self> {
        let empty = || Self { unindexed: Some(unindexed.max(1)), ..Self::empty(run) };
        Self::begin(empty)
    }

    /// The same for somebody whose index has shown itself to be wrong.
    pub(super) fn load_again(run: &RunDir) -> Result<Self> {
        let (unindexed, attempt) = (Some(WORTH_AN_INDEX), Attempt::Last);
        Self::begin(|| Self { unindexed, attempt, ..Self::empty(run) })
    }

    fn begin(empty: impl Fn() -> Self) -> Result<Self> {
        let mut history = empty();
        history.open_index();
        if history.index.is_none() || history.refresh().is_err() {
            // What is wrong can be the index: it is made anew.
            Index::remove(&history.run);
            history = empty();
            history.refresh()?;
        }
        Ok(history)
    }

    /// Reads a run up to its present end, whatever its index says.
    ///
    /// # Errors
    ///
    /// When the log is damaged.
    pub fn load_without_index(run: &RunDir) -> Result<Self> {
        let mut history = Self::empty(run);
        history.refresh()?;
        Ok(history)
    }

    /// Writes into the index of a run what its log says and the index does not yet, as long as `go_on` says so. Answers
    /// with the number of records that stand in it then; none if it cannot be written, because somebody else does that
    /// or because the run is damaged.
    pub(crate) fn extend_index(run: &RunDir, go_on: impl Fn() -> bool) -> Option<u64> {
        if !Index::can_be_written(run) {
            return None;
        }
        let mut history = Self::empty(run);
        history.unindexed = Some(1);
        history.open_index();
        // Asked now and then: whoever answers may have to be waited for. More is held only if it could not be written.
        let go_on = |it: &Self| {
            let held = it.records.len();
            held <= HELD && (!held.is_multiple_of(ASKED_AFTER) || go_on())
        };
        history.refresh_while(go_on).ok()?;
        history.records.is_empty().then_some(history.base)
    }

    /// The same without what was read of its index since it was opened. None if no more than that would be read again.
    pub(super) fn opened_again(&self) -> Option<Self> {
        let is_long = self.records.len() < self.len() / 2;
        // Damage is told of the turns that it concerns.
        is_long.then(|| Self::load_with_index(&self.run, usize::MAX).ok()).flatten()
    }

    fn empty(run: &RunDir) -> Self {
        Self {
            run: run.clone(),
            // What cannot be read here, `verify` tells.
            part: run.part().ok().flatten(),
            reader: Reader::new(run),
            chain: Chain::default(),
            index: None,
            lengths: Lengths::default(),
            fences: Fences::new(),
            attempt: Attempt::First,
            unindexed: None,
            base: 0,
            records: Vec::new(),
            actors: BTreeMap::new(),
            engine: None,
            forks: Vec::new(),
            caused: BTreeMap::new(),
        }
    }

    /// Begins behind what stands in the index, if there is one that fits.
    fn open_index(&mut self) {
        let Some(opened) = Index::open(&self.run, self.attempt) else { return };
        let directory = opened.directory;
        let end = (directory.last.segment, directory.last.offset + directory.last.len);
        let Ok(reader) = Reader::from(&self.run, end) else { return };
        self.reader = reader;
        self.base = directory.chain.next;
        self.chain = directory.chain;
        self.engine = directory.engine;
        self.forks = directory.forks;
        self.lengths = directory.lengths;
        self.fences = opened.fences;
        for known in directory.actors {
            let (end, fresh) = (None, known.fresh);
            let (id, name, request, code) = (known.id, known.name, known.request, known.code);
            let turns = Turns::default();
            self.actors.insert(id, ActorHistory { id, name, request, code, turns, end, fresh });
        }
        for entry in opened.chapters {
            if let Some(actor) = self.actors.get_mut(&entry.actor) {
                actor.turns.add_chapter(&opened.index, entry);
            }
        }
        self.index = Some(opened.index);
    }

    /// Reads what was written since.
    ///
    /// # Errors
    ///
    /// When the log is damaged.
    pub fn refresh(&mut self) -> Result<()> {
        self.refresh_while(|_| true)
    }

    fn refresh_while(&mut self, go_on: impl Fn(&Self) -> bool) -> Result<()> {
        // Read before the log: what it promises is there by then.
        let promised = self.run.head().map_or(0, |(count, _)| count);
        let end = loop {
            if !go_on(self) {
                break Ok(());
            }
            match self.reader.next_record() {
                Ok(None) => break self.chain.holds(promised, &self.run),
                Ok(Some((location, record))) => match self.chain.follow(&record) {
                    None => self.follow(location, &record)?,
                    Some(misfit) => {
                        let position = record.header.position;
                        let what = format!("record {position}: {misfit}");
                        return Err(Box::new(self.run.damaged(&what)));
                    }
                },
                // The last record is being written, or a crash tore it.
                Err(problem) if problem.torn => break Ok(()),
                Err(problem) => return Err(Box::new(problem.diagnostic(&self.run))),
            }
            if self.records.len() >= HELD {
                self.index_what_is_held(HELD);
            }
        };
        self.index_what_is_held(0);
        end
    }

    /// Writes into the index what stands in none, if that is much.
    fn index_what_is_held(&mut self, at_least: usize) {
        let Some(most) = self.unindexed else { return };
        if self.records.len() >= most.max(at_least) && self.seal().is_err() {
            // The folder of the run cannot be written, or somebody else makes the index.
            self.unindexed = None;
        }
    }

    fn follow(&mut self, location: Location, record: &Record) -> Result<()> {
        let id = record.header.actor;
        self.records.push((id, location));
        match &record.header.kind {
            Kind::Opened { engine, .. } => self.engine = Some(*engine),
            Kind::Forked { changed: Some(_), .. } => self.forks.push(record.header.position),
            Kind::Spawned { name, component, manifest, request, .. } => {
                let actor = ActorHistory {
                    id,
                    name: name.clone(),
                    request: request.as_ref().map(|request| request.step),
                    code: Code { component: *component, manifest: *manifest },
                    turns: Turns::default(),
                    end: Some((Some(State::default()), Timers::default())),
                    fresh: false,
                };
                self.actors.insert(id, actor);
            }
            Kind::Reloaded { code, .. } => {
                if let Some(actor) = self.actors.get_mut(&id) {
                    actor.code = *code;
                }
            }
            Kind::Turn(header) => {
                let Some(actor) = self.actors.get_mut(&id) else { return Ok(()) };
                let fresh = std::mem::take(&mut actor.fresh);
                let (before, timers_before) = match fresh {
                    true => (Some(State::default()), Timers::default()),
                    false => match actor.end() {
                        Some(end) => end,
                        None => {
                            return Err(Box::new(self.run.damaged("earlier turns are unreadable")));
                        }
                    },
                };
                let after = before.clone().and_then(|before| state_after(before, header, record));
                let mut timers = timers_before.clone();
                // What is unreadable here, replay tells of the turn itself.
                let _ = timers.follow(header, record);
                let row = Row {
                    position: record.header.position,
                    check: short(&record.hash),
                    fresh,
                    changed: changed(before.as_ref(), after.as_ref(), record),
                };
                actor.end = Some((after.clone(), timers));
                let turn = PastTurn {
                    header: header.clone(),
                    location,
                    time: record.header.time,
                    before,
                    after,
                    timers: timers_before,
                    code: actor.code,
                    engine: self.engine,
                };
                actor.turns.push(turn, row);
                self.note_cause(id);
            }
            Kind::Restarted { fresh: true, .. } => {
                if let Some(actor) = self.actors.get_mut(&id) {
                    actor.fresh = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Notes what has caused the last turn of an actor.
    fn note_cause(&mut self, id: ActorId) {
        let Some(actor) = self.actors.get(&id) else { return };
        let Some(index) = actor.turns.len().checked_sub(1) else { return };
        let Some(turn) = actor.turns.get(index) else { return };
        let cause = self.cause(actor, turn);
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

    /// What part of a run this is. None if it is a whole one.
    pub fn part(&self) -> Option<&Part> {
        self.part.as_ref()
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
        match position.checked_sub(self.base) {
            Some(behind) => self.records.get(usize::try_from(behind).ok()?).copied(),
            None => self.index.as_ref()?.record(position),
        }
    }

    /// Whose the records at some positions are, and where they stand, without those of which that cannot be known any
    /// more. They are read together, once.
    pub(super) fn records_at(&self, positions: Range<u64>) -> Vec<(ActorId, Location)> {
        let middle = self.base.clamp(positions.start, positions.end);
        let mut found = match &self.index {
            Some(index) if positions.start < middle => index.records(positions.start..middle),
            _ => Vec::new(),
        };
        found.extend((middle..positions.end).filter_map(|position| self.record(position)));
        found
    }

    /// The position in the log of the record that stands at a place.
    pub(super) fn position(&self, location: Location) -> Option<u64> {
        let (mut start, mut end) = (0, self.len() as u64);
        while start < end {
            let middle = start + (end - start) / 2;
            let (_, found) = self.record(middle)?;
            match found.cmp(&location) {
                Ordering::Equal => return Some(middle),
                Ordering::Less => start = middle + 1,
                Ordering::Greater => end = middle,
            }
        }
        None
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        usize::try_from(self.base).unwrap_or(usize::MAX).saturating_add(self.records.len())
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The turn of an actor at an index.
    ///
    /// # Errors
    ///
    /// When there is no such turn, or it cannot be read any more.
    pub fn past<'h>(&self, actor: &'h ActorHistory, index: usize) -> Result<&'h PastTurn> {
        actor.turns.get(index).ok_or_else(|| match index < actor.turns.len() {
            true => match Self::load_without_index(&self.run) {
                Err(problem) => problem,
                Ok(_) => Box::new(self.run.damaged("it was changed while it was read")),
            },
            false => Box::new(Diagnostic::error(NO_SUCH_TURN, "there is no such turn")),
        })
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
        let records = (0..self.len() as u64).filter_map(|position| self.record(position));
        records.filter(move |(id, _)| actor.is_none_or(|actor| actor == *id))
    }

    /// One record of an actor.
    ///
    /// # Errors
    ///
    /// When it cannot be read any more.
    pub fn view_at(&self, actor: ActorId, location: Location) -> Result<RecordView> {
        let record = self.run.record_at(location)?;
        if record.header.actor != actor {
            let position = record.header.position;
            let what =
                format!("record {position} is another actor's than its place was said to be");
            return Err(Box::new(self.run.damaged(&what)));
        }
        let name = self.actors.get(&actor).map(|actor| actor.name.as_str());
        Ok(RecordView::new(&record, name))
    }
}

impl ActorHistory {
    /// The state and the timers after the last turn. None if they cannot be read any more.
    pub(super) fn end(&self) -> Option<(Option<State>, Timers)> {
        self.end.clone().or_else(|| match self.turns.is_empty() {
            true => Some((Some(State::default()), Timers::default())),
            false => self.turns.end(),
        })
    }

    /// Whether it was restarted without state since its last turn.
    pub(super) fn is_fresh(&self) -> bool {
        self.fresh
    }

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
        self.turns.index_of(turn).ok_or_else(|| {
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

/// The state after a turn. None if its changes were removed from the trace.
pub(super) fn state_after(before: State, header: &TurnHeader, record: &Record) -> Option<State> {
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

/// The keys that a turn changed, by their numbers.
fn changed(before: Option<&State>, after: Option<&State>, record: &Record) -> Vec<u64> {
    let (Some(before), Some(after)) = (before, after) else { return Vec::new() };
    let delta = record.payload(PayloadKind::Delta).and_then(|bytes| Delta::decode(bytes).ok());
    let keys = delta.into_iter().flat_map(|delta| delta.0).map(|(key, _)| key);
    keys.filter(|key| !before.agrees(after, key)).map(|key| key_number(&key)).collect()
}
