#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::Vfs;
use insta::assert_snapshot;

const MANIFEST: &str = "\
[actor]
name = \"a\"
world = \"shop\"

[handlers]
log = { max-lines = 5 }

[links]
\"goods:stock/shelf@0.1.0\" = { actor = \"b\" }
";

const WORLD: &str = "\
package local:shop@1.0.0;

use goods:stock/shelf@0.1.0 as goods;

/// What it sells.
interface selling {
    use goods.{item, amount as number};
    /// One sale.
    record sale { item: item, of: number }
    type receipt = sale;
    resource till {
        constructor(first: sale);
        open: func(by: receipt) -> borrow<till>;
    }
    sell: func(what: list<sale>) -> result<receipt, %type>;
    enum %type { refused }
}

world shop {
    import theater:host/log@0.1.0;
    import goods;
    import more: selling;
    import here: interface { use selling.{sale}; get: func() -> sale; }
    export selling;
    include other with { run as walk }
}
";

const OTHER: &str =
    "world other { export run: func(); use selling.{receipt}; type r = receipt; }\n";

const SHELF: &str = "\
package goods:stock@0.1.0;
interface shelf {
    /// How many.
    type amount = u32;
    record item { name: string, count: amount }
}
";

fn project() -> Vfs {
    let mut vfs = Vfs::default();
    let texts = [
        ("/p/theater.toml", MANIFEST),
        ("/p/wit/world.wit", WORLD),
        ("/p/wit/other.wit", OTHER),
        ("/p/wit/deps/stock/shelf.wit", SHELF),
    ];
    for (path, text) in texts {
        vfs.open(Path::new(path), 1, text.to_owned());
    }
    vfs
}

/// The byte of the first `|` of a text that is found in a file with the part around it: `a |b` is the `b` behind `a `.
fn offset(files: &Snapshot, path: &str, marked: &str) -> usize {
    let text = files.text(Path::new(path)).unwrap();
    let at = text.as_str().find(&marked.replacen('|', "", 1)).unwrap_or_else(|| panic!("{marked}"));
    at + marked.find('|').unwrap()
}

/// A place as a person reads it: the file, the line, and the name with marks around it.
fn drawn(files: &Snapshot, path: &Path, span: &Range<usize>) -> String {
    let text = files.text(path).unwrap();
    let line = text.line_of(span.start);
    let bytes = text.line(line);
    let marked = format!(
        "{}«{}»{}",
        &text.as_str()[bytes.start..span.start],
        &text.as_str()[span.clone()],
        &text.as_str()[span.end..bytes.end.max(span.end)]
    );
    format!("{}:{} {}", path.display(), line + 1, marked.trim())
}

fn ways(files: &Snapshot, links: &[Link]) -> String {
    let way = |link: &Link| drawn(files, &link.target, &link.target_span);
    links.iter().map(way).collect::<Vec<_>>().join("\n")
}

const W: &str = "/p/wit/world.wit";

/// Every place from which something is asked: a file and a marked part of its text.
const PLACES: &[(&str, &str)] = &[
    ("/p/theater.toml", "\"|shop\""),
    ("/p/theater.toml", "|log ="),
    ("/p/theater.toml", "max-|lines"),
    ("/p/theater.toml", "stock/|shelf"),
    ("/p/theater.toml", "|name"),
    (W, "package lo|cal"),
    (W, "use goods:st|ock"),
    (W, "shelf@0.1.0 as g|oods"),
    (W, "use g|oods.{"),
    (W, "{it|em,"),
    (W, "am|ount as"),
    (W, "as nu|mber}"),
    (W, "of: n|umber"),
    (W, "item: it|em"),
    (W, "(by: re|ceipt)"),
    (W, "borrow<ti|ll>"),
    (W, "%ty|pe>"),
    (W, "host/l|og"),
    (W, "theater:|host"),
    (W, "import go|ods;"),
    (W, "more: sel|ling"),
    (W, "-> s|ale;"),
    (W, "include ot|her"),
    (W, "{ r|un as"),
    (W, "as wa|lk"),
    ("/p/wit/other.wit", "= rec|eipt"),
    ("/p/wit/deps/stock/shelf.wit", "count: am|ount"),
];

#[test]
fn names_lead_to_where_they_are_defined() {
    let files = project().snapshot();
    let mut text = String::new();
    for (path, marked) in PLACES {
        let at = offset(&files, path, marked);
        let here = Path::new(path);
        let defined = ways(&files, &definition(&files, here, at));
        text += &format!("-- {marked}\n{defined}\n");
        let declared = ways(&files, &declaration(&files, here, at));
        if declared != defined {
            text += &format!("declared {declared}\n");
        }
        let types = ways(&files, &type_definition(&files, here, at));
        if types != defined && !types.is_empty() {
            text += &format!("types {types}\n");
        }
    }
    assert_snapshot!(text);
}

#[test]
fn names_are_found_wherever_they_are_mentioned() {
    let files = project().snapshot();
    let mut text = String::new();
    let places = [
        (W, "record s|ale"),
        (W, "interface se|lling"),
        (W, "as g|oods"),
        (W, "as nu|mber"),
        (W, "world sh|op"),
        (W, "resource ti|ll"),
        (W, "first: s|ale"),
        (W, "enum %t|ype"),
        (W, "package l|ocal"),
        ("/p/wit/deps/stock/shelf.wit", "interface s|helf"),
        ("/p/wit/deps/stock/shelf.wit", "type am|ount"),
        ("/p/theater.toml", "lo|g ="),
    ];
    for (path, marked) in places {
        let at = offset(&files, path, marked);
        text += &format!("-- {marked}\n");
        let all = references(&files, Path::new(path), at, true);
        for location in &all {
            let mark = if location.is_declaration { "* " } else { "  " };
            text += &format!("{mark}{}\n", drawn(&files, &location.path, &location.span));
        }
        let mentions = references(&files, Path::new(path), at, false);
        assert!(mentions.iter().all(|it| !it.is_declaration && all.contains(it)), "{marked}");
        let here = highlights(&files, Path::new(path), at);
        assert!(here.iter().all(|it| it.path == Path::new(path)), "{marked}");
        // From wherever one asks, the answer is the same.
        for location in all.iter().filter(|it| !it.path.starts_with(files.library())) {
            let again = references(&files, &location.path, location.span.start, true);
            assert_eq!(again, all, "{marked}: {location:?}");
        }
    }
    assert_snapshot!(text);
}

#[test]
fn what_has_no_name_leads_nowhere() {
    let files = project().snapshot();
    for (path, text) in [("/p/theater.toml", MANIFEST), (W, WORLD)] {
        for offset in 0..=text.len() + 2 {
            for link in definition(&files, Path::new(path), offset) {
                assert!(link.span.start <= offset && offset <= link.span.end);
                assert!(files.text(&link.target).is_some());
            }
        }
    }
    for marked in ["// |", "u|32", "recor|d item", "st|ring", "pack|age"] {
        let path = "/p/wit/deps/stock/shelf.wit";
        if let Some(at) = SHELF.find(&marked.replacen('|', "", 1)) {
            let at = at + marked.find('|').unwrap();
            assert_eq!(definition(&files, Path::new(path), at), [], "{marked}");
        }
    }
    assert_eq!(definition(&files, Path::new("/p/none.wit"), 0), []);
}

#[test]
fn circles_end() {
    let mut vfs = Vfs::default();
    let text = "package a:b;\nuse i as j;\nuse j as i;\n\
                interface x { use y.{t}; use z.{u as v}; type w = w; f: func(a: t, b: v); }\n\
                interface y { use x.{t}; }\ninterface z { use x.{v as u}; }\n";
    vfs.open(Path::new("/p/wit/a.wit"), 1, text.to_owned());
    let files = vfs.snapshot();
    for offset in 0..text.len() {
        let path = Path::new("/p/wit/a.wit");
        definition(&files, path, offset);
        type_definition(&files, path, offset);
        references(&files, path, offset, true);
    }
}
