use crate::environment::TestEnvironment;
use insta::assert_snapshot;
use serde_json::Value;

const UGLY: &str = "package a:b;\ninterface i{x:func();}\n";
const NEAT: &str = "package a:b;\n\ninterface i {\n    x: func();\n}\n";

fn project() -> TestEnvironment {
    let env = TestEnvironment::new();
    env.write("theater.toml", "[actor]\nname=\"a\" # kept\n[handlers]\nlog=true\n");
    env.write("wit/world.wit", UGLY);
    env.write("wit/deps/other.wit", UGLY);
    env.write("target/made.wit", UGLY);
    env.write("child/theater.toml", "[actor]\nname = \"b\"\n");
    env.write("Cargo.toml", "[package]\nname=\"c\"\n");
    env
}

#[test]
fn a_project_is_formatted() {
    let env = project();
    assert_snapshot!("check", env.theater(&["fmt", "--check"]).with_status(1));
    assert_eq!(env.read("wit/world.wit"), UGLY);
    assert_snapshot!("format", env.theater(&["fmt"]).ok());
    assert_eq!(env.read("wit/world.wit"), NEAT);
    let manifest = "[actor]\nname = \"a\" # kept\n\n[handlers]\nlog = true\n";
    assert_eq!(env.read("theater.toml"), manifest);
    // What others wrote stays theirs, unless it is named.
    assert_eq!(env.read("wit/deps/other.wit"), UGLY);
    assert_eq!(env.read("target/made.wit"), UGLY);
    assert_eq!(env.read("Cargo.toml"), "[package]\nname=\"c\"\n");
    env.theater(&["fmt", "--check"]).ok();
    let ran = env.theater(&["fmt", "--json", "wit/deps/other.wit"]).ok();
    let line: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(line["file"], "wit/deps/other.wit");
    assert_eq!(env.read("wit/deps/other.wit"), NEAT);
}

#[test]
fn a_file_with_errors_stays_as_it_is() {
    let env = project();
    env.write("theater.toml", "[actor\nname=1\nname=2\n");
    env.write("child/wit/bad.wit", "package a:b;\ninterface  i { x: fun(); }\n");
    let ran = env.theater(&["fmt"]).with_status(1);
    assert_snapshot!(ran);
    assert_eq!(env.read("theater.toml"), "[actor\nname=1\nname=2\n");
    assert_eq!(env.read("child/wit/bad.wit"), "package a:b;\ninterface  i { x: fun(); }\n");
    // The others are formatted all the same.
    assert_eq!(env.read("wit/world.wit"), NEAT);
    let json = env.theater(&["fmt", "--json"]).with_status(1);
    let codes: Vec<Value> =
        json.stdout.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert!(codes.iter().all(|problem| problem["code"].is_string()), "{json}");
}

#[test]
fn what_cannot_be_formatted_is_refused() {
    let env = project();
    assert_snapshot!("nowhere", env.theater(&["fmt", "nowhere", "wit"]).with_status(2));
    assert_snapshot!("no_such_language", env.theater(&["fmt", "Cargo.toml"]).with_status(2));
    assert_eq!(env.read("wit/world.wit"), UGLY);
}

#[test]
fn what_theater_new_makes_has_the_layout() {
    let env = TestEnvironment::new();
    env.theater(&["new", "one", "--language", "wat", "--vcs", "none"]).ok();
    env.theater(&["new", "many", "--template", "app", "--vcs", "none"]).ok();
    env.theater(&["fmt", "--check", "."]).ok();
}
