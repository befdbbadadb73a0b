#![allow(clippy::unwrap_used)]

use super::draw::draw;
use super::model::Model;
use crate::paint::Paint;
use crate::stack::Looker;
use crate::tests::recorded;
use insta::assert_snapshot;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use theater_runtime::cache::Cache;
use theater_runtime::replay::{Cursor, History};

fn picture(model: &mut Model, history: &History, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(model, history, Paint { on: false }, frame)).unwrap();
    terminal.backend().to_string()
}

fn press(model: &mut Model, history: &History, code: KeyCode) -> bool {
    model.key(history, KeyEvent::new(code, KeyModifiers::NONE))
}

fn write(model: &mut Model, history: &History, keys: &str) {
    for c in keys.chars() {
        let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
        assert!(press(model, history, code), "{c} left the view");
    }
}

#[tokio::test]
async fn a_moment_is_seen_at_every_size() {
    let (_data, history) = recorded().await;
    let cursor = Cursor::at(&history, "counter", 2).unwrap();
    let mut model = Model::new(&history, Some(cursor));
    assert_snapshot!("narrow", picture(&mut model, &history, 80, 24));
    write(&mut model, &history, "]");
    assert_snapshot!("wide_inside_a_turn", picture(&mut model, &history, 120, 40));
    write(&mut model, &history, "?");
    assert_snapshot!("keys", picture(&mut model, &history, 80, 24));
    for (width, height) in [(1, 1), (3, 2), (20, 5), (300, 100)] {
        picture(&mut model, &history, width, height);
    }
}

#[tokio::test]
async fn it_shows_where_the_guest_was() {
    let (_data, history) = recorded().await;
    let cursor = Cursor::at(&history, "counter", 2).unwrap();
    let mut model = Model::new(&history, Some(cursor));
    let mut looker = Looker::new(Cache::none());
    write(&mut model, &history, "]x");
    let asked = model.asked.take().unwrap();
    model.answer(looker.look(&history, asked).await);
    assert_snapshot!("stack", picture(&mut model, &history, 80, 24));
    // It belongs to its moment.
    write(&mut model, &history, "]");
    assert!(!picture(&mut model, &history, 80, 24).contains("called from"));
    write(&mut model, &history, "[");
    assert!(!picture(&mut model, &history, 80, 24).contains("called from"));
    assert_eq!(model.asked, None);
}

#[tokio::test]
async fn keys_lead_to_moments() {
    let (_data, history) = recorded().await;
    let mut model = Model::new(&history, Some(Cursor::at(&history, "counter", 2).unwrap()));
    let at = |model: &Model| model.left().unwrap().place(&history).unwrap().to_string();
    for (keys, place) in [
        ("]", "counter#2.1"),
        ("[[", "counter#2.2"),
        ("]", "counter#2"),
        ("g1\n", "counter#1"),
        ("g100%\n", "counter#4"),
        ("C", "counter#4"),
        ("c", "counter#3.2"),
        // The record that was chosen is not in the list: the nearest one is.
        ("/result = 3\n", "counter#2"),
        ("/\n", "counter#2"),
    ] {
        // The filter that is there stands in the line.
        if keys == "/\n" {
            write(&mut model, &history, "/");
            for _ in "result = 3".chars() {
                press(&mut model, &history, KeyCode::Backspace);
            }
            write(&mut model, &history, "\n");
        } else {
            write(&mut model, &history, keys);
        }
        while model.work(&history) {}
        assert_eq!(at(&model), place, "{keys}");
    }
    write(&mut model, &history, "/resul = 3\n");
    let told = picture(&mut model, &history, 80, 24);
    assert!(told.contains("/resul = 3  ") && told.contains("resul`"), "{told}");
    assert!(press(&mut model, &history, KeyCode::Esc));
    assert!(!press(&mut model, &history, KeyCode::Char('q')));
}

#[test]
fn no_keys_break_the_view() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_data, history) = runtime.block_on(recorded());
    let key = prop_oneof![
        prop::sample::select("jk[]fscC/nNg?19%=. count".chars().collect::<Vec<_>>())
            .prop_map(KeyCode::Char),
        prop::sample::select(vec![
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::Enter,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Backspace,
        ]),
    ];
    let keys = prop::collection::vec(key, 0..60);
    let mut runner = proptest::test_runner::TestRunner::default();
    let ran = runner.run(&(keys, 1_u16..130, 1_u16..45), |(keys, width, height)| {
        let mut model = Model::new(&history, None);
        for code in keys {
            press(&mut model, &history, code);
            model.work(&history);
            picture(&mut model, &history, width, height);
            if let Some(cursor) = model.left() {
                prop_assert!(cursor.event(&history).is_ok() && cursor.place(&history).is_ok());
            }
        }
        Ok(())
    });
    ran.unwrap();
}
