use crate::cache;
use crate::output::Output;
use crate::status::{Ended, Status};
use theater_repl::output::size;
use theater_runtime::cache::{DEFAULT_LIMIT, Usage};
use theater_runtime::trace;

/// Look after the cache of compiled components and unpacked traces
///
/// Components are kept in compiled form, so that the next start is quick, and what a large .trace file
/// holds is kept unpacked. What lies in the cache can be removed at any time: it is made again when it
/// is needed. It is in $XDG_CACHE_HOME/theater, by default ~/.cache/theater; components are held below
/// 1 GiB, and traces below 2 GiB. The variable THEATER_CACHE_DIR names another folder; if it is empty,
/// nothing is kept.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print the cache's folder
    Dir,
    /// Print how much lies in the cache
    Size,
    /// Remove all that lies in the cache
    Clean,
}

/// Exit status 1 if there is no cache, or if it is not used.
pub fn run(command: Command, output: &mut Output) -> Ended {
    let Some(folder) = cache::folder() else {
        output.say("nothing is kept: the cache is switched off by THEATER_CACHE_DIR");
        return Ok(Status::Failed);
    };
    if let Command::Dir = command {
        output.line(&folder.display().to_string())?;
        return Ok(Status::Fine);
    }
    let cache = cache::open();
    if let Some(problem) = cache.problem() {
        output.reports(&[problem]);
        return Ok(Status::Failed);
    }
    let traces = cache::traces(&folder);
    let clean = matches!(command, Command::Clean);
    let (components, unpacked) = match clean {
        true => (cache.clean(), traces.clean()),
        false => (cache.usage(), traces.usage()),
    };
    let line = |usage: Usage, of: &str, limit: u64| match clean {
        true => format!("removed {}", in_words(usage, of)),
        false => format!("{}, of at most {}", in_words(usage, of), size(limit)),
    };
    output.line(&line(components, "", DEFAULT_LIMIT))?;
    if unpacked.entries > 0 {
        output.line(&line(unpacked, " of unpacked traces", trace::DEFAULT_LIMIT))?;
    }
    Ok(Status::Fine)
}

fn in_words(usage: Usage, of: &str) -> String {
    let entries = match usage.entries {
        1 => format!("1 entry{of}"),
        entries => format!("{entries} entries{of}"),
    };
    format!("{entries}, {}", size(usage.bytes))
}
