#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::{OnDisk, Problem, Vfs, problems, units};
use insta::assert_snapshot;
use std::collections::BTreeMap;

type Texts = BTreeMap<PathBuf, String>;

const ACTOR: &str = "[actor]\nname = \"a\"\ncomponent = \"a.wasm\"\n";

fn project(manifest: &str, files: &[(&str, &str)]) -> Texts {
    let file = |(path, text): (&str, &str)| (Path::new("/p").join(path), text.to_owned());
    files.iter().copied().chain([("theater.toml", manifest)]).map(file).collect()
}

fn snapshot(texts: &Texts) -> Snapshot {
    let mut vfs = Vfs::default();
    for (path, text) in texts {
        vfs.found(path, Some(OnDisk::File(text.as_str().into())));
    }
    vfs.snapshot()
}

/// What is wrong, but for the component, which no test builds.
fn found(texts: &Texts) -> Vec<Problem> {
    let files = snapshot(texts);
    let all = units(&files).into_iter().flat_map(|unit| problems(&files, &unit));
    all.flat_map(|(_, list)| list).filter(|problem| problem.code.id != "TH0308").collect()
}

fn offered(texts: &Texts) -> Option<NewWorld> {
    new_world(&snapshot(texts), Path::new("/p/theater.toml"), &(0..0))
}

/// The project with the world.
fn created(texts: &Texts) -> Texts {
    let world = offered(texts).unwrap();
    let mut texts = texts.clone();
    assert_eq!(world.is_new, !texts.contains_key(&world.path));
    texts.entry(world.path).or_default().push_str(&world.text);
    texts
}

#[test]
fn every_grant_makes_a_world_without_problems() {
    for handler in HANDLERS.iter().filter(|handler| !handler.always) {
        let name = handler.name;
        let manifest = format!("{ACTOR}world = \"w\"\n[handlers]\n{name} = true\n");
        let texts = project(&manifest, &[]);
        let before = found(&texts);
        assert_eq!(before.len(), 1, "{before:?}");
        assert_eq!(before[0].code.id, "TH0203");
        let texts = created(&texts);
        assert_eq!(found(&texts), [], "{texts:#?}");
        assert_eq!(offered(&texts), None);
    }
}

#[test]
fn a_world_has_what_is_granted_and_linked() {
    let manifest = format!(
        "{ACTOR}world = \"shop:orders/interface@1.0.0\"\n[handlers]\nlog = true\nrandom = false\n\
         timer = true\n[links]\n\"shop:stock/shelf\" = \"stock\"\n\"shop:audit/book@0.1.0\" = \"audit\"\n"
    );
    let shelf = "package shop:stock@0.2.0;\ninterface shelf { count: func() -> u32; }\n";
    let texts = project(&manifest, &[("wit/deps/stock.wit", shelf)]);
    let texts = created(&texts);
    assert_snapshot!(texts[Path::new("/p/wit/world.wit")], @r"
    package shop:orders@1.0.0;

    /// The actor `a`.
    world %interface {
        import theater:host/log@0.1.0;
        import wasi:cli/stdout@0.2.0;
        import wasi:cli/stderr@0.2.0;
        import theater:host/timer@0.1.0;
        // Put its package into `deps` first:
        // import shop:audit/book@0.1.0;
        import shop:stock/shelf@0.2.0;

        export theater:actor/timer-callback@0.1.0;
    }
    ");
}

#[test]
fn a_world_joins_the_package_that_is_there() {
    let manifest = format!("{ACTOR}world = \"w\"\n[handlers]\nlog = true\n");
    let own = "package local:b;\ninterface i { f: func(); }\n";
    for (path, before) in [("wit/b.wit", "TH0204"), ("wit/world.wit", "TH0204")] {
        let texts = project(&manifest, &[(path, own), ("wit/c.wit", "interface j {}\n")]);
        assert!(found(&texts).iter().any(|problem| problem.code.id == before));
        let texts = created(&texts);
        assert_eq!(found(&texts), []);
        let text = &texts[&Path::new("/p").join(path)];
        assert!(
            text.starts_with(own) && text.contains("}\n\n/// The actor `a`.\nworld w {"),
            "{text}"
        );
    }
    let texts = created(&project(&manifest, &[("wit/world.wit", "\n")]));
    assert_eq!(found(&texts), []);
    // Without a name the only world is meant.
    let texts = created(&project(ACTOR, &[]));
    assert!(texts[Path::new("/p/wit/world.wit")].starts_with("package local:a;\n\n/// The"));
}

#[test]
fn what_is_there_or_not_needed_is_not_offered() {
    let none = |manifest: &str, files: &[(&str, &str)]| {
        assert_eq!(offered(&project(manifest, files)), None, "{manifest} {files:?}");
    };
    let named = |world: &str| format!("{ACTOR}world = \"{world}\"\n");
    let own = ("wit/a.wit", "package local:a;\nworld w {}\ninterface i {}\n");
    none(&named("w"), &[own]);
    none(&named("local:a/w"), &[own]);
    none(&named("i"), &[own]);
    none(&named("other:b/x"), &[own]);
    none(ACTOR, &[own]);
    none(&named("x"), &[("wit/a.wit", "world w {}\n")]);
    none("[actor]\nname = \"a\"\n[supervisor]\n", &[]);
    let texts = project(&format!("{ACTOR}[limits]\nfuel = 5\n"), &[]);
    let text = &texts[Path::new("/p/theater.toml")];
    let path = Path::new("/p/theater.toml");
    assert_eq!(new_world(&snapshot(&texts), path, &(text.len()..text.len())), None);
}
