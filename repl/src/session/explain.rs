//! `help`: about a word, a handler, an actor, or the code of a report.

use super::{Session, split};
use crate::names::FunctionNames;
use crate::output::Output;
use crate::words;
use std::sync::Arc;
use theater_runtime::actor::Actor;
use theater_runtime::call::Name;
use theater_runtime::catalog::{self, HANDLERS};
use theater_runtime::diagnostic::{
    CODES, Code, Diagnostic, Result, Source, WORD_UNKNOWN, did_you_mean,
};

impl Session {
    pub(super) fn explain(&self, source: &Arc<Source>, topic: Option<&Name>) -> Result<Output> {
        let Some(topic) = topic else { return Ok(Output::Help(words::overview())) };
        let name = topic.text.as_str();
        let mut pages = Vec::new();
        if let Some(actor) = self.node.actor(name) {
            pages.push(functions(&actor));
        }
        pages.extend(words::find(name).map(|word| word.page()));
        pages.extend(catalog::handler(name).map(handler));
        pages.extend(
            code(name)
                .map(|code| format!("{}: {}\n\n{}", code.id, code.title, reflowed(code.page))),
        );
        match pages.is_empty() {
            true => Err(unknown(source, topic)),
            false => Ok(Output::Help(
                pages.iter().map(|page| page.trim_end()).collect::<Vec<_>>().join("\n\n"),
            )),
        }
    }
}

fn unknown(source: &Arc<Source>, topic: &Name) -> Box<Diagnostic> {
    let names = words::WORDS.iter().map(|word| word.name);
    let names = names.chain(HANDLERS.iter().map(|handler| handler.name));
    let help = match did_you_mean(&topic.text, names) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => {
            let handlers: Vec<&str> = HANDLERS.iter().map(|handler| handler.name).collect();
            format!(
                "List the words with `help` alone, or name an actor, a code such as TH0403, or a \
                 handler: {}.",
                handlers.join(", ")
            )
        }
    };
    Box::new(
        Diagnostic::error(WORD_UNKNOWN, format!("there is no help about `{}`", topic.text))
            .at(source, topic.span.clone(), "neither a word, a handler, an actor nor a code")
            .help(help),
    )
}

fn code(name: &str) -> Option<&'static Code> {
    CODES.iter().copied().find(|code| code.id.eq_ignore_ascii_case(name))
}

fn handler(handler: &catalog::Handler) -> String {
    let granted = if handler.always { ", which every actor has" } else { "" };
    let mut page = format!("Handler `{}`{granted}: {}\n\n", handler.name, handler.summary);
    page.push_str(reflowed(handler.doc).trim_end());
    for setting in handler.settings {
        page.push_str(&format!("\n\n{}: {}", setting.name, setting.doc));
    }
    page
}

/// The text with each paragraph on one line, as wide as its reader will have it. Indented lines stay.
fn reflowed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open = false;
    for line in text.lines() {
        let prose = !line.is_empty() && !line.starts_with([' ', '|', '-', '#']);
        if !out.is_empty() {
            out.push(if open && prose { ' ' } else { '\n' });
        }
        out.push_str(line);
        open = prose;
    }
    out
}

/// What an actor can be asked, and what cannot be called and why.
fn functions(actor: &Actor) -> String {
    let mut page = format!("Actor `{}`", actor.name);
    let mut interface: Option<Option<&str>> = None;
    for function in &actor.program.functions {
        let this = function.interface.as_deref();
        if interface != Some(this) {
            interface = Some(this);
            page.push_str(&heading(this));
        }
        let names = FunctionNames::new(this, &function.name, &function.params, &function.results);
        page.push_str(&format!("\n    {}", names.signature()));
    }
    if !actor.program.uncallable.is_empty() {
        page.push_str("\n  cannot be called:");
    }
    for function in &actor.program.uncallable {
        let (_, name) = split(&function.full_name);
        page.push_str(&format!("\n    {name}: {}", function.reason));
    }
    page
}

fn heading(interface: Option<&str>) -> String {
    match interface {
        Some(interface) => format!("\n  {interface}"),
        None => "\n  the world itself".to_owned(),
    }
}
