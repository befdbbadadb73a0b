//! Single values: texts, numbers, sizes, durations, paths and lists.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeInteger, DeValue};

use super::check::read_alone;
use super::name::{BadName, check_name, valid_name};
use super::schema::{Field, Kind, Rule};
use super::tree::Value;
use super::{rule, units};
use crate::diagnostic::{
    BAD_NAME, BAD_QUANTITY, BAD_TEXT, Code, Diagnostic, OUT_OF_RANGE, Result, Source,
    UNKNOWN_CHOICE, did_you_mean,
};

/// Reads a value whose TOML type is already known to fit. `key` is the key as it is written.
pub(super) fn read(
    source: &Arc<Source>,
    field: &Field,
    key: &str,
    kind: &Kind,
    value: &Spanned<DeValue<'_>>,
) -> Result<Value> {
    let reader = Reader { source, field, key, span: value.span() };
    match (kind, value.get_ref()) {
        (Kind::Bool, DeValue::Boolean(value)) => Ok(Value::Bool(*value)),
        (Kind::Integer { min, max }, DeValue::Integer(number)) => {
            reader.integer(number, *min, *max)
        }
        (Kind::Size { min, max }, DeValue::String(text)) => reader.size(text, *min, *max),
        (Kind::Duration { max }, DeValue::String(text)) => reader.duration(text, *max),
        (Kind::DurationOr { max, words }, DeValue::String(text)) => {
            match words.contains(&text.as_ref()) {
                true => Ok(Value::Text(text.to_string())),
                false => reader.duration(text, *max).map_err(|problem| {
                    let help = problem.help.clone().unwrap_or_default();
                    let words = words.iter().map(|word| format!("`\"{word}\"`"));
                    let words = words.collect::<Vec<_>>().join(" or ");
                    Box::new(problem.help(format!("{help} It may also be {words}.")))
                }),
            }
        }
        (Kind::Choice(words), DeValue::String(text)) => reader.choice(text, words, kind),
        (Kind::Text(rule), DeValue::String(text)) => reader.text(text, *rule),
        (Kind::Path, DeValue::String(text)) => reader.path(text),
        (Kind::TextList, DeValue::Array(items)) => {
            let texts: Vec<&str> =
                items.iter().filter_map(|item| item.get_ref().as_str()).collect();
            reader.list(&texts)
        }
        (Kind::Texts(rule), DeValue::Array(items)) => {
            let texts = items.iter().map(|item| {
                let text = item.get_ref().as_str().unwrap_or_default();
                reader.listed(text, *rule, item.span()).map(|()| text.to_owned())
            });
            texts.collect::<Result<Vec<_>>>().map(Value::List)
        }
        _ => unreachable!("the walk checks the TOML type before it reads a value"),
    }
}

/// One value being read.
struct Reader<'a> {
    source: &'a Arc<Source>,
    field: &'a Field,
    key: &'a str,
    span: Range<usize>,
}

impl Reader<'_> {
    fn problem(
        &self,
        code: &'static Code,
        what: &str,
        label: &str,
        meant: Option<String>,
    ) -> Box<Diagnostic> {
        self.problem_at(code, self.span.clone(), what, label, meant)
    }

    fn problem_at(
        &self,
        code: &'static Code,
        span: Range<usize>,
        what: &str,
        label: &str,
        meant: Option<String>,
    ) -> Box<Diagnostic> {
        let problem = Diagnostic::error(code, format!("`{}` {what}", self.key));
        Box::new(problem.at(self.source, span, label).help(advice(self.field, self.key, meant)))
    }

    /// The place of a part of the text, if the file writes the text as it is.
    fn part(&self, text: &str, part: Range<usize>) -> Range<usize> {
        let inner = self.span.start + 1..self.span.end.saturating_sub(1);
        if self.source.text.get(inner.clone()) == Some(text) && !text.is_empty() {
            inner.start + part.start..inner.start + part.end
        } else {
            self.span.clone()
        }
    }

    fn integer(&self, number: &DeInteger<'_>, min: u64, max: u64) -> Result<Value> {
        // What is too large even for 128 bits is too large.
        let negative = number.as_str().starts_with('-');
        let beyond = if negative { i128::MIN } else { i128::MAX };
        let value = i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(beyond);
        self.in_range(u64::try_from(value).ok().filter(|_| !negative), value < 0, min, max, |n| {
            n.to_string()
        })
        .map(Value::Number)
    }

    fn size(&self, text: &str, min: u64, max: u64) -> Result<Value> {
        match units::parse_size(text) {
            Ok(bytes) => {
                self.in_range(Some(bytes), false, min, max, units::size).map(Value::Number)
            }
            Err(mistake) => Err(self.quantity(text, mistake)),
        }
    }

    fn duration(&self, text: &str, max: Duration) -> Result<Value> {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let show = |number| units::duration(Duration::from_millis(number));
        match units::parse_duration(text) {
            Ok(duration) => self
                .in_range(Some(millis(duration)), false, 1, millis(max), show)
                .map(|number| Value::Duration(Duration::from_millis(number))),
            Err(mistake) => Err(self.quantity(text, mistake)),
        }
    }

    fn quantity(&self, text: &str, mistake: units::Mistake) -> Box<Diagnostic> {
        let what = format!("cannot be read: `{}` {}", text.escape_debug(), mistake.reason);
        let label = match &mistake.suggestion {
            Some(meant) => format!("did you mean `\"{meant}\"`?"),
            None => String::new(),
        };
        self.problem(
            BAD_QUANTITY,
            &what,
            &label,
            mistake.suggestion.map(|meant| format!("\"{meant}\"")),
        )
    }

    /// Checks a number's range. None is a number below 0, or above 64 bits.
    fn in_range(
        &self,
        value: Option<u64>,
        negative: bool,
        min: u64,
        max: u64,
        show: impl Fn(u64) -> String,
    ) -> Result<u64> {
        let what = match value {
            Some(value) if (min..=max).contains(&value) => return Ok(value),
            Some(value) if value < min => format!("must be at least {}", show(min)),
            None if negative => format!("must be at least {}", show(min)),
            _ => format!("must be at most {}", show(max)),
        };
        let range = format!("from {} to {}", show(min), show(max));
        let mut problem = self.problem(OUT_OF_RANGE, &what, "", None);
        problem.help = Some(format!("It goes {range}. {}", advice(self.field, self.key, None)));
        Err(problem)
    }

    fn choice(&self, text: &str, words: &[&'static str], kind: &Kind) -> Result<Value> {
        if words.contains(&text) {
            return Ok(Value::Text(text.to_owned()));
        }
        let meant = did_you_mean(text, words.iter().copied());
        let label = match meant {
            Some(meant) => format!("did you mean `\"{meant}\"`?"),
            None => String::new(),
        };
        let what = format!("must be {}", kind.words());
        let mut problem = self.problem(UNKNOWN_CHOICE, &what, &label, None);
        problem.help = Some(self.field.doc.to_owned());
        if let (Some(meant), Some(label)) = (meant, problem.labels.first()) {
            let span = label.span.clone();
            let title = format!("Write `\"{meant}\"`");
            *problem = problem.fix(title, self.source, span, format!("\"{meant}\""));
        }
        Err(problem)
    }

    fn text(&self, text: &str, rule: Rule) -> Result<Value> {
        match rule {
            Rule::Name => {
                if let Err(bad) = check_name(text) {
                    return Err(self.name(text, bad));
                }
            }
            _ => {
                if let Err(reason) = rule::check(rule, text) {
                    return Err(self.problem(BAD_TEXT, &reason, "", None));
                }
            }
        }
        Ok(Value::Text(text.to_owned()))
    }

    fn name(&self, text: &str, bad: BadName) -> Box<Diagnostic> {
        let (what, meant) = match text {
            "" => (format!("is empty: {}", bad.reason), None),
            _ => (
                format!("cannot be `{}`: {}", text.escape_debug(), bad.reason),
                Some(format!("\"{}\"", valid_name(text))),
            ),
        };
        let span = self.part(text, bad.span);
        let label = if span == self.span { "" } else { "this one" };
        self.problem_at(BAD_NAME, span, &what, label, meant)
    }

    fn path(&self, text: &str) -> Result<Value> {
        let what = if text.is_empty() {
            "is empty"
        } else if text.contains('\0') {
            "has a zero byte in it, which no path can have"
        } else {
            return Ok(Value::Text(text.to_owned()));
        };
        Err(self.problem(BAD_TEXT, what, "", None))
    }

    /// Checks one text of a list.
    fn listed(&self, text: &str, rule: Rule, span: Range<usize>) -> Result<()> {
        let reason = match rule::check(rule, text) {
            Ok(()) if text.contains('\0') => "has a zero byte in it".to_owned(),
            Ok(()) => return Ok(()),
            Err(reason) => reason,
        };
        Err(self.problem_at(BAD_TEXT, span, &reason, "", None))
    }

    fn list(&self, texts: &[&str]) -> Result<Value> {
        let what = if texts.first().is_none_or(|first| first.is_empty()) {
            "must begin with a text that is not empty"
        } else if texts.iter().any(|text| text.contains('\0')) {
            "has a zero byte in it, which no argument can have"
        } else {
            return Ok(Value::List(texts.iter().map(|&text| text.to_owned()).collect()));
        };
        Err(self.problem(BAD_TEXT, what, "", None))
    }
}

/// What to write instead: what was probably meant, or the example; and what holds without the key.
pub(super) fn advice(field: &Field, key: &str, meant: Option<String>) -> String {
    let mut words = match meant {
        Some(meant) => format!("Write `{key} = {meant}`."),
        None => format!("Write for example `{key} = {}`.", field.example),
    };
    if let Some(default) = field.default {
        words.push_str(&format!(" Left out, it is `{default}`."));
    }
    words
}

/// A value of the wrong type as TOML of the right one, where that is plain and valid.
pub(super) fn as_meant(field: &'static Field, value: &DeValue<'_>) -> Option<String> {
    let written = match value {
        DeValue::String(text) => text.trim().to_owned(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(value) => value.to_string(),
        _ => return None,
    };
    let number = written.parse::<u64>().ok();
    let meant = match field.kind {
        Kind::Bool | Kind::Integer { .. } => written,
        Kind::Size { .. } => format!("\"{}\"", units::size(number?)),
        Kind::Duration { .. } | Kind::DurationOr { .. } => format!("\"{}s\"", number?),
        Kind::Text(_) | Kind::Path => toml::Value::from(written).to_string(),
        Kind::TextList | Kind::Texts(_) => format!("[{}]", toml::Value::from(written)),
        _ => return None,
    };
    read_alone(field, &meant).is_some().then_some(meant)
}
