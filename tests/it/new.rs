use crate::environment::TestEnvironment;
use insta::assert_snapshot;

#[test]
fn a_project_is_made_and_says_what_to_do_next() {
    let env = TestEnvironment::new();
    assert_snapshot!(env.theater(&["new", "my-actor", "--vcs", "none"]).ok());
    assert!(env.path("my-actor/theater.toml").exists());
    assert!(!env.path("my-actor/.git").exists());
}

#[test]
fn what_exists_is_left_alone() {
    let env = TestEnvironment::new();
    env.write("my-actor/precious", "data");
    assert_snapshot!(env.theater(&["new", "my-actor"]).with_status(2));
    assert_eq!(std::fs::read_dir(env.path("my-actor")).unwrap().count(), 1);
}

#[test]
fn bad_names_and_templates_are_refused() {
    let env = TestEnvironment::new();
    assert_snapshot!("bad_name", env.theater(&["new", "My Actor"]).with_status(2));
    assert_snapshot!("bad_name_option", env.theater(&["new", "a", "--name", "9x"]).with_status(2));
    assert_snapshot!("template", env.theater(&["new", "a", "--template", "countr"]).with_status(2));
    assert_snapshot!("language", env.theater(&["new", "a", "--language", "cobol"]).with_status(2));
    assert_snapshot!("no_parent", env.theater(&["new", "no/where/a"]).with_status(2));
    assert_eq!(std::fs::read_dir(&env.folder).unwrap().count(), 0);
}

#[test]
fn usage_is_told() {
    let env = TestEnvironment::new();
    assert_snapshot!(env.theater(&["new"]).with_status(2));
    env.theater(&["new", "a", "--vcs", "svn"]).with_status(2);
    env.theater(&[]).with_status(2);
    env.theater(&["nonsense"]).with_status(2);
}
