//! The grants of a child against those of its supervisor, which are the ceiling.

use super::application::place;
use crate::catalog;
use crate::diagnostic::{CHILD_GRANT, Diagnostic};
use crate::manifest::{
    Access, EnvironmentGrant, FilesystemGrant, FolderGrant, Manifest, covers, units,
};
use std::path::PathBuf;

/// Everything for which a child asks and its supervisor does not have: an error each, in the child's
/// manifest, with the place in the supervisor's.
pub fn check_child_grants(parent: &Manifest, child: &Manifest) -> Vec<Diagnostic> {
    let handlers = catalog::HANDLERS.iter().filter(|handler| !handler.always);
    let problems = handlers.filter_map(|handler| {
        if !child.handlers.has(handler.name) {
            return None;
        }
        let more = match parent.handlers.has(handler.name) {
            false => Some("is not granted there".to_owned()),
            true => exceeds(handler.name, child, parent),
        }?;
        Some(problem(handler.name, &more, parent, child))
    });
    problems.collect()
}

fn problem(handler: &str, more: &str, parent: &Manifest, child: &Manifest) -> Diagnostic {
    let (name, above) = (&child.actor.name.value, &parent.actor.name.value);
    let message =
        format!("`{name}` is granted more than its supervisor `{above}`: `{handler}` {more}");
    let place = |manifest: &Manifest| match manifest.handlers.spans.get(handler) {
        Some(span) => span.clone(),
        None => manifest.actor.name.span.clone(),
    };
    let there = Diagnostic::error(CHILD_GRANT, format!("the ceiling is what `{above}` has")).at(
        &parent.source,
        place(parent),
        "the supervisor's grants",
    );
    Diagnostic::error(CHILD_GRANT, message)
        .at(&child.source, place(child), "more than the supervisor has")
        .related(there)
        .help(format!(
            "Grant `{handler}` to `{above}` as well, or take it from `{name}`: a child never may do more \
             than its supervisor."
        ))
}

/// In what a grant goes beyond another one of the same handler, if it does.
fn exceeds(handler: &str, child_of: &Manifest, parent_of: &Manifest) -> Option<String> {
    let (child, parent) = (&child_of.handlers, &parent_of.handlers);
    match handler {
        "log" => {
            let (child, parent) = (child.log.as_ref()?, parent.log.as_ref()?);
            above("max-lines", child.max_lines, parent.max_lines, u32::to_string)
        }
        "state" => {
            let (child, parent) = (child.state.as_ref()?, parent.state.as_ref()?);
            above("max-size", child.max_size, parent.max_size, |bytes| units::size(*bytes))
        }
        "messenger" => {
            let (child, parent) = (child.messenger.as_ref()?, parent.messenger.as_ref()?);
            let beyond = child.to.iter().find(|to| !parent.allows(to))?;
            Some(format!("may write to `{beyond}`, which is not named there"))
        }
        "timer" => {
            let (child, parent) = (child.timer.as_ref()?, parent.timer.as_ref()?);
            above("max", child.max, parent.max, u32::to_string)
        }
        "supervisor" => {
            let (child, parent) = (child.supervisor.as_ref()?, parent.supervisor.as_ref()?);
            let beyond = child.watch.iter().find(|name| !parent.allows_to_watch(name));
            above("max", child.max, parent.max, u32::to_string)
                .or_else(|| Some(format!("may watch `{}`, which is not named there", beyond?)))
        }
        "filesystem" => {
            let (child, parent) = (child.filesystem.as_ref()?, parent.filesystem.as_ref()?);
            let open = above("max-open", child.max_open, parent.max_open, u32::to_string);
            let folders = |manifest: &Manifest, grant: &FilesystemGrant| -> Vec<_> {
                let of = |folder: &FolderGrant| place(&manifest.resolve(&folder.host.value));
                grant.folders.iter().map(|folder| (of(folder), folder.clone())).collect()
            };
            let above = folders(parent_of, parent);
            let below = folders(child_of, child);
            open.or_else(|| below.iter().find_map(|folder| not_within(folder, &above)))
        }
        "environment" => {
            beyond_environment(child.environment.as_ref()?, parent.environment.as_ref()?)
        }
        "random" => {
            let seed = parent.random.as_ref()?.seed?;
            (child.random.as_ref()?.seed != Some(seed))
                .then(|| format!("has another `seed` than {seed}"))
        }
        _ => None,
    }
}

/// A variable that is shown to a child and not to its supervisor, or that only the supervisor calls
/// secret. Fixed values are the child's own.
fn beyond_environment(child: &EnvironmentGrant, parent: &EnvironmentGrant) -> Option<String> {
    let shown = || child.variables.iter().filter(|variable| !variable.contains('='));
    let within = |name: &&String, lists: &[&[String]]| {
        lists.iter().any(|list| list.iter().any(|above| covers(above, name)))
    };
    let both: &[&[String]] = &[&parent.variables, &parent.secret];
    let not_shown = shown()
        .find(|name| !within(name, &both[..1]))
        .or_else(|| child.secret.iter().find(|name| !within(name, both)));
    if let Some(name) = not_shown {
        return Some(format!("shows the variable `{name}`, which is not shown there"));
    }
    let told = |secret: &&String| {
        let shown = shown().any(|name| covers(name, secret) || covers(secret, name));
        shown && !within(secret, &[&child.secret])
    };
    let told = parent.secret.iter().find(told)?;
    Some(format!("does not call `{told}` secret, as it is there"))
}

/// What a folder has that no folder of the supervisor has, if that is so.
fn not_within(
    (place, folder): &(PathBuf, FolderGrant),
    parent: &[(PathBuf, FolderGrant)],
) -> Option<String> {
    let holding = parent.iter().filter(|(above, _)| place.starts_with(above));
    let Some((_, above)) = holding.max_by_key(|(above, _)| above.as_os_str().len()) else {
        return Some(format!("has a folder {} that is not there", folder.host.value.display()));
    };
    let more = match (folder.access, above.access) {
        (Access::Write, Access::Read) => Some("may be written".to_owned()),
        (Access::Write, Access::Write) if folder.max_size > above.max_size => {
            Some(format!("may grow to {}", units::size(folder.max_size)))
        }
        _ => None,
    }?;
    Some(format!("has a folder {} that {more}", folder.host.value.display()))
}

fn above<T: PartialOrd>(
    setting: &str,
    child: T,
    parent: T,
    show: impl Fn(&T) -> String,
) -> Option<String> {
    let (more, less) = (show(&child), show(&parent));
    (child > parent).then(|| format!("has a `{setting}` of {more}, which is more than {less}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(variables: &[&str], secret: &[&str]) -> EnvironmentGrant {
        let owned = |list: &[&str]| list.iter().map(|text| text.to_string()).collect();
        EnvironmentGrant {
            variables: owned(variables),
            secret: owned(secret),
            ..EnvironmentGrant::default()
        }
    }

    #[test]
    fn a_child_sees_no_more_of_the_environment_than_its_supervisor() {
        let parent = grant(&["LANG", "APP_*"], &["APP_KEY"]);
        for (variables, secret) in [
            (&["LANG"][..], &[][..]),
            (&["APP_MODE", "OTHER=fixed"], &[]),
            (&["APP_*"], &["APP_KEY"]),
            (&["APP_*"], &["APP_*"]),
            (&[], &["APP_KEY", "LANG"]),
        ] {
            assert_eq!(
                beyond_environment(&grant(variables, secret), &parent),
                None,
                "{variables:?}"
            );
        }
        for (variables, said) in [
            (&["HOME"][..], "`HOME`, which is not shown"),
            (&["*"], "`*`, which is not shown"),
            (&["A*"], "`A*`, which is not shown"),
            (&["APP_*"], "does not call `APP_KEY` secret"),
            (&["APP_KEY"], "does not call `APP_KEY` secret"),
        ] {
            let more = beyond_environment(&grant(variables, &[]), &parent);
            assert!(more.as_deref().is_some_and(|more| more.contains(said)), "{more:?}");
        }
        assert!(beyond_environment(&grant(&[], &["HOME"]), &parent).is_some());
    }
}
