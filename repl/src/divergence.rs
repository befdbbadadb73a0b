//! Where a turn that was executed again differs from its record, as a person or a program sees it.

use crate::paint::Role;
use crate::styled::{Line, columns, one_line};
use serde_json::{Value, json};
use theater_runtime::boundary::Divergence;

/// Expected against actual, one under the other, with a mark under the first difference. `width` is
/// that of a terminal, if there is one.
pub fn lines(actor: &str, turn: u64, divergence: &Divergence, width: Option<usize>) -> [Line; 4] {
    let step = step_text(divergence);
    let head = Line::default().role(Role::Actor, &format!("{actor}#{turn}{step}"));
    let head = head.role(Role::Error, "  diverged").plain(": ").plain(&divergence.place());
    let [expected, actual, mark] = both(divergence, ["expected", "actual"], width);
    [head, expected, actual, mark]
}

/// The step of a difference behind the address of its turn, if it is in an import call.
pub fn step_text(divergence: &Divergence) -> String {
    match divergence.step {
        0 => String::new(),
        step => format!(".{step}"),
    }
}

/// The two sides of a difference, each behind its name, and the mark under them.
pub fn both(divergence: &Divergence, names: [&str; 2], width: Option<usize>) -> [Line; 3] {
    let Divergence { expected, actual, .. } = divergence;
    let (expected, actual, mark) = side_by_side(&one_line(expected), &one_line(actual), width);
    let line = |name: &str, role, text: &str| {
        Line::default().role(Role::Field, &format!("  {name:<9} ")).role(role, text)
    };
    [
        line(names[0], Role::Good, &expected),
        line(names[1], Role::Error, &actual),
        line("", Role::Faint, &mark),
    ]
}

/// The same for a program.
pub fn to_json(divergence: &Divergence) -> Value {
    json!({
        "step": divergence.step,
        "what": divergence.what,
        "path": divergence.path,
        "expected": divergence.expected,
        "actual": divergence.actual,
    })
}

/// The two texts, and a mark under the first difference. On a terminal they begin not far from it, so
/// that it is not cut off.
fn side_by_side(expected: &str, actual: &str, width: Option<usize>) -> (String, String, String) {
    let same = common_start(expected, actual);
    let room = width.map_or(usize::MAX, |width| width / 2);
    let skipped = same.char_indices().rev().nth(room).map_or(0, |(at, _)| at);
    let lead = if skipped == 0 { "" } else { "…" };
    let show = |text: &str| format!("{lead}{}", &text[skipped..]);
    let column = columns(lead) + columns(&same[skipped..]);
    (show(expected), show(actual), format!("{:column$}^ differs from here", ""))
}

/// What two texts begin with alike.
fn common_start<'t>(a: &'t str, b: &str) -> &'t str {
    let same = a.char_indices().zip(b.chars()).find(|((_, a), b)| a != b);
    let end = same.map_or(a.len().min(b.len()), |((at, _), _)| at);
    &a[..end]
}
