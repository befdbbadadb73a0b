//! The differences that are intended, when another build is tried on a recorded history.

use crate::address::EventAddress;
use std::collections::BTreeMap;
use std::path::Path;
use theater_runtime::diagnostic::{Diagnostic, FILE_UNREADABLE, Result, Source};

/// Accepted differences, and how often each was met.
#[derive(Debug, Default)]
pub struct Accepted {
    events: BTreeMap<EventAddress, u64>,
}

impl Accepted {
    /// Those of the command line, and those in a file: one a line; `//` begins a comment.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or has a line that is no event.
    pub fn new(events: Vec<EventAddress>, file: Option<&Path>) -> Result<Self> {
        let mut accepted: BTreeMap<_, _> = events.into_iter().map(|event| (event, 0)).collect();
        let Some(file) = file else { return Ok(Self { events: accepted }) };
        let text = std::fs::read_to_string(file)
            .map_err(|error| Diagnostic::io(FILE_UNREADABLE, "read", file, &error))?;
        let source = Source::new(file.display().to_string(), text);
        let mut start = 0;
        for line in source.text.split_inclusive('\n') {
            let written = line.split("//").next().unwrap_or_default();
            let event = written.trim();
            if !event.is_empty() {
                let at = start + written.len() - written.trim_start().len();
                let event = event.parse().map_err(|error: String| {
                    Diagnostic::error(FILE_UNREADABLE, error).at(
                        &source,
                        at..at + event.len(),
                        "no event",
                    )
                })?;
                accepted.insert(event, 0);
            }
            start += line.len();
        }
        Ok(Self { events: accepted })
    }

    /// Whether a difference in this place is accepted: as all those of the turn, or as this one. A
    /// difference that is not in an import call has step 0.
    pub fn accepts(&mut self, actor: &str, turn: u64, step: u64) -> bool {
        [None, Some(step)].into_iter().any(|step| {
            let event = EventAddress { actor: actor.to_owned(), turn, step };
            let met = self.events.get_mut(&event);
            met.map(|met| *met += 1).is_some()
        })
    }

    /// How many differences were accepted.
    pub fn used(&self) -> u64 {
        self.events.values().sum()
    }

    /// What was accepted and did not happen.
    pub fn unused(&self) -> impl Iterator<Item = &EventAddress> {
        self.events.iter().filter(|(_, met)| **met == 0).map(|(event, _)| event)
    }
}
