//! Which of an actor's functions a call means.

use super::Call;
use crate::diagnostic::{
    Diagnostic, FUNCTION_AMBIGUOUS, FUNCTION_UNKNOWN, Result, Source, did_you_mean,
};
use std::sync::Arc;

/// Finds the function that a call means among those of its actor, each with the full name of its
/// interface (none for a function of the world itself). Returns its index.
///
/// # Errors
/// `TH0408` if there is no such function or interface, `TH0409` if several interfaces have it.
pub fn find_function(
    source: &Arc<Source>,
    call: &Call,
    functions: &[(Option<&str>, &str)],
) -> Result<usize> {
    let actor = &call.actor.text;
    let inside = |interface: Option<&str>| match (&call.interface, interface) {
        (None, _) => true,
        (Some(wanted), Some(interface)) => interface_matches(interface, &wanted.text),
        (Some(_), None) => false,
    };
    let near: Vec<usize> = (0..functions.len()).filter(|i| inside(functions[*i].0)).collect();
    if let (Some(wanted), true) = (&call.interface, near.is_empty()) {
        let interfaces = functions.iter().filter_map(|(interface, _)| *interface);
        let near = did_you_mean(&wanted.text, interfaces.clone().map(short_name));
        let all: Vec<String> = interfaces.map(|name| format!("`{name}`")).collect();
        let message = format!("`{actor}` has no interface `{}`", wanted.text);
        return Err(Box::new(
            Diagnostic::error(FUNCTION_UNKNOWN, message)
                .at(source, wanted.span.clone(), "not an interface of this actor")
                .help(suggestion(near, all, "interfaces")),
        ));
    }
    let name = call.function.text.as_str();
    let found: Vec<usize> = near.iter().copied().filter(|i| functions[*i].1 == name).collect();
    match found[..] {
        [only] => Ok(only),
        [] => {
            let names = near.iter().map(|i| functions[*i].1);
            let all = names.clone().map(|name| format!("`{name}`")).collect();
            Err(Box::new(
                Diagnostic::error(FUNCTION_UNKNOWN, format!("`{actor}` has no function `{name}`"))
                    .at(source, call.function.span.clone(), "not a function of this actor")
                    .help(suggestion(did_you_mean(name, names), all, "functions")),
            ))
        }
        _ => {
            // A function of the world has no interface to name: it wins, or it could never be called.
            if let Some(own) = found.iter().find(|i| functions[**i].0.is_none()) {
                return Ok(*own);
            }
            let message = format!("several interfaces of `{actor}` have a function `{name}`");
            let full: Vec<&str> = found.iter().filter_map(|i| functions[*i].0).collect();
            let unique =
                |short: &str| full.iter().filter(|name| short_name(name) == short).count() == 1;
            let ways: Vec<String> = full
                .iter()
                .map(|name| if unique(short_name(name)) { short_name(name) } else { name })
                .map(|interface| format!("`{actor}.{interface}.{name}(..)`"))
                .collect();
            Err(Box::new(
                Diagnostic::error(FUNCTION_AMBIGUOUS, message)
                    .at(source, call.function.span.clone(), "which one?")
                    .help(format!("Name the interface: {}.", ways.join(" or "))),
            ))
        }
    }
}

/// Whether a written name means an interface: its full name, that without the version, or its last
/// part alone.
pub fn interface_matches(interface: &str, written: &str) -> bool {
    let unversioned = interface.split('@').next().unwrap_or(interface);
    written == interface || written == unversioned || written == short_name(interface)
}

/// `counter` of `local:my-actor/counter@0.1.0`.
fn short_name(interface: &str) -> &str {
    let unversioned = interface.split('@').next().unwrap_or(interface);
    unversioned.rsplit('/').next().unwrap_or(unversioned)
}

fn suggestion(near: Option<&str>, mut all: Vec<String>, what: &str) -> String {
    if let Some(near) = near {
        return format!("Did you mean `{near}`?");
    }
    all.sort();
    all.dedup();
    match all.len() {
        0 => format!("It has no {what} that can be called."),
        1..=12 => format!("Its {what} are {}.", all.join(", ")),
        more => format!("Its {what} are {}, and {} more.", all[..12].join(", "), more - 12),
    }
}
