use crate::environment::TestEnvironment;
use insta::assert_snapshot;

#[test]
fn a_sound_project_has_no_problems() {
    let env = TestEnvironment::with_counter();
    assert_snapshot!(env.theater(&["check"]).ok());
    assert_eq!(env.theater(&["check", "--json"]).ok().stdout, "");
}

#[test]
fn a_project_that_is_not_built_yet_has_a_warning() {
    let env = TestEnvironment::new();
    env.theater(&["new", "my-actor", "--language", "wat", "--vcs", "none"]).ok();
    assert_snapshot!(env.theater(&["check", "my-actor"]).ok());
}

#[test]
fn several_problems_are_shown_in_one_go() {
    let env = TestEnvironment::with_counter();
    let manifest = env.read("theater.toml");
    env.write(
        "theater.toml",
        manifest.replace("state = true", "stat = true").replace("world", "wrld"),
    );
    assert_snapshot!("several", env.theater(&["check"]).with_status(1));
    let json = env.theater(&["check", "--json"]).with_status(1);
    assert_eq!(json.stderr, "");
    for line in json.stdout.lines() {
        let problem: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(problem["code"].as_str().unwrap().starts_with("TH"), "{problem}");
    }
    assert_snapshot!("several_json", json);
}

#[test]
fn an_import_that_is_not_granted_names_import_world_and_line() {
    let env = TestEnvironment::with_counter();
    env.write("theater.toml", env.read("theater.toml").replace("state = true", ""));
    let ran = env.theater(&["check"]).with_status(1);
    for part in ["theater:host/state@0.1.0", "world `actor`", "state = true"] {
        assert!(ran.stderr.contains(part), "{part}: {ran}");
    }
    assert_snapshot!(ran);
}

#[test]
fn bad_manifests_are_reported() {
    let env = TestEnvironment::with_counter();
    for (name, content) in [
        ("empty", &b""[..]),
        ("truncated", b"[actor]\nname = \"my-"),
        ("random", b"\x9f\x03\xfe\x81 \x00\x1b[2J random"),
        ("no_toml", b"hello: there"),
    ] {
        env.write("theater.toml", content);
        let ran = env.theater(&["check"]);
        assert!(matches!(ran.status, Some(1 | 2)), "{ran}");
        assert!(!ran.stderr.contains('\x1b'), "{ran}");
        assert_snapshot!(format!("manifest_{name}"), ran);
        // The other commands refuse it as well.
        for command in [&["build"][..], &["build", "."]] {
            assert!(matches!(env.theater(command).status, Some(1 | 2)), "{name}");
        }
    }
}

#[test]
fn bad_components_are_reported() {
    let env = TestEnvironment::with_counter();
    let component = std::fs::read(env.path("build/my-actor.wasm")).unwrap();
    let noise: Vec<u8> =
        (0..2000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (name, bytes) in
        [("empty", &[][..]), ("truncated", &component[..component.len() / 2]), ("random", &noise)]
    {
        env.write("build/my-actor.wasm", bytes);
        assert_snapshot!(format!("component_{name}"), env.theater(&["check"]).with_status(1));
    }
}

#[test]
fn an_empty_comment_is_one() {
    let env = TestEnvironment::with_counter();
    env.write("wit/more.wit", "/**/ interface more { /**/ x: func(); }\n");
    env.theater(&["check"]).ok();
}

#[test]
fn attributes_that_cannot_stand_together_are_problems_of_their_places() {
    let env = TestEnvironment::with_counter();
    env.write(
        "wit/more.wit",
        "interface more {\n  @unstable(feature = f)\n  @unstable(feature = f)\n  \
         use theater:host/state@0.1.0.{value};\n}\n",
    );
    let ran = env.theater(&["check"]).with_status(1);
    for part in ["`@unstable` stands before one item twice", "wit/more.wit:3:3", "Remove one of"] {
        assert!(ran.stderr.contains(part), "{part}: {ran}");
    }
    assert!(!ran.stderr.contains("panicked"), "{ran}");
}

#[test]
fn what_cannot_be_read_is_status_2() {
    let env = TestEnvironment::new();
    assert_snapshot!(env.theater(&["check"]).with_status(2));
    let json = env.theater(&["check", "--json"]).with_status(2);
    assert_eq!(json.stdout.lines().count(), 1, "{json}");
    env.theater(&["check", "nowhere"]).with_status(2);
}

#[test]
fn what_is_certainly_meant_is_fixed() {
    let env = TestEnvironment::with_counter();
    let manifest = env.read("theater.toml").replace("state = true", "state = true\nrandom = true");
    env.write("theater.toml", manifest + "\n[limits]\nfule = 5\ntimeout = \"1d\"\n");
    env.theater(&["build"]);
    assert_snapshot!(env.theater(&["check"]).with_status(1));
    assert_snapshot!(env.theater(&["check", "--fix"]));
    assert_snapshot!(env.read("theater.toml"));
    let left = env.theater(&["check", "--fix"]);
    assert!(!left.stderr.contains("fixed "), "{left}");
}
