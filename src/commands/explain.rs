use crate::output::Output;
use crate::status::{Ended, Failure, Status};
use std::fmt::Write;
use std::io;
use theater_repl::paint::Role;
use theater_runtime::catalog::{self, HANDLERS, Handler, Interface};
use theater_runtime::diagnostic::{CODES, Code, did_you_mean};
use theater_runtime::manifest;
use theater_scaffold::codes::CODES as SCAFFOLD_CODES;

/// Explain a problem's code, a handler, or the manifest
///
/// Without a topic: what there is to explain.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A code such as TH0205, a handler such as state, or one of: handlers, codes, manifest
    topic: Option<String>,

    /// Print the JSON Schema of theater.toml
    #[arg(long, conflicts_with = "topic")]
    schema: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    if args.schema {
        output.line(&format!("{:#}", manifest::json_schema()))?;
        return Ok(Status::Fine);
    }
    let Some(topic) = args.topic else {
        markdown(&overview(), output)?;
        return Ok(Status::Fine);
    };
    match page(&topic) {
        Some(page) => {
            markdown(&page, output)?;
            Ok(Status::Fine)
        }
        None => {
            let known: Vec<&str> = codes()
                .map(|code| code.id)
                .chain(HANDLERS.iter().map(|handler| handler.name))
                .chain(["handlers", "codes", "manifest"])
                .collect();
            let near = did_you_mean(&topic, known.iter().copied())
                .or_else(|| did_you_mean(&topic.to_uppercase(), known));
            output.say(&match near {
                Some(near) => format!("there is nothing about `{topic}`; did you mean `{near}`?"),
                None => {
                    format!("there is nothing about `{topic}`; `theater explain` lists the topics")
                }
            });
            Err(Failure::CannotStart(Vec::new()))
        }
    }
}

fn codes() -> impl Iterator<Item = &'static Code> {
    CODES.iter().chain(SCAFFOLD_CODES).copied()
}

fn page(topic: &str) -> Option<String> {
    if let Some(code) = codes().find(|code| code.id.eq_ignore_ascii_case(topic)) {
        return Some(format!("# {}: {}\n\n{}", code.id, code.title, code.page));
    }
    match topic {
        "handlers" => Some(handlers()),
        "codes" => Some(codes().fold("# Codes\n\n".to_owned(), |page, code| {
            page + &format!("    {}  {}\n", code.id, code.title)
        })),
        "manifest" | manifest::FILE_NAME => Some(manifest::reference()),
        name => catalog::handler(name).map(handler),
    }
}

fn overview() -> String {
    format!(
        "# What there is to explain\n\n    theater explain CODE       a problem, by the code that its \
         report shows, such as {}\n    theater explain codes      all codes\n    theater explain \
         handlers   what an actor can be granted\n    theater explain HANDLER    one of: {}\n    theater \
         explain manifest   every key of theater.toml\n    theater explain --schema   the same as JSON \
         Schema, for editors\n",
        CODES[0].id,
        HANDLERS.iter().map(|handler| handler.name).collect::<Vec<_>>().join(", ")
    )
}

fn handlers() -> String {
    let width = HANDLERS.iter().map(|handler| handler.name.len()).max().unwrap_or_default();
    let mut page =
        "# Handlers\n\nWhat an actor can do beyond computing. Nothing is granted that the \
                    manifest does not say under `[handlers]`.\n\n"
            .to_owned();
    for handler in HANDLERS {
        let always = if handler.always { " (every actor has it)" } else { "" };
        page += &format!("    {:width$}  {}{always}\n", handler.name, handler.summary);
    }
    page + "\n`theater explain HANDLER` tells more.\n"
}

/// A handler's page: its section of the manifest's reference, its interfaces, and their WIT.
fn handler(handler: &Handler) -> String {
    let reference = manifest::reference();
    let heading = format!("### {}\n", handler.name);
    let section = reference.split_once(&heading).map_or("", |(_, rest)| rest);
    let section = section.split("\n##").next().unwrap_or_default().trim();
    let mut page = format!("# {}: {}\n\n{section}\n", handler.name, handler.summary);
    let mut shown: Vec<&str> = Vec::new();
    for (title, interfaces) in [("imports", handler.imports), ("exports", handler.exports)] {
        if interfaces.is_empty() {
            continue;
        }
        let list: Vec<String> = interfaces.iter().map(|i| format!("    {}\n", i.id())).collect();
        let _ = write!(page, "\n## What the actor {title}\n\n{}", list.concat());
        shown.extend(interfaces.iter().filter_map(wit));
    }
    shown.dedup();
    for text in shown {
        let indented = text.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n");
        let _ = write!(page, "\n## WIT\n\n{}", indented.collect::<String>());
    }
    page
}

/// The WIT text in which an interface stands.
fn wit(interface: &Interface) -> Option<&'static str> {
    let folder = interface.package.replace(':', "-");
    let opening = format!("interface {} {{", interface.name);
    let holds =
        |path: &str, text: &str| path.split('/').next() == Some(&folder) && text.contains(&opening);
    catalog::WIT.iter().find(|(path, text)| holds(path, text)).map(|(_, text)| *text)
}

/// Markdown is readable as it is; with colours, headings stand out by them.
fn markdown(page: &str, output: &mut Output) -> io::Result<()> {
    let paint = output.paint();
    for line in page.trim_end().lines() {
        let words = line.trim_start_matches('#');
        match words.strip_prefix(' ').filter(|_| paint.on && line.starts_with('#')) {
            Some(heading) => output.line(&paint.text(Role::Prompt, heading))?,
            None => output.line(line)?,
        }
    }
    Ok(())
}
