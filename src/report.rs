//! Problems as programs read them. For people they are drawn by [`theater_repl::report`].

use serde_json::{Value, json};
use theater_runtime::diagnostic::{Diagnostic, Edit, Fix, Label, Severity, Source};

/// A problem as one JSON object. Lines and columns count from 1, columns in characters.
pub fn to_json(problem: &Diagnostic) -> Value {
    let mut object = json!({
        "code": problem.code.id,
        "severity": match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": problem.message,
        "file": problem.source.as_ref().map(|source| &source.name),
        "help": problem.help,
        "related": problem.related.iter().map(to_json).collect::<Vec<_>>(),
        "fixes": problem.fixes.iter().map(fix).collect::<Vec<_>>(),
    });
    let Some(source) = &problem.source else { return object };
    let labels: Vec<Value> = problem.labels.iter().map(|label| place(source, label)).collect();
    if let Some(first) = labels.first() {
        object["start"] = first["start"].clone();
        object["end"] = first["end"].clone();
    }
    object["labels"] = labels.into();
    object
}

fn fix(fix: &Fix) -> Value {
    let edit = |edit: &Edit| {
        json!({
            "file": edit.source.name,
            "start": position(&edit.source.text, edit.span.start),
            "end": position(&edit.source.text, edit.span.end),
            "text": edit.text,
        })
    };
    json!({
        "title": fix.title,
        "certain": fix.is_certain,
        "edits": fix.edits.iter().map(edit).collect::<Vec<_>>(),
    })
}

fn place(source: &Source, label: &Label) -> Value {
    json!({
        "start": position(&source.text, label.span.start),
        "end": position(&source.text, label.span.end),
        "text": label.text,
    })
}

fn position(text: &str, byte: usize) -> Value {
    let before = &text[..text.floor_char_boundary(byte.min(text.len()))];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    json!({
        "line": before.matches('\n').count() + 1,
        "column": before[line_start..].chars().count() + 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        assert_eq!(position("ab\nüx", 0), json!({ "line": 1, "column": 1 }));
        assert_eq!(position("ab\nüx", 5), json!({ "line": 2, "column": 2 }));
        assert_eq!(position("ab\nüx", 99), json!({ "line": 2, "column": 3 }));
        assert_eq!(position("", 0), json!({ "line": 1, "column": 1 }));
    }
}
