use super::PastTurn;
use super::index::{Entry, Index, key_number};
use crate::actor::Timers;
use crate::state::State;
use crate::trace::Location;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// The turns of an actor, in order. Those that stand in the index of the run are read when they are asked
/// for, and stay then.
#[derive(Debug, Default)]
pub struct Turns {
    /// Those that stand in the index.
    pages: Vec<Page>,
    /// The index, if there are such.
    index: Option<Arc<Index>>,
    /// Those behind them.
    tail: Vec<PastTurn>,
    /// What the index needs to know of those behind them.
    rows: Vec<Row>,
}

/// Some consecutive turns that stand in the index.
#[derive(Debug)]
struct Page {
    /// How many turns stand before it.
    start: usize,
    entry: Entry,
    loaded: OnceLock<Option<Loaded>>,
}

/// The turns of a page, as they were read.
#[derive(Debug)]
pub(super) struct Loaded {
    pub turns: Vec<PastTurn>,
    /// The state and the timers after them.
    pub end: (Option<State>, Timers),
}

/// What the index needs to know of a turn beside the turn itself.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The place of its record in the log.
    pub position: u64,
    /// The first bytes of the record's hash.
    pub check: u64,
    /// Whether it was the first one after a restart without state.
    pub fresh: bool,
    /// The keys that it changed, by their numbers.
    pub changed: Vec<u64>,
}

impl Turns {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.paged() + self.tail.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The turn at an index. None if there is no such, or if it cannot be read any more; then
    /// [`History::past`](super::History::past) says why.
    pub fn get(&self, index: usize) -> Option<&PastTurn> {
        match index.checked_sub(self.paged()) {
            Some(index) => self.tail.get(index),
            None => {
                let number = self.page_of(index)?;
                self.load(number)?.turns.get(index - self.pages[number].start)
            }
        }
    }

    /// The first turn.
    pub fn first(&self) -> Option<&PastTurn> {
        self.get(0)
    }

    /// The last turn.
    pub fn last(&self) -> Option<&PastTurn> {
        self.get(self.len().checked_sub(1)?)
    }

    /// The turns, without those that cannot be read any more.
    pub fn iter(&self) -> Iter<'_> {
        Iter { turns: self, range: 0..self.len() }
    }

    /// The index of the turn with this number.
    pub fn index_of(&self, turn: u64) -> Option<usize> {
        self.search(
            |entry| entry.first_turn <= turn,
            |past| past.header.turn < turn,
            |past| past.header.turn == turn,
        )
    }

    /// The index of the turn whose record stands at a place.
    pub fn at(&self, location: Location) -> Option<usize> {
        let place = (location.segment, location.offset);
        self.search(
            |entry| entry.first <= place,
            |past| past.location < location,
            |past| past.location == location,
        )
    }

    /// The index of a turn whose record stands near a place, if the turn there cannot be read.
    pub(super) fn near(&self, location: Location) -> usize {
        let place = (location.segment, location.offset);
        let pages = self.pages.partition_point(|page| page.entry.first <= place);
        pages.checked_sub(1).map_or(0, |last| self.pages[last].start)
    }

    /// How many turns have their records up to a place.
    pub(super) fn up_to(&self, location: Location) -> usize {
        let place = (location.segment, location.offset);
        let pages = self.pages.partition_point(|page| page.entry.first <= place);
        let after = self.tail.partition_point(|past| past.location <= location);
        if after > 0 {
            return self.paged() + after;
        }
        let Some(last) = pages.checked_sub(1) else { return 0 };
        let start = self.pages[last].start;
        let inside = self
            .load(last)
            .map_or(0, |loaded| loaded.turns.partition_point(|past| past.location <= location));
        start + inside
    }

    /// The index of the turn for which `is` holds, by what is before it.
    fn search(
        &self,
        begins: impl Fn(&Entry) -> bool,
        before: impl Fn(&PastTurn) -> bool,
        is: impl Fn(&PastTurn) -> bool,
    ) -> Option<usize> {
        let in_tail = self.tail.partition_point(&before);
        if self.tail.get(in_tail).is_some_and(&is) {
            return Some(self.paged() + in_tail);
        }
        let pages = self.pages.partition_point(|page| begins(&page.entry));
        let number = pages.checked_sub(1)?;
        let turns = &self.load(number)?.turns;
        let index = turns.partition_point(before);
        turns.get(index).filter(|past| is(past))?;
        Some(self.pages[number].start + index)
    }

    /// The last turn that had ended at a time. The clock of a machine can be set back, so the times need not be
    /// in order.
    pub(super) fn ended_by(&self, time: u64) -> Option<usize> {
        let ended = |past: &PastTurn| past.time <= time;
        if let Some(index) = self.tail.iter().rposition(ended) {
            return Some(self.paged() + index);
        }
        let pages = self.pages.iter().enumerate().rev();
        let mut pages = pages.filter(|(_, page)| page.entry.earliest <= time);
        pages.find_map(|(number, page)| {
            let turns = &self.load(number)?.turns;
            turns.iter().rposition(ended).map(|index| page.start + index)
        })
    }

    /// The parts of a range of turns in which a key of the state may have changed, in order.
    pub(super) fn may_change(&self, key: &str, range: Range<usize>) -> Vec<Range<usize>> {
        let number = key_number(key);
        let pages = self.pages.iter().filter(|page| {
            let overlaps = page.start < range.end && page.end() > range.start;
            overlaps && (page.entry.unknown || page.entry.keys.may_have(number))
        });
        let cut = |part: Range<usize>| part.start.max(range.start)..part.end.min(range.end);
        let tail = self.paged()..self.len();
        let parts = pages.map(|page| page.start..page.end()).chain(std::iter::once(tail));
        parts.map(cut).filter(|part| !part.is_empty()).collect()
    }

    fn paged(&self) -> usize {
        self.pages.last().map_or(0, Page::end)
    }

    fn page_of(&self, index: usize) -> Option<usize> {
        self.pages.partition_point(|page| page.start <= index).checked_sub(1)
    }

    /// Reads a page, and those before it on which its state is built.
    fn load(&self, number: usize) -> Option<&Loaded> {
        let first = (0..=number).rev().find(|number| {
            let page = &self.pages[*number];
            page.entry.has_state || page.loaded.get().is_some()
        })?;
        let index = self.index.as_ref()?;
        let mut before: Option<&Loaded> = None;
        for page in &self.pages[first..=number] {
            let read = || index.load(&page.entry, page.start, before.map(|before| &before.end));
            before = page.loaded.get_or_init(read).as_ref();
        }
        before
    }

    /// Adds a turn.
    pub(super) fn push(&mut self, turn: PastTurn, row: Row) {
        self.tail.push(turn);
        self.rows.push(row);
    }

    /// Those that stand in no index yet.
    pub(super) fn unindexed(&self) -> (&[PastTurn], &[Row]) {
        (&self.tail, &self.rows)
    }

    /// The state and the timers after the last turn. None if they cannot be read.
    pub(super) fn end(&self) -> Option<(Option<State>, Timers)> {
        let last = self.pages.len().checked_sub(1)?;
        self.load(last).map(|loaded| loaded.end.clone())
    }

    /// How many bytes of records stand in the index since the last state.
    pub(super) fn since_state(&self) -> u64 {
        let mut since = 0;
        for page in self.pages.iter().rev() {
            since += page.entry.bytes;
            if page.entry.has_state {
                break;
            }
        }
        since
    }

    /// Adds a page that stands in the index.
    pub(super) fn add_page(&mut self, index: &Arc<Index>, entry: Entry) {
        self.index.get_or_insert_with(|| index.clone());
        let start = self.paged();
        self.pages.push(Page { start, entry, loaded: OnceLock::new() });
    }

    /// Forgets those that stand in no index: now they do.
    pub(super) fn indexed(&mut self) {
        self.tail.clear();
        self.rows.clear();
    }
}

impl Page {
    fn end(&self) -> usize {
        // A page of a damaged index can claim anything.
        self.start.saturating_add(usize::try_from(self.entry.count).unwrap_or(usize::MAX))
    }
}

/// The turns of an actor, one after the other.
#[derive(Debug, Clone)]
pub struct Iter<'t> {
    turns: &'t Turns,
    range: Range<usize>,
}

impl<'t> Iterator for Iter<'t> {
    type Item = &'t PastTurn;

    fn next(&mut self) -> Option<Self::Item> {
        self.range.find_map(|index| self.turns.get(index))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.range.by_ref().rev().find_map(|index| self.turns.get(index))
    }
}

impl<'t> IntoIterator for &'t Turns {
    type Item = &'t PastTurn;
    type IntoIter = Iter<'t>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// For who knows that the turn is there and readable.
///
/// # Panics
///
/// When it is not.
impl std::ops::Index<usize> for Turns {
    type Output = PastTurn;

    fn index(&self, index: usize) -> &PastTurn {
        self.get(index).expect("whoever indexes knows that the turn is there and readable")
    }
}
