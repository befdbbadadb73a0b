#![allow(clippy::unwrap_used)]

use super::*;
use crate::diagnostic::{Diagnostic, Source};
use crate::wire::generated::{shape, types, value};
use proptest::prelude::*;

/// Text that looks a little like a call, so that it gets past the first hurdles.
fn nearly_a_call() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "a", ".", "(", ")", "[", "]", "{", "}", ",", ":", "\"", "'", "\\", "\"\"\"", "//", "\n", " ",
            "@0.1.0", "@1.", "%", "some(", "{a: 1", "-", "1", "1e9", "\\u{", "é", "😀", "\u{301}", "/",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    (prop::bool::ANY, prop::collection::vec(piece, 0..24)).prop_map(|(call, pieces)| {
        let text = pieces.concat();
        if call { format!("a.f({text})") } else { text }
    })
}

fn spans_are_characters_of(text: &str, problem: &Diagnostic) -> bool {
    problem.labels.iter().all(|label| text.get(label.span.clone()).is_some())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_survive_the_way_through_wave(
        (shape, value) in shape().prop_flat_map(|shape| (Just(shape.clone()), value(&shape)))
    ) {
        let types = types(&shape);
        let line = format!("a.f(v: {})", to_wave(&value));
        let source = Source::new("line", line.as_str());
        let call = parse_call(&source).map_err(|e| TestCaseError::fail(format!("{line}: {e}")))?;
        let read = parse_arguments(&source, call.arguments, &types)
            .map_err(|e| TestCaseError::fail(format!("{line}: {e}")))?;
        prop_assert_eq!(&read[..], &[value][..], "{}", line);
        let _ = to_json(&read[0]);
        prop_assert!(type_name(&types[0].1).len() < 4000);
        let _ = placeholder(&types[0].1);
    }

    #[test]
    fn any_text_is_read_or_refused_with_its_place(text in nearly_a_call(), shape in shape()) {
        let types = types(&shape);
        let source = Source::new("line", text.as_str());
        let _ = is_unfinished(&text);
        match parse_call(&source) {
            Err(problem) => prop_assert!(spans_are_characters_of(&text, &problem), "{problem:?}"),
            Ok(call) => {
                prop_assert!(text.get(call.arguments.clone()).is_some());
                if let Err(problem) = parse_arguments(&source, call.arguments, &types) {
                    prop_assert!(!problem.labels.is_empty());
                    prop_assert!(spans_are_characters_of(&text, &problem), "{problem:?}");
                }
            }
        }
        if let Err(problem) = parse_arguments(&source, 0..text.len(), &types) {
            prop_assert!(spans_are_characters_of(&text, &problem), "{problem:?}");
        }
    }
}
