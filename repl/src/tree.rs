//! How the tree of actors looks.

use crate::output::Look;
use crate::paint::Role;
use crate::styled::Line;
use serde_json::{Value, json};
use theater_runtime::node::Kin;

/// The tree as text, a line for each actor.
pub fn text(tree: &[Kin], look: Look) -> String {
    if tree.is_empty() {
        return look.paint.text(Role::Faint, "no actors").into_owned();
    }
    let width = tree.iter().map(|kin| 2 * kin.depth() + short(kin).len()).max().unwrap_or_default();
    let lines = tree.iter().map(|kin| {
        let indent = "  ".repeat(kin.depth());
        let pad = " ".repeat(width - indent.len() - short(kin).len());
        let line = Line::default().plain(&indent).role(Role::Actor, short(kin)).plain(&pad);
        let (state, role) = match kin.alive {
            true => ("running", Role::Faint),
            false => ("ended  ", Role::Warning),
        };
        line.plain("  ")
            .role(role, state)
            .plain("  ")
            .plain(&about(kin))
            .render(look.paint, look.width)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The tree for programs: an object for each actor.
pub fn to_json(tree: &[Kin]) -> Vec<Value> {
    tree.iter().map(kin_to_json).collect()
}

/// One actor for programs.
pub fn kin_to_json(kin: &Kin) -> Value {
    let supervision = kin.actor.manifest.supervisor.as_ref();
    json!({
            "actor": &*kin.actor.name,
            "id": kin.actor.id.0,
            "running": kin.alive,
            "restarts": kin.actor.incarnation() - 1,
            "waiting": kin.waiting,
            "waits_for": kin.waits_for.as_deref(),
            "template": kin.template.as_deref(),
            "restart": kin.spec.as_ref().map(|spec| spec.restart.name()),
            "strategy": supervision.map(|supervision| supervision.strategy.name()),
    })
}

/// The name without those of the supervisors.
fn short(kin: &Kin) -> &str {
    kin.actor.name.rsplit_once('/').map_or(&*kin.actor.name, |(_, name)| name)
}

/// How it is supervised and supervises, and what waits, in words.
pub fn about(kin: &Kin) -> String {
    let mut words = Vec::new();
    if let Some(spec) = &kin.spec {
        words.push(spec.restart.name().to_owned());
    }
    words.extend(kin.template.as_ref().map(|template| format!("started as {template}")));
    if let Some(supervision) = &kin.actor.manifest.supervisor {
        words.push(format!("supervises {}", supervision.strategy.name()));
    }
    let count = |number: u64, one: &str, many: &str| match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    };
    match kin.actor.incarnation() - 1 {
        0 => {}
        restarts => words.push(count(restarts.into(), "restart", "restarts")),
    }
    if kin.waiting > 0 {
        words.push(count(kin.waiting as u64, "message waits", "messages wait"));
    }
    words.extend(kin.waits_for.as_ref().map(|actor| format!("waits for {actor}")));
    words.join(", ")
}
