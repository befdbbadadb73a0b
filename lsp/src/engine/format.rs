//! The one layout of manifests and WIT, whole or in part.

use super::place;
use super::vfs::Snapshot;
use super::wit::is_wit;
use std::ops::Range;
use std::path::Path;
use theater_runtime::syntax::{self, Edit};

/// What is to change so that a file has the one layout: all of it, or the lines that a part touches.
/// None if nothing can be said: it is no manifest and no WIT, or a manifest that is not TOML. What
/// has errors in WIT stays as it is.
pub fn format(files: &Snapshot, path: &Path, part: Option<&Range<usize>>) -> Option<Vec<Edit>> {
    let text = files.text(path)?;
    let text = text.as_str();
    let mut edits = match () {
        () if place::is_manifest(path) => syntax::toml::format(text)?,
        () if is_wit(path) => syntax::wit::format(text),
        () => return None,
    };
    if let Some(part) = part {
        let lines = lines(text, part);
        edits.retain(|edit| touches(&edit.span, &lines));
    }
    Some(edits)
}

/// The whole lines of a part, from their first byte to their last.
fn lines(text: &str, part: &Range<usize>) -> Range<usize> {
    let start = text[..part.start].rfind('\n').map_or(0, |at| at + 1);
    // A part that ends at the beginning of a line does not mean that line.
    let last = if part.end > part.start { part.end - 1 } else { part.start };
    let last = text.floor_char_boundary(last);
    start..text[last..].find('\n').map_or(text.len(), |at| last + at)
}

/// Whether what changes is in these lines, or is the indentation of the first one.
fn touches(edit: &Range<usize>, lines: &Range<usize>) -> bool {
    edit.end >= lines.start
        && (edit.start < lines.end || edit.start == edit.end && edit.end <= lines.end)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::engine::Vfs;
    use theater_runtime::syntax::apply;

    /// A text with the part between `«` and `»` formatted, or all of it.
    fn formatted(path: &str, marked: &str) -> Option<String> {
        let text = marked.replace(['«', '»'], "");
        let start = marked.find('«');
        let part = start.map(|start| start..marked.find('»').unwrap() - '«'.len_utf8());
        let mut vfs = Vfs::default();
        vfs.open(Path::new(path), 1, text.clone());
        let edits = format(&vfs.snapshot(), Path::new(path), part.as_ref())?;
        Some(apply(&text, &edits))
    }

    #[test]
    fn files_that_are_known_have_a_layout() {
        assert_eq!(formatted("/p/theater.toml", "a=1").unwrap(), "a = 1\n");
        assert_eq!(formatted("/p/wit/a.wit", "package a : b;").unwrap(), "package a:b;\n");
        assert_eq!(formatted("/p/theater.toml", "a=[\n"), None);
        assert_eq!(formatted("/p/Cargo.toml", "a=1"), None);
    }

    #[test]
    fn of_a_part_its_lines_are_formatted() {
        for (marked, wanted) in [
            ("a=1\n«b=2\n»c=3\n", "a=1\nb = 2\nc=3\n"),
            ("a=1\n  b«»=2\nc=3\n", "a=1\nb = 2\nc=3\n"),
            ("a=1\nb=«2\nc»=3\n\n\n\nd=4\n", "a=1\nb = 2\nc = 3\n\n\n\nd=4\n"),
            ("a=1\n«\n\n»\nb=2\n", "a=1\n\nb=2\n"),
            ("«»", ""),
            ("a=1«»", "a = 1\n"),
            ("a=1\n«»", "a=1\n"),
        ] {
            assert_eq!(formatted("/p/theater.toml", marked).unwrap(), wanted, "{marked}");
        }
        let marked =
            "package a:b;\ninterface i {\n  a:func();\n «  b:func(c:u32)\n»->u32;\n c:func();\n}\n";
        assert_eq!(
            formatted("/p/wit/a.wit", marked).unwrap(),
            "package a:b;\ninterface i {\n  a:func();\n    b: func(c: u32)\n->u32;\n c:func();\n}\n"
        );
    }

    proptest::proptest! {
        #[test]
        fn every_part_of_every_text(text in "[a=\\[\\]{};: \nü]{0,40}", start: usize, length in 0..20_usize) {
            let start = text.floor_char_boundary(start % (text.len() + 1));
            let end = text.ceil_char_boundary((start + length).min(text.len()));
            for path in ["/p/theater.toml", "/p/a.wit"] {
                let mut vfs = Vfs::default();
                vfs.open(Path::new(path), 1, text.clone());
                if let Some(edits) = format(&vfs.snapshot(), Path::new(path), Some(&(start..end))) {
                    apply(&text, &edits);
                }
            }
        }
    }
}
