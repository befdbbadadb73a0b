use crate::diagnostic::{Edit, Source};
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// The change of a manifest that grants a handler with its defaults: in place of a `false`, under `[handlers]`, or in a
/// table of its own at the end.
pub(crate) fn grant_edit(source: &Arc<Source>, handler: &str) -> Edit {
    let text = &source.text;
    let edit = |span, text| Edit { source: source.clone(), span, text };
    let (root, _) = DeTable::parse_recoverable(text);
    let granted = root.get_ref().get("handlers").and_then(|table| table.get_ref().as_table());
    if let Some((_, value)) = granted.and_then(|table| table.get_key_value(handler))
        && matches!(value.get_ref(), DeValue::Boolean(false))
    {
        return edit(value.span(), "true".to_owned());
    }
    match header_end(text) {
        Some(end) => edit(end..end, format!("\n{handler} = true")),
        None => {
            let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
            edit(text.len()..text.len(), format!("{gap}\n[handlers]\n{handler} = true\n"))
        }
    }
}

/// Where the line with the header `[handlers]` ends.
fn header_end(text: &str) -> Option<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let line_end = start + line.trim_end_matches(['\n', '\r']).len();
        let head = line.split('#').next().unwrap_or_default();
        if head.split_whitespace().collect::<String>() == "[handlers]" {
            return Some(line_end);
        }
        start += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Fix, apply};

    fn granted(text: &str) -> String {
        let edit = grant_edit(&Source::new("it", text), "state");
        let fix = Fix { title: String::new(), edits: vec![edit], is_certain: true };
        apply([&fix]).remove(0).1
    }

    #[test]
    fn a_grant_stands_where_the_others_are() {
        for (before, after) in [
            ("[handlers]\nlog = true\n", "[handlers]\nstate = true\nlog = true\n"),
            ("[ handlers ] # all\r\nlog = true", "[ handlers ] # all\nstate = true\r\nlog = true"),
            ("[handlers]", "[handlers]\nstate = true"),
            ("[handlers]\nstate = false\n", "[handlers]\nstate = true\n"),
            ("[actor]\nname = \"a\"", "[actor]\nname = \"a\"\n\n[handlers]\nstate = true\n"),
            ("", "\n[handlers]\nstate = true\n"),
        ] {
            assert_eq!(granted(before), after, "{before:?}");
        }
    }
}
