//! Other components in place of the recorded ones.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use theater_runtime::diagnostic::{ACTOR_UNKNOWN, Diagnostic, Result};
use theater_runtime::replay::{History, Instead};
use theater_runtime::world::read_component;

/// `FILE.wasm` or `ACTOR=FILE.wasm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Whose component it takes the place of. None if it takes that of all.
    actor: Option<String>,
    /// The file.
    file: PathBuf,
}

impl FromStr for Other {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (actor, file) = match text.split_once('=') {
            // A path can have the sign as well; the name of an actor has no dot.
            Some((actor, file)) if !actor.contains('.') => (Some(actor.to_owned()), file),
            _ => (None, text),
        };
        if actor.as_deref() == Some("") || file.is_empty() {
            return Err("write `FILE.wasm` or `ACTOR=FILE.wasm`".to_owned());
        }
        Ok(Self { actor, file: file.into() })
    }
}

/// Reads the components. `all` says that all actors of the run are executed.
///
/// # Errors
///
/// When one cannot be read, or it is not clear whose place it takes.
pub fn read(others: Vec<Other>, history: &History, all: bool) -> Result<Instead> {
    let mut of_some = BTreeMap::new();
    let count = others.len();
    for Other { actor, file } in others {
        match actor {
            None if count > 1 => return Err(Box::new(unclear(&file.display().to_string()))),
            None => {
                let component = read_component(&file)?;
                if all {
                    one_component(history)?;
                }
                return Ok(Instead::OfAll(component));
            }
            Some(actor) => {
                history.actor(&actor)?;
                of_some.insert(actor, read_component(&file)?);
            }
        }
    }
    Ok(if of_some.is_empty() { Instead::Nothing } else { Instead::OfSome(of_some) })
}

fn unclear(file: &str) -> Diagnostic {
    let message = format!("it is not said whose component `{file}` takes the place of");
    Diagnostic::error(ACTOR_UNKNOWN, message)
        .help("With several files, write `--with ACTOR=FILE.wasm` for each.")
}

/// Another component can take the place of one component only.
fn one_component(history: &History) -> Result<()> {
    let mut by_component: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for actor in history.actors().filter(|actor| !actor.turns.is_empty()) {
        by_component.entry(actor.code.component.to_string()).or_default().push(&actor.name);
    }
    if by_component.len() < 2 {
        return Ok(());
    }
    let mut names: Vec<String> =
        by_component.values().map(|names| format!("`{}`", names.join("`, `"))).collect();
    names.sort();
    let message =
        format!("the run has actors of {} components: {}", by_component.len(), names.join("; "));
    Err(Box::new(Diagnostic::error(ACTOR_UNKNOWN, message).help(
        "Say whose component each file takes the place of: `theater replay --with ACTOR=FILE.wasm`, as often \
         as needed.",
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_actor_is_told_from_the_file() {
        let other = |actor: Option<&str>, file: &str| {
            Ok(Other { actor: actor.map(str::to_owned), file: file.into() })
        };
        assert_eq!("a.wasm".parse(), other(None, "a.wasm"));
        assert_eq!("./x=1/a.wasm".parse(), other(None, "./x=1/a.wasm"));
        assert_eq!("shop/a=b/c=d.wasm".parse(), other(Some("shop/a"), "b/c=d.wasm"));
        for wrong in ["", "=a.wasm", "a="] {
            assert!(wrong.parse::<Other>().is_err(), "{wrong}");
        }
    }
}
