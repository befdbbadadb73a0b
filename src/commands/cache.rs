use crate::cache;
use crate::output::Output;
use crate::status::{Ended, Status};
use theater_repl::output::size;
use theater_runtime::cache::{DEFAULT_LIMIT, Usage};

/// Look after the cache of compiled components
///
/// Components are kept in compiled form, so that the next start is quick. What lies in the cache can be
/// removed at any time: it is made again when it is needed. It is in $XDG_CACHE_HOME/theater, by
/// default ~/.cache/theater, and held below 1 GiB. The variable THEATER_CACHE_DIR names another
/// folder; if it is empty, nothing is kept.
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
    let line = match command {
        Command::Clean => format!("removed {}", in_words(cache.clean())),
        _ => format!("{}, of at most {}", in_words(cache.usage()), size(DEFAULT_LIMIT)),
    };
    output.line(&line)?;
    Ok(Status::Fine)
}

fn in_words(usage: Usage) -> String {
    let entries = match usage.entries {
        1 => "1 entry".to_owned(),
        entries => format!("{entries} entries"),
    };
    format!("{entries}, {}", size(usage.bytes))
}
