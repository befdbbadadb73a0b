#![allow(clippy::unwrap_used)]

use super::Index;
use crate::engine::wit::{Parsed, library};

/// An index that is made again is the one that is made anew.
fn is_as_made_anew(before: &Parsed, now: &str) {
    let (again, anew) = (before.again(now), Index::of(now));
    assert!(**again.index() == anew, "{now}\n{:#?}\n{anew:#?}", again.index());
}

const PACKAGES: &str = "\
package a:b@1.0.0;

/// One.
interface one { use two.{t as u}; f: func(a: u); }

use c:d/e as g;

/// Two.
interface two { type t = u8; resource r { constructor(a: t); } }

package c:d { interface e { type x = u8; } }

world w { import one; include a:b/two with { x as y }; export h: func(); }
";

#[test]
fn an_index_that_is_made_again_is_the_one_that_is_made_anew() {
    let texts = library().values().map(|file| file.text.as_str());
    let plain = PACKAGES.replace("package c:d { interface e { type x = u8; } }\n\n", "");
    for text in texts.chain([PACKAGES, plain.as_str(), ""]) {
        let before = Parsed::of(text);
        let step = text.len() / 200 + 1;
        for at in (0..=text.len()).step_by(step).filter(|at| text.is_char_boundary(*at)) {
            let word = ["x", "}", "{", "package q:r; ", "// "][at % 5];
            is_as_made_anew(&before, &format!("{}{word}{}", &text[..at], &text[at..]));
            let behind = text.ceil_char_boundary((at + 9).min(text.len()));
            is_as_made_anew(&before, &format!("{}{}", &text[..at], &text[behind..]));
        }
    }
}
