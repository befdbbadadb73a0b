//! A full-screen face of the cursor: a list of what happened, and beside it one moment in full.
//!
//! The [`Model`] knows no terminal: a key changes it, over a history. `draw` makes a picture of it, and
//! [`Face`] has the terminal, and gives it back however it ends.

mod detail;
mod draw;
mod model;
mod rows;

#[cfg(test)]
mod tests;

pub use model::Model;

use crate::paint::Paint;
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use std::io;
use std::time::Duration;
use theater_runtime::diagnostic::{Diagnostic, FILE_UNREADABLE, Result, reason};
use theater_runtime::replay::{Cursor, History};

/// How long is waited for a key before it is looked whether something new has happened.
const PAUSE: Duration = Duration::from_millis(200);

/// The terminal while the view is open. Dropping it restores what was there before; so does a panic.
pub struct Face {
    terminal: ratatui::DefaultTerminal,
    model: Model,
    paint: Paint,
}

impl Face {
    /// Takes the terminal. The view begins at the cursor; without one, at the last record.
    ///
    /// # Errors
    /// When standard output is no terminal, or it cannot be used.
    pub fn open(history: &History, cursor: Option<Cursor>, paint: Paint) -> Result<Self> {
        use std::io::IsTerminal;
        if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
            return Err(no_terminal());
        }
        let model = Model::new(history, cursor);
        let terminal = ratatui::try_init().map_err(|error| {
            // What was done before it failed is undone.
            ratatui::restore();
            failed(&error)
        })?;
        Ok(Self { terminal, model, paint })
    }

    /// Draws, and goes on with a search. Returns how long to wait for a key.
    ///
    /// # Errors
    /// When the terminal fails.
    pub fn show(&mut self, history: &History) -> Result<Duration> {
        let (model, paint) = (&mut self.model, self.paint);
        let drawn = self.terminal.draw(|frame| draw::draw(model, history, paint, frame));
        drawn.map_err(|error| failed(&error))?;
        Ok(if self.model.work(history) { Duration::ZERO } else { PAUSE })
    }

    /// Takes what the terminal told; nothing, if time has passed. Returns whether the view stays open.
    ///
    /// # Errors
    /// When what was recorded since cannot be read.
    pub fn take(&mut self, history: &mut History, event: Option<Event>) -> Result<bool> {
        match event {
            Some(Event::Key(key)) if key.kind != KeyEventKind::Release => {
                return Ok(self.model.key(history, key));
            }
            Some(_) => {}
            None => {
                history.refresh()?;
                self.model.grown(history);
            }
        }
        Ok(true)
    }

    /// The moment at which the view stands; none if it never stood at a turn.
    pub fn cursor(&self) -> Option<Cursor> {
        self.model.left()
    }
}

impl Drop for Face {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// Waits so long for the terminal to tell something.
///
/// # Errors
/// When the terminal fails.
pub fn wait(time: Duration) -> Result<Option<Event>> {
    let event = event::poll(time).and_then(|any| any.then(event::read).transpose());
    event.map_err(|error| failed(&error))
}

/// Shows the view until somebody leaves it.
///
/// # Errors
/// When standard output is no terminal, the terminal fails, or the run cannot be read any more.
pub fn run(history: &mut History, cursor: Option<Cursor>, paint: Paint) -> Result<()> {
    let mut face = Face::open(history, cursor, paint)?;
    loop {
        let event = wait(face.show(history)?)?;
        if !face.take(history, event)? {
            return Ok(());
        }
    }
}

/// The view was asked for where there is no terminal.
pub fn no_terminal() -> Box<Diagnostic> {
    let message = "`view` needs a terminal: standard input and output are not one";
    Box::new(Diagnostic::error(FILE_UNREADABLE, message).help(
        "See the records with `trace`, a turn with `at NAME#TURN`; outside the REPL with `theater trace show`.",
    ))
}

fn failed(error: &io::Error) -> Box<Diagnostic> {
    let message = format!("the terminal cannot be used: {}", reason(error));
    Box::new(Diagnostic::error(FILE_UNREADABLE, message))
}
