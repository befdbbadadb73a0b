#![allow(clippy::unwrap_used)]

mod components;
mod projects;
mod unknown;
mod worlds;

use super::*;
use crate::diagnostic::{Diagnostic, Source};
use crate::manifest::Manifest;
use std::path::Path;
use std::sync::Arc;

/// A project's own package from one text, resolved with what is built in.
fn wit(text: &str) -> Wit {
    resolve(text, &[]).unwrap()
}

fn resolve(text: &str, deps: &[&str]) -> Result<Wit, Vec<Diagnostic>> {
    let dep = |(index, text): (usize, &&str)| vec![Source::new(format!("dep-{index}.wit"), *text)];
    Wit::from_files(&WitFiles {
        main: vec![Source::new("world.wit", text)],
        deps: deps.iter().enumerate().map(dep).collect(),
    })
}

/// A manifest with this `[actor]` and `[handlers]`.
fn manifest(actor: &str, handlers: &str) -> Manifest {
    let text = format!("[actor]\nname = \"a\"\n{actor}\n[handlers]\n{handlers}\n");
    let checked = Manifest::parse(Source::new("theater.toml", text), Path::new("."));
    assert_eq!(checked.diagnostics, []);
    checked.manifest.unwrap()
}

/// The text that the first label marks.
fn marked(problem: &Diagnostic) -> &str {
    let source: &Arc<Source> = problem.source.as_ref().unwrap();
    &source.text[problem.labels[0].span.clone()]
}

fn only(problems: Vec<Diagnostic>) -> Diagnostic {
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.into_iter().next().unwrap()
}
