//! `theater trace effects`: what followed from a turn.

use crate::messages::shop;
use insta::assert_snapshot;

#[test]
fn what_followed_is_a_tree() {
    let env = shop();
    let lines = [
        "shop/a.ask(21)",
        "shop/a.beg(\"b\", \"echo\")",
        "shop/a.tell(\"b\", \"hello\")",
        "shop/b.ask(1)",
    ];
    let arguments: Vec<&str> =
        std::iter::once("repl").chain(lines.iter().flat_map(|line| ["-e", line])).collect();
    env.theater(&arguments).ok();
    let effects = |moment: &str| env.theater(&["trace", "effects", moment]).ok();
    assert_snapshot!("question", effects("shop/a#1"));
    assert_snapshot!("message", effects("shop/a#3.1"));
    assert_snapshot!("last", effects("shop/b"));
    assert_snapshot!("nothing", effects("shop/b#1"));
    assert_snapshot!("no_step", env.theater(&["trace", "effects", "shop/a#1.9"]).with_status(2));
    assert_snapshot!("bad_moment", env.theater(&["trace", "effects", "shop/a#x"]).with_status(2));
    let json = env.theater(&["trace", "effects", "shop/a#1", "--json"]).ok();
    let turns: Vec<serde_json::Value> =
        json.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |key: &str| turns.iter().map(|turn| turn[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("address"), ["shop/a#1", "shop/b#1"]);
    assert_eq!(of("depth"), [0, 1]);
    assert_eq!(of("step"), [serde_json::Value::Null, 1.into()]);
}
