use crate::address::EventAddress;
use crate::commands::count;
use crate::output::Output;
use crate::project::TraceArgs;
use crate::status::{Ended, Failure, Status};
use serde_json::json;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use theater_repl::output::size;
use theater_repl::paint::{printable, printable_json};
use theater_repl::styled::one_line;
use theater_runtime::diagnostic::{Diagnostic, OUTPUT_UNWRITABLE};
use theater_runtime::replay::{History, html, mermaid, perfetto};
use theater_runtime::trace::{Chosen, RunDir, export};

/// Write a run into one file, for another machine or another tool
///
/// A .trace file is compressed and has everything inside that reading and replaying need, with the
/// components. `theater repl`, `theater replay` and `theater trace` read it with --trace, or as
/// FILE.trace. Whoever gets it sees all that the actors were told.
///
/// With --actor or --because-of it has a part: all records' headers, so that `theater trace verify` can
/// check it, and what was told, asked and answered only of the actors or turns that are meant. The
/// state that these had is in it too, and they replay. Other formats show only these.
///
/// Examples:
///   theater trace export bug.trace
///   theater trace export --because-of shop/audit#2 bug.trace
///   theater trace export --format jsonl | jq .outcome
///   theater trace export --format mermaid > shop.mmd
///   theater trace export --format perfetto shop.pftrace
///   theater trace export --format html shop.html
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The file to write [default: the run's id with .trace, .pftrace or .html; for lines the standard output]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Trace)]
    format: Format,

    /// Only an actor, with all its records and what it executes; may be given several times
    #[arg(long, value_name = "ACTOR")]
    actor: Vec<String>,

    /// Only what an event depends on: its turn, those that led to it, those that answered what these
    /// asked, and the states in which all this happened
    #[arg(long, value_name = "ACTOR#TURN[.STEP]", conflicts_with = "actor")]
    because_of: Option<EventAddress>,

    #[command(flatten)]
    trace: TraceArgs,

    /// Say what was written as one JSON object
    #[arg(long)]
    json: bool,
}

/// In which form a run is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One compressed file that Theater reads
    Trace,
    /// One JSON object per record and line, as `theater trace show --json` prints them
    Jsonl,
    /// A sequence diagram, as Markdown viewers draw it
    Mermaid,
    /// Turns on a time line with flows between actors, for ui.perfetto.dev
    Perfetto,
    /// One page for a browser, with everything inside: lanes, messages, states, search
    Html,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let run = args.trace.run_of_file()?;
    if args.format == Format::Trace {
        return archive(&args, &run, output);
    }
    let history = History::load(&run)?;
    let chosen = args.chosen(&history)?;
    let chosen = chosen.as_ref();
    let named = |end| args.file.clone().unwrap_or_else(|| named(&run, end));
    match args.format {
        Format::Trace | Format::Jsonl => {
            let mut target = Target::new(args.file, output)?;
            for view in history.chosen_views(chosen) {
                target.line(&printable_json(&view?.to_json()))?;
            }
            target.finish()?;
        }
        Format::Mermaid => {
            let mut target = Target::new(args.file, output)?;
            for line in mermaid(&history, chosen) {
                target.line(&printable(&line?))?;
            }
            target.finish()?;
        }
        Format::Perfetto => write(&named("pftrace"), perfetto(&history, chosen), output)?,
        Format::Html => write(&named("html"), html(&history, chosen), output)?,
    }
    Ok(Status::Fine)
}

impl Args {
    /// The part that is meant. None for the whole run.
    fn chosen(&self, history: &History) -> theater_runtime::diagnostic::Result<Option<Chosen>> {
        if let Some(event) = &self.because_of {
            let (actor, index) = history.turn(&event.actor, event.turn)?;
            return Ok(Some(history.part_because_of(actor, index, event.step)));
        }
        match self.actor.as_slice() {
            [] => Ok(None),
            names => history.part_of(names).map(Some),
        }
    }
}

/// The file that is written if none is named.
fn named(run: &RunDir, end: &str) -> PathBuf {
    PathBuf::from(format!("{}.{end}", run.id()))
}

/// Writes a file that Theater reads.
fn archive(args: &Args, run: &RunDir, output: &mut Output) -> Ended {
    let is_part = args.because_of.is_some() || !args.actor.is_empty();
    let chosen = if is_part { args.chosen(&History::load(run)?)? } else { None };
    let file = args.file.clone().unwrap_or_else(|| named(run, "trace"));
    let archived = export(run, &file, chosen.as_ref())?;
    if args.json {
        output.json(&json!({
            "run": run.id(),
            "file": file,
            "records": archived.records,
            "bytes": archived.bytes,
            "missing": archived.missing,
            "part": chosen.map(|chosen| chosen.about),
            "left_out_payloads": archived.left_out_payloads,
            "left_out_blobs": archived.left_out_blobs,
        }))?;
        return Ok(Status::Fine);
    }
    let (records, bytes) = (count(archived.records, "record"), size(archived.bytes));
    output.line(&format!("wrote {}: {records}, {bytes}", file.display()))?;
    if let Some(chosen) = chosen {
        let payloads = count(archived.left_out_payloads, "payload");
        let files = count(archived.left_out_blobs, "file");
        let about = one_line(&chosen.about);
        output.line(&format!(
            "a part, {about}: {payloads} and {files} of components and manifests left out"
        ))?;
    }
    if archived.missing > 0 {
        let missing = count(archived.missing, "component or manifest");
        output.say(&format!("{missing} missing: some turns cannot be replayed from it"));
    }
    Ok(Status::Fine)
}

/// Writes a new file piece by piece.
fn write(
    path: &Path,
    pieces: impl Iterator<Item = Result<Vec<u8>, Box<Diagnostic>>>,
    output: &mut Output,
) -> Result<(), Failure> {
    let failed = |error: io::Error| unwritable(path, &error);
    let mut file = BufWriter::new(File::create_new(path).map_err(failed)?);
    for piece in pieces {
        file.write_all(&piece?).map_err(failed)?;
    }
    file.flush().map_err(failed)?;
    Ok(output.line(&format!("wrote {}", path.display()))?)
}

/// Where lines go.
enum Target<'o> {
    File(BufWriter<File>, PathBuf),
    Output(&'o mut Output),
}

impl<'o> Target<'o> {
    fn new(file: Option<PathBuf>, output: &'o mut Output) -> Result<Self, Failure> {
        let Some(path) = file else { return Ok(Self::Output(output)) };
        match File::create_new(&path) {
            Ok(file) => Ok(Self::File(BufWriter::new(file), path)),
            Err(error) => Err(unwritable(&path, &error)),
        }
    }

    fn line(&mut self, line: &str) -> Result<(), Failure> {
        match self {
            Self::File(file, path) => {
                writeln!(file, "{line}").map_err(|error| unwritable(path, &error))
            }
            Self::Output(output) => Ok(output.line(line)?),
        }
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::File(mut file, path) => file.flush().map_err(|error| unwritable(&path, &error)),
            Self::Output(_) => Ok(()),
        }
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Box::new(Diagnostic::io(OUTPUT_UNWRITABLE, "write", path, error)).into()
}
