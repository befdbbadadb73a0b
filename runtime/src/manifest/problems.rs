//! What is said about keys and types that do not fit the schema.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check::Checker;
use super::scalar;
use super::schema::{Field, Kind, MANIFEST};
use crate::catalog::{self, HANDLERS, Handler};
use crate::diagnostic::{
    BAD_TEXT, Diagnostic, GRANTED_ALWAYS, MISSING_KEY, MIXED_KEYS, OUT_OF_RANGE, UNKNOWN_HANDLER,
    UNKNOWN_KEY, WRONG_TYPE, did_you_mean, line_of_key,
};

/// Which table a key stands in, in words.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Top,
    Table(&'static str),
    Settings(&'static str),
    Item(&'static str),
    /// A table under a free key.
    Keyed,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Top => write!(f, "a manifest"),
            Place::Table(name) => write!(f, "`[{name}]`"),
            Place::Settings(handler) => write!(f, "the grant of `{handler}`"),
            Place::Item(list) => write!(f, "a table of `{list}`"),
            Place::Keyed => write!(f, "the table"),
        }
    }
}

impl Checker<'_> {
    /// A handler that every actor has was granted.
    pub fn granted_always(
        &mut self,
        handler: &Handler,
        key: &Spanned<Cow<'_, str>>,
        value: &DeValue<'_>,
    ) {
        let message = format!("every actor has the handler `{}`", handler.name);
        let problem = match value {
            DeValue::Boolean(true) => Diagnostic::warning(GRANTED_ALWAYS, message),
            DeValue::Table(_) => {
                Diagnostic::error(GRANTED_ALWAYS, format!("{message}, and it has no settings"))
            }
            _ => {
                Diagnostic::error(GRANTED_ALWAYS, format!("{message}, and it cannot be taken away"))
            }
        };
        let mut problem = problem.at(self.source, key.span(), "needs no grant");
        if let Some(line) = line_of_key(&self.source.text, key.span().start) {
            problem = problem.fix("Remove the line", self.source, line, "");
        }
        self.problems.push(problem.help("Remove the line."));
    }

    /// A grant is neither a Boolean nor a table.
    pub fn wrong_grant(&mut self, handler: &Handler, span: Range<usize>, found: &DeValue<'_>) {
        let message = format!("`{}` must be `true`, `false`, or a table", handler.name);
        let label = format!("this is {}", type_words(found));
        let help = format!("Write `{} = true` to grant {}.", handler.name, handler.summary);
        let problem = Diagnostic::error(WRONG_TYPE, message).at(self.source, span, label);
        self.problems.push(problem.help(help));
    }

    /// A key is not in the schema. `others` are forms of the table that might have been meant.
    pub fn unknown_key(
        &mut self,
        place: Place,
        key: &Spanned<Cow<'_, str>>,
        fields: &[Field],
        others: &[&'static [Field]],
        table: &DeTable<'_>,
    ) {
        let lost = self.lost_from.is_some_and(|lost| lost <= key.span().start);
        if lost || self.is_broken(&key.span()) {
            return;
        }
        let name = key.get_ref().as_ref();
        let shown = name.escape_debug();
        let has = |form: &&&'static [Field]| form.iter().any(|field| field.name == name);
        if let (Some([theirs, ..]), [mine, ..]) = (others.iter().find(has), fields) {
            let message = format!("`{shown}` does not go with `{}`", mine.name);
            let help = format!("`{shown}` goes with `{}`.", theirs.name);
            let problem = Diagnostic::error(MIXED_KEYS, message).at(self.source, key.span(), "");
            self.problems.push(problem.help(help));
            return;
        }
        let meant = did_you_mean(name, fields.iter().map(|field| field.name));
        let label = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "unknown".to_owned(),
        };
        let help = match home_of(name) {
            Some(home) => format!("`{shown}` belongs in `[{home}]`."),
            None => takes(place, fields),
        };
        let message = format!("{place} has no key `{shown}`");
        let problem = Diagnostic::error(UNKNOWN_KEY, message).at(self.source, key.span(), label);
        let mut problem = problem.help(help);
        if let Some(meant) = meant.filter(|meant| !table.contains_key(*meant)) {
            problem = problem.fix(format!("Write `{meant}`"), self.source, key.span(), meant);
        }
        self.problems.push(problem);
    }

    /// A required key is not there. `span` is where its table begins.
    pub fn missing_key(&mut self, place: Place, span: Range<usize>, field: &Field) {
        if self.lost_from.is_some() {
            return;
        }
        let (key, help) = match field.kind {
            Kind::Table(fields) => (
                format!("[{}]", field.name),
                format!("Add:\n{}", example_table(field.name, fields)),
            ),
            _ => {
                let line = format!("{} = {}", field.name, field.example);
                (field.name.to_owned(), format!("Add for example `{line}`. {}", field.doc))
            }
        };
        let message = format!("{place} lacks `{key}`");
        let problem = Diagnostic::error(MISSING_KEY, message);
        self.problems.push(problem.at(self.source, span, "it belongs here").help(help));
    }

    /// A free key does not follow its rule.
    pub fn bad_key(
        &mut self,
        table: &str,
        key: &Spanned<Cow<'_, str>>,
        reason: &str,
        example: &str,
    ) {
        if self.is_broken(&key.span()) {
            return;
        }
        let message = format!("a key of `{table}` {reason}");
        let problem = Diagnostic::error(BAD_TEXT, message).at(self.source, key.span(), "");
        self.problems
            .push(problem.help(format!("Write for example `{example}`, with its quotes.")));
    }

    /// What stands under a free key is neither a table nor the text that stands for its first key.
    pub fn wrong_keyed(&mut self, key: &str, first: &Field, value: &Spanned<DeValue<'_>>) {
        let key = toml::Value::from(key);
        let message = format!("`{key}` must be a text in quotes, or a table");
        let label = format!("this is {}", type_words(value.get_ref()));
        let (name, example) = (first.name, first.example);
        let help = format!(
            "Write for example `{key} = {example}`, or `{key} = {{ {name} = {example} }}` with further \
             settings."
        );
        let problem = Diagnostic::error(WRONG_TYPE, message).at(self.source, value.span(), label);
        self.problems.push(problem.help(help));
    }

    /// A list has too many tables.
    pub fn too_many(&mut self, field: &Field, max: usize, found: usize, span: Range<usize>) {
        let message = format!("`{}` must have at most {max} tables, and has {found}", field.name);
        let problem = Diagnostic::error(OUT_OF_RANGE, message).at(self.source, span, "");
        self.problems.push(problem.help(field.doc));
    }

    /// A table has keys of none of its forms.
    pub fn no_form(&mut self, place: Place, forms: &[&'static [Field]], span: Range<usize>) {
        let Place::Table(name) = place else { return };
        if self.lost_from.is_some() {
            return;
        }
        let firsts: Vec<String> = forms
            .iter()
            .filter_map(|form| form.first())
            .map(|field| format!("`{}`", field.name))
            .collect();
        let examples: Vec<String> = forms.iter().map(|form| example_table(name, form)).collect();
        let message = format!("{place} has neither {}", firsts.join(" nor "));
        let problem = Diagnostic::error(MISSING_KEY, message).at(self.source, span, "");
        self.problems.push(problem.help(format!("Write\n{}", examples.join("\nor\n"))));
    }

    /// A table has the first keys of two of its forms.
    pub fn mixed(&mut self, place: Place, one: &Field, other: &Field, table: &DeTable<'_>) {
        let message = format!("{place} has both `{}` and `{}`", one.name, other.name);
        let mut spans: Vec<_> = [one, other]
            .iter()
            .filter_map(|field| table.get_key_value(field.name))
            .map(|(key, _)| key.span())
            .collect();
        spans.sort_by_key(|span| std::cmp::Reverse(span.start));
        let mut problem = Diagnostic::error(MIXED_KEYS, message);
        for (span, words) in spans.into_iter().zip(["or this", "either this"]) {
            problem = problem.at(self.source, span, words);
        }
        self.problems.push(problem.help(format!(
            "Keep `{}` or `{}`, with the keys that belong to it.",
            one.name, other.name
        )));
    }

    /// A value is of the wrong TOML type. `words` name the right one.
    pub fn wrong_type(&mut self, field: &'static Field, words: &str, value: &Spanned<DeValue<'_>>) {
        let message = format!("`{}` must be {words}", field.name);
        let label = format!("this is {}", type_words(value.get_ref()));
        let help = match field.kind {
            Kind::Table(fields) => format!("Write\n{}", example_table(field.name, fields)),
            Kind::Tables { .. } if MANIFEST.iter().any(|top| std::ptr::eq(top, field)) => {
                format!("Write `[[{}]]` above each of them.", field.name)
            }
            _ if accepts_table(&field.kind) => {
                format!("Write `[{}]` on a line of its own.", field.name)
            }
            _ => scalar::advice(field, field.name, scalar::as_meant(field, value.get_ref())),
        };
        let problem = Diagnostic::error(WRONG_TYPE, message).at(self.source, value.span(), label);
        self.problems.push(problem.help(help));
    }
}

/// The handler that somebody meant who wrote something near its name.
pub(super) fn meant_handler(name: &str) -> Option<&'static str> {
    let grantable = HANDLERS.iter().filter(|handler| !handler.always);
    did_you_mean(name, grantable.map(|handler| handler.name))
}

/// The problem of a name that is no handler's, and the words to put at its place.
pub(super) fn unknown_handler(name: &str) -> (Diagnostic, String) {
    let shown = name.escape_debug();
    let names = || HANDLERS.iter().filter(|handler| !handler.always).map(|handler| handler.name);
    let label = match meant_handler(name) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "unknown".to_owned(),
    };
    let names = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let problem = Diagnostic::error(UNKNOWN_HANDLER, format!("there is no handler `{shown}`"));
    (
        problem.help(format!("The handlers are {names}. `theater explain HANDLER` tells more.")),
        label,
    )
}

fn accepts_table(kind: &Kind) -> bool {
    match kind {
        Kind::Table(_) | Kind::Handlers | Kind::Keyed { .. } => true,
        Kind::OneOf(kinds) => kinds.iter().any(accepts_table),
        _ => false,
    }
}

/// The table in which a key would be right.
fn home_of(name: &str) -> Option<&'static str> {
    fn has(kind: &Kind, name: &str) -> bool {
        match kind {
            Kind::Table(fields) => fields.iter().any(|field| field.name == name),
            Kind::OneOf(kinds) => kinds.iter().any(|kind| has(kind, name)),
            Kind::Handlers => catalog::handler(name).is_some_and(|handler| !handler.always),
            _ => false,
        }
    }
    MANIFEST.iter().find(|table| has(&table.kind, name)).map(|table| table.name)
}

/// Which keys a table takes, as a sentence.
fn takes(place: Place, fields: &[Field]) -> String {
    if fields.is_empty() {
        return "It takes no settings.".to_owned();
    }
    let bracket = |field: &Field| match place {
        Place::Top => format!("`[{}]`", field.name),
        _ => format!("`{}`", field.name),
    };
    let names: Vec<String> = fields.iter().map(bracket).collect();
    format!("It takes {}.", names.join(", "))
}

/// A table with what it requires, indented.
fn example_table(name: &str, fields: &[Field]) -> String {
    let mut lines = vec![format!("    [{name}]")];
    for field in fields.iter().filter(|field| field.required) {
        lines.push(format!("    {} = {}", field.name, field.example));
    }
    lines.join("\n")
}

/// A value's TOML type in words.
fn type_words(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
