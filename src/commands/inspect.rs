use crate::output::Output;
use crate::report;
use crate::status::{Ended, Status};
use serde_json::{Value, json};
use std::path::PathBuf;
use theater_repl::paint::Role;
use theater_repl::styled::Line;
use theater_runtime::catalog;
use theater_runtime::trace::Hash;
use theater_runtime::world::{
    ComponentInfo, Extern, FunctionInfo, Needs, TypeInfo, may_trap, needed_handlers, read_component,
};

/// Show what a component needs and what it offers
///
/// Its imports and who answers each, its exports with types and comments, and the `[handlers]` table
/// that it would need. Nothing of it is run.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A component, .wasm or .wat
    file: PathBuf,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let bytes = read_component(&args.file)?;
    let info = ComponentInfo::read(&bytes).map_err(|mut problem| {
        problem.message = format!("{}: {}", args.file.display(), problem.message);
        problem
    })?;
    let needs = needed_handlers(&info);
    let hash = Hash::of(&bytes);
    if args.json {
        output.json(&to_json(&info, &needs, &hash, bytes.len()))?;
        return Ok(Status::Fine);
    }
    let size = theater_repl::output::size(bytes.len() as u64);
    output.line(&format!(
        "{}: a component, {size}, SHA-256 {}",
        args.file.display(),
        hash.short()
    ))?;
    let mut page = Page { output, needs: &needs };
    page.externs("imports", &info.imports, true)?;
    page.externs("exports", &info.exports, false)?;
    page.needs()?;
    if let Some(warning) = info.nothing_to_call() {
        output.reports(&[warning]);
    }
    Ok(Status::Fine)
}

/// The page for people.
struct Page<'p> {
    output: &'p mut Output,
    needs: &'p Needs,
}

impl Page<'_> {
    fn externs(&mut self, title: &str, items: &[Extern], imported: bool) -> std::io::Result<()> {
        self.output.line("")?;
        if items.is_empty() {
            return self.row(Role::Word, &format!("no {title}"));
        }
        self.row(Role::Word, title)?;
        for item in items {
            let note = if imported { self.answered_by(item.name()) } else { String::new() };
            match item {
                Extern::Interface(interface) => {
                    self.item(2, Role::Actor, &interface.name, &note)?;
                    self.docs(4, interface.docs.as_deref())?;
                    for ty in interface.types.iter().filter(|_| !imported) {
                        self.ty(ty)?;
                    }
                    for function in &interface.functions {
                        self.function(4, function, &self.unanswered(&interface.name, function))?;
                    }
                }
                Extern::Function(function) => self.function(2, function, &note)?,
                Extern::Type(ty) => self.ty(ty)?,
            }
        }
        Ok(())
    }

    fn function(
        &mut self,
        indent: usize,
        function: &FunctionInfo,
        note: &str,
    ) -> std::io::Result<()> {
        self.item(indent, Role::Function, &function.signature, note)?;
        if let Some(obstacle) = &function.obstacle {
            let text = format!("{:indent$}  cannot be called: {obstacle}", "");
            self.row(Role::Warning, &text)?;
        }
        self.docs(indent + 2, function.docs.as_deref())
    }

    fn ty(&mut self, ty: &TypeInfo) -> std::io::Result<()> {
        self.item(4, Role::Field, &ty.definition, "")?;
        self.docs(6, ty.docs.as_deref())
    }

    fn item(&mut self, indent: usize, role: Role, text: &str, note: &str) -> std::io::Result<()> {
        let mut line = Line::default().plain(&" ".repeat(indent)).role(role, text);
        if !note.is_empty() {
            line = line.role(Role::Faint, &format!("  ({note})"));
        }
        self.output.row(&line)
    }

    fn row(&mut self, role: Role, text: &str) -> std::io::Result<()> {
        self.output.row(&Line::default().role(role, text))
    }

    /// A comment. It comes from whoever made the component.
    fn docs(&mut self, indent: usize, docs: Option<&str>) -> std::io::Result<()> {
        for line in docs.unwrap_or_default().trim().lines() {
            self.row(Role::Faint, &format!("{:indent$}{}", "", line.trim_end()))?;
        }
        Ok(())
    }

    fn answered_by(&self, import: &str) -> String {
        match catalog::by_import(import) {
            Some((handler, _)) if handler.always => {
                format!("answered by {}, which every actor has", handler.name)
            }
            Some((handler, _)) => format!("answered by {}", handler.name),
            None if self.needs.unanswered.iter().any(|name| name == import) => {
                nobody(import).to_owned()
            }
            None if self.needs.links.iter().any(|name| name == import) => {
                "answered by the actor to which it is linked".to_owned()
            }
            None => "types only".to_owned(),
        }
    }

    fn unanswered(&self, interface: &str, function: &FunctionInfo) -> String {
        let name = format!("{interface}#{}", function.name);
        let unanswered = self.needs.unanswered.contains(&name);
        if unanswered { nobody(interface).to_owned() } else { String::new() }
    }

    fn needs(&mut self) -> std::io::Result<()> {
        self.output.line("")?;
        if !self.needs.unanswered.is_empty() {
            let list = self.needs.unanswered.join(", ");
            let (role, what) = match self.needs.unanswered.iter().all(|name| may_trap(name)) {
                true => (Role::Warning, "it runs only with `unused-imports = \"trap\"`"),
                false => (Role::Error, "it cannot run here"),
            };
            let line = Line::default().role(role, what);
            self.output.row(&line.plain(&format!(": nobody answers {list}")))?;
        }
        let traps = self.needs.unanswered.iter().any(|name| may_trap(name));
        let links = !self.needs.links.is_empty();
        if self.needs.handlers.is_empty() && !traps && !links {
            return match self.needs.unanswered.is_empty() {
                true => self.output.line("it needs no grant"),
                false => Ok(()),
            };
        }
        self.output.line("it needs in theater.toml\n")?;
        if traps {
            self.output.line("    [actor]\n    unused-imports = \"trap\"\n")?;
        }
        for line in self.needs.table().lines() {
            self.output.line(format!("    {line}").trim_end())?;
        }
        // A component without a project is linked to nobody.
        if links {
            return Ok(());
        }
        self.output.line(&format!(
            "\nor, without a project,{}{}",
            flag("--grant", &self.needs.handlers.join(",")),
            if traps { " --trap-unused-imports" } else { "" }
        ))
    }
}

/// What is said of an import that nobody answers.
fn nobody(import: &str) -> &'static str {
    match may_trap(import) {
        true => "nobody answers this: it may only be linked, and traps when called",
        false => "nobody answers this",
    }
}

/// A flag with its value; nothing without one.
fn flag(name: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(" {name} {value}") }
}

fn to_json(info: &ComponentInfo, needs: &Needs, hash: &Hash, size: usize) -> Value {
    let imports = info.imports.iter().map(|item| {
        let mut object = extern_json(item);
        object["answered_by"] = json!(catalog::by_import(item.name()).map(|(h, _)| h.name));
        object
    });
    json!({
        "sha256": hash.to_string(),
        "size": size,
        "imports": imports.collect::<Vec<_>>(),
        "exports": info.exports.iter().map(extern_json).collect::<Vec<_>>(),
        "needs": { "handlers": needs.handlers, "links": needs.links, "unanswered": needs.unanswered, "traps": needs.unanswered.iter().filter(|name| may_trap(name)).collect::<Vec<_>>() },
        "problems": info.nothing_to_call().iter().map(report::to_json).collect::<Vec<_>>(),
    })
}

fn extern_json(item: &Extern) -> Value {
    match item {
        Extern::Interface(interface) => json!({
            "kind": "interface",
            "name": interface.name,
            "docs": interface.docs,
            "types": interface.types.iter().map(type_json).collect::<Vec<_>>(),
            "functions": interface.functions.iter().map(function_json).collect::<Vec<_>>(),
        }),
        Extern::Function(function) => function_json(function),
        Extern::Type(ty) => type_json(ty),
    }
}

fn function_json(function: &FunctionInfo) -> Value {
    json!({
        "kind": "function",
        "name": function.name,
        "signature": function.signature,
        "docs": function.docs,
        "obstacle": function.obstacle,
    })
}

fn type_json(ty: &TypeInfo) -> Value {
    json!({ "kind": "type", "name": ty.name, "definition": ty.definition, "docs": ty.docs })
}
