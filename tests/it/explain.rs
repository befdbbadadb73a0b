use crate::environment::TestEnvironment;
use insta::assert_snapshot;
use std::path::Path;

#[test]
fn topics_are_listed_and_explained() {
    let env = TestEnvironment::new();
    assert_snapshot!("overview", env.theater(&["explain"]).ok());
    assert_snapshot!("code", env.theater(&["explain", "th0205"]).ok());
    assert_snapshot!("handlers", env.theater(&["explain", "handlers"]).ok());
    assert_snapshot!("handler", env.theater(&["explain", "random"]).ok());
    for handler in ["context", "log", "state", "clock"] {
        let page = env.theater(&["explain", handler]).ok().stdout;
        assert!(page.contains("## WIT") && page.contains(&format!("# {handler}: ")), "{page}");
    }
    let manifest = env.theater(&["explain", "manifest"]).ok().stdout;
    assert!(manifest.contains("## [limits]"), "{manifest}");
}

#[test]
fn every_code_has_a_page() {
    let env = TestEnvironment::new();
    let list = env.theater(&["explain", "codes"]).ok().stdout;
    let codes: Vec<&str> = list
        .lines()
        .filter_map(|line| line.trim().split_once("  "))
        .map(|(code, _)| code)
        .collect();
    assert!(codes.len() > 60 && codes.contains(&"TH0801"), "{list}");
    for code in codes {
        let page = env.theater(&["explain", code]).ok().stdout;
        assert!(page.starts_with(&format!("# {code}: ")), "{page}");
        assert!(page.contains("\nWrong:") && page.contains("\nRight:"), "{page}");
    }
}

#[test]
fn every_code_is_raised_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    for folder in ["src", "repl/src", "runtime/src", "scaffold/src"] {
        sources(&root.join(folder), &mut texts);
    }
    for table in ["runtime/src/diagnostic/codes.rs", "scaffold/src/codes.rs"] {
        let table = std::fs::read_to_string(root.join(table)).unwrap();
        let names = table.lines().filter_map(|line| line.trim().split_once(" = \"TH"));
        for (name, _) in names {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let mut texts = texts.iter();
            assert!(texts.any(|text| text.split(|c| !word(c)).any(|w| w == name)), "{name}");
        }
    }
}

/// The texts of all sources in a folder but for tables of codes and tests.
fn sources(folder: &Path, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        match path.is_dir() {
            true if name != "tests" => sources(&path, texts),
            false if name.ends_with(".rs") && !["codes.rs", "tests.rs"].contains(&name) => {
                texts.push(std::fs::read_to_string(&path).unwrap());
            }
            _ => {}
        }
    }
}

#[test]
fn the_schema_is_json() {
    let env = TestEnvironment::new();
    let schema = env.theater(&["explain", "--schema"]).ok().stdout;
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert!(schema["properties"]["actor"].is_object());
}

#[test]
fn an_unknown_topic_gets_a_suggestion() {
    let env = TestEnvironment::new();
    assert_snapshot!("near", env.theater(&["explain", "stat"]).with_status(2));
    assert_snapshot!("far", env.theater(&["explain", "philosophy"]).with_status(2));
}

#[test]
fn colours_only_when_asked_for() {
    let env = TestEnvironment::new();
    assert!(!env.theater(&["explain"]).ok().stdout.contains('\x1b'));
    assert!(env.theater(&["explain", "--color", "always"]).ok().stdout.contains('\x1b'));
    assert!(!env.theater(&["--color", "never", "explain"]).ok().stdout.contains('\x1b'));
}
