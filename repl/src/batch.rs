//! The face for scripts: statements from the command line, a file or standard input; outputs to
//! standard output; the first failure ends it.

use crate::live::LiveLines;
use crate::output::{Look, Output};
use crate::paint::Paint;
use crate::report::{Style, report};
use crate::script::{Script, Statement};
use crate::session::{Flow, Session, Stop};
use crate::signals::Signals;
use crate::start::Started;
use crate::{Ended, Input, Options};
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc;
use theater_runtime::diagnostic::{Diagnostic, OUTPUT_UNWRITABLE, Result, reason};
use tokio::sync::oneshot;

/// The statements of a session without a person; none with one.
pub fn script(input: &Input) -> Result<Option<Script>> {
    Ok(match input {
        Input::Terminal => None,
        Input::Lines(lines) => Some(Script::from_lines(lines.iter().cloned())),
        Input::File(path) => Some(Script::open(path)?),
        Input::StandardInput => Some(Script::standard_input()),
    })
}

pub async fn run(
    started: Started,
    script: Script,
    options: &Options,
    signals: &mut Signals,
) -> Result<Ended, Vec<Diagnostic>> {
    let Started { mut session, mut live, .. } = started;
    let style = Style::of_stderr(options.colour_err);
    let look = look(options);
    let reader = Reader::start(script).map_err(|error| vec![unreadable(&error)])?;
    loop {
        let next = tokio::select! {
            next = reader.next() => next,
            _ = signals.any() => return Ok(Ended::Failed),
        };
        let statement = match next {
            Ok(Some(statement)) => statement,
            Ok(None) => return Ok(Ended::Ok),
            Err(problem) => {
                report([&*problem], style);
                return Ok(Ended::Failed);
            }
        };
        let outcome = evaluate(&mut session, &statement, (look, style), signals).await;
        let outcome = match outcome {
            Ok(flow) => write_live(&mut live, &session, look).map(|()| flow).map_err(Stop::Output),
            stopped => stopped,
        };
        match outcome {
            Ok(Flow::Continue) if session.has_moved() => live = LiveLines::new(session.node()),
            Ok(Flow::Continue) => {}
            Ok(Flow::Quit) => return Ok(Ended::Ok),
            Err(Stop::Output(error)) => return closed(&error),
            Err(Stop::Problems(problems)) => {
                for problem in problems {
                    report([&*reader.place(statement.clone(), problem).await], style);
                }
                return Ok(Ended::Failed);
            }
        }
    }
}

fn look(options: &Options) -> Look {
    let stdout = io::stdout();
    let size = stdout.is_terminal().then(|| terminal_size::terminal_size_of(&stdout)).flatten();
    let width = size.map(|(width, _)| usize::from(width.0));
    Look { json: options.json, paint: Paint { on: options.colour }, width, chatty: false }
}

async fn evaluate(
    session: &mut Session,
    statement: &Statement,
    (look, style): (Look, Style),
    signals: &mut Signals,
) -> Result<Flow, Stop> {
    let interrupt = session.interrupt();
    let mut sink = |output: Output| match &output {
        Output::Warning(problem) => {
            report([&**problem], style);
            Ok(())
        }
        _ => write(&output.render(look)),
    };
    let evaluation = session.evaluate(&statement.source, &mut sink);
    tokio::pin!(evaluation);
    loop {
        tokio::select! {
            outcome = &mut evaluation => return outcome,
            _ = signals.any() => interrupt.cancel(),
        }
    }
}

fn write_live(live: &mut LiveLines, session: &Session, look: Look) -> io::Result<()> {
    live.arrived(session.watched()).iter().try_for_each(|event| write(&event.render(look)))
}

fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Whoever read the output has left: that is an end like any other.
pub fn closed(error: &io::Error) -> Result<Ended, Vec<Diagnostic>> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ok(Ended::Ok);
    }
    Err(vec![Diagnostic::error(
        OUTPUT_UNWRITABLE,
        format!("cannot write the output: {}", reason(&error)),
    )])
}

fn unreadable(error: &io::Error) -> Diagnostic {
    let message = format!("cannot read statements: {}", reason(&error));
    Diagnostic::error(theater_runtime::diagnostic::FILE_UNREADABLE, message)
}

/// Reads statements on a thread of its own, because standard input may block for ever.
struct Reader {
    requests: mpsc::Sender<Request>,
}

enum Request {
    Next(oneshot::Sender<Result<Option<Statement>>>),
    Place(Statement, Box<Diagnostic>, oneshot::Sender<Box<Diagnostic>>),
}

impl Reader {
    fn start(mut script: Script) -> io::Result<Self> {
        let (requests, asked) = mpsc::channel();
        std::thread::Builder::new().name("script".to_owned()).spawn(move || {
            while let Ok(request) = asked.recv() {
                // Who asked may have left.
                match request {
                    Request::Next(answer) => drop(answer.send(script.next_statement())),
                    Request::Place(statement, problem, answer) => {
                        drop(answer.send(script.place(&statement, problem)));
                    }
                }
            }
        })?;
        Ok(Self { requests })
    }

    async fn next(&self) -> Result<Option<Statement>> {
        let (answer, statement) = oneshot::channel();
        // The thread ends only after this; without it there are no statements.
        let _ = self.requests.send(Request::Next(answer));
        statement.await.unwrap_or(Ok(None))
    }

    async fn place(&self, statement: Statement, problem: Diagnostic) -> Box<Diagnostic> {
        let (answer, placed) = oneshot::channel();
        let problem = Box::new(problem);
        let _ = self.requests.send(Request::Place(statement, problem.clone(), answer));
        placed.await.unwrap_or(problem)
    }
}
