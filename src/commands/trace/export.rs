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
use theater_runtime::diagnostic::{Diagnostic, OUTPUT_UNWRITABLE};
use theater_runtime::replay::{History, html, mermaid, perfetto};
use theater_runtime::trace::export;

/// Write a run into one file, for another machine or another tool
///
/// A .trace file is compressed and has everything inside that reading and replaying need, with the
/// components. `theater repl`, `theater replay` and `theater trace` read it with --trace, or as
/// FILE.trace. Whoever gets it sees all that the actors were told.
///
/// Examples:
///   theater trace export bug.trace
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
    let run = args.trace.run()?;
    match args.format {
        Format::Trace => {
            let file = args.file.unwrap_or_else(|| PathBuf::from(format!("{}.trace", run.id())));
            let archived = export(&run, &file)?;
            if args.json {
                output.json(&json!({
                    "run": run.id(),
                    "file": file,
                    "records": archived.records,
                    "bytes": archived.bytes,
                    "missing": archived.missing,
                }))?;
                return Ok(Status::Fine);
            }
            let (records, bytes) = (count(archived.records, "record"), size(archived.bytes));
            output.line(&format!("wrote {}: {records}, {bytes}", file.display()))?;
            if archived.missing > 0 {
                let missing = count(archived.missing, "component or manifest");
                output.say(&format!("{missing} missing: some turns cannot be replayed from it"));
            }
        }
        Format::Jsonl => {
            let mut target = Target::new(args.file, output)?;
            for view in History::load(&run)?.views(None) {
                target.line(&printable_json(&view?.to_json()))?;
            }
            target.finish()?;
        }
        Format::Mermaid => {
            let mut target = Target::new(args.file, output)?;
            for line in mermaid(&History::load(&run)?) {
                target.line(&printable(&line?))?;
            }
            target.finish()?;
        }
        Format::Perfetto => {
            let path = args.file.unwrap_or_else(|| PathBuf::from(format!("{}.pftrace", run.id())));
            write(&path, perfetto(&History::load(&run)?), output)?;
        }
        Format::Html => {
            let path = args.file.unwrap_or_else(|| PathBuf::from(format!("{}.html", run.id())));
            write(&path, html(&History::load(&run)?), output)?;
        }
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
