use super::{row, turn};
use crate::address::Address;
use crate::output::Output;
use crate::project::TraceArgs;
use crate::status::{Ended, Failure, Status};
use std::collections::BTreeMap;
use theater_runtime::diagnostic::{ACTOR_UNKNOWN, Diagnostic, NO_SUCH_TURN, did_you_mean};
use theater_runtime::trace::{ActorId, Kind, Reader, Record, RecordView, RunDir};

/// Show the records of a run: all, an actor's, or one turn in full
///
/// Examples:
///   theater trace show
///   theater trace show my-actor
///   theater trace show my-actor#3
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// An actor, or one of its turns
    #[arg(value_name = "ACTOR[#TURN]")]
    address: Option<Address>,

    #[command(flatten)]
    trace: TraceArgs,

    /// Print one JSON object per record
    #[arg(long)]
    json: bool,
}

/// The actors that were met, and which turn numbers each has had.
#[derive(Default)]
struct Met {
    names: BTreeMap<ActorId, String>,
    turns: BTreeMap<String, (u64, u64)>,
    column: row::Column,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let run = args.trace.run()?;
    let mut reader = Reader::new(&run);
    let mut met = Met::default();
    let mut shown = 0_u64;
    // A name may have been given again: the last turn of that number is the one that is meant.
    let mut turn_found: Option<RecordView> = None;
    loop {
        let record = match reader.next_record() {
            Ok(Some((_, record))) => record,
            Ok(None) => break,
            // It is being written just now, or a crash tore it.
            Err(problem) if problem.torn => break,
            Err(problem) => return Err(Failure::failed(problem.diagnostic(&run))),
        };
        met.follow(&record);
        let name = met.names.get(&record.header.actor).map(String::as_str);
        match &args.address {
            Some(address) if name != Some(&address.actor) => {}
            Some(Address { turn: Some(number), .. }) => {
                if record.header.turn().is_some_and(|turn| turn.turn == *number) {
                    turn_found = Some(RecordView::new(&record, name));
                }
            }
            _ => {
                shown += 1;
                row::show(&RecordView::new(&record, name), met.column, args.json, output)?;
            }
        }
    }
    let Some(address) = args.address else { return Ok(Status::Fine) };
    match turn_found {
        Some(view) if args.json => output.json(&view.to_json())?,
        Some(view) => turn::show(&view, output)?,
        None if shown == 0 => return Err(met.missing(&address, &run).into()),
        None => {}
    }
    Ok(Status::Fine)
}

impl Met {
    fn follow(&mut self, record: &Record) {
        let id = record.header.actor;
        match &record.header.kind {
            Kind::Spawned { name, .. } => {
                self.column.fit(name);
                self.names.insert(id, name.clone());
            }
            Kind::Turn(turn) => {
                let Some(name) = self.names.get(&id) else { return };
                let range = self.turns.entry(name.clone()).or_insert((turn.turn, turn.turn));
                *range = (range.0.min(turn.turn), range.1.max(turn.turn));
            }
            _ => {}
        }
    }

    /// The report of an actor or a turn that is not in the run.
    fn missing(&self, address: &Address, run: &RunDir) -> Box<Diagnostic> {
        let name = &address.actor;
        let names = || self.names.values().map(String::as_str);
        if !names().any(|known| known == name) {
            let message = format!("no actor `{name}` in run {}", run.id());
            let problem = Diagnostic::error(ACTOR_UNKNOWN, message);
            return Box::new(match did_you_mean(name, names()) {
                Some(near) => problem.help(format!("Did you mean `{near}`?")),
                None => problem.help("See the runs and their actors with `theater trace ls`."),
            });
        }
        let turn = address.turn.unwrap_or_default();
        let problem = Diagnostic::error(NO_SUCH_TURN, format!("there is no {name}#{turn}"));
        Box::new(problem.help(match self.turns.get(name) {
            Some((first, last)) => format!("Its turns are {name}#{first} to {name}#{last}."),
            None => format!("`{name}` has had no turn yet."),
        }))
    }
}
