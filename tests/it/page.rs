//! `theater trace export --format html`: a run as one page. `.ci/page` uses it in a browser.

use crate::application::shop;
use crate::environment::TestEnvironment;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::Read;

const OPENING: &str = "<script type=\"text/plain\" id=\"data\">";

const HOSTILE: &str =
    "</script><script>alert('1')</script> <!-- {{data}} {{script}} \u{202e}\u{2028}";

fn recorded() -> TestEnvironment {
    let env = shop(TestEnvironment::new(), "wat");
    let told = format!("send shop/audit {HOSTILE}");
    let lines = [
        "shop/orders.place(\"A-1\", 2)",
        "shop/audit.orders()",
        "shop/orders.place(\"A-1\", 9)",
        "kill shop/inventory",
        &told,
        "shop/audit.orders()",
    ];
    let arguments: Vec<&str> =
        std::iter::once("repl").chain(lines.iter().flat_map(|line| ["-e", line])).collect();
    env.theater(&arguments).ok();
    env
}

/// The page around its data, and the lines of the data.
fn page(env: &TestEnvironment, file: &str) -> (String, Vec<Value>) {
    let page = env.read(file);
    let (before, rest) = page.split_once(OPENING).unwrap();
    let (data, after) = rest.split_once("</script>").unwrap();
    let packed = BASE64_STANDARD.decode(data).unwrap();
    let mut text = String::new();
    GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
    (
        format!("{before}{after}"),
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
    )
}

#[test]
fn a_page_holds_every_event() {
    let env = recorded();
    let wrote = env.theater(&["trace", "export", "--format", "html", "x.html"]).ok();
    assert_eq!(wrote.stdout, "wrote x.html\n");
    let (_, lines) = page(&env, "x.html");
    let shown = env.theater(&["trace", "show", "--json"]).ok().stdout;
    let shown: Vec<Value> = shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), shown.len() + 1);
    let count = |value: &Value| value.as_array().map_or(0, Vec::len);
    let names = lines[0]["actors"].as_array().unwrap();
    for (line, record) in lines[1..].iter().zip(&shown) {
        for key in ["position", "kind", "turn", "function", "origin", "fuel", "incarnation"] {
            // Of records that are no turns, the words say what else they hold.
            if key == "position" || key == "kind" || record["kind"] == "turn" {
                assert_eq!(line[key], record[key], "{key} of {record}");
            }
        }
        for key in ["arguments", "calls", "changes", "result"] {
            assert_eq!(count(&line[key]), count(&record[key]), "{key} of {record}");
        }
        if let (Some(turn), true) = (record["sent_by"].get("turn"), record["kind"] == "turn") {
            assert_eq!(
                (&line["because"][0], &line["because"][1]),
                (&record["sent_by"]["actor"], turn)
            );
        }
        let name = names.iter().find(|actor| actor["id"] == line["actor"]).map(|it| &it["name"]);
        assert_eq!(name.unwrap_or(&Value::Null), &record["actor"]);
    }
    let told =
        lines.iter().find(|line| line["origin"].as_str().is_some_and(|it| it.contains("alert")));
    let told = told.unwrap()["arguments"][0].as_str().unwrap();
    assert!(told.contains("</script><script>alert("), "{told}");
}

#[test]
fn what_actors_were_told_is_nowhere_but_in_the_data() {
    let env = recorded();
    env.theater(&["trace", "export", "--format", "html", "x.html"]).ok();
    let run = env.runs()[0].file_name().unwrap().to_str().unwrap().to_owned();
    let other = TestEnvironment::with_counter();
    other.theater(&["repl", "-e", "my-actor.increment(1)"]).ok();
    other.theater(&["trace", "export", "--format", "html", "y.html"]).ok();
    let other_run = other.runs()[0].file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(page(&env, "x.html").0.replace(&run, &other_run), page(&other, "y.html").0);
}

#[test]
fn a_page_is_named_and_never_overwritten() {
    let env = TestEnvironment::with_counter();
    env.theater(&["repl", "-e", "my-actor.increment(1)"]).ok();
    let run = env.runs()[0].file_name().unwrap().to_str().unwrap().to_owned();
    let wrote = env.theater(&["trace", "export", "--format", "html"]).ok().stdout;
    assert_eq!(wrote, format!("wrote {run}.html\n"));
    let again = env.theater(&["trace", "export", "--format", "html"]).with_status(2);
    assert!(again.stderr.contains("file exists"), "{again}");
}
