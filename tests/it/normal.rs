//! Output without what differs from run to run: paths, times, ids, hashes.

use std::path::Path;

/// What is replaced. In a pattern `0` stands for a digit, `f` for a hexadecimal digit, every other
/// character for itself; `+` repeats what stands before it.
const PATTERNS: &[(&str, &str)] = &[
    ("0000-00-00T00:00:00.000Z", "TIME"),
    ("00000000-000000-ffff", "RUN"),
    ("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "SHA256"),
    ("process 0+", "process PID"),
    ("component ffffffffffff", "component HASH"),
    ("SHA-256 ffffffffffff", "SHA-256 HASH"),
    ("took         0+.0+ms", "took         TIME"),
    ("took         0+ms", "took         TIME"),
    ("took         0+µs", "took         TIME"),
    ("\"elapsed_ns\":0+", "\"elapsed_ns\":TIME"),
];

pub fn normalised(text: &str, root: &Path) -> String {
    let text = text.replace(&root.display().to_string(), "$ROOT");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let found = PATTERNS.iter().find_map(|(p, word)| Some((matched(p, rest)?, word)));
        let len = match found {
            Some((len, word)) => {
                out.push_str(word);
                len
            }
            None => {
                out.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[len..];
    }
    out
}

/// How many bytes at the beginning of the text fit the pattern.
fn matched(pattern: &str, text: &str) -> Option<usize> {
    let mut pattern = pattern.chars().peekable();
    let mut at = 0;
    while let Some(p) = pattern.next() {
        let fits = |c: char| match p {
            '0' => c.is_ascii_digit(),
            'f' => matches!(c, '0'..='9' | 'a'..='f'),
            _ => c == p,
        };
        let next = |at: usize| text[at..].chars().next().filter(|c| fits(*c));
        at += next(at)?.len_utf8();
        if pattern.next_if_eq(&'+').is_some() {
            while let Some(c) = next(at) {
                at += c.len_utf8();
            }
        }
    }
    Some(at)
}

#[test]
fn patterns_replace_what_they_should() {
    let text = "in /tmp/x/work: 20261123-051710-a3f2 at 2026-11-23T05:17:10.123Z by process 12345.";
    let expected = "in $ROOT/work: RUN at TIME by process PID.";
    assert_eq!(normalised(text, Path::new("/tmp/x")), expected);
}
