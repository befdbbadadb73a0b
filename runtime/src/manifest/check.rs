//! The walk over a TOML tree along the schema: keys, tables and kinds. Single values are read in
//! `scalar`.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problems::{Place, meant_handler, unknown_handler};
use super::schema::{BUILD_LANGUAGE, Field, Kind, MANIFEST, Rule};
use super::syntax::Parsed;
use super::tree::{Entry, Keyed, Table, Value};
use super::{Spanned as Placed, folders, link, rule, scalar, supervision};
use crate::catalog;
use crate::diagnostic::{Diagnostic, Edit, Source};

/// Checks a whole manifest. Nothing more is said about places of syntax errors. Where keys may be
/// lost or stand in a wrong table, missing and unknown keys are not reported.
pub(super) fn check(source: &Arc<Source>, parsed: &Parsed<'_>) -> (Table, Vec<Diagnostic>) {
    let (broken, lost_from) = (&parsed.broken, parsed.lost_from);
    let mut checker = Checker { source, broken, lost_from, problems: Vec::new() };
    let root = checker.table(Place::Top, 0..0, MANIFEST, &[], &parsed.root);
    checker.text_needs_source(&root, &parsed.root);
    if lost_from.is_none() {
        checker.problems.extend(supervision::check(source, &root));
        checker.problems.extend(link::check(source, &root));
    }
    (root, checker.problems)
}

/// The table that an empty one amounts to.
pub(super) fn defaults(fields: &'static [Field]) -> Table {
    let mut table = Table::default();
    fill(fields, &mut table);
    table
}

/// Adds the defaults of keys that are not there.
fn fill(fields: &'static [Field], table: &mut Table) {
    for field in fields {
        if !table.entries.contains_key(field.name)
            && let Some(value) = default_of(field)
        {
            table.entries.insert(field.name, Entry { key: 0..0, span: 0..0, value });
        }
    }
}

/// The value of a key that is not written.
pub(super) fn default_of(field: &'static Field) -> Option<Value> {
    let text = field.default?;
    read_alone(field, text)
}

/// Reads the text of a value by itself, or nothing if it has any problem.
pub(super) fn read_alone(field: &'static Field, text: &str) -> Option<Value> {
    let value = DeValue::parse(text).ok()?;
    if !accepts(&field.kind, value.get_ref()) {
        return None;
    }
    let source = Source::new("", text);
    let mut checker =
        Checker { source: &source, broken: &[], lost_from: None, problems: Vec::new() };
    let value = checker.value(field, &field.kind, &value)?;
    checker.problems.is_empty().then_some(value)
}

/// What the walk carries along.
pub(super) struct Checker<'a> {
    pub source: &'a Arc<Source>,
    broken: &'a [Range<usize>],
    pub lost_from: Option<usize>,
    pub problems: Vec<Diagnostic>,
}

impl Checker<'_> {
    /// Checks the keys of a table. `others` are the fields of tables that might have stood here.
    fn table(
        &mut self,
        place: Place,
        span: Range<usize>,
        fields: &'static [Field],
        others: &[&'static [Field]],
        table: &DeTable<'_>,
    ) -> Table {
        let mut checked = Table::default();
        for (key, value) in table {
            let Some(field) = fields.iter().find(|field| field.name == key.get_ref()) else {
                self.unknown_key(place, key, fields, others, table);
                continue;
            };
            if let Some(read) = self.value(field, &field.kind, value) {
                let entry = Entry { key: key.span(), span: value.span(), value: read };
                checked.entries.insert(field.name, entry);
            }
        }
        for field in fields.iter().filter(|field| field.required) {
            if !table.contains_key(field.name) {
                self.missing_key(place, span.clone(), field);
            }
        }
        fill(fields, &mut checked);
        checked
    }

    /// Reads one value. Nothing if it is wrong; then a problem is reported.
    fn value(
        &mut self,
        field: &'static Field,
        kind: &'static Kind,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Value> {
        if self.is_broken(&value.span()) {
            return None;
        }
        match (kind, value.get_ref()) {
            (Kind::Table(fields), DeValue::Table(table)) => {
                let place = Place::Table(field.name);
                Some(Value::Table(self.table(place, value.span(), fields, &[], table)))
            }
            (Kind::Handlers, DeValue::Table(table)) => Some(Value::Table(self.handlers(table))),
            (Kind::Tables { fields, max }, DeValue::Array(items)) => {
                self.tables(field, fields, *max, value.span(), items)
            }
            (Kind::Keyed { key, example, fields }, DeValue::Table(table)) => {
                Some(Value::Keyed(self.keyed(field.name, *key, example, fields, table)))
            }
            (Kind::OneOf(kinds), _) => self.one_of(field, kinds, value),
            (kind, found) => {
                if !accepts(kind, found) {
                    self.wrong_type(field, &kind.words(), value);
                    return None;
                }
                match scalar::read(self.source, field, field.name, kind, value) {
                    Ok(value) => Some(value),
                    Err(problem) => {
                        self.problems.push(*problem);
                        None
                    }
                }
            }
        }
    }

    /// Reads a list of tables.
    fn tables(
        &mut self,
        field: &'static Field,
        fields: &'static [Field],
        max: usize,
        span: Range<usize>,
        items: &[Spanned<DeValue<'_>>],
    ) -> Option<Value> {
        if items.len() > max {
            self.too_many(field, max, items.len(), span);
            return None;
        }
        let mut tables = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => {
                    let place = Place::Item(field.name);
                    tables.push(self.table(place, item.span(), fields, &[], table));
                }
                _ => self.wrong_type(field, &field.kind.words(), item),
            }
        }
        Some(Value::Tables(tables))
    }

    /// Reads a table with free keys. What stands under a wrong key is checked as well.
    fn keyed(
        &mut self,
        name: &str,
        rule: Rule,
        example: &'static str,
        fields: &'static [Field],
        table: &DeTable<'_>,
    ) -> Vec<Keyed> {
        let mut entries = Vec::new();
        for (key, value) in table {
            let right = match rule::check(rule, key.get_ref()) {
                Ok(()) => true,
                Err(reason) => {
                    self.bad_key(name, key, &reason, example);
                    false
                }
            };
            let Some(table) = self.keyed_value(key.get_ref(), fields, value) else { continue };
            if right {
                let key = Placed { value: key.get_ref().to_string(), span: key.span() };
                entries.push(Keyed { key, table });
            }
        }
        entries
    }

    /// Reads the table under a free key, or the text that stands for its first key.
    fn keyed_value(
        &mut self,
        key: &str,
        fields: &'static [Field],
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Table> {
        if self.is_broken(&value.span()) {
            return None;
        }
        let first = fields.first()?;
        match value.get_ref() {
            DeValue::Table(table) => {
                Some(self.table(Place::Keyed, value.span(), fields, &[], table))
            }
            DeValue::String(_) => {
                let shown = toml::Value::from(key).to_string();
                match scalar::read(self.source, first, &shown, &first.kind, value) {
                    Ok(read) => {
                        let entry = Entry { key: 0..0, span: value.span(), value: read };
                        let mut table = Table::default();
                        table.entries.insert(first.name, entry);
                        fill(fields, &mut table);
                        Some(table)
                    }
                    Err(problem) => {
                        self.problems.push(*problem);
                        None
                    }
                }
            }
            _ => {
                self.wrong_keyed(key, first, value);
                None
            }
        }
    }

    /// For the text format, `source` under `[build]` is required: the one key that another makes so.
    fn text_needs_source(&mut self, root: &Table, parsed: &DeTable<'_>) {
        let (Some(build), Some(written)) = (root.table("build"), parsed.get("build")) else {
            return;
        };
        let has = |key| written.get_ref().as_table().is_some_and(|table| table.contains_key(key));
        let language = build.text("language").map(|language| language.value);
        let source = BUILD_LANGUAGE.iter().find(|field| field.name == "source");
        if let (Some("wat"), false, Some(source)) = (language.as_deref(), has("source"), source) {
            self.missing_key(Place::Table("build"), written.span(), source);
        }
    }

    fn one_of(
        &mut self,
        field: &'static Field,
        kinds: &'static [Kind],
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Value> {
        let fitting: Vec<&'static Kind> =
            kinds.iter().filter(|kind| accepts(kind, value.get_ref())).collect();
        match (fitting.as_slice(), value.get_ref()) {
            ([], _) => {
                self.wrong_type(field, &field.kind.words(), value);
                None
            }
            ([kind], _) => self.value(field, kind, value),
            (several, DeValue::Table(table)) => {
                let forms: Vec<&'static [Field]> =
                    several.iter().filter_map(|kind| fields_of(kind)).collect();
                let place = Place::Table(field.name);
                let fields = self.form(place, &forms, value.span(), table)?;
                let others: Vec<_> =
                    forms.into_iter().filter(|form| !std::ptr::eq(*form, fields)).collect();
                Some(Value::Table(self.table(place, value.span(), fields, &others, table)))
            }
            ([first, ..], _) => self.value(field, first, value),
        }
    }

    /// Which of several forms of a table is meant: the one whose first key is there.
    fn form(
        &mut self,
        place: Place,
        forms: &[&'static [Field]],
        span: Range<usize>,
        table: &DeTable<'_>,
    ) -> Option<&'static [Field]> {
        let has = |field: &Field| table.contains_key(field.name);
        let named: Vec<_> = forms.iter().filter(|form| form.first().is_some_and(has)).collect();
        match named.as_slice() {
            [form] => return Some(form),
            [] => {}
            [one, other, ..] => {
                self.mixed(place, &one[0], &other[0], table);
                return None;
            }
        }
        let known = |form: &[Field]| form.iter().filter(|field| has(field)).count();
        let best = forms.iter().max_by_key(|form| known(form)).copied()?;
        if known(best) > 0 {
            return Some(best);
        }
        self.no_form(place, forms, span);
        let fields: Vec<Field> = forms.concat();
        for key in table.keys() {
            self.unknown_key(place, key, &fields, &[], table);
        }
        None
    }

    fn handlers(&mut self, table: &DeTable<'_>) -> Table {
        let mut checked = Table::default();
        for (key, value) in table {
            let Some(handler) = catalog::handler(key.get_ref()) else {
                if !self.is_broken(&key.span()) {
                    let (problem, label) = unknown_handler(key.get_ref());
                    let mut problem = problem.at(self.source, key.span(), label);
                    let meant = meant_handler(key.get_ref());
                    if let Some(meant) = meant.filter(|meant| !table.contains_key(*meant)) {
                        let (source, text) = (self.source.clone(), meant.to_owned());
                        let edit = Edit { source, span: key.span(), text };
                        // Never certain: it grants.
                        problem = problem.maybe_fix(format!("Write `{meant}`"), Some(edit));
                    }
                    self.problems.push(problem);
                }
                continue;
            };
            if handler.always {
                self.granted_always(handler, key, value.get_ref());
                continue;
            }
            if self.is_broken(&value.span()) {
                continue;
            }
            let read = match value.get_ref() {
                DeValue::Boolean(false) => Value::Bool(false),
                DeValue::Boolean(true) => Value::Table(defaults(handler.settings)),
                DeValue::Table(table) => {
                    let place = Place::Settings(handler.name);
                    let settings = self.table(place, value.span(), handler.settings, &[], table);
                    self.problems.extend(folders::check(self.source, &settings));
                    Value::Table(settings)
                }
                found => {
                    self.wrong_grant(handler, value.span(), found);
                    continue;
                }
            };
            let entry = Entry { key: key.span(), span: value.span(), value: read };
            checked.entries.insert(handler.name, entry);
        }
        checked
    }

    /// Whether a syntax error was reported here, or the parser put a value where none was.
    pub fn is_broken(&self, span: &Range<usize>) -> bool {
        let touches = |broken: &Range<usize>| broken.start <= span.end && span.start <= broken.end;
        span.is_empty() || self.broken.iter().any(touches)
    }
}

/// Whether a value has the TOML type that a kind needs.
fn accepts(kind: &Kind, value: &DeValue<'_>) -> bool {
    match kind {
        Kind::Bool => value.is_bool(),
        Kind::Integer { .. } => value.is_integer(),
        Kind::Text(_) | Kind::Path | Kind::Choice(_) => value.is_str(),
        Kind::Size { .. } | Kind::Duration { .. } | Kind::DurationOr { .. } => value.is_str(),
        Kind::TextList | Kind::Texts(_) => {
            value.as_array().is_some_and(|list| list.iter().all(|item| item.get_ref().is_str()))
        }
        Kind::Table(_) | Kind::Handlers | Kind::Keyed { .. } => value.is_table(),
        Kind::Tables { .. } => value.is_array(),
        Kind::OneOf(kinds) => kinds.iter().any(|kind| accepts(kind, value)),
    }
}

fn fields_of(kind: &'static Kind) -> Option<&'static [Field]> {
    match kind {
        Kind::Table(fields) => Some(fields),
        _ => None,
    }
}
