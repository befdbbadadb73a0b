#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::{
    Vfs, declaration, definition, highlights, prepare_rename, references, rename as renamed,
};
use insta::assert_snapshot;
use std::collections::BTreeMap;

const SHOP: &str = "\
[actor]
name = \"shop\"
[supervisor]
[[children]]
name = \"orders\"
manifest = \"orders\"
[[children]]
name = 'inventory'
manifest = \"inventory/theater.toml\"
[[children]]
name = \"east\"
manifest = \"worker\"
[[children]]
name = \"west\"
manifest = \"worker\"
[[children]]
name = \"guest\"
manifest = \"guest\"
start = \"on-request\"
";

const ORDERS: &str = "\
[actor]
name = \"orders\"
[handlers]
messenger = { to = [\"east\", 'shop/inventory', \"inventory/*\", \"ea*\", \"gone\"] }
[links]
\"shop:inventory/stock\" = \"inventory\"
\"shop:audit/log@0.1.0\" = { actor = \"inventory/audit\" }
";

const INVENTORY: &str = "\
[actor]
name = \"inventory\"
[supervisor]
[[children]]
name = \"audit\"
manifest = \"../audit\"
";

const WORKER: &str = "\
[actor]
name = \"worker\"
[links]
\"shop:audit/log\" = \"audit\"
\"shop:inventory/stock\" = \"inventory\"
[supervisor]
[[children]]
name = \"audit\"
manifest = \"../audit\"
";

type Texts = BTreeMap<PathBuf, String>;

fn shop() -> Texts {
    let texts = [
        ("/shop/theater.toml", SHOP),
        ("/shop/orders/theater.toml", ORDERS),
        ("/shop/inventory/theater.toml", INVENTORY),
        ("/shop/worker/theater.toml", WORKER),
        ("/shop/audit/theater.toml", "[actor]\nname = \"auditor\"\n"),
        ("/shop/guest/theater.toml", "[actor]\nname = \"guest\"\n"),
        ("/other/theater.toml", "[actor]\nname = \"inventory\"\n"),
    ];
    texts.map(|(path, text)| (path.into(), text.to_owned())).into()
}

fn snapshot(texts: &Texts) -> Snapshot {
    let mut vfs = Vfs::default();
    for (path, text) in texts {
        vfs.open(path, 1, text.clone());
    }
    vfs.snapshot()
}

/// The file of a project of the shop, and the byte of the `|` of a marked part of it.
fn at(texts: &Texts, project: &str, marked: &str) -> (PathBuf, usize) {
    let path = Path::new("/shop").join(project).join(FILE_NAME);
    let start = texts[&path].find(&marked.replacen('|', "", 1)).unwrap();
    (path, start + marked.find('|').unwrap())
}

/// A place as a person reads it: its line, with marks around the name.
fn drawn(texts: &Texts, path: &Path, span: &Range<usize>) -> String {
    let text = &texts[path];
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at);
    let (before, after) = (&text[start..span.start], &text[span.end..end]);
    let line = text[..start].lines().count() + 1;
    format!("{}:{line} {before}«{}»{after}", path.display(), &text[span.clone()])
}

const PLACES: &[(&str, &str)] = &[
    ("orders", "= \"inv|entory\"\n"),
    ("orders", "\"|inventory/audit"),
    ("orders", "inventory/au|dit"),
    ("orders", "'sh|op/"),
    ("orders", "shop/inventory|'"),
    ("orders", "\"e|ast"),
    ("orders", "inv|entory/*"),
    ("orders", "|ea*"),
    ("orders", "g|one"),
    ("orders", "name = \"or|ders"),
    ("", "'inv|entory"),
    ("", "\"|west"),
    ("", "\"gu|est\"\nmanifest"),
    ("", "\"sh|op"),
    ("", "manifest = \"or|ders"),
    ("worker", "name = \"wor|ker"),
    ("worker", "log\" = \"aud|it"),
    ("audit", "audi|tor"),
];

#[test]
fn names_of_actors_lead_to_their_projects_and_to_whoever_means_them() {
    let texts = shop();
    let files = snapshot(&texts);
    let mut shown = String::new();
    for (project, marked) in PLACES {
        let (path, offset) = at(&texts, project, marked);
        shown += &format!("-- {project}: {marked}\n");
        let links = definition(&files, &path, offset);
        for link in &links {
            shown += &format!("defined  {}\n", drawn(&texts, &link.target, &link.target_span));
        }
        let declared = declaration(&files, &path, offset);
        for link in declared.iter().filter(|link| !links.contains(link)) {
            shown += &format!("declared {}\n", drawn(&texts, &link.target, &link.target_span));
        }
        let all = references(&files, &path, offset, true);
        for place in &all {
            let mark = if place.is_declaration { "*" } else { " " };
            shown += &format!("{mark}        {}\n", drawn(&texts, &place.path, &place.span));
        }
        // From wherever one asks, the answer is the same.
        for place in &all {
            assert_eq!(references(&files, &place.path, place.span.start, true), all, "{marked}");
        }
        let here = highlights(&files, &path, offset);
        assert!(here.iter().all(|place| place.path == path && all.contains(place)), "{marked}");
        assert_eq!(here.is_empty(), all.is_empty(), "{marked}");
    }
    assert_snapshot!(shown);
}

/// The shop with another name for what is marked, or why it cannot have that.
fn shop_with(project: &str, marked: &str, new: &str) -> Result<Texts, String> {
    let mut texts = shop();
    let (path, offset) = at(&texts, project, marked);
    let files = snapshot(&texts);
    let span = prepare_rename(&files, &path, offset)?;
    assert!(span.start <= offset && offset <= span.end);
    let mut edits = renamed(&files, &path, offset, new)?;
    edits.sort_by_key(|(_, span, _)| std::cmp::Reverse(span.start));
    for (path, span, text) in edits {
        texts.get_mut(&path).unwrap().replace_range(span, &text);
    }
    Ok(texts)
}

/// Whom the names mean, in the order of the tree and the texts.
fn meanings(texts: &Texts) -> Vec<usize> {
    Cast::of(&snapshot(texts)).places.iter().map(|place| place.actor).collect()
}

#[test]
fn whoever_gets_another_name_is_meant_by_the_same() {
    let before = meanings(&shop());
    for (project, marked) in PLACES {
        let (texts, (path, offset)) = (shop(), at(&shop(), project, marked));
        let everywhere = references(&snapshot(&texts), &path, offset, true);
        if everywhere.is_empty() {
            continue;
        }
        let texts = shop_with(project, marked, "new-name").unwrap();
        let count = texts.values().map(|text| text.matches("new-name").count()).sum::<usize>();
        assert_eq!(count, everywhere.len(), "{marked}: {texts:#?}");
        assert_eq!(meanings(&texts), before, "{marked}: {texts:#?}");
    }
    let texts = shop_with("orders", "= \"inv|entory\"\n", "stock").unwrap();
    let orders = &texts[Path::new("/shop/orders/theater.toml")];
    assert!(orders.contains("\"shop:inventory/stock\" = \"stock\""), "{orders}");
    assert!(orders.contains("'shop/stock', \"stock/*\""), "{orders}");
    assert!(orders.contains("\"stock/audit\""), "{orders}");
    assert!(texts[Path::new("/shop/inventory/theater.toml")].contains("name = \"stock\""));
    assert!(texts[Path::new("/shop/theater.toml")].contains("name = 'stock'"));
    assert!(texts[Path::new("/other/theater.toml")].contains("name = \"inventory\""));
}

#[test]
fn an_actor_cannot_take_the_name_of_another_one() {
    let why = |project, marked, new| shop_with(project, marked, new).unwrap_err();
    assert_eq!(
        why("orders", "= \"inv|entory\"\n", "Stock"),
        "`Stock` names no actor: `S` is an upper-case letter."
    );
    assert_eq!(
        why("", "'inv|entory", "orders"),
        "There is a `orders` among the children of `shop` already."
    );
    // `inventory` would then mean the worker's own child.
    assert_eq!(
        why("worker", "log\" = \"aud|it", "inventory"),
        "`shop/east` names `inventory`, which would then be another actor."
    );
    assert_eq!(why("orders", "g|one", "x"), "");
}
