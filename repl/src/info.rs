//! How one actor looks, with all that is known of it.

use crate::output::{Look, size};
use crate::paint::{Role, printable};
use crate::styled::Line;
use crate::tree;
use serde_json::{Value, json};
use theater_runtime::node::Kin;

/// A line for what it does, one for its component, and the manifest as it is in effect.
pub fn text(kin: &Kin, look: Look) -> String {
    let actor = &kin.actor;
    let state = if kin.alive { "running" } else { "ended" };
    let about = match tree::about(kin) {
        about if about.is_empty() => about,
        about => format!(", {about}"),
    };
    let head = Line::default()
        .role(Role::Actor, &actor.name)
        .plain(&format!("  {state}{about}"))
        .render(look.paint, look.width);
    let count = |name: &str, value: String| {
        Line::default()
            .role(Role::Faint, &format!("  {name:<11}"))
            .plain(&value)
            .render(look.paint, look.width)
    };
    let limits = &actor.manifest.limits;
    let lines = [
        head,
        count("last turn", format!("#{}", actor.last_turn())),
        count("state", size(actor.state_size())),
        count("mailbox", format!("{} of {}", kin.waiting, limits.mailbox)),
        count("component", format!("SHA-256 {}", actor.program.hash.short())),
        String::new(),
        printable(&actor.manifest.effective_toml()).into_owned(),
    ];
    lines.join("\n").trim_end().to_owned()
}

/// The same for programs: what `tree` says of it, and more.
pub fn to_json(kin: &Kin) -> Value {
    let actor = &kin.actor;
    let mut object = tree::kin_to_json(kin);
    object["last_turn"] = json!(actor.last_turn());
    object["state_bytes"] = json!(actor.state_size());
    object["mailbox"] = json!(actor.manifest.limits.mailbox);
    object["component"] = json!(actor.program.hash.to_string());
    object["manifest"] = json!(actor.manifest.effective_toml());
    object
}
