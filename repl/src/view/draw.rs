//! The picture: the list above or on the left, the chosen moment and its state beside or below.

use super::model::{Input, Model, Pane};
use crate::paint::{self, Paint, Role};
use crate::record;
use crate::styled;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};
use theater_runtime::replay::History;

/// From so many columns on the list stands on the left.
const WIDE: u16 = 110;

const KEYS: &str = "\
 up down j k     one row, line or key       PgUp PgDn Home End   further
 left right [ ]  one import call            Enter Tab            next pane
 f  to where the message was processed      s  back to what sent it
 c  last change of the chosen key           C  its next change
 x  execute the turn again: where in its code the actor was
 /  show only records for which a condition holds: outcome = trap
 n  next record of the list                 N  previous one
 g  go to a turn: 42, 50%, 2026-11-23T05:17
 ?  these keys                              q  Esc  ctrl-c  leave";

/// Draws the view. What is not visible is not read.
pub(super) fn draw(model: &mut Model, history: &History, paint: Paint, frame: &mut Frame<'_>) {
    let [screen, foot] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(frame.area());
    let (list, detail, state) = panes(screen);
    draw_list(model, history, paint, frame, list);
    draw_detail(model, paint, frame, detail);
    draw_state(model, paint, frame, state);
    draw_foot(model, paint, frame, foot);
    if model.help {
        let area = screen.centered(Constraint::Length(76), Constraint::Length(11));
        frame.render_widget(Clear, area);
        frame.render_widget(Paragraph::new(KEYS).block(Block::bordered().title(" Keys ")), area);
    }
}

fn panes(screen: Rect) -> (Rect, Rect, Rect) {
    if screen.width >= WIDE {
        let [list, right] =
            Layout::horizontal([Constraint::Percentage(50), Constraint::Fill(1)]).areas(screen);
        let [detail, state] =
            Layout::vertical([Constraint::Percentage(60), Constraint::Fill(1)]).areas(right);
        return (list, detail, state);
    }
    let [list, below] =
        Layout::vertical([Constraint::Percentage(45), Constraint::Fill(1)]).areas(screen);
    let [detail, state] =
        Layout::horizontal([Constraint::Percentage(60), Constraint::Fill(1)]).areas(below);
    (list, detail, state)
}

fn draw_list(
    model: &mut Model,
    history: &History,
    paint: Paint,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let len = model.rows.len();
    let row = model.rows.row(model.position);
    let filter = model.rows.text().map_or_else(String::new, |text| format!(" where {text}"));
    let search =
        model.rows.percent().map_or_else(String::new, |part| format!(" ({part}% searched)"));
    let number = row.saturating_add(1).min(len);
    let title = format!(" {number} of {len}{} {search}", styled::one_line(&filter));
    let block = framed(&title, model.pane == Pane::List);
    let inner = block.inner(area);
    model.page = u64::from(inner.height.max(1));
    // The chosen row stays in the middle, but for the ends.
    let first = row.saturating_sub(model.page / 2).min(len.saturating_sub(model.page));
    let lines = (first..len.min(first.saturating_add(model.page))).map(|row| {
        let Some(position) = model.rows.position(row) else { return Line::default() };
        let view = history.record(position).map(|(id, location)| history.view_at(id, location));
        let line = match view {
            Some(Ok(view)) => record::line(&view),
            Some(Err(problem)) => styled::Line::default().role(Role::Error, &problem.message),
            None => styled::Line::default(),
        };
        chosen(to_line(&line, paint), position == model.position)
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(block), area);
}

fn draw_detail(model: &Model, paint: Paint, frame: &mut Frame<'_>, area: Rect) {
    let detail = &model.detail;
    let block =
        framed(&format!(" {} ", styled::one_line(&detail.title)), model.pane == Pane::Detail);
    let height = usize::from(block.inner(area).height);
    // The step is visible unless somebody reads on elsewhere.
    let first = match detail.here {
        Some(here) if model.pane != Pane::Detail => {
            let last = here + 1 + detail.stack.len();
            last.saturating_sub(height).min(here)
        }
        _ => model.scroll,
    };
    let lines = detail.all().enumerate().skip(first).take(height);
    let lines = lines.map(|(i, line)| chosen(to_line(line, paint), detail.here == Some(i)));
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(block), area);
}

fn draw_state(model: &Model, paint: Paint, frame: &mut Frame<'_>, area: Rect) {
    let block = framed(" State ", model.pane == Pane::State);
    let height = usize::from(block.inner(area).height);
    let first = (model.key + 1).saturating_sub(height);
    let keys = model.detail.keys.iter().enumerate().skip(first);
    let is_here = |i: usize| i == model.key && model.pane == Pane::State;
    let keys = keys.map(|(i, row)| chosen(to_line(&row.line, paint), is_here(i)));
    let note = model
        .detail
        .note
        .iter()
        .map(|note| to_line(&styled::Line::default().role(Role::Faint, note), paint));
    let lines: Vec<_> = keys.chain(note).take(height).collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn draw_foot(model: &Model, paint: Paint, frame: &mut Frame<'_>, area: Rect) {
    let line = styled::Line::default();
    let mut column = None;
    let line = match &model.input {
        Some(input) => {
            let (lead, text) = match input {
                Input::Filter(text) => ("/", text),
                Input::Goto(text) => ("goto ", text),
            };
            let typed = styled::one_line(text);
            column = Some(lead.len() + styled::columns(&typed));
            line.role(Role::Prompt, lead)
                .plain(&typed)
                .plain("  ")
                .role(Role::Error, &model.message)
        }
        None if model.message.is_empty() => line.role(
            Role::Faint,
            "? keys  / filter  g goto  [ ] steps  f follow  s sender  Tab pane  q leave",
        ),
        None => line.role(Role::Warning, &model.message),
    };
    frame.render_widget(to_line(&line, paint), area);
    if let Some(column) = column.and_then(|column| u16::try_from(column).ok()) {
        let last = area.right().saturating_sub(1);
        frame.set_cursor_position((area.x.saturating_add(column).min(last), area.y));
    }
}

fn framed(title: &str, is_chosen: bool) -> Block<'static> {
    let style = if is_chosen { Style::new().add_modifier(Modifier::BOLD) } else { Style::new() };
    let mark = if is_chosen { "*" } else { "" };
    Block::bordered().title(format!("{mark}{title}")).border_style(style)
}

fn chosen(line: Line<'static>, is_chosen: bool) -> Line<'static> {
    match is_chosen {
        true => line.style(Style::new().add_modifier(Modifier::REVERSED)),
        false => line,
    }
}

/// A line in the colours that it has elsewhere.
fn to_line(line: &styled::Line, paint: Paint) -> Line<'static> {
    let spans = line.pieces().iter().map(|(role, text)| match role {
        Some(role) if paint.on => Span::styled(text.clone(), style(*role)),
        _ => Span::raw(text.clone()),
    });
    Line::from(spans.collect::<Vec<_>>())
}

fn style(role: Role) -> Style {
    use nu_ansi_term::Color as Ansi;
    let ansi = paint::style(role);
    let colour = match ansi.foreground {
        Some(Ansi::Cyan) => Color::Cyan,
        Some(Ansi::Blue) => Color::Blue,
        Some(Ansi::Purple) => Color::Magenta,
        Some(Ansi::Green) => Color::Green,
        Some(Ansi::Yellow) => Color::Yellow,
        Some(Ansi::Red) => Color::Red,
        Some(Ansi::DarkGray) => Color::DarkGray,
        _ => Color::Reset,
    };
    let style = Style::new().fg(colour);
    if ansi.is_bold { style.add_modifier(Modifier::BOLD) } else { style }
}
