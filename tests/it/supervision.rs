use crate::environment::TestEnvironment;
use insta::assert_snapshot;

/// An application `shop` of two workers, one of them transient, and its folder.
fn shop(supervisor: &str) -> TestEnvironment {
    let env = TestEnvironment::new();
    let manifest = format!(
        "[actor]\nname = \"shop\"\n\n[handlers]\nstate = true\n\n[supervisor]\n{supervisor}\n\
         [[children]]\nname = \"stock\"\nmanifest = \"worker\"\n\n\
         [[children]]\nname = \"job\"\nmanifest = \"worker\"\nrestart = \"transient\"\n"
    );
    env.write("theater.toml", manifest);
    let worker =
        "[actor]\nname = \"worker\"\ncomponent = \"worker.wat\"\n\n[handlers]\nstate = true\n";
    env.write("worker/theater.toml", worker);
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/worker.wat");
    env.write("worker/worker.wat", std::fs::read(fixture).unwrap());
    env
}

#[test]
fn a_tree_is_shown_and_handled() {
    let env = shop("");
    let lines = [
        "tree",
        "shop/stock.add(5)",
        "shop/job.finish()",
        "kill shop/stock",
        "shop/stock.value()",
        "stop shop/stock",
        "tree",
        "restart shop/stock",
        "shop/stock.value()",
        "restart shop",
        "shop/stock.value()",
        "ps",
    ];
    let arguments: Vec<&str> =
        std::iter::once("repl").chain(lines.iter().flat_map(|line| ["-e", line])).collect();
    assert_snapshot!(env.theater(&arguments).ok());
    env.theater(&["trace", "verify"]).ok();
    env.theater(&["replay"]).ok();
    let resumed =
        env.theater(&["repl", "--resume", "-e", "shop/stock.add(1)", "-e", "tree", "--json"]);
    assert_snapshot!(resumed.ok());
}

#[test]
fn an_application_that_gives_up_says_why() {
    let env = shop("intensity = 0\n");
    let ran = env.theater(&["repl", "-e", "shop/stock.crash()"]).with_status(1);
    assert_snapshot!(ran);
    // Whoever asks does not wait for what its supervisor makes of the trap: the application may end before that.
    let mut repl = env.start(&["repl"]);
    repl.tell("kill shop/stock");
    let has_stopped = || {
        let shown = env.theater(&["trace", "show"]).stdout;
        env.runs().len() == 2
            && shown.contains("killed")
            && shown.contains("shop            stopped")
    };
    while !has_stopped() {}
    assert_eq!(repl.end().0, Some(0));
    assert_snapshot!(env.theater(&["trace", "show"]).ok());
}

#[test]
fn names_of_children_are_found() {
    let env = shop("");
    assert_snapshot!(env.theater(&["repl", "-e", "stock.add(1)"]).with_status(1));
    assert_snapshot!(env.theater(&["repl", "-e", "kill shop/stok"]).with_status(1));
}

#[test]
fn it_runs_in_the_foreground() {
    let env = shop("");
    let mut run = env.start(&["run"]);
    while !run.error_line().unwrap().starts_with("running shop, shop/job, shop/stock") {}
    run.signal("-TERM");
    assert_eq!(run.end().0, Some(0));
    env.theater(&["trace", "verify"]).ok();
}

#[test]
fn a_child_that_may_more_is_refused() {
    let env = shop("");
    let manifest =
        env.read("theater.toml").replace("state = true", "state = { max-size = \"1KiB\" }");
    env.write("theater.toml", manifest);
    assert_snapshot!(env.theater(&["repl", "-e", "ps"]).with_status(2));
    assert_snapshot!(env.theater(&["check"]).with_status(1));
}

#[test]
fn an_application_is_checked_as_a_whole() {
    let env = shop("");
    assert_snapshot!(env.theater(&["check"]).ok());
    env.write("worker/theater.toml", "[actor]\nname = \"worker\"\ncolour = 1\n");
    let wrong = env.theater(&["check"]).with_status(1);
    assert!(wrong.stderr.contains("`[actor]` has no key `colour`"), "{wrong}");
    env.write("worker/theater.toml", "[actor]\nname = \"worker\"\n");
    let manifest = env.read("theater.toml").replacen("\"worker\"", "\"nowhere\"", 1);
    env.write("theater.toml", manifest);
    assert_snapshot!(env.theater(&["check"]).with_status(1));
    let manifest = env.read("theater.toml").replacen("\"nowhere\"", "\".\"", 1);
    env.write("theater.toml", manifest);
    assert_snapshot!(env.theater(&["check"]).with_status(1));
}

#[test]
fn an_application_is_built_as_a_whole() {
    let env = TestEnvironment::new();
    for name in ["first", "second"] {
        env.theater(&["new", name, "--language", "wat", "--vcs", "none"]).ok();
    }
    let child = |name: &str| format!("[[children]]\nname = \"{name}\"\nmanifest = \"{name}\"\n");
    let children = ["first", "second"].map(child).concat();
    let manifest =
        format!("[actor]\nname = \"app\"\n[handlers]\nstate = true\n[supervisor]\n{children}");
    env.write("theater.toml", manifest);
    assert_snapshot!(env.theater(&["build"]).ok());
    let called = env.theater(&["repl", "-e", "app/second.increment(by: 5)"]).ok();
    assert_eq!(called.stdout, "5\n");
    // What is wrong with one of them is said, and the others are left as they are.
    env.write("second/theater.toml", "[actor]\nname = second\n");
    assert_snapshot!(env.theater(&["build"]).with_status(1));
}

/// The example of docs/supervision.md, with a worker and an actor whose `init` takes a number.
#[test]
fn the_page_is_true() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/supervision.md");
    let page = std::fs::read_to_string(page).unwrap();
    let manifest = page.split("```").nth(1).unwrap().strip_prefix("toml\n").unwrap();
    let env = shop("");
    env.write("theater.toml", manifest);
    let project = |name: &str, fixture: &str, grants: &str| {
        let manifest = format!("[actor]\nname = \"{name}\"\ncomponent = \"it.wat\"\n{grants}");
        env.write(&format!("{name}/theater.toml"), manifest);
        let fixture = format!("{}/tests/fixtures/{fixture}", env!("CARGO_MANIFEST_DIR"));
        env.write(&format!("{name}/it.wat"), std::fs::read(fixture).unwrap());
    };
    project("stock", "worker.wat", "[handlers]\nstate = true\n");
    project("job", "starter.wat", "");
    env.theater(&["check"]).ok();
    assert_snapshot!(env.theater(&["repl", "-e", "tree", "-e", "shop/stock.value()"]).ok());
}

/// A supervisor `boss` whose component asks for workers.
fn boss(handlers: &str) -> TestEnvironment {
    let env = TestEnvironment::new();
    let manifest = format!(
        "[actor]\nname = \"boss\"\ncomponent = \"boss.wat\"\n\n[handlers]\n{handlers}\n\n[supervisor]\n\n\
         [[children]]\nname = \"worker\"\nmanifest = \"worker\"\nstart = \"on-request\"\n"
    );
    env.write("theater.toml", manifest);
    let worker =
        "[actor]\nname = \"worker\"\ncomponent = \"worker.wat\"\n\n[handlers]\nstate = true\n";
    env.write("worker/theater.toml", worker);
    for (name, path) in [("boss.wat", "boss.wat"), ("worker.wat", "worker/worker.wat")] {
        let fixture = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
        env.write(path, std::fs::read(fixture).unwrap());
    }
    env
}

#[test]
fn children_come_on_request() {
    let env = boss("state = true\nsupervisor = { max = 2, watch = [\"w*\"] }");
    env.theater(&["check"]).ok();
    let lines = [
        "boss.hire(\"worker\", \"w1\")",
        "boss/w1.add(5)",
        "boss.watch(\"w1\")",
        "kill boss/w1",
        "boss/w1.add(1)",
        "boss.hire(\"worker\", \"w2\")",
        "boss/w2.value()",
        "boss.hire(\"worker\", \"w3\")",
        "tree",
        "boss.staff()",
    ];
    let arguments: Vec<&str> =
        std::iter::once("repl").chain(lines.iter().flat_map(|line| ["-e", line])).collect();
    assert_snapshot!(env.theater(&arguments).ok());
    env.theater(&["trace", "verify"]).ok();
    env.theater(&["replay"]).ok();
    let resumed = env.theater(&["repl", "--resume", "-e", "boss/w1.value()", "-e", "tree"]);
    assert_snapshot!(resumed.ok());
    // The killed worker had no turn to blame after the one that the outside asked for.
    let show = env.theater(&["trace", "show", "boss"]).ok();
    let down = show.stdout.lines().find(|line| line.contains("down(\"boss/w1\"")).unwrap();
    let address = down.split_whitespace().find(|word| word.starts_with("boss#")).unwrap();
    assert_snapshot!(env.theater(&["trace", "why", address]).ok());
}

#[test]
fn who_asks_for_children_needs_a_grant() {
    let env = boss("state = true");
    assert_snapshot!(env.theater(&["check"]).with_status(1));
    let env = boss("supervisor = true");
    assert_snapshot!(env.theater(&["check"]).with_status(1));
}

#[test]
fn what_is_to_be_said_of_children_is_said_once() {
    let env = shop("");
    for manifest in ["theater.toml", "worker/theater.toml"] {
        env.write(
            manifest,
            env.read(manifest).replace("state = true\n", "state = true\nlog = true\n"),
        );
    }
    assert_snapshot!("warnings_repl", env.theater(&["repl", "-e", "shop/stock.value()"]).ok());
    let mut run = env.start(&["run"]);
    let mut said = String::new();
    while !said.contains("running shop") {
        said += &run.error_line().unwrap();
    }
    run.signal("-TERM");
    assert_eq!(run.end().0, Some(0));
    assert_eq!(said.matches("TH0208").count(), 1, "{said}");
}
