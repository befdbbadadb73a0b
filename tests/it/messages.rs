use crate::environment::TestEnvironment;
use insta::assert_snapshot;

/// An application `shop` of two actors that ask each other.
pub fn shop() -> TestEnvironment {
    let env = TestEnvironment::new();
    let grants = "[handlers]\nstate = true\ntimer = true\nmessenger = { to = [\"*\"] }\n";
    let children = "[supervisor]\nintensity = 10\n[[children]]\nname = \"a\"\nmanifest = \"a\"\n\
                    [[children]]\nname = \"b\"\nmanifest = \"b\"\n";
    env.write("theater.toml", format!("[actor]\nname = \"shop\"\n{grants}{children}"));
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/peer.wat");
    for (name, link) in [("a", "b"), ("b", "a")] {
        let actor = format!("[actor]\nname = \"{name}\"\ncomponent = \"peer.wat\"\n");
        let links = format!("[links]\n\"test:peer/work\" = \"{link}\"\n");
        env.write(&format!("{name}/theater.toml"), format!("{actor}{grants}{links}"));
        env.write(&format!("{name}/peer.wat"), std::fs::read(fixture).unwrap());
    }
    env
}

#[test]
fn actors_ask_each_other_and_the_trace_says_why() {
    let env = shop();
    let lines = ["shop/a.ask(21)", "shop/a.beg(\"b\", \"echo\")", "shop/a.tell(\"b\", \"hello\")"];
    let arguments: Vec<&str> =
        std::iter::once("repl").chain(lines.iter().flat_map(|line| ["-e", line])).collect();
    assert_snapshot!(env.theater(&arguments).ok());
    env.theater(&["trace", "verify"]).ok();
    env.theater(&["replay"]).ok();
    assert_snapshot!(env.theater(&["trace", "why", "shop/b#1"]).ok());
    assert_snapshot!(env.theater(&["trace", "why", "shop/a"]).ok());
    assert_snapshot!(env.theater(&["trace", "why", "shop/b#99"]).with_status(2));
}

#[test]
fn a_call_that_fails_at_the_other_end_is_told_with_both_ends() {
    let env = shop();
    assert_snapshot!(env.theater(&["repl", "-e", "shop/a.ask(13)"]).with_status(1));
    assert_snapshot!(env.theater(&["repl", "-e", "shop/a.ask(7)"]).with_status(1));
}

#[test]
fn a_person_writes_to_an_inbox_and_looks_at_an_actor() {
    let env = shop();
    let lines = [
        "send shop/b sold two of \"A-1\" // all of it",
        "state shop/b",
        "send shop/b \"sold \\\"three\\\"\" // but not this",
        "state shop/b",
        "info shop/b",
        "tree",
    ];
    let arguments: Vec<&str> =
        std::iter::once("repl").chain(lines.iter().flat_map(|line| ["-e", line])).collect();
    assert_snapshot!(env.theater(&arguments).ok());
    assert_snapshot!(env.theater(&["trace", "why", "shop/b#2", "--json"]).ok());
    assert_snapshot!(env.theater(&["repl", "--json", "-e", "send shop/b x"]).ok());
    assert_snapshot!(env.theater(&["repl", "-e", "send shop/b"]).with_status(1));
    assert_snapshot!(env.theater(&["repl", "-e", "send shop hello"]).with_status(1));
    assert_snapshot!(env.theater(&["repl", "-e", "info shop/c"]).with_status(1));
}
