//! The differences that are intended, when another build is tried on a recorded history.

use crate::address::EventAddress;
use std::collections::BTreeMap;
use std::path::Path;
use theater_runtime::diagnostic::{Diagnostic, FILE_UNREADABLE, Result};

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
        for (index, line) in text.lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let event = line.parse().map_err(|error: String| {
                let place = format!("{}, line {}", file.display(), index + 1);
                Diagnostic::error(FILE_UNREADABLE, format!("{place}: {error}"))
            })?;
            accepted.insert(event, 0);
        }
        Ok(Self { events: accepted })
    }

    /// Whether a difference in this place is accepted: as all those of the turn, or as this one. A
    /// difference that is not in an import call has step 0.
    pub fn accepts(&mut self, actor: &str, turn: u64, step: u64) -> bool {
        let mut found = false;
        for at in [None, Some(step)] {
            let event = EventAddress { actor: actor.to_owned(), turn, step: at };
            if !found && let Some(met) = self.events.get_mut(&event) {
                *met += 1;
                found = true;
            }
        }
        found
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
