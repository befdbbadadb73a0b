//! Where inside two lists of values the first difference is.

use crate::wire;
use wasmtime::component::Val;

/// The path of the first difference of two encoded lists of values, as one would write it behind their
/// name: `[1].items[2].price`, `[0].some`. None if they cannot be read or do not differ as values; empty if
/// there is nothing more exact to say than that they differ.
pub(super) fn of_lists(expected: &[u8], actual: &[u8]) -> Option<String> {
    let expected = wire::decode_any_all(expected).ok()?;
    let actual = wire::decode_any_all(actual).ok()?;
    let mut path = String::new();
    in_items(&expected, &actual, &mut path).then_some(path)
}

/// The same for what a function returned: that is one value at most, which needs no number.
pub(super) fn of_results(expected: &[u8], actual: &[u8]) -> Option<String> {
    let path = of_lists(expected, actual)?;
    Some(path.strip_prefix("[0]").map(str::to_owned).unwrap_or(path))
}

/// Appends the way to the first difference. Answers whether there is one.
fn differs(expected: &Val, actual: &Val, path: &mut String) -> bool {
    match (expected, actual) {
        (Val::List(a), Val::List(b)) => in_items(a, b, path),
        (Val::Tuple(a), Val::Tuple(b)) => in_items(a, b, path),
        (Val::Record(a), Val::Record(b)) => {
            let names = |fields: &[(String, Val)]| -> Vec<String> {
                fields.iter().map(|(name, _)| name.clone()).collect()
            };
            if names(a) != names(b) {
                return true;
            }
            a.iter().zip(b).any(|((name, a), (_, b))| inside(&format!(".{name}"), a, b, path))
        }
        (Val::Variant(a, Some(x)), Val::Variant(b, Some(y))) if a == b => {
            inside(&format!(".{a}"), x, y, path)
        }
        (Val::Option(Some(a)), Val::Option(Some(b))) => inside(".some", a, b, path),
        (Val::Result(Ok(Some(a))), Val::Result(Ok(Some(b)))) => inside(".ok", a, b, path),
        (Val::Result(Err(Some(a))), Val::Result(Err(Some(b)))) => inside(".err", a, b, path),
        // All NaNs are equal as values; bit by bit they may not be.
        (Val::Float32(a), Val::Float32(b)) => a.to_bits() != b.to_bits(),
        (Val::Float64(a), Val::Float64(b)) => a.to_bits() != b.to_bits(),
        _ => expected != actual,
    }
}

fn in_items(expected: &[Val], actual: &[Val], path: &mut String) -> bool {
    for (index, (a, b)) in expected.iter().zip(actual).enumerate() {
        if inside(&format!("[{index}]"), a, b, path) {
            return true;
        }
    }
    if expected.len() == actual.len() {
        return false;
    }
    path.push_str(&format!("[{}]", expected.len().min(actual.len())));
    true
}

fn inside(step: &str, expected: &Val, actual: &Val, path: &mut String) -> bool {
    let before = path.len();
    path.push_str(step);
    let found = differs(expected, actual, path);
    if !found {
        path.truncate(before);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(sku: &str, counts: &[u32]) -> Val {
        let counts = counts.iter().map(|count| Val::U32(*count)).collect();
        Val::Record(vec![
            ("sku".to_owned(), Val::String(sku.to_owned())),
            ("counts".to_owned(), Val::List(counts)),
        ])
    }

    fn path(expected: &[Val], actual: &[Val]) -> Option<String> {
        let mut path = String::new();
        in_items(expected, actual, &mut path).then_some(path)
    }

    #[test]
    fn the_first_difference_is_named() {
        let some = |value| Val::Option(Some(Box::new(value)));
        let cases = [
            (record("a", &[1, 2]), record("a", &[1, 3]), "[0].counts[1]"),
            (record("a", &[1, 2]), record("a", &[1]), "[0].counts[1]"),
            (record("a", &[1, 2]), record("b", &[]), "[0].sku"),
            (some(Val::U8(1)), some(Val::U8(2)), "[0].some"),
            (some(Val::U8(1)), Val::Option(None), "[0]"),
            (
                Val::Result(Ok(Some(Box::new(Val::Bool(true))))),
                Val::Result(Ok(Some(Box::new(Val::Bool(false))))),
                "[0].ok",
            ),
            (
                Val::Float64(f64::from_bits(0x7ff8_0000_0000_0001)),
                Val::Float64(f64::from_bits(0x7ff8_0000_0000_0002)),
                "[0]",
            ),
        ];
        for (expected, actual, at) in cases {
            let same = std::slice::from_ref(&expected);
            assert_eq!(path(same, &[actual]).as_deref(), Some(at), "{expected:?}");
            assert_eq!(path(same, same), None);
        }
        assert_eq!(path(&[Val::U8(1)], &[Val::U8(1), Val::U8(2)]).as_deref(), Some("[1]"));
    }
}
