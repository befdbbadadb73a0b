//! The manifest of a component that has none.

use std::path::Path;

use super::effective::text;
use super::problems::unknown_handler;
use super::{Manifest, Spanned, valid_name};
use crate::catalog::{self, Handler};
use crate::diagnostic::{Diagnostic, Source, UNKNOWN_HANDLER};

impl Manifest {
    /// The manifest of a bare component. Its name is the file's, made valid; it grants the handlers
    /// that `grants` names, each a list such as `clock,log`, with their default settings. Its text
    /// is what a `theater.toml` would say.
    ///
    /// The errors are those of names that no handler has.
    pub fn bare(component: &Path, grants: &[String]) -> Result<Manifest, Vec<Diagnostic>> {
        let handlers = granted(grants)?;
        let stem = component.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
        let file = component.file_name().unwrap_or(component.as_os_str());
        let dir = match component.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        let mut lines = vec!["[actor]".to_owned()];
        lines.push(format!("name = {}", text(&valid_name(&stem))));
        lines.push("\n[handlers]".to_owned());
        lines.extend(handlers.iter().map(|handler| format!("{} = true", handler.name)));
        let name = format!("(no manifest) {}", component.display());
        let source = Source::new(name, lines.join("\n") + "\n");
        let (mut manifest, _) = Self::parse(source, dir).into_result()?;
        // Not in the text, because a path need not be Unicode.
        manifest.actor.component = Some(Spanned { value: file.into(), span: 0..0 });
        Ok(manifest)
    }
}

/// The handlers that lists such as `clock,log` name, each once, in the catalog's order.
fn granted(grants: &[String]) -> Result<Vec<&'static Handler>, Vec<Diagnostic>> {
    let mut handlers = Vec::new();
    let mut problems = Vec::new();
    for list in grants {
        let source = Source::new("--grant", list.clone());
        let mut start = 0;
        for part in list.split(',') {
            let name = part.trim();
            let at = start + part.len() - part.trim_start().len();
            let span = at..at + name.len();
            start += part.len() + 1;
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
    let in_order = catalog::HANDLERS.iter().filter(asked).collect();
    if problems.is_empty() { Ok(in_order) } else { Err(problems) }
}
