//! The manifest of a component that has none.

use std::path::Path;

use super::effective::text;
use super::problems::unknown_handler;
use super::{Manifest, Spanned, valid_name};
use crate::catalog::{self, Handler};
use crate::diagnostic::{BAD_TEXT, Diagnostic, Source, UNKNOWN_HANDLER};

/// What a component without a manifest may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BareGrants {
    /// The handlers that it gets, each a list such as `clock,log`; folders of `filesystem` as
    /// `filesystem=HOST:GUEST`, or `filesystem=HOST:GUEST:write`, from the current folder.
    pub handlers: Vec<String>,
    /// Whether imports of WASI 0.2 that are not granted trap, instead of being refused.
    pub trap_unused_imports: bool,
}

impl Manifest {
    /// The manifest of a bare component. Its name is the file's, made valid; its grants have their
    /// default settings. Its text is what a `theater.toml` would say.
    ///
    /// The errors are those of names that no handler has, and of folders that are not written as they
    /// have to be.
    pub fn bare(component: &Path, grants: &BareGrants) -> Result<Manifest, Vec<Diagnostic>> {
        let Granted { handlers, folders } = granted(&grants.handlers)?;
        let stem = component.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
        let file = component.file_name().unwrap_or(component.as_os_str());
        let dir = match component.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        let mut lines = vec!["[actor]".to_owned()];
        lines.push(format!("name = {}", text(&valid_name(&stem))));
        if grants.trap_unused_imports {
            lines.push("unused-imports = \"trap\"".to_owned());
        }
        lines.push("\n[handlers]".to_owned());
        lines.extend(handlers.iter().map(|handler| match handler.name {
            FILESYSTEM => format!("{FILESYSTEM} = {{ folders = [{}] }}", folders.join(", ")),
            name => format!("{name} = true"),
        }));
        let name = format!("(no manifest) {}", component.display());
        let source = Source::new(name, lines.join("\n") + "\n");
        let (mut manifest, _) = Self::parse(source, dir).into_result()?;
        // Not in the text, because a path need not be Unicode.
        manifest.actor.component = Some(Spanned { value: file.into(), span: 0..0 });
        Ok(manifest)
    }
}

/// What is granted to a component without a manifest.
struct Granted {
    /// Each once, in the catalog's order.
    handlers: Vec<&'static Handler>,
    /// The folders, each as a TOML table.
    folders: Vec<String>,
}

const FILESYSTEM: &str = "filesystem";

/// What lists such as `clock,log,filesystem=data:/data` grant.
fn granted(grants: &[String]) -> Result<Granted, Vec<Diagnostic>> {
    let mut handlers = Vec::new();
    let mut folders = Vec::new();
    let mut problems = Vec::new();
    for list in grants {
        let source = Source::new("--grant", list.clone());
        let mut start = 0;
        for part in list.split(',') {
            let name = part.trim();
            let at = start + part.len() - part.trim_start().len();
            let span = at..at + name.len();
            start += part.len() + 1;
            if let Some((FILESYSTEM, value)) = name.split_once('=') {
                match folder(value) {
                    Some(folder) => folders.push(folder),
                    None => problems.push(no_folder(value).at(&source, span, "")),
                }
                handlers.extend(catalog::handler(FILESYSTEM));
                continue;
            }
            match catalog::handler(name) {
                Some(handler) => handlers.push(handler),
                None if name.is_empty() => {
                    let problem = Diagnostic::error(UNKNOWN_HANDLER, "a handler's name is missing");
                    let help = "Write names separated by commas, such as `clock,log`.";
                    problems.push(problem.at(&source, span, "").help(help));
                }
                None => {
                    let (problem, label) = unknown_handler(name);
                    problems.push(problem.at(&source, span, label));
                }
            }
        }
    }
    let asked = |handler: &&Handler| {
        !handler.always && handlers.iter().any(|granted| granted.name == handler.name)
    };
    let handlers = catalog::HANDLERS.iter().filter(asked).collect();
    if problems.is_empty() { Ok(Granted { handlers, folders }) } else { Err(problems) }
}

/// The table of a folder that is written `HOST:GUEST`, `HOST:GUEST:read` or `HOST:GUEST:write`.
fn folder(written: &str) -> Option<String> {
    let (paths, access) = match written.rsplit_once(':') {
        Some((paths, access @ ("read" | "write"))) => (paths, access),
        _ => (written, "read"),
    };
    let (host, guest) = paths.rsplit_once(':')?;
    // What a manifest names starts from its folder; this starts from where the command was given.
    let host = std::path::absolute(host).ok()?;
    let (host, guest) = (text(host.to_str()?), text(guest));
    Some(format!("{{ host = {host}, guest = {guest}, access = \"{access}\" }}"))
}

fn no_folder(written: &str) -> Diagnostic {
    let message = format!("`{FILESYSTEM}={}` names no folder to grant", written.escape_debug());
    Diagnostic::error(BAD_TEXT, message).help(
        "Write `filesystem=HOST:GUEST`, such as `filesystem=data:/data`, with `:write` at the end if \
         the component may write there.",
    )
}
