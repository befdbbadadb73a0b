//! Which records stand in the list: all, or those for which a condition holds.

use std::sync::Arc;
use theater_runtime::diagnostic::{Result, Source};
use theater_runtime::replay::{Condition, History};

/// How many records are looked at before a key is waited for again.
const AT_ONCE: u64 = 500;

/// The list, by positions in the log. It reads only what it must.
#[derive(Debug, Default)]
pub struct Rows {
    /// How many records there are.
    len: u64,
    filter: Option<Filter>,
}

#[derive(Debug)]
struct Filter {
    text: String,
    condition: Condition,
    found: Vec<u64>,
    /// Up to here it was looked.
    seen: u64,
}

impl Rows {
    /// Follows a history that has grown.
    pub fn grown(&mut self, history: &History) {
        self.len = history.len() as u64;
    }

    /// Chooses what is in the list; an empty text means all.
    ///
    /// # Errors
    /// When the text is no condition.
    pub fn filter(&mut self, text: &str) -> Result<()> {
        if text.trim().is_empty() {
            self.filter = None;
            return Ok(());
        }
        let source: Arc<Source> = Source::new("filter", text.to_owned());
        let condition = Condition::parse(&source, 0..text.len())?;
        let text = text.to_owned();
        self.filter = Some(Filter { text, condition, found: Vec::new(), seen: 0 });
        Ok(())
    }

    /// The condition as it was written.
    pub fn text(&self) -> Option<&str> {
        self.filter.as_ref().map(|filter| filter.text.as_str())
    }

    /// How many of a hundred parts a search has looked at, if it goes on.
    pub fn percent(&self) -> Option<u64> {
        let filter = self.filter.as_ref().filter(|filter| filter.seen < self.len)?;
        Some(filter.seen * 100 / self.len.max(1))
    }

    /// Goes on with the search. Returns whether there is more to do.
    pub fn work(&mut self, history: &History) -> bool {
        let Some(filter) = &mut self.filter else { return false };
        let end = self.len.min(filter.seen.saturating_add(AT_ONCE));
        for position in filter.seen..end {
            if history.holds(&filter.condition, position) {
                filter.found.push(position);
            }
        }
        filter.seen = end.max(filter.seen);
        filter.seen < self.len
    }

    pub fn len(&self) -> u64 {
        self.filter.as_ref().map_or(self.len, |filter| filter.found.len() as u64)
    }

    /// The position of the record in a row.
    pub fn position(&self, row: u64) -> Option<u64> {
        match &self.filter {
            None => (row < self.len).then_some(row),
            Some(filter) => filter.found.get(usize::try_from(row).ok()?).copied(),
        }
    }

    /// The row of a record, or of the one in the list that stands nearest to it. None if that is not known
    /// yet, because a search goes on, or if the list is empty.
    pub fn nearest(&self, position: u64) -> Option<u64> {
        let Some(filter) = &self.filter else { return (position < self.len).then_some(position) };
        let after = filter.found.partition_point(|each| *each < position);
        let distance = |row: usize| filter.found.get(row).map(|each| each.abs_diff(position));
        let behind = match distance(after) {
            Some(distance) => distance,
            None if filter.seen < self.len => filter.seen.checked_sub(position)?,
            None => u64::MAX,
        };
        let before =
            after.checked_sub(1).filter(|row| distance(*row).is_some_and(|it| it < behind));
        let row = before.unwrap_or(after);
        (row < filter.found.len()).then_some(row as u64)
    }

    /// The row of a record; of the next one in the list, if it is not there.
    pub fn row(&self, position: u64) -> u64 {
        match &self.filter {
            None => position,
            Some(filter) => filter.found.partition_point(|each| *each < position) as u64,
        }
    }
}
