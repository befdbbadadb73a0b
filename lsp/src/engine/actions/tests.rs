#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::{OnDisk, Vfs};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A project in `/p`, as file names and texts.
type Project = BTreeMap<PathBuf, String>;

fn project(manifest: &str, world: &str) -> Project {
    let wit = format!("package local:a;\nworld w {{\n    {world}\n}}\n");
    let file = |name: &str, text: &str| (Path::new("/p").join(name), text.to_owned());
    Project::from([file("theater.toml", manifest), file("wit/w.wit", &wit)])
}

fn snapshot(project: &Project) -> Snapshot {
    let mut vfs = Vfs::default();
    for (path, text) in project {
        vfs.found(path, Some(OnDisk::File(text.as_str().into())));
    }
    vfs.snapshot()
}

/// The codes of all problems, but for the component, which no test builds.
fn codes(project: &Project) -> Vec<&'static str> {
    let files = snapshot(project);
    let found = project.keys().flat_map(|path| found_in(&files, path));
    let mut codes: Vec<_> = found.map(|problem| problem.code.id).collect();
    codes.retain(|code| *code != "TH0308");
    codes.sort_unstable();
    codes
}

fn applied(project: &Project, fix: &Fix) -> Project {
    let mut fixed = project.clone();
    let mut edits = fix.edits.clone();
    edits.sort_by_key(|(_, span, _)| std::cmp::Reverse(span.start));
    for (path, span, text) in edits {
        fixed.get_mut(&path).unwrap().replace_range(span, &text);
    }
    fixed
}

const ACTOR: &str = "[actor]\nname = \"a\"\ncomponent = \"a.wasm\"\nworld = \"w\"\n";

/// Every kind of fix: the manifest, what the world holds, the code of the problem, and the title of its first fix.
const FIXES: &[(&str, &str, &str, &str)] = &[
    ("[limits]\nfule = 5\n", "", "TH0104", "Write `fuel`"),
    ("[handlers]\nlgo = true\n", "import theater:host/log@0.1.0;", "TH0105", "Write `log`"),
    ("[supervisor]\nstrategy = \"one-for-al\"\n", "", "TH0111", "Write `\"one-for-all\"`"),
    ("[handlers]\ncontext = true\n", "", "TH0114", "Remove the line"),
    ("[handlers]\nlog = true # why\n", "", "TH0208", "Remove the grant"),
    ("[links]\n\"a:b/c\" = \"b\"\n", "", "TH0250", "Remove the link"),
    ("", "import theater:host/log@0.1.0;", "TH0205", "Grant `log`"),
    ("[handlers]\nlog = false\n", "import theater:host/log@0.1.0;", "TH0205", "Grant `log`"),
    ("[handlers]\n", "export theater:actor/timer-callback@0.1.0;", "TH0211", "Grant `timer`"),
    (
        "[handlers]\ntimer = true\n",
        "import theater:host/timer@0.1.0;",
        "TH0212",
        "Export `theater:actor/timer-callback@0.1.0`",
    ),
    (
        "[supervisor]\n[[children]]\nname = \"b\"\nmanifest = \"b\"\nstart = \"on-request\"\n",
        "",
        "TH0141",
        "Grant `supervisor`",
    ),
    ("", "type amount = u8;\n    export f: func(x: amuont);", "TH0202", "Write `amount`"),
    ("", "export f: func();\n    export f: func();", "TH0213", "Remove the second one"),
    (
        "[handlers]\nclock = true\n",
        "import wasi:clocks/wall-clock@0.2.9;",
        "TH0215",
        "Write `0.2.0`",
    ),
    ("", "@unstable(feature = x)\n    export f: func();", "TH0216", "Remove the gate"),
    ("", "export f: func();\n}\nworld spare {", "TH0217", "Remove the world"),
    ("init = '5'\n", "export f: func();", "TH0242", "Remove the arguments"),
];

#[test]
fn every_fix_does_away_with_its_problem_and_makes_none() {
    for (manifest, world, code, title) in FIXES {
        let project = project(&format!("{ACTOR}{manifest}"), world);
        does_away(&project, code, title);
    }
    let mut project = project(&ACTOR.replace("\"w\"", "\"markte\""), "");
    let wit = project.get_mut(Path::new("/p/wit/w.wit")).unwrap();
    *wit = wit.replace("world w", "world market");
    does_away(&project, "TH0204", "Write `market`");
}

/// The fix of this title does away with a problem, and makes no other one.
fn does_away(project: &Project, code: &str, title: &str) {
    let before = codes(project);
    let files = snapshot(project);
    let everywhere = 0..usize::MAX;
    let found = project.keys().flat_map(|path| actions(&files, path, &everywhere));
    let fixes: Vec<Fix> =
        found.filter(|action| action.problem.code.id == code).map(|action| action.fix).collect();
    let fix = fixes.iter().find(|fix| fix.title == title);
    let fix = fix.unwrap_or_else(|| panic!("{code}: {title}: {before:?} {fixes:#?}"));
    let fixed = applied(project, fix);
    let after = codes(&fixed);
    let new = |found: &&'static str| *found == code || !before.contains(found);
    assert!(!after.iter().any(new), "{title}: {after:?} {fixed:#?}");
}

/// The fixes of an application, by what `orders` of it has in its manifest.
const FIXES_OF_LINKS: &[(&str, &str, &str)] = &[
    ("[links]\n\"a:b/c\" = \"invntory\"\n", "TH0252", "Write `inventory`"),
    ("[handlers]\nmessenger = { to = [\"invntory\"] }\n", "TH0257", "Write `inventory`"),
    ("[handlers]\nmessenger = { to = [\"wrker-*\"] }\n", "TH0258", "Write `worker-*`"),
    ("[handlers]\nmessenger = { to = [\"shp/*\"] }\n", "TH0258", "Write `shop/*`"),
];

#[test]
fn every_fix_of_an_application_does_away_with_its_problem_and_makes_none() {
    let world = "import theater:host/messenger@0.1.0;\n    import a:b/c;\n    export theater:actor/inbox@0.1.0;";
    for (manifest, code, title) in FIXES_OF_LINKS {
        let mut project = Project::new();
        let mut add = |path: &str, text: String| project.insert(path.into(), text);
        let mut shop = "[actor]\nname = \"shop\"\n[supervisor]\n".to_owned();
        for name in ["orders", "inventory", "worker-1"] {
            shop += &format!("[[children]]\nname = \"{name}\"\nmanifest = \"{name}\"\n");
            let actor = ACTOR.replace("\"a\"", &format!("\"{name}\""));
            let more = if name == "orders" { manifest } else { "" };
            add(&format!("/p/{name}/theater.toml"), format!("{actor}{more}"));
            let wit = format!("package local:a;\nworld w {{\n    {world}\n}}\n");
            add(&format!("/p/{name}/wit/w.wit"), wit);
            add(&format!("/p/{name}/wit/deps/b.wit"), "package a:b;\ninterface c {}\n".to_owned());
        }
        add("/p/theater.toml", shop);
        does_away(&project, code, title);
    }
}

/// An application in which `orders` calls `stock`, which `inventory` has, and `audit` could have. What `orders` grants and is
/// linked to, and what the worlds of the two others hold.
fn shop(orders: &str, inventory: &str, audit: &str) -> Project {
    let mut project = Project::new();
    let mut add = |path: &str, text: String| project.insert(path.into(), text);
    let stock = "interface stock { count: func() -> u32; }\n";
    let worlds = [
        ("orders", "import theater:host/messenger@0.1.0;\n    import shop:inventory/stock;"),
        ("inventory", inventory),
        ("audit", audit),
    ];
    let mut shop = "[actor]\nname = \"shop\"\n[supervisor]\n".to_owned();
    for (name, world) in worlds {
        shop += &format!("[[children]]\nname = \"{name}\"\nmanifest = \"{name}\"\n");
        let actor = ACTOR.replace("\"a\"", &format!("\"{name}\""));
        let more = if name == "orders" { orders } else { "" };
        add(&format!("/p/{name}/theater.toml"), format!("{actor}{more}"));
        let here = if name == "inventory" { stock } else { "" };
        let wit = format!("package shop:{name};\n{here}world w {{\n    {world}\n}}\n");
        add(&format!("/p/{name}/wit/w.wit"), wit);
        let dep = format!("package shop:inventory;\n{stock}");
        if name != "inventory" {
            add(&format!("/p/{name}/wit/deps/b.wit"), dep);
        }
    }
    add("/p/theater.toml", shop);
    project
}

#[test]
fn every_fix_of_two_actors_does_away_with_its_problem_and_makes_none() {
    let link = |to: &str| format!("[links]\n\"shop:inventory/stock\" = \"{to}\"\n");
    let run = "export run: func();";
    let both = shop(&link("audit"), "export stock;", run);
    does_away(&both, "TH0253", "Link to `inventory`");
    does_away(&both, "TH0253", "Export `shop:inventory/stock` from `audit`");
    does_away(
        &shop(&link("inventory"), run, run),
        "TH0253",
        "Export `shop:inventory/stock` from `inventory`",
    );
    let heard = "[handlers]\nmessenger = { to = [\"audit\"] }\n";
    for world in [run, ""] {
        let project = shop(heard, run, world);
        let title = "Export `theater:actor/inbox@0.1.0` from `audit`";
        does_away(&project, "TH0257", title);
    }
}

#[test]
fn what_would_not_fit_is_not_offered() {
    let link = "[links]\n\"shop:inventory/stock\" = \"audit\"\n";
    let titles = |project: &Project| {
        let path = Path::new("/p/orders/theater.toml");
        let found = actions(&snapshot(project), path, &(0..usize::MAX)).into_iter();
        let found = found.filter(|action| action.problem.code.id == "TH0253");
        found.map(|action| action.fix.title).collect::<Vec<_>>()
    };
    let mut project = shop(link, "export stock;", "");
    let copy = project.get_mut(Path::new("/p/audit/wit/deps/b.wit")).unwrap();
    *copy = copy.replace("u32", "u64");
    assert_eq!(titles(&project), ["Link to `inventory`"]);
    project.remove(Path::new("/p/audit/wit/deps/b.wit"));
    assert_eq!(titles(&project), ["Link to `inventory`"]);
    // Who waits for the actor itself cannot answer it.
    let inventory = project.get_mut(Path::new("/p/inventory/theater.toml")).unwrap();
    inventory.push_str("[links]\n\"a:b/c\" = \"orders\"\n");
    assert_eq!(titles(&project), [""; 0]);
}

#[test]
fn what_is_certain_can_be_done_at_once_and_grants_nothing() {
    let manifest = "[handlers]\ncontext = true\nlgo = true\nrandom = true\n[limits]\nfule = 5\n";
    let project = project(
        &format!("{ACTOR}{manifest}"),
        "import theater:host/log@0.1.0;\n    import theater:host/state@0.1.0;",
    );
    let files = snapshot(&project);
    let path = Path::new("/p/theater.toml");
    let fix = fix_all(&files, path).unwrap();
    let fixed = applied(&project, &fix);
    assert_eq!(fixed[path], format!("{ACTOR}[handlers]\nlgo = true\n[limits]\nfuel = 5\n"));
    assert_eq!(fix_all(&snapshot(&fixed), path), None);
    // What an actor may do, a person decides: also which handler was meant.
    assert!(codes(&fixed).iter().all(|code| ["TH0105", "TH0205"].contains(code)));
}

#[test]
fn only_what_is_at_the_place_is_offered() {
    let manifest = "[handlers]\nlgo = true\n[limits]\nfule = 5\n";
    let text = format!("{ACTOR}{manifest}");
    let files = snapshot(&project(&text, "import theater:host/log@0.1.0;"));
    let path = Path::new("/p/theater.toml");
    let titles = |word: &str| {
        let at = text.find(word).unwrap();
        let found = actions(&files, path, &(at..at));
        found.into_iter().map(|action| action.fix.title).collect::<Vec<_>>()
    };
    assert_eq!(titles("fule"), ["Write `fuel`"]);
    assert_eq!(titles("lgo"), ["Write `log`"]);
    assert!(titles("name").is_empty());
}
