use super::*;
use proptest::prelude::*;

fn at(line: u32, column: u32) -> Position {
    Position { line, column }
}

#[test]
fn columns_count_in_the_unit_agreed_upon() {
    // `ü` has 2 bytes and 1 unit of UTF-16, `𝄞` has 4 bytes and 2 units.
    let text = Text::new("aü𝄞b\nx");
    for (encoding, column) in [(Encoding::Utf8, 7), (Encoding::Utf16, 4), (Encoding::Utf32, 3)] {
        assert_eq!(text.position(7, encoding), at(0, column));
        assert_eq!(text.offset(at(0, column), encoding), 7);
        assert_eq!(text.offset(at(1, 1), encoding), 10);
    }
}

#[test]
fn what_is_outside_means_the_nearest_place_inside() {
    let text = Text::new("a𝄞\r\nb\rc");
    assert_eq!(text.offset(at(0, 2), Encoding::Utf16), 1, "inside of a surrogate pair");
    assert_eq!(text.offset(at(0, 3), Encoding::Utf8), 1, "inside of a character");
    assert_eq!(text.offset(at(0, 99), Encoding::Utf16), 5, "before the line's end");
    assert_eq!(text.offset(at(9, 0), Encoding::Utf16), 10);
    assert_eq!(text.offset(at(u32::MAX, u32::MAX), Encoding::Utf16), 10);
    assert_eq!(text.position(99, Encoding::Utf16), at(2, 1));
    assert_eq!(text.position(3, Encoding::Utf16), at(0, 1));
    assert_eq!(Text::new("").position(0, Encoding::Utf16), at(0, 0));
}

#[test]
fn every_kind_of_line_end_ends_a_line() {
    let text = Text::new("a\nb\r\nc\rd\n\r");
    let lines: Vec<&str> = (0..7).map(|line| &text.as_str()[text.line(line)]).collect();
    assert_eq!(lines, ["a", "b", "c", "d", "", "", ""]);
    assert_eq!(text.line_of(3), 1);
    assert_eq!(text.line_of(5), 2);
}

#[test]
fn a_change_without_a_range_replaces_everything() {
    let change = Change { range: None, text: "new".into() };
    assert_eq!(Text::new("old\n").changed(&change, Encoding::Utf16), Text::new("new"));
}

/// A second, slow way to the same: the text as lines of units, walked from the start.
fn slow_offset(text: &str, position: Position, encoding: Encoding) -> usize {
    let (mut line, mut column) = (0, 0);
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let ends = character == '\n' || character == '\r';
        let width = match encoding {
            Encoding::Utf8 => character.to_string().len(),
            Encoding::Utf16 => character.to_string().encode_utf16().count(),
            Encoding::Utf32 => 1,
        };
        if line == position.line && (ends || column + width > position.column as usize) {
            return at;
        }
        column += width;
        if character == '\n' || (character == '\r' && next != Some('\n')) {
            (line, column) = (line + 1, 0);
        }
    }
    text.len()
}

fn slow_change(text: &str, change: &Change, encoding: Encoding) -> String {
    let Some((start, end)) = change.range else { return change.text.clone() };
    let (start, end) = (slow_offset(text, start, encoding), slow_offset(text, end, encoding));
    format!("{}{}{}", &text[..start.min(end)], change.text, &text[start.max(end)..])
}

fn some_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a".to_owned()),
        Just("ü".to_owned()),
        Just("𝄞".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\r".to_owned()),
        Just("key = \"x\"".to_owned()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn some_position() -> impl Strategy<Value = Position> {
    let far = prop_oneof![9 => 0..8_u32, 1 => Just(u32::MAX)];
    (0..8_u32, far).prop_map(|(line, column)| Position { line, column })
}

fn some_change() -> impl Strategy<Value = Change> {
    let range = prop::option::weighted(0.9, (some_position(), some_position()));
    (range, some_text()).prop_map(|(range, text)| Change { range, text })
}

proptest! {
    #[test]
    fn changes_one_by_one_give_the_text_that_the_editor_has(
        first in some_text(),
        changes in prop::collection::vec(some_change(), 0..20),
        encoding in prop_oneof![Just(Encoding::Utf8), Just(Encoding::Utf16), Just(Encoding::Utf32)],
    ) {
        let mut text = Text::new(first.clone());
        let mut slow = first;
        for change in &changes {
            text = text.changed(change, encoding);
            slow = slow_change(&slow, change, encoding);
            prop_assert_eq!(text.as_str(), &slow);
            prop_assert_eq!(&text, &Text::new(slow.clone()));
        }
    }

    #[test]
    fn every_place_has_one_position(text in some_text()) {
        let text = Text::new(text);
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            for (at, _) in text.as_str().char_indices() {
                let back = text.offset(text.position(at, encoding), encoding);
                // Inside of `\r\n` there is no place.
                let between = at > 0 && text.as_str().as_bytes()[at - 1..].starts_with(b"\r\n");
                prop_assert_eq!(back, if between { at - 1 } else { at });
            }
        }
    }
}
