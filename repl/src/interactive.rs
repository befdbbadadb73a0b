//! The face for a person at a terminal: a prompt, outputs below it, and what happens meanwhile above.

use crate::batch::closed;
use crate::line::{self, Command};
use crate::live::{Happened, LiveLines};
use crate::names::NamesCell;
use crate::output::{Look, Output};
use crate::paint::{Paint, Role};
use crate::printer::Printer;
use crate::report::{Style, report};
use crate::session::{Flow, Session, Stop};
use crate::signals::Signals;
use crate::start::Started;
use crate::terminal::{Input, Settings, Terminal};
use crate::view::{self, Face};
use crate::{Ended, Options};
use std::io::{self, Write};
use std::sync::Arc;
use theater_runtime::diagnostic::{Diagnostic, FILE_UNREADABLE, Result, Source, reason};
use theater_runtime::replay::Cursor;

pub async fn run(
    started: Started,
    options: &Options,
    signals: &mut Signals,
) -> Result<Ended, Vec<Diagnostic>> {
    let Started { mut session, live, .. } = started;
    session.shorten_traces();
    let names = NamesCell::default();
    let paint = Paint { on: options.colour };
    let settings = Settings { history: options.history.clone(), paint, names: names.clone() };
    let mut terminal = Terminal::open(settings).map_err(|error| vec![no_terminal(&error)])?;
    let printer = terminal.printer();
    let mut person = Person { names, live, printer, options, banner: banner(&session, paint) };
    loop {
        let line = match person.read(&mut session, &mut terminal, signals).await {
            Ok(Input::Line(line)) => line,
            Ok(Input::End) => return Ok(Ended::Ok),
            Ok(Input::Failed(reason)) => return Err(vec![no_terminal(&reason)]),
            Err(End::Signal) => {
                terminal.restore();
                return Ok(Ended::Failed);
            }
            Err(End::Output(error)) => return closed(&error),
        };
        match person.evaluate(&mut session, line, signals).await {
            Ok(Flow::Continue) if session.has_moved() => {
                person.live = LiveLines::new(session.node());
            }
            Ok(Flow::Continue) => {}
            Ok(Flow::Quit) => return Ok(Ended::Ok),
            Err(End::Signal) => return Ok(Ended::Failed),
            Err(End::Output(error)) => return closed(&error),
        }
    }
}

fn no_terminal(error: &dyn std::fmt::Display) -> Diagnostic {
    Diagnostic::error(FILE_UNREADABLE, format!("the terminal cannot be used: {}", reason(&error)))
}

/// Why a session ends without having been asked to.
enum End {
    Signal,
    Output(io::Error),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// What stands between the session and the person.
struct Person<'o> {
    names: NamesCell,
    live: LiveLines,
    printer: Printer,
    options: &'o Options,
    /// What is said before the first prompt.
    banner: String,
}

impl Person<'_> {
    fn look(&self) -> Look {
        let size = terminal_size::terminal_size_of(io::stdout());
        let width = size.map_or(80, |(width, _)| usize::from(width.0));
        let paint = Paint { on: self.options.colour };
        Look { json: self.options.json, paint, width: Some(width), chatty: true }
    }

    /// The next line. Meanwhile what happens is shown above it.
    async fn read(
        &mut self,
        session: &mut Session,
        terminal: &mut Terminal,
        signals: &mut Signals,
    ) -> Result<Input, End> {
        self.show_arrived(session).await;
        write(&std::mem::take(&mut self.banner))?;
        self.names.set(session.names());
        let prompt = match session.place() {
            Some(place) => format!("{place} of {}> ", place.last_turn),
            None => "theater> ".to_owned(),
        };
        loop {
            tokio::select! {
                input = terminal.read(&prompt) => return Ok(input),
                happened = self.live.next(session.watched()) => self.show(&happened),
                any = signals.any() => if !any { return Err(End::Signal) },
            }
            self.names.set(session.names());
        }
    }

    async fn evaluate(
        &mut self,
        session: &mut Session,
        line: String,
        signals: &mut Signals,
    ) -> Result<Flow, End> {
        let source: Arc<Source> = Source::new("line", line);
        if let Ok(Command::View) = line::parse(&source) {
            return self.view(session, signals).await;
        }
        let (interrupt, watched) = (session.interrupt(), session.watched().clone());
        let mut outputs: Vec<Output> = Vec::new();
        let mut sink = |output| {
            outputs.push(output);
            Ok(())
        };
        let mut ended = false;
        let outcome = {
            let evaluation = session.evaluate(&source, &mut sink);
            tokio::pin!(evaluation);
            loop {
                tokio::select! {
                    outcome = &mut evaluation => break outcome,
                    happened = self.live.next(&watched) => self.show(&happened),
                    interrupted = signals.any() => {
                        // Behind the `^C` that the terminal shows.
                        write("\n")?;
                        interrupt.cancel();
                        ended |= !interrupted;
                    }
                }
            }
        };
        self.show_arrived(session).await;
        let (look, style) = (self.look(), Style::of_stderr(self.options.colour_err));
        for output in &outputs {
            match output {
                Output::Warning(problem) => report([&**problem], style),
                _ => write(&output.render(look))?,
            }
        }
        match outcome {
            _ if ended => Err(End::Signal),
            Ok(flow) => Ok(flow),
            Err(Stop::Output(error)) => Err(End::Output(error)),
            Err(Stop::Problems(problems)) => {
                report(&problems, style);
                Ok(Flow::Continue)
            }
        }
    }

    /// The whole screen, until somebody leaves it. What happens meanwhile is shown afterwards.
    async fn view(&mut self, session: &mut Session, signals: &mut Signals) -> Result<Flow, End> {
        self.show_arrived(session).await;
        let (left, ended) = match self.viewing(session, signals).await {
            Ok(left) => left,
            Err(problem) => {
                report([&*problem], Style::of_stderr(self.options.colour_err));
                return Ok(Flow::Continue);
            }
        };
        session.stand_at(left);
        match ended {
            true => Err(End::Signal),
            false => Ok(Flow::Continue),
        }
    }

    /// Where the view was left, and whether a signal ends the session.
    async fn viewing(
        &self,
        session: &mut Session,
        signals: &mut Signals,
    ) -> Result<(Option<Cursor>, bool)> {
        let (history, looker, cursor) = session.viewed()?;
        let mut face = Face::open(history, cursor, Paint { on: self.options.colour })?;
        let begun = face.cursor();
        loop {
            let pause = face.show(history)?;
            // Waiting blocks a thread; the actors go on.
            let waiting = tokio::task::spawn_blocking(move || view::wait(pause));
            let (event, signal) = tokio::select! {
                event = waiting => (event.unwrap_or(Ok(None))?, None),
                any = signals.any() => (None, Some(any)),
            };
            if signal.is_some() || !face.take(history, event)? {
                // Who has not moved stays in the present.
                let left = face.cursor();
                let left = if left == begun { cursor } else { left };
                return Ok((left, signal == Some(false)));
            }
            if let Some(cursor) = face.asked() {
                face.answer(looker.look(history, cursor).await);
            }
        }
    }

    fn show(&self, happened: &Happened) {
        if let Some(text) = happened.text(self.look()) {
            self.printer.print(text);
        }
    }

    /// Shows all that happened so far, so that what is written next comes after it.
    async fn show_arrived(&mut self, session: &Session) {
        while let Some(happened) = self.live.try_next(session.watched()) {
            self.show(&happened);
        }
        self.printer.flush().await;
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Two lines: what this is, and what one can do.
fn banner(session: &Session, paint: Paint) -> String {
    let head = format!("Theater {}", env!("CARGO_PKG_VERSION"));
    let run = format!(", run {}", session.node().run().id());
    let actors: Vec<String> = session.actors().into_iter().map(|actor| actor.name).collect();
    let what = match &actors[..] {
        [] => "no actor yet: `spawn PATH` starts one".to_owned(),
        [only] => format!("`help {only}` shows its functions"),
        names => format!("actors: {}", names.join(", ")),
    };
    let (head, run) = (paint.text(Role::Prompt, &head), paint.text(Role::Faint, &run));
    let what = paint
        .text(Role::Faint, &format!("{what}; `help` lists the words; ctrl-d leaves"))
        .into_owned();
    format!("{head}{run}\n{what}\n")
}
