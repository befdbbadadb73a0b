use super::{Diagnostic, Source};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A change of texts that does away with a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does: an instruction, capitalized, without a full stop.
    pub title: String,
    /// The changes, all of which belong together.
    pub edits: Vec<Edit>,
    /// Whether it is what was meant, so that `theater check --fix` makes it without asking. Others are one way
    /// of several.
    pub is_certain: bool,
}

/// One place of a text, and what is to stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The text before.
    pub source: Arc<Source>,
    /// The bytes of it that are replaced.
    pub span: Range<usize>,
    /// What takes their place.
    pub text: String,
}

impl Diagnostic {
    /// Adds a fix that is certainly meant: this text in place of those bytes.
    pub fn fix(
        mut self,
        title: impl Into<String>,
        source: &Arc<Source>,
        span: Range<usize>,
        text: impl Into<String>,
    ) -> Self {
        let edit = Edit { source: source.clone(), span, text: text.into() };
        self.fixes.push(Fix { title: title.into(), edits: vec![edit], is_certain: true });
        self
    }

    /// Adds a fix that is one way of several. Nothing without an edit.
    pub fn maybe_fix(mut self, title: impl Into<String>, edit: Option<Edit>) -> Self {
        let edits = Vec::from_iter(edit);
        if !edits.is_empty() {
            self.fixes.push(Fix { title: title.into(), edits, is_certain: false });
        }
        self
    }
}

/// The texts of files after some edits of them: each path, as its source names it, with the new text. Of edits that
/// touch the same place, only the first is made, and the others of its fix are left out with it.
pub fn apply<'f>(fixes: impl IntoIterator<Item = &'f Fix>) -> Vec<(PathBuf, String)> {
    let mut chosen: Vec<&Edit> = Vec::new();
    for fix in fixes {
        let is_free = |edit: &Edit| !chosen.iter().any(|other| touch(edit, other));
        if fix.edits.iter().all(is_free) {
            chosen.extend(&fix.edits);
        }
    }
    // The last place first, so that the others stay where they are.
    chosen.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    let mut texts: Vec<(&Arc<Source>, String)> = Vec::new();
    for edit in chosen {
        let known = texts.iter_mut().find(|(source, _)| source.name == edit.source.name);
        match known {
            Some((_, text)) => text.replace_range(edit.span.clone(), &edit.text),
            None => {
                let mut text = edit.source.text.clone();
                text.replace_range(edit.span.clone(), &edit.text);
                texts.push((&edit.source, text));
            }
        }
    }
    texts.into_iter().map(|(source, text)| (Path::new(&source.name).to_owned(), text)).collect()
}

fn touch(one: &Edit, other: &Edit) -> bool {
    one.source.name == other.source.name && overlap(&one.span, &other.span)
}

/// Whether two edits of one text cannot both be made: they share bytes, or begin at the same one, so that their order
/// would be chance.
pub fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start == b.start || (a.start < b.end && b.start < a.end)
}

/// The whole line in which a key stands, with its end, if it holds this key and its value and nothing else.
pub(crate) fn line_of_key(text: &str, key: usize) -> Option<Range<usize>> {
    let start = text[..key].rfind('\n').map_or(0, |end| end + 1);
    let end = text[key..].find('\n').map_or(text.len(), |end| key + end + 1);
    let is_whole = text[start..end].parse::<toml::Table>().is_ok_and(|table| table.len() == 1);
    (is_whole && text[start..key].trim().is_empty()).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(source: &Arc<Source>, edits: &[(Range<usize>, &str)]) -> Fix {
        let edit = |(span, text): &(Range<usize>, &str)| Edit {
            source: source.clone(),
            span: span.clone(),
            text: (*text).to_owned(),
        };
        let (title, edits) = (String::new(), edits.iter().map(edit).collect());
        Fix { title, edits, is_certain: true }
    }

    #[test]
    fn edits_of_several_fixes_are_made_together() {
        let (one, other) = (Source::new("one", "abcdef"), Source::new("other", "xyz"));
        let fixes = [
            fix(&one, &[(0..1, "AA"), (4..5, "")]),
            fix(&other, &[(3..3, "!")]),
            // Touches the first, so none of it is made.
            fix(&one, &[(3..5, "?"), (5..6, "?")]),
        ];
        let texts = apply(&fixes);
        let texts: Vec<(&str, &str)> =
            texts.iter().map(|(path, text)| (path.to_str().unwrap_or_default(), &**text)).collect();
        assert_eq!(texts, [("one", "AAbcdf"), ("other", "xyz!")]);
    }

    #[test]
    fn only_a_line_with_one_key_is_taken_as_a_whole() {
        let text = "a = 1\n  b = { c = 2 } # why\nd = [\n  1,\n]\n[e]\nf = true";
        let line = |key: &str| line_of_key(text, text.find(key)?).map(|span| &text[span]);
        assert_eq!(line("a ="), Some("a = 1\n"));
        assert_eq!(line("b ="), Some("  b = { c = 2 } # why\n"));
        assert_eq!(line("c ="), None, "its line is that of another key");
        assert_eq!(line("d ="), None);
        assert_eq!(line("e]"), None);
        assert_eq!(line("f ="), Some("f = true"));
    }
}
