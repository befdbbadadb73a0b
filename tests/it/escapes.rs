//! What comes from a component, a file or the command line reaches a terminal only as text.

use crate::environment::TestEnvironment;

/// What could do something to a terminal, or reorder what is shown.
fn is_obeyed(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}')
}

#[test]
fn what_a_component_says_is_only_text() {
    let env = TestEnvironment::new();
    env.fixture("escapes.wat");
    let calls = ["logs", "sets", "text", "traps"].map(|name| format!("escapes.{name}()"));
    let walk = ["state", "events", "trace", "at escapes#1", "step-back", "at escapes#2", "state"];
    for json in [&[][..], &["--json"]] {
        for call in &calls {
            let mut repl = vec!["repl", "escapes.wat", "--grant", "log,state"];
            repl.extend(["-e", "events", "-e", "escapes.sets()", "-e", "escapes.logs()"]);
            repl.extend(walk.iter().flat_map(|line| ["-e", *line]));
            repl.extend(["-e", call]);
            repl.extend(json);
            let shows = ["trace", "show"];
            let turns = ["escapes#1", "escapes#2", "escapes#3"];
            let mut all = vec![repl, [&shows[..], json].concat()];
            all.extend(turns.map(|turn| [&shows[..], &[turn], json].concat()));
            all.push([&["inspect", "escapes.wat"], json].concat());
            for arguments in all {
                let ran = env.theater(&arguments);
                assert!(ran.stdout.contains("escapes") || ran.stdout.contains("red"), "{ran}");
                let raw = [&ran.stdout, &ran.stderr].map(|text| text.contains(is_obeyed));
                assert_eq!(raw, [false, false], "{ran}");
            }
        }
    }
    env.theater(&["replay"]).ok();
}

#[test]
fn log_lines_of_a_running_actor_are_only_text() {
    let env = TestEnvironment::new();
    env.fixture("escapes.wat");
    let mut repl = env.start(&["repl", "escapes.wat", "--grant", "log,state"]);
    repl.tell("escapes.logs()\nescapes.traps()");
    let (_, output, errors) = repl.end();
    assert!(errors.contains("unreachable"), "{errors}");
    assert!(!output.contains(is_obeyed) && !errors.contains(is_obeyed), "{output}{errors}");
}

#[test]
fn what_the_command_line_says_is_only_text() {
    let env = TestEnvironment::with_counter();
    let evil = "ev\u{1b}[31mil\u{9b}\u{202e}";
    for arguments in [
        &["explain", evil][..],
        &["new", evil],
        &["new", "fine", "--template", evil],
        &["new", "fine", "--name", evil],
        &["check", evil],
        &["build", evil],
        &["inspect", evil],
        &["run", evil],
        &["repl", evil],
        &["repl", "-e", evil],
        &["repl", "--file", evil],
        &["repl", "--grant", evil, "build/my-actor.wasm"],
        &["trace", "show", evil],
        &["trace", "show", "--trace", evil],
        &["replay", evil],
        &["replay", "--with", evil],
    ] {
        let ran = env.theater(arguments);
        assert!(matches!(ran.status, Some(1 | 2)), "{ran}");
        assert!(!ran.stderr.contains(is_obeyed), "{:?}", ran.stderr);
        assert!(!ran.stdout.contains(is_obeyed), "{:?}", ran.stdout);
    }
}
