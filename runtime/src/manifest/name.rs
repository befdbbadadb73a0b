//! The names of actors.

use std::ops::Range;

/// The longest name, in characters. Names become parts of file names.
pub const LONGEST_NAME: usize = 64;

/// Why a text is no name, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadName {
    /// Bytes of the name that are wrong.
    pub span: Range<usize>,
    /// What is wrong with them, as a sentence without a full stop.
    pub reason: String,
}

/// Checks that a text can name an actor: `[a-z][a-z0-9]*(-[a-z0-9]+)*`, at most [`LONGEST_NAME`]
/// characters. The error names the first character that is wrong.
pub fn check_name(name: &str) -> Result<(), BadName> {
    let bad = |span: Range<usize>, reason: String| Err(BadName { span, reason });
    let mut previous = None;
    for (at, character) in name.char_indices() {
        let span = at..at + character.len_utf8();
        match (previous, character) {
            (None, 'a'..='z') | (Some(_), 'a'..='z' | '0'..='9') => {}
            (Some('-'), '-') => return bad(at - 1..at + 1, "words are joined by one `-`".into()),
            (Some(_), '-') => {}
            (_, 'A'..='Z') => {
                return bad(span, format!("`{character}` is an upper-case letter"));
            }
            (None, '0'..='9' | '-') => {
                return bad(span, format!("a name begins with a letter, not with `{character}`"));
            }
            _ => {
                let shown = character.escape_debug();
                return bad(span, format!("`{shown}` is none of a–z, 0–9 and `-`"));
            }
        }
        previous = Some(character);
    }
    match previous {
        None => bad(0..0, "a name has at least one letter".into()),
        Some('-') => bad(name.len() - 1..name.len(), "a name does not end in `-`".into()),
        // All characters are ASCII here.
        _ if name.len() > LONGEST_NAME => bad(
            LONGEST_NAME..name.len(),
            format!("a name has at most {LONGEST_NAME} characters, this one {}", name.len()),
        ),
        _ => Ok(()),
    }
}

/// The valid name that is nearest to a text; `actor` if the text has no letter to begin with.
pub fn valid_name(text: &str) -> String {
    let mut name = String::new();
    let mut previous = None;
    for character in text.chars() {
        let starts_word = character.is_ascii_uppercase()
            && previous.is_some_and(|before: char| before.is_ascii_lowercase());
        let joint = starts_word || !character.is_ascii_alphanumeric();
        if joint && !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        let leading_digit = name.is_empty() && character.is_ascii_digit();
        if character.is_ascii_alphanumeric() && !leading_digit {
            name.push(character.to_ascii_lowercase());
        }
        previous = Some(character);
    }
    name.truncate(LONGEST_NAME);
    let name = name.trim_end_matches('-');
    if name.is_empty() { "actor".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accepts_names() {
        for name in ["a", "counter", "my-actor", "a1-2b", "result", "list", &"a".repeat(64)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_the_wrong_character() {
        for (name, span, word) in [
            ("", 0..0, "at least one"),
            ("Counter", 0..1, "upper-case"),
            ("myActor", 2..3, "upper-case"),
            ("my_actor", 2..3, "`_`"),
            ("1st", 0..1, "begins with a letter"),
            ("-a", 0..1, "begins with a letter"),
            ("a--b", 1..3, "one `-`"),
            ("a-", 1..2, "end in"),
            ("zähler", 1..3, "`ä`"),
            ("a\nb", 1..2, "`\\n`"),
            ("../x", 0..1, "`.`"),
            (&"a".repeat(65), 64..65, "at most 64"),
        ] {
            let bad = check_name(name).unwrap_err();
            assert_eq!(bad.span, span, "{name}");
            assert!(bad.reason.contains(word), "{name}: {}", bad.reason);
        }
    }

    #[test]
    fn suggests_the_nearest_name() {
        for (text, name) in [
            ("MyActor", "my-actor"),
            ("my_actor.v2", "my-actor-v2"),
            ("  HTTP server ", "http-server"),
            ("2nd", "nd"),
            ("--", "actor"),
            ("", "actor"),
        ] {
            assert_eq!(valid_name(text), name);
        }
    }

    proptest! {
        #[test]
        fn every_suggestion_is_valid_and_valid_names_stay(text: String) {
            let name = valid_name(&text);
            prop_assert_eq!(check_name(&name), Ok(()));
            prop_assert_eq!(valid_name(&name), name);
        }

        #[test]
        fn the_check_is_the_grammar(text in "[a-zA-Z0-9_-]{0,6}") {
            let words: Vec<&str> = text.split('-').collect();
            let good = text.starts_with(|c: char| c.is_ascii_lowercase())
                && words.iter().all(|word| !word.is_empty())
                && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
            prop_assert_eq!(check_name(&text).is_ok(), good);
        }
    }
}
