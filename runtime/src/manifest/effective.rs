//! What a manifest amounts to, as text.

use super::{
    Access, Build, FilesystemGrant, FolderGrant, Instances, Manifest, Spanned, UnusedImports, units,
};

impl Manifest {
    /// The whole manifest as TOML with every grant and limit written out, always in the same words:
    /// equal manifests give equal texts, whatever their files look like. Read again, it gives an
    /// equal manifest.
    ///
    /// Paths that are not Unicode are written with replacement characters.
    pub fn effective_toml(&self) -> String {
        let mut out = String::new();
        self.write_actor(&mut out);
        self.write_build(&mut out);
        self.write_handlers(&mut out);
        self.write_links(&mut out);
        self.write_limits(&mut out);
        self.write_run(&mut out);
        self.write_supervisor(&mut out);
        out
    }

    /// Whether it supervises the same children in the same way as another one.
    pub fn has_same_children(&self, other: &Self) -> bool {
        let written = |manifest: &Self| {
            let mut text = String::new();
            manifest.write_supervisor(&mut text);
            text
        };
        written(self) == written(other)
    }

    fn write_actor<'a>(&'a self, out: &mut String) {
        let actor = &self.actor;
        table(out, "actor");
        line(out, "name", &text(&actor.name.value));
        let component = actor.component.as_ref().map(|path| path.value.to_string_lossy());
        let value =
            |text: &'a Option<Spanned<String>>| text.as_ref().map(|text| text.value.as_str());
        let unused = match actor.unused_imports {
            UnusedImports::Refuse => "refuse",
            UnusedImports::Trap => "trap",
        };
        let instance = match actor.instance {
            Instances::Fresh => "fresh",
            Instances::Warm => "warm",
        };
        let texts = [
            ("version", value(&actor.version)),
            ("component", component.as_deref()),
            ("world", value(&actor.world)),
            ("instance", Some(instance)),
            ("unused-imports", Some(unused)),
            ("init", value(&actor.init)),
        ];
        for (key, value) in texts {
            if let Some(value) = value {
                line(out, key, &text(value));
            }
        }
    }

    fn write_build(&self, out: &mut String) {
        let Some(build) = &self.build else { return };
        table(out, "build");
        match build {
            Build::Rust { package, .. } => {
                line(out, "language", &text("rust"));
                if let Some(package) = package {
                    line(out, "source", &text(&package.value.to_string_lossy()));
                }
            }
            Build::Wat { source } => {
                line(out, "language", &text("wat"));
                line(out, "source", &text(&source.value.to_string_lossy()));
            }
            Build::Command { command, output } => {
                line(out, "command", &format!("[{}]", list(command)));
                line(out, "output", &text(&output.value.to_string_lossy()));
            }
        }
    }

    fn write_handlers(&self, out: &mut String) {
        let grants = &self.handlers;
        table(out, "handlers");
        if let Some(log) = &grants.log {
            line(out, "log", &format!("{{ max-lines = {} }}", log.max_lines));
        }
        if let Some(state) = &grants.state {
            line(out, "state", &format!("{{ max-size = \"{}\" }}", units::size(state.max_size)));
        }
        if let Some(messenger) = &grants.messenger {
            line(out, "messenger", &format!("{{ to = [{}] }}", list(&messenger.to)));
        }
        if grants.clock.is_some() {
            line(out, "clock", "true");
        }
        if let Some(timer) = &grants.timer {
            line(out, "timer", &format!("{{ max = {} }}", timer.max));
        }
        if let Some(supervisor) = &grants.supervisor {
            let watch = list(&supervisor.watch);
            line(out, "supervisor", &format!("{{ max = {}, watch = [{watch}] }}", supervisor.max));
        }
        if let Some(random) = &grants.random {
            let seed = random.seed.map(|seed| format!("{{ seed = {seed} }}"));
            line(out, "random", seed.as_deref().unwrap_or("true"));
        }
        if let Some(environment) = &grants.environment {
            let settings = format!(
                "{{ variables = [{}], secret = [{}], arguments = [{}] }}",
                list(&environment.variables),
                list(&environment.secret),
                list(&environment.arguments)
            );
            line(out, "environment", &settings);
        }
        if let Some(filesystem) = &grants.filesystem {
            line(out, "filesystem", &filesystem_settings(filesystem));
        }
    }

    fn write_links(&self, out: &mut String) {
        if self.links.is_empty() {
            return;
        }
        table(out, "links");
        for link in &self.links {
            let actor = text(&link.actor.value);
            let timeout = link.timeout.map(units::duration);
            let timeout = timeout.map(|time| format!(", timeout = {}", text(&time)));
            let value = format!("{{ actor = {actor}{} }}", timeout.unwrap_or_default());
            line(out, &text(&link.import.value), &value);
        }
    }

    fn write_limits(&self, out: &mut String) {
        let limits = &self.limits;
        table(out, "limits");
        line(out, "memory", &text(&units::size(limits.memory)));
        line(out, "fuel", &limits.fuel.to_string());
        line(out, "timeout", &text(&units::duration(limits.timeout)));
        line(out, "message", &text(&units::size(limits.message)));
        line(out, "mailbox", &limits.mailbox.to_string());
    }

    fn write_run(&self, out: &mut String) {
        table(out, "run");
        line(out, "durability", &text(self.run.durability.name()));
    }

    fn write_supervisor(&self, out: &mut String) {
        let Some(supervision) = &self.supervisor else { return };
        table(out, "supervisor");
        line(out, "strategy", &text(supervision.strategy.name()));
        line(out, "intensity", &supervision.intensity.to_string());
        line(out, "period", &text(&units::duration(supervision.period)));
        if let Some(backoff) = supervision.backoff {
            line(out, "backoff", &text(&units::duration(backoff)));
        }
        for child in &supervision.children {
            out.push_str("\n[[children]]\n");
            line(out, "name", &text(&child.name.value));
            line(out, "manifest", &text(&child.manifest.value.to_string_lossy()));
            line(out, "restart", &text(child.restart.name()));
            line(out, "state", &text(child.state.name()));
            line(out, "shutdown", &text(&child.shutdown.to_string()));
            line(out, "start", &text(child.start.name()));
            if let Some(init) = &child.init {
                line(out, "init", &text(&init.value));
            }
        }
    }
}

fn filesystem_settings(grant: &FilesystemGrant) -> String {
    let folder = |folder: &FolderGrant| {
        let host = text(&folder.host.value.to_string_lossy());
        let guest = text(&folder.guest.value);
        let access = match folder.access {
            Access::Read => "\"read\"".to_owned(),
            Access::Write => format!("\"write\", max-size = \"{}\"", units::size(folder.max_size)),
        };
        format!("{{ host = {host}, guest = {guest}, access = {access} }}")
    };
    let folders: Vec<String> = grant.folders.iter().map(folder).collect();
    format!("{{ folders = [{}], max-open = {} }}", folders.join(", "), grant.max_open)
}

/// A text as a TOML string on one line, with nothing left to the choice of a library.
pub(super) fn text(value: &str) -> String {
    let mut out = String::from("\"");
    for character in value.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => {
                out.push_str(&format!("\\u{:04X}", u32::from(control)));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
    out
}

/// Texts as the inside of a TOML list.
fn list(texts: &[String]) -> String {
    texts.iter().map(|value| text(value)).collect::<Vec<_>>().join(", ")
}

fn table(out: &mut String, name: &str) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&format!("[{name}]\n"));
}

fn line(out: &mut String, key: &str, value: &str) {
    out.push_str(&format!("{key} = {value}\n"));
}
