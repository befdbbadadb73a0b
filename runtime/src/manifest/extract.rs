//! The typed structs, out of the checked tree.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::check::defaults;
use super::schema::LIMITS;
use super::tree::{Entry, Table, Value};
use super::{
    Access, Actor, Build, ClockGrant, EnvironmentGrant, FilesystemGrant, FolderGrant, Grants,
    Instances, Limits, LogGrant, Manifest, MessengerGrant, RandomGrant, RunSettings, Spanned,
    StateGrant, Supervision, SupervisorGrant, TimerGrant, UnusedImports, link, valid_name,
};
use crate::catalog;
use crate::diagnostic::Source;
use crate::trace::Durability;

/// The manifest that a checked tree holds.
pub(super) fn manifest(root: &Table, source: Arc<Source>, dir: &Path) -> Manifest {
    let empty = Table::default();
    let table = |name| root.table(name).unwrap_or(&empty);
    Manifest {
        actor: actor(table("actor"), dir),
        build: root.table("build").and_then(build),
        handlers: grants(table("handlers")),
        links: link::links(root),
        limits: root.table("limits").map_or_else(Limits::default, limits),
        run: root.table("run").map_or_else(RunSettings::default, run_settings),
        supervisor: root
            .table("supervisor")
            .map(|table| Supervision::read(table, root.tables("children"))),
        dir: dir.to_owned(),
        source,
    }
}

fn actor(table: &Table, dir: &Path) -> Actor {
    let name = table.text("name").unwrap_or_else(|| {
        let folder = dir.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        Spanned { value: valid_name(&folder), span: 0..0 }
    });
    Actor {
        name,
        version: table.text("version"),
        component: path(table, "component"),
        world: table.text("world"),
        unused_imports: match table.text("unused-imports") {
            Some(word) if word.value == "trap" => UnusedImports::Trap,
            _ => UnusedImports::Refuse,
        },
        instance: match table.text("instance") {
            Some(word) if word.value == "warm" => Instances::Warm,
            _ => Instances::Fresh,
        },
        init: table.text("init"),
    }
}

fn path(table: &Table, name: &str) -> Option<Spanned<PathBuf>> {
    let text = table.text(name)?;
    Some(Spanned { value: PathBuf::from(text.value), span: text.span })
}

/// Nothing if a part is wrong, which is then reported.
fn build(table: &Table) -> Option<Build> {
    if let Some(language) = table.text("language") {
        let source = path(table, "source");
        return match language.value.as_str() {
            "rust" => Some(Build::Rust { package: source, language: language.span }),
            _ => Some(Build::Wat { source: source? }),
        };
    }
    let command = match &table.entries.get("command")?.value {
        Value::List(words) => words.clone(),
        Value::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
        _ => return None,
    };
    Some(Build::Command { command, output: path(table, "output")? })
}

fn grants(table: &Table) -> Grants {
    let spans =
        table.entries.iter().map(|(name, Entry { key, .. })| (*name, key.clone())).collect();
    Grants {
        log: table.table("log").map(LogGrant::from_settings),
        state: table.table("state").map(StateGrant::from_settings),
        messenger: table.table("messenger").map(MessengerGrant::from_settings),
        clock: table.table("clock").map(|_| ClockGrant {}),
        timer: table.table("timer").map(TimerGrant::from_settings),
        supervisor: table.table("supervisor").map(SupervisorGrant::from_settings),
        random: table.table("random").map(RandomGrant::from_settings),
        filesystem: table.table("filesystem").map(FilesystemGrant::from_settings),
        environment: table.table("environment").map(EnvironmentGrant::from_settings),
        spans,
    }
}

fn limits(table: &Table) -> Limits {
    Limits {
        memory: table.number("memory"),
        fuel: table.number("fuel"),
        timeout: table.duration("timeout"),
        message: table.number("message"),
        mailbox: table.number_u32("mailbox"),
    }
}

fn run_settings(table: &Table) -> RunSettings {
    let durability = table.text("durability").and_then(|word| Durability::from_name(&word.value));
    RunSettings { durability: durability.unwrap_or_default() }
}

impl Default for Limits {
    fn default() -> Self {
        limits(&defaults(LIMITS))
    }
}

impl Grants {
    /// Whether a handler may be used: by its grant, or because every actor has it.
    pub fn has(&self, handler_name: &str) -> bool {
        match handler_name {
            "log" => self.log.is_some(),
            "state" => self.state.is_some(),
            "messenger" => self.messenger.is_some(),
            "timer" => self.timer.is_some(),
            "supervisor" => self.supervisor.is_some(),
            "clock" => self.clock.is_some(),
            "random" => self.random.is_some(),
            "environment" => self.environment.is_some(),
            "filesystem" => self.filesystem.is_some(),
            _ => catalog::handler(handler_name).is_some_and(|handler| handler.always),
        }
    }
}

impl LogGrant {
    fn from_settings(table: &Table) -> Self {
        Self { max_lines: table.number_u32("max-lines") }
    }
}

impl StateGrant {
    fn from_settings(table: &Table) -> Self {
        Self { max_size: table.number("max-size") }
    }
}

impl MessengerGrant {
    fn from_settings(table: &Table) -> Self {
        Self { to: table.texts("to") }
    }
}

impl TimerGrant {
    fn from_settings(table: &Table) -> Self {
        Self { max: table.number_u32("max") }
    }
}

impl SupervisorGrant {
    fn from_settings(table: &Table) -> Self {
        Self { max: table.number_u32("max"), watch: table.texts("watch") }
    }
}

impl RandomGrant {
    fn from_settings(table: &Table) -> Self {
        Self { seed: table.optional_number("seed") }
    }
}

impl EnvironmentGrant {
    fn from_settings(table: &Table) -> Self {
        Self {
            variables: table.texts("variables"),
            secret: table.texts("secret"),
            arguments: table.texts("arguments"),
        }
    }
}

impl FilesystemGrant {
    fn from_settings(table: &Table) -> Self {
        Self {
            folders: table.tables("folders").iter().filter_map(FolderGrant::read).collect(),
            max_open: table.number_u32("max-open"),
        }
    }
}

impl FolderGrant {
    /// Nothing if a part is wrong, which is then reported.
    fn read(table: &Table) -> Option<Self> {
        let access = match table.text("access")?.value.as_str() {
            "write" => Access::Write,
            _ => Access::Read,
        };
        Some(Self {
            host: path(table, "host")?,
            guest: table.text("guest")?,
            access,
            max_size: table.optional_number("max-size")?,
        })
    }
}

impl Default for LogGrant {
    fn default() -> Self {
        Self::from_settings(&default_settings("log"))
    }
}

impl Default for StateGrant {
    fn default() -> Self {
        Self::from_settings(&default_settings("state"))
    }
}

impl Default for SupervisorGrant {
    fn default() -> Self {
        Self::from_settings(&default_settings("supervisor"))
    }
}

impl Default for TimerGrant {
    fn default() -> Self {
        Self::from_settings(&default_settings("timer"))
    }
}

fn default_settings(handler: &str) -> Table {
    catalog::handler(handler).map(|handler| defaults(handler.settings)).unwrap_or_default()
}
