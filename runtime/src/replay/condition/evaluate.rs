//! Whether a condition holds for a record.

use super::fields::{ABORTED, FieldKind};
use super::{Asked, Comparison, Field, Literal, Test};
use crate::call::to_wave;
use crate::catalog::{by_export, by_import};
use crate::state::State;
use crate::trace::{CallView, Kind, RecordView, short_function, short_import};
use std::cmp::Ordering;
use std::time::UNIX_EPOCH;
use wasmtime::component::Val;

/// What a condition is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'s> {
    /// The record.
    pub view: &'s RecordView,
    /// Of its import calls only this one, by its index. None for all of them.
    pub call: Option<usize>,
    /// The state of its actor after it; none if it is unknown. Whatever asks for it then fails.
    pub state: Option<&'s State>,
}

/// A number, exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Float(f64),
}

impl Test {
    /// `!=` and `!~` hold where `=` and `~` do not.
    pub(super) fn holds(&self, subject: &Subject<'_>) -> bool {
        match self.comparison {
            Comparison::NotEqual => !self.some(subject, Comparison::Equal),
            Comparison::Lacks => !self.some(subject, Comparison::Contains),
            comparison => self.some(subject, comparison),
        }
    }

    /// Whether one of the values that are meant compares so.
    fn some(&self, subject: &Subject<'_>, comparison: Comparison) -> bool {
        let literal = &self.literal;
        match &self.subject {
            Asked::State(key) => {
                let value = subject.state.and_then(|state| state.get(key));
                value.is_some_and(|value| compare_value(&value.to_val(), comparison, literal))
            }
            Asked::Field(field) => match field.kind {
                FieldKind::Number => {
                    let number = subject.number(field).map(|number| Number::Whole(number.into()));
                    let both = number.zip(self::number(literal));
                    both.is_some_and(|(number, wanted)| ordered(number.compare(wanted), comparison))
                }
                FieldKind::Time => time(subject.view, comparison, literal),
                FieldKind::Value => {
                    subject.values(field).iter().any(|v| compare_value(v, comparison, literal))
                }
                FieldKind::Text => subject.mentions(field, literal.text()),
                FieldKind::Name | FieldKind::Choice(_) => {
                    subject.is_named(field, &|name| compare_text(name, comparison, literal))
                }
            },
        }
    }
}

impl Subject<'_> {
    /// The import calls that are meant. What the record of an open turn holds stands in that of the whole
    /// turn again, and is found there.
    fn calls(&self) -> &[CallView] {
        let calls = match &self.view.kind {
            Kind::Open(_) => &[],
            _ => &self.view.calls[..],
        };
        match self.call {
            Some(index) => calls.get(index..=index).unwrap_or_default(),
            None => calls,
        }
    }

    fn number(&self, field: &Field) -> Option<u64> {
        let turn = self.view.turn();
        match field.name {
            "position" => Some(self.view.position),
            "turn" => match &self.view.kind {
                Kind::Open(open) => Some(open.turn),
                _ => Some(turn?.turn),
            },
            "fuel" => Some(turn?.fuel),
            _ => match &self.view.kind {
                Kind::Turn(turn) => Some(turn.incarnation.into()),
                Kind::Open(open) => Some(open.incarnation.into()),
                Kind::Exited { incarnation, .. }
                | Kind::Restarted { incarnation, .. }
                | Kind::Started { incarnation } => Some((*incarnation).into()),
                _ => None,
            },
        }
    }

    fn values(&self, field: &Field) -> &[Val] {
        let values = match (field.name, &self.view.kind) {
            (_, Kind::Open(_)) => &None,
            ("argument", _) => &self.view.arguments,
            _ => &self.view.result,
        };
        values.as_deref().unwrap_or_default()
    }

    /// Whether one of the names that the record has in this field is the one that is meant.
    fn is_named(&self, field: &Field, is_it: &dyn Fn(&str) -> bool) -> bool {
        let view = self.view;
        let function = view.turn().map(|turn| &*turn.function);
        match field.name {
            "actor" => {
                let name = view.actor.as_deref().unwrap_or("node");
                is_it(name) || is_it(name.rsplit('/').next().unwrap_or_default())
            }
            "kind" => is_it(view.kind.name()),
            "function" => function.is_some_and(|name| is_it(name) || is_it(short_function(name))),
            "outcome" => view.turn().is_some_and(|turn| {
                is_it(turn.outcome.name()) || !turn.outcome.commits() && is_it(ABORTED)
            }),
            "cause" => view.turn().is_some_and(|turn| is_it(turn.cause.name())),
            "reason" => matches!(&view.kind, Kind::Exited { reason, .. } if is_it(reason.name())),
            "changed" => view.delta.0.iter().any(|(key, _)| is_it(key)),
            "call" => self.calls().iter().any(|call| {
                let short = short_import(&call.function);
                let last = short.rsplit('.').next().unwrap_or_default();
                is_it(&call.function) || is_it(&short) || is_it(last)
            }),
            _ => {
                let calls = self.calls().iter().map(|call| &*call.function);
                let mut asked = calls.filter_map(|name| by_import(interface(name)));
                let called = function.filter(|_| self.call.is_none());
                let called = called.and_then(|name| by_export(interface(name)));
                asked.any(|(handler, _)| is_it(handler.name))
                    || called.is_some_and(|(handler, _)| is_it(handler.name))
            }
        }
    }

    /// Whether a text stands in what the field holds.
    fn mentions(&self, field: &Field, wanted: &str) -> bool {
        let view = self.view;
        if view.turn().is_none() {
            // Of everything that is no turn, the words that are shown.
            return field.name == "text" && view.summary().contains(wanted);
        }
        let failure = || view.failure.as_ref().is_some_and(|it| it.message.contains(wanted));
        let log = || view.log_lines().any(|line| line.text.contains(wanted));
        match field.name {
            "failure" => failure(),
            "log" => log(),
            _ => {
                let values = |values: &[Val]| values.iter().any(|value| has_text(value, wanted));
                let in_call = |call: &CallView| {
                    call.function.contains(wanted)
                        || values(&call.arguments)
                        || call.results().is_some_and(values)
                };
                let message = view.arguments.iter().chain(&view.result).flatten();
                message.into_iter().any(|value| has_text(value, wanted))
                    || self.calls().iter().any(in_call)
                    || failure()
                    || log()
                    || view.origin.as_ref().is_some_and(|origin| origin.contains(wanted))
            }
        }
    }
}

/// The interface of a function's full name.
fn interface(function: &str) -> &str {
    function.split_once('#').map_or(function, |(interface, _)| interface)
}

fn contains(comparison: Comparison, text: &str, literal: &Literal) -> bool {
    comparison == Comparison::Contains && text.contains(literal.text())
}

fn compare_text(text: &str, comparison: Comparison, literal: &Literal) -> bool {
    ordered(Some(text.cmp(literal.text())), comparison) || contains(comparison, text, literal)
}

fn ordered(order: Option<Ordering>, comparison: Comparison) -> bool {
    order.is_some_and(|order| match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::Less => order.is_lt(),
        Comparison::AtMost => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::AtLeast => order.is_ge(),
        Comparison::NotEqual | Comparison::Contains | Comparison::Lacks => false,
    })
}

/// A value with what was written: numbers with numbers, texts by their bytes, all others as they are shown.
fn compare_value(value: &Val, comparison: Comparison, literal: &Literal) -> bool {
    if comparison == Comparison::Contains {
        return has_text(value, literal.text());
    }
    if let Some(number) = number_of(value) {
        let wanted = self::number(literal);
        return wanted.is_some_and(|wanted| ordered(number.compare(wanted), comparison));
    }
    match value {
        Val::String(text) => compare_text(text, comparison, literal),
        _ => comparison == Comparison::Equal && to_wave(value) == literal.text(),
    }
}

/// Whether a text stands in a value: in one of its texts, in bytes, or in how the value is shown.
fn has_text(value: &Val, wanted: &str) -> bool {
    let all = |values: &[Val]| values.iter().any(|value| has_text(value, wanted));
    let one = |value: &Option<Box<Val>>| value.as_ref().is_some_and(|it| has_text(it, wanted));
    let inside = match value {
        Val::String(text) => return text.contains(wanted),
        Val::List(items) if matches!(items.first(), Some(Val::U8(_))) => {
            let byte = |item: &Val| if let Val::U8(byte) = item { *byte } else { 0 };
            let bytes: Vec<u8> = items.iter().map(byte).collect();
            return String::from_utf8_lossy(&bytes).contains(wanted);
        }
        Val::List(items) | Val::Tuple(items) | Val::FixedLengthList(items) => all(items),
        Val::Record(fields) => fields.iter().any(|(_, value)| has_text(value, wanted)),
        Val::Variant(_, payload) | Val::Option(payload) => one(payload),
        Val::Result(Ok(payload) | Err(payload)) => one(payload),
        _ => false,
    };
    inside || to_wave(value).contains(wanted)
}

fn number_of(value: &Val) -> Option<Number> {
    Some(match value {
        Val::S8(v) => Number::Whole((*v).into()),
        Val::U8(v) => Number::Whole((*v).into()),
        Val::S16(v) => Number::Whole((*v).into()),
        Val::U16(v) => Number::Whole((*v).into()),
        Val::S32(v) => Number::Whole((*v).into()),
        Val::U32(v) => Number::Whole((*v).into()),
        Val::S64(v) => Number::Whole((*v).into()),
        Val::U64(v) => Number::Whole((*v).into()),
        Val::Float32(v) => Number::Float((*v).into()),
        Val::Float64(v) => Number::Float(*v),
        _ => return None,
    })
}

/// The number that was written, if it is a finite one. What stands in quotes is none.
pub(super) fn number(literal: &Literal) -> Option<Number> {
    let Literal::Word(text) = literal else { return None };
    let float = || text.parse().ok().filter(|float: &f64| float.is_finite()).map(Number::Float);
    text.parse().ok().map(Number::Whole).or_else(float)
}

impl Number {
    /// The order of the exact values. NaN has none.
    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(&b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b),
            (Self::Whole(a), Self::Float(b)) => whole_with_float(a, b),
            (Self::Float(a), Self::Whole(b)) => whole_with_float(b, a).map(Ordering::reverse),
        }
    }
}

fn whole_with_float(whole: i128, float: f64) -> Option<Ordering> {
    /// The first number above all of 128 bits.
    const ABOVE: f64 = -(i128::MIN as f64);
    if float.is_nan() {
        None
    } else if float >= ABOVE {
        Some(Ordering::Less)
    } else if float < -ABOVE {
        Some(Ordering::Greater)
    } else {
        let floor = float.floor();
        let order = whole.cmp(&(floor as i128));
        Some(if order.is_eq() && float > floor { Ordering::Less } else { order })
    }
}

/// A moment in UTC, in nanoseconds since 1970: a day, or a time to the minute or finer, with or without
/// `Z`.
pub fn parse_moment(text: &str) -> Option<u64> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let full = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        16 => format!("{text}:00Z"),
        _ => format!("{text}Z"),
    };
    let time = humantime::parse_rfc3339_weak(&full).ok()?;
    u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()
}

/// Times are compared as they are shown, to the millisecond.
fn time(view: &RecordView, comparison: Comparison, literal: &Literal) -> bool {
    const MILLISECOND: u64 = 1_000_000;
    if comparison == Comparison::Contains {
        return view.time_text().contains(literal.text());
    }
    let order = parse_moment(literal.text())
        .map(|moment| (view.time / MILLISECOND).cmp(&(moment / MILLISECOND)));
    ordered(order, comparison)
}
