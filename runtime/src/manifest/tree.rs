//! A manifest after all checks: every key known, every value of its kind, defaults filled in.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use super::Spanned;

/// A checked value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    Text(String),
    /// A number, or a size in bytes.
    Number(u64),
    Duration(Duration),
    List(Vec<String>),
    Table(Table),
    Tables(Vec<Table>),
    Keyed(Vec<Keyed>),
}

/// A key that the writer chose, with its table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Keyed {
    /// The key, and where it stands.
    pub key: Spanned<String>,
    pub table: Table,
}

/// A checked table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Table {
    pub entries: BTreeMap<&'static str, Entry>,
}

/// A checked key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// Where the key stands; empty if the value is the default.
    pub key: Range<usize>,
    /// Where the value stands; empty if it is the default.
    pub span: Range<usize>,
    pub value: Value,
}

const DEFAULTED: &str = "the schema has a default of this kind for the key, which a test checks";

impl Table {
    pub fn text(&self, name: &str) -> Option<Spanned<String>> {
        let entry = self.entries.get(name)?;
        match &entry.value {
            Value::Text(value) => Some(Spanned { value: value.clone(), span: entry.span.clone() }),
            _ => None,
        }
    }

    pub fn table(&self, name: &str) -> Option<&Table> {
        match &self.entries.get(name)?.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The tables of a list; none if the key is not there.
    pub fn tables(&self, name: &str) -> &[Table] {
        match self.entries.get(name).map(|entry| &entry.value) {
            Some(Value::Tables(tables)) => tables,
            _ => &[],
        }
    }

    /// The entries of a table with free keys; none if the table is not there.
    pub fn keyed(&self, name: &str) -> &[Keyed] {
        match self.entries.get(name).map(|entry| &entry.value) {
            Some(Value::Keyed(entries)) => entries,
            _ => &[],
        }
    }

    /// One of some words that has a default.
    pub fn word(&self, name: &str) -> &str {
        match self.entries.get(name).map(|entry| &entry.value) {
            Some(Value::Text(word)) => Some(word.as_str()),
            _ => None,
        }
        .expect(DEFAULTED)
    }

    /// A list of texts; empty if there is none.
    pub fn texts(&self, name: &str) -> Vec<String> {
        match self.entries.get(name).map(|entry| &entry.value) {
            Some(Value::List(texts)) => texts.clone(),
            _ => Vec::new(),
        }
    }

    pub fn optional_number(&self, name: &str) -> Option<u64> {
        match self.entries.get(name)?.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// A number that has a default.
    pub fn number(&self, name: &str) -> u64 {
        self.optional_number(name).expect(DEFAULTED)
    }

    /// A number that has a default, and a greatest value of 32 bits.
    pub fn number_u32(&self, name: &str) -> u32 {
        u32::try_from(self.number(name)).expect("the schema's greatest value fits")
    }

    pub fn optional_duration(&self, name: &str) -> Option<Duration> {
        match self.entries.get(name)?.value {
            Value::Duration(duration) => Some(duration),
            _ => None,
        }
    }

    /// A duration that has a default.
    pub fn duration(&self, name: &str) -> Duration {
        self.optional_duration(name).expect(DEFAULTED)
    }
}
