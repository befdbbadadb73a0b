//! `theater trace view`: a run on the whole screen.

use crate::environment::TestEnvironment;
use insta::assert_snapshot;

fn recorded() -> TestEnvironment {
    let env = TestEnvironment::new();
    env.fixture("escapes.wat");
    let arguments = ["repl", "escapes.wat", "--grant", "log,state", "-e", "escapes.logs()"];
    env.theater(&arguments).ok();
    env
}

#[test]
fn without_a_terminal_it_is_refused() {
    let env = recorded();
    assert_snapshot!("no_terminal", env.theater(&["trace", "view"]).with_status(2));
    assert_snapshot!("no_turn", env.theater(&["trace", "view", "escapes#7"]).with_status(2));
    assert_snapshot!(
        "word",
        env.theater(&["repl", "escapes.wat", "--grant", "log,state", "-e", "view"]).with_status(1)
    );
}

#[cfg(target_os = "linux")]
#[test]
fn the_terminal_is_given_back() {
    const ENTER: &str = "\u{1b}[?1049h";
    const LEAVE: &str = "\u{1b}[?1049l";
    let env = recorded();
    let view = "stty rows 24 cols 80; TERM=xterm timeout --foreground 60 theater trace view escapes#1; stty -a";
    let ran = env.shell(&format!("printf q | script -qec '{view}' /dev/null 2>&1")).ok();
    if ran.stdout.contains("not found") {
        println!("skipped: the command `script` is missing");
        return;
    }
    let (_, shown) = ran.stdout.split_once(ENTER).unwrap();
    let (shown, after) = shown.split_once(LEAVE).unwrap();
    assert!(shown.contains("escapes#1") && shown.contains("State"), "{shown:?}");
    assert!(after.contains(" icanon") && after.contains(" echo "), "{after:?}");
}

/// Somebody ends the process while it has the terminal.
#[cfg(target_os = "linux")]
#[test]
fn the_terminal_is_given_back_to_whoever_ends_it() {
    let env = recorded();
    for (signal, status) in [("TERM", 143), ("HUP", 129)] {
        let view = r"stty rows 24 cols 80; TERM=xterm sh -c 'echo $$ > pid; exec theater trace view escapes#1'; \
            echo status $?; stty -a";
        env.write("view.sh", view);
        let ran = env.shell(&format!(
            "rm -f hold out pid; mkfifo hold; script -qefc 'sh view.sh' out <hold >/dev/null 2>&1 & exec 3>hold; \
             for try in $(seq 600); do grep -q 1049h out && break; sleep 0.1; done; \
             kill -{signal} $(cat pid); wait; cat out"
        ));
        if ran.stderr.contains("No such file") && !env.path("pid").exists() {
            println!("skipped: the command `script` is missing");
            return;
        }
        let (_, after) = ran.stdout.split_once("\u{1b}[?1049l").unwrap();
        assert!(after.contains(&format!("status {status}")), "{after:?}");
        assert!(after.contains(" icanon") && after.contains(" echo "), "{after:?}");
    }
}
