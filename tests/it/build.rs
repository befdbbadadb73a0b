use crate::environment::TestEnvironment;
use insta::assert_snapshot;

#[test]
fn a_component_is_built_once() {
    let env = TestEnvironment::new();
    env.theater(&["new", "my-actor", "--language", "wat", "--vcs", "none"]).ok();
    assert_snapshot!("built", env.theater(&["build", "my-actor"]).ok());
    assert_snapshot!("up_to_date", env.theater(&["build", "my-actor"]).ok());
}

#[test]
fn a_project_is_found_from_within() {
    let mut env = TestEnvironment::with_counter();
    env.folder = env.folder.join("src");
    assert_snapshot!(env.theater(&["build"]).ok());
}

#[test]
fn wrong_source_leaves_the_component() {
    let env = TestEnvironment::with_counter();
    let before = std::fs::read(env.path("build/my-actor.wasm")).unwrap();
    env.write("src/counter.wat", "(component\n  (core modul))\n");
    assert_snapshot!(env.theater(&["build"]).with_status(1));
    assert_eq!(std::fs::read(env.path("build/my-actor.wasm")).unwrap(), before);
}

#[test]
fn without_a_project_nothing_can_be_built() {
    let env = TestEnvironment::new();
    assert_snapshot!(env.theater(&["build"]).with_status(2));
    env.theater(&["build", "nowhere"]).with_status(2);
}
