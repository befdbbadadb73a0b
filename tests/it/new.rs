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

/// Killed while git works, and at many other moments: what is there then is a whole project or none,
/// and the next one removes what was begun.
#[test]
fn a_killed_process_leaves_no_half_project() {
    let mut env = TestEnvironment::new();
    env.tools = Some(env.path("../tools"));
    env.write("../tools/git", "#!/bin/sh\necho started >>\"$HOME/git\"; exec sleep 20\n");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(env.path("../tools/git"), executable).unwrap();
    let names = |env: &TestEnvironment| -> Vec<String> {
        let entries = std::fs::read_dir(&env.folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    // Not by SIGINT, which a test that runs in the background may have been told to ignore.
    for signal in ["-TERM", "-KILL"] {
        let mut running = env.start(&["new", "my-actor"]);
        while !env.path("../home/git").exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        running.signal(signal);
        running.end_of_process();
        std::fs::remove_file(env.path("../home/git")).unwrap();
        assert!(names(&env).iter().all(|name| name.starts_with(".theater-new-")));
    }
    env.tools = None;
    for delay in 0..20 {
        let mut running = env.start(&["new", "my-actor", "--language", "wat"]);
        std::thread::sleep(std::time::Duration::from_micros(delay * 500));
        running.kill();
        running.end_of_process();
        if env.path("my-actor").exists() {
            env.theater(&["build", "my-actor"]).ok();
            std::fs::remove_dir_all(env.path("my-actor")).unwrap();
        }
    }
    // A git that outlives the killed process may still write; what it leaves, one of the next removes.
    for round in 0.. {
        env.theater(&["new", "my-actor", "--vcs", "none"]).ok();
        if names(&env) == ["my-actor"] {
            break;
        }
        assert!(round < 100, "{:?}", names(&env));
        std::fs::remove_dir_all(env.path("my-actor")).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn usage_is_told() {
    let env = TestEnvironment::new();
    assert_snapshot!(env.theater(&["new"]).with_status(2));
    env.theater(&["new", "a", "--vcs", "svn"]).with_status(2);
    env.theater(&[]).with_status(2);
    env.theater(&["nonsense"]).with_status(2);
}
