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

use crate::causes::Shown;
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

    /// The moment of which somebody wants to see where the guest was, once.
    pub fn asked(&mut self) -> Option<Cursor> {
        self.model.asked.take()
    }

    /// Shows where the guest was at the moment that was asked for.
    pub fn answer(&mut self, seen: Result<Shown>) {
        self.model.answer(seen);
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

/// Shows the view until somebody leaves it. `look` says where the guest was at a moment.
///
/// # Errors
/// When standard output is no terminal, the terminal fails, or the run cannot be read any more.
/// A signal that ends the process ends it when the terminal was given back.
pub fn run(
    history: &mut History,
    cursor: Option<Cursor>,
    paint: Paint,
    mut look: impl FnMut(&History, Cursor) -> Result<Shown>,
) -> Result<()> {
    let mut face = Face::open(history, cursor, paint)?;
    let ending = Ending::watch();
    loop {
        if let Some(signal) = ending.signal() {
            drop(face);
            ending.end(signal);
            return Ok(());
        }
        let event = wait(face.show(history)?)?;
        if !face.take(history, event)? {
            return Ok(());
        }
        if let Some(cursor) = face.asked() {
            face.answer(look(history, cursor));
        }
    }
}

/// The signals that end a process, while the view is open.
#[cfg(unix)]
struct Ending(std::sync::Arc<std::sync::atomic::AtomicUsize>);

#[cfg(unix)]
impl Ending {
    /// Takes the signals from now on.
    fn watch() -> Self {
        use signal_hook::consts::{SIGHUP, SIGTERM};
        let came = Self(std::sync::Arc::default());
        for signal in [SIGHUP, SIGTERM] {
            let number = usize::try_from(signal).unwrap_or_default();
            // One that cannot be taken ends the process at once, as it always does.
            let _ = signal_hook::flag::register_usize(signal, came.0.clone(), number);
        }
        came
    }

    /// The one that came.
    fn signal(&self) -> Option<i32> {
        let number = self.0.load(std::sync::atomic::Ordering::Relaxed);
        i32::try_from(number).ok().filter(|number| *number != 0)
    }

    /// Does what the signal does when nobody takes it.
    fn end(&self, signal: i32) {
        // If the system does not let it, the command ends all the same.
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
}

/// Elsewhere only ctrl-c is known, which is a key.
#[cfg(not(unix))]
struct Ending;

#[cfg(not(unix))]
impl Ending {
    fn watch() -> Self {
        Self
    }

    fn signal(&self) -> Option<i32> {
        None
    }

    fn end(&self, _signal: i32) {}
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
