//! Values of import calls for people: bytes as text, because a file's contents as a list of numbers
//! say nothing to anybody. And keys of a state.

use crate::call::to_wave;
use wasmtime::component::Val;

/// The most bytes that are shown of one list.
const LONGEST: usize = 200;

/// A key of a state as it is, or in quotes where it could be mistaken for something else.
pub fn key_text(key: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@#+".contains(c);
    // A comment begins with two strokes.
    match !key.is_empty() && key.chars().all(plain) && !key.contains("//") {
        true => key.to_owned(),
        false => to_wave(&Val::String(key.to_owned())),
    }
}

/// The value with text such as `b"hello"` in place of bytes, long ones cut. WAVE writes the case of an
/// enum as it is, and no enum has a case with quotes: it cannot be mistaken for one.
pub(super) fn readable(value: &Val) -> Val {
    let boxed = |value: &Option<Box<Val>>| value.as_deref().map(readable).map(Box::new);
    match value {
        Val::List(items) => match bytes(items) {
            Some(bytes) => Val::Enum(quoted(&bytes)),
            None => Val::List(items.iter().map(readable).collect()),
        },
        Val::Tuple(items) => Val::Tuple(items.iter().map(readable).collect()),
        Val::Record(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), readable(value)));
            Val::Record(fields.collect())
        }
        Val::Variant(case, payload) => Val::Variant(case.clone(), boxed(payload)),
        Val::Option(value) => Val::Option(boxed(value)),
        Val::Result(Ok(value)) => Val::Result(Ok(boxed(value))),
        Val::Result(Err(value)) => Val::Result(Err(boxed(value))),
        other => other.clone(),
    }
}

/// The bytes of a list of bytes. An empty list may be one of anything.
fn bytes(items: &[Val]) -> Option<Vec<u8>> {
    let byte = |item: &Val| if let Val::U8(byte) = item { Some(*byte) } else { None };
    if items.is_empty() { None } else { items.iter().map(byte).collect() }
}

fn quoted(bytes: &[u8]) -> String {
    let (shown, length) = match std::str::from_utf8(bytes) {
        Ok(text) => {
            let shown = &text[..text.floor_char_boundary(LONGEST)];
            (format!("b{shown:?}"), shown.len())
        }
        Err(_) => {
            let shown = &bytes[..bytes.len().min(LONGEST)];
            (format!("b\"{}\"", shown.escape_ascii()), shown.len())
        }
    };
    match bytes.len() - length {
        0 => shown,
        more => format!("{shown} and {more} bytes more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> String {
        let list = Val::List(bytes.iter().copied().map(Val::U8).collect());
        to_wave(&readable(&Val::Option(Some(Box::new(Val::Tuple(vec![list, Val::Bool(true)]))))))
    }

    #[test]
    fn bytes_are_text_where_they_can_be() {
        assert_eq!(shown(b"hello"), r#"some((b"hello", true))"#);
        assert_eq!(shown("a\n\u{1b}é\"".as_bytes()), r#"some((b"a\n\u{1b}é\"", true))"#);
        assert_eq!(shown(b"\xff\0a"), r#"some((b"\xff\x00a", true))"#);
        assert_eq!(shown(b""), "some(([], true))");
        let long = format!("some((b\"{}\" and 1 bytes more, true))", "x".repeat(200));
        assert_eq!(shown(&[b'x'; 201]), long);
        assert!(shown("é".repeat(150).as_bytes()).ends_with("é\" and 100 bytes more, true))"));
        assert!(shown(&[0xff; 1000]).ends_with("\\xff\" and 800 bytes more, true))"));
    }
}
