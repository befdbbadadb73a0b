#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::{OnDisk, Vfs};

const MANIFEST: &str = "[actor]\nname = \"a\"\ncomponent = \"a.wasm\"\nworld = \"w\"\n";
const WORLD: &str = "package local:a;\nworld w { import theater:host/log@0.1.0; }\n";

fn vfs(files: &[(&str, &str)]) -> Vfs {
    let mut vfs = Vfs::default();
    for (path, text) in files {
        vfs.found(Path::new(path), Some(OnDisk::File((*text).into())));
    }
    vfs
}

/// Each problem with its file, level and the text that it marks.
fn drawn(files: &Snapshot, unit: &Unit) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, list) in problems(files, unit) {
        let text = files.text(&path).unwrap();
        for problem in list {
            let (code, level) = (problem.code.id, problem.level);
            let marked = &text.as_str()[problem.span.clone()];
            lines.push(format!("{}: {code} {level:?} {marked:?}", path.display()));
            for related in problem.related {
                let text = files.text(&related.path).unwrap();
                let marked = &text.as_str()[related.span.clone()];
                lines.push(format!(
                    "  {}: {:?} {marked:?}",
                    related.path.display(),
                    related.message
                ));
            }
        }
    }
    lines
}

#[test]
fn a_problem_between_two_files_shows_in_both() {
    let mut vfs = vfs(&[("/p/theater.toml", MANIFEST)]);
    vfs.open(Path::new("/p/wit/w.wit"), 1, WORLD.into());
    let files = vfs.snapshot();
    let unit = Unit::Project("/p".into());
    assert_eq!(units(&files), BTreeSet::from([unit.clone()]));
    assert_eq!(
        drawn(&files, &unit),
        [
            "/p/theater.toml: TH0205 Error \"\\\"a\\\"\"",
            "  /p/wit/w.wit: \"imported here\" \"log\"",
            "/p/theater.toml: TH0308 Warning \"\\\"a.wasm\\\"\"",
            "/p/wit/w.wit: TH0205 Note \"log\"",
            "  /p/theater.toml: \"`log` is not granted\" \"\\\"a\\\"\"",
        ]
    );
}

#[test]
fn a_manifest_that_cannot_be_read_hides_no_wit() {
    let files = vfs(&[("/p/theater.toml", "[actor\nname"), ("/p/wit/w.wit", "package")]);
    let drawn = drawn(&files.snapshot(), &Unit::Project("/p".into()));
    assert!(drawn.iter().any(|line| line.starts_with("/p/wit/w.wit: TH0201")), "{drawn:#?}");
}

#[test]
fn wit_outside_of_projects_is_grouped_by_package() {
    let mut vfs = vfs(&[
        ("/p/theater.toml", MANIFEST),
        ("/p/wit/w.wit", WORLD),
        ("/lone/b.wit", "package x:b;\ninterface b {}\n"),
    ]);
    vfs.open(Path::new("/lone/a.wit"), 1, "package x:a;\nworld a { import b; }\n".into());
    vfs.open(Path::new("/p/wit/deps/c/c.wit"), 1, "package x:c;\n".into());
    let files = vfs.snapshot();
    let lone = Unit::Package("/lone".into());
    assert_eq!(units(&files), BTreeSet::from([Unit::Project("/p".into()), lone.clone()]));
    assert_eq!(drawn(&files, &lone), ["/lone/a.wit: TH0202 Error \"b\""]);
    vfs.open(Path::new("/lone/a.wit"), 2, "package x:b;\nworld a { import b; }\n".into());
    assert_eq!(drawn(&vfs.snapshot(), &lone), [""; 0]);
    vfs.open(Path::new("/lone/a.wit"), 3, "world a { import b; import y:z/q; }\n".into());
    assert_eq!(drawn(&vfs.snapshot(), &lone), [""; 0]);
}

#[test]
fn problems_without_a_place_stand_at_the_top_of_the_manifest() {
    let mut vfs = vfs(&[("/p/theater.toml", MANIFEST)]);
    vfs.found(Path::new("/p/wit"), Some(OnDisk::Folder));
    let found = problems(&vfs.snapshot(), &Unit::Project("/p".into()));
    let problem = &found[Path::new("/p/theater.toml")][0];
    assert_eq!((problem.code.id, problem.span.clone()), ("TH0203", 0..0));
}
