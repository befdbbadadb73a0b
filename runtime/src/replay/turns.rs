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
    chapters: Vec<Chapter>,
    /// The index, if there are such.
    index: Option<Arc<Index>>,
    /// Those behind them.
    tail: Vec<PastTurn>,
    /// What the index needs to know of those behind them.
    rows: Vec<Row>,
}

/// The pages that were written into the index at once.
#[derive(Debug)]
struct Chapter {
    /// How many turns stand before it.
    start: usize,
    entry: Entry,
    /// Never empty.
    pages: OnceLock<Vec<Page>>,
}

/// Some consecutive turns that stand in the index.
#[derive(Debug)]
struct Page {
    /// How many turns stand before it.
    start: usize,
    entry: Entry,
    loaded: OnceLock<Option<Loaded>>,
}

/// Which page: the number of its chapter, and its number in that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct At {
    chapter: usize,
    page: usize,
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
                let (page, loaded) = self.load(self.page(|start, _| start <= index)?)?;
                loaded.turns.get(index - page.start)
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
        let page = self.page(|_, entry| entry.first <= place).and_then(|at| self.at_page(at));
        page.map_or(0, |page| page.start)
    }

    /// How many turns have their records up to a place.
    pub(super) fn up_to(&self, location: Location) -> usize {
        let place = (location.segment, location.offset);
        let after = self.tail.partition_point(|past| past.location <= location);
        if after > 0 {
            return self.paged() + after;
        }
        let Some(at) = self.page(|_, entry| entry.first <= place) else { return 0 };
        match self.load(at) {
            Some((page, loaded)) => {
                page.start + loaded.turns.partition_point(|past| past.location <= location)
            }
            None => self.at_page(at).map_or(0, |page| page.start),
        }
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
        let (page, loaded) = self.load(self.page(|_, entry| begins(entry))?)?;
        let index = loaded.turns.partition_point(before);
        loaded.turns.get(index).filter(|past| is(past))?;
        Some(page.start + index)
    }

    /// The last turn that had ended at a time. The clock of a machine can be set back, so the times need not be
    /// in order.
    pub(super) fn ended_by(&self, time: u64) -> Option<usize> {
        let ended = |past: &PastTurn| past.time <= time;
        if let Some(index) = self.tail.iter().rposition(ended) {
            return Some(self.paged() + index);
        }
        let pages = self.pages(0..usize::MAX, move |entry| entry.earliest <= time);
        pages.rev().find_map(|(at, page)| {
            let (_, loaded) = self.load(at)?;
            loaded.turns.iter().rposition(ended).map(|index| page.start + index)
        })
    }

    /// The parts of a range of turns in which a key of the state may have changed, in order.
    pub(super) fn may_change(
        &self,
        key: &str,
        range: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = Range<usize>> {
        let number = key_number(key);
        let may = move |entry: &Entry| entry.unknown || entry.keys.may_have(number);
        let pages = self.pages(range.clone(), may);
        let pages = pages.map(|(_, page)| page.start..end(page.start, &page.entry));
        let tail = self.paged()..self.len();
        let cut = move |part: Range<usize>| part.start.max(range.start)..part.end.min(range.end);
        pages.chain(std::iter::once(tail)).map(cut).filter(|part| !part.is_empty())
    }

    /// How many turns stand in the index.
    fn paged(&self) -> usize {
        self.chapters.last().map_or(0, |chapter| end(chapter.start, &chapter.entry))
    }

    /// The last page that begins, as its start and its entry say, by what is looked for.
    fn page(&self, begins: impl Fn(usize, &Entry) -> bool) -> Option<At> {
        let chapters = self.chapters.partition_point(|it| begins(it.start, &it.entry));
        let chapter = chapters.checked_sub(1)?;
        let pages = self.pages_in(chapter)?;
        let page = pages.partition_point(|it| begins(it.start, &it.entry)).checked_sub(1)?;
        Some(At { chapter, page })
    }

    fn at_page(&self, at: At) -> Option<&Page> {
        self.pages_in(at.chapter)?.get(at.page)
    }

    /// The pages of a chapter. If the index does not say them, all of its turns are one page.
    fn pages_in(&self, chapter: usize) -> Option<&[Page]> {
        let index = self.index.as_ref()?;
        let Chapter { start, entry, pages } = self.chapters.get(chapter)?;
        let read = || match index.pages(entry) {
            Some(entries) => {
                let page = |start: &mut usize, entry: Entry| {
                    let before = std::mem::replace(start, end(*start, &entry));
                    Some(Page { start: before, entry, loaded: OnceLock::new() })
                };
                entries.into_iter().scan(*start, page).collect()
            }
            None => {
                let loaded = OnceLock::from(index.instead_of(entry, *start));
                vec![Page { start: *start, entry: entry.clone(), loaded }]
            }
        };
        Some(pages.get_or_init(read))
    }

    /// Reads a page, and those before it on which its state is built.
    fn load(&self, at: At) -> Option<(&Page, &Loaded)> {
        let index = self.index.as_ref()?;
        let mut first = at;
        let is_start = |page: &Page| page.entry.has_state || page.loaded.get().is_some();
        while !is_start(self.at_page(first)?) {
            first = self.before(first)?;
        }
        let mut before: Option<&Loaded> = None;
        loop {
            let page = self.at_page(first)?;
            let read = || index.load(&page.entry, page.start, before.map(|before| &before.end));
            before = page.loaded.get_or_init(read).as_ref();
            if first == at {
                return before.map(|loaded| (page, loaded));
            }
            first = self.after(first)?;
        }
    }

    fn before(&self, at: At) -> Option<At> {
        if let Some(page) = at.page.checked_sub(1) {
            return Some(At { page, ..at });
        }
        let chapter = at.chapter.checked_sub(1)?;
        Some(At { chapter, page: self.pages_in(chapter)?.len().checked_sub(1)? })
    }

    fn after(&self, at: At) -> Option<At> {
        match at.page + 1 < self.pages_in(at.chapter)?.len() {
            true => Some(At { page: at.page + 1, ..at }),
            false => Some(At { chapter: at.chapter + 1, page: 0 }),
        }
    }

    /// The pages with turns of a range of which, and of whose chapters, something can be true by their entries. The
    /// pages of a chapter are read when it is its turn.
    fn pages(
        &self,
        range: Range<usize>,
        can_be: impl Fn(&Entry) -> bool + Copy,
    ) -> impl DoubleEndedIterator<Item = (At, &Page)> {
        let is_meant = move |start: usize, entry: &Entry| {
            start < range.end && end(start, entry) > range.start && can_be(entry)
        };
        let chapters = self.chapters.iter().enumerate();
        let chapters = chapters.filter(move |(_, it)| is_meant(it.start, &it.entry));
        let pages = chapters.flat_map(|(chapter, _)| {
            let pages = self.pages_in(chapter).unwrap_or_default().iter().enumerate();
            pages.map(move |(page, it)| (At { chapter, page }, it))
        });
        pages.filter(move |(_, it)| is_meant(it.start, &it.entry))
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
        let last = self.page(|_, _| true)?;
        self.load(last).map(|(_, loaded)| loaded.end.clone())
    }

    /// How many bytes of records stand in the index since the last state.
    pub(super) fn since_state(&self) -> u64 {
        self.chapters.last().map_or(0, |chapter| chapter.entry.since)
    }

    /// Adds what was written into the index at once.
    pub(super) fn add_chapter(&mut self, index: &Arc<Index>, entry: Entry) {
        self.index.get_or_insert_with(|| index.clone());
        let start = self.paged();
        self.chapters.push(Chapter { start, entry, pages: OnceLock::new() });
    }

    /// Forgets those that stand in no index: now they do.
    pub(super) fn indexed(&mut self) {
        self.tail.clear();
        self.rows.clear();
    }
}

/// How many turns stand before the end of a page or chapter before whose start there are so many.
fn end(start: usize, entry: &Entry) -> usize {
    // A damaged index can claim anything.
    start.saturating_add(usize::try_from(entry.count).unwrap_or(usize::MAX))
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
