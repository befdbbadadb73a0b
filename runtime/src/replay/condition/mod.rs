//! Conditions: which records of a trace are meant. One small language for `theater trace grep`, for the
//! cursor that runs until something holds, and for filters of the REPL.
//!
//! `lexer` splits the text, `grammar` reads it, `fields` is the table of what can be asked, and
//! `evaluate` answers for one record. The text may be a piece of a longer line: reports point into that line.

mod evaluate;
mod fields;
mod grammar;
mod lexer;

pub use evaluate::{Subject, parse_moment};
pub use fields::{FIELDS, Field, FieldKind};

use crate::diagnostic::{Result, Source};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A question about a record that is answered with yes or no.
///
/// Its text ([`Display`](fmt::Display)) reads as the same condition again.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// At least one of them holds. There are two or more.
    Any(Vec<Condition>),
    /// All of them hold. There are two or more.
    All(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// The state has this key.
    Exists(String),
    /// A comparison.
    Test(Test),
}

/// What a record has is compared with a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What is looked at.
    pub subject: Asked,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub literal: Literal,
}

/// What a test looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// What records have by themselves.
    Field(&'static Field),
    /// A key of the actor's state after the record.
    State(String),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `~`: the text has the other one in it.
    Contains,
    /// `!~`
    Lacks,
}

/// A value as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// Without quotes: a name, a number, `true`, a time.
    Word(String),
    /// In quotes: a text, never a number.
    Quoted(String),
}

impl Condition {
    /// Reads a condition, which is a piece of the source: `state.count > 5 and not outcome = returned`.
    ///
    /// # Errors
    ///
    /// `TH0711` when it is not written as one, `TH0712` when it asks for what no record has, `TH0713` when
    /// it compares with what cannot be.
    pub fn parse(source: &Arc<Source>, span: Range<usize>) -> Result<Self> {
        grammar::parse(source, span)
    }

    /// Whether it holds for a record.
    pub fn holds(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Any(conditions) => conditions.iter().any(|each| each.holds(subject)),
            Self::All(conditions) => conditions.iter().all(|each| each.holds(subject)),
            Self::Not(condition) => !condition.holds(subject),
            Self::Exists(key) => subject.state.is_some_and(|state| state.get(key).is_some()),
            Self::Test(test) => test.holds(subject),
        }
    }

    /// Whether it says of which actors the records are.
    pub fn names_actor(&self) -> bool {
        self.any_test(&|test| test.subject.is("actor"))
    }

    /// Whether it asks for import calls, so that a place inside a turn is meant.
    pub fn is_about_calls(&self) -> bool {
        self.any_test(&|test| test.subject.is("call") || test.subject.is("handler"))
    }

    /// Whether it asks for the state of the actor.
    pub fn asks_for_state(&self) -> bool {
        match self {
            Self::Any(conditions) | Self::All(conditions) => {
                conditions.iter().any(Self::asks_for_state)
            }
            Self::Not(condition) => condition.asks_for_state(),
            Self::Exists(_) => true,
            Self::Test(test) => matches!(test.subject, Asked::State(_)),
        }
    }

    fn any_test(&self, is_meant: &impl Fn(&Test) -> bool) -> bool {
        match self {
            Self::Any(conditions) | Self::All(conditions) => {
                conditions.iter().any(|each| each.any_test(is_meant))
            }
            Self::Not(condition) => condition.any_test(is_meant),
            Self::Exists(_) => false,
            Self::Test(test) => is_meant(test),
        }
    }
}

impl Asked {
    fn is(&self, name: &str) -> bool {
        matches!(self, Self::Field(field) if field.name == name)
    }
}

impl Comparison {
    /// All, with the signs for them; longer signs before their beginnings.
    const SIGNS: [(&'static str, Self); 8] = [
        ("!=", Self::NotEqual),
        ("!~", Self::Lacks),
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("=", Self::Equal),
        ("<", Self::Less),
        (">", Self::Greater),
        ("~", Self::Contains),
    ];

    /// The sign for it.
    pub fn sign(self) -> &'static str {
        // Each comparison stands in the table, as the properties in the tests show.
        Self::SIGNS.iter().find(|(_, each)| *each == self).map_or("", |(sign, _)| sign)
    }
}

impl Literal {
    /// The text, without quotes.
    pub fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Quoted(text) => text,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = |f: &mut fmt::Formatter<'_>, condition: &Self| match condition {
            Self::Any(_) | Self::All(_) => write!(f, "({condition})"),
            _ => write!(f, "{condition}"),
        };
        let joined = |f: &mut fmt::Formatter<'_>, conditions: &[Self], word: &str| {
            for (index, condition) in conditions.iter().enumerate() {
                if index > 0 {
                    write!(f, " {word} ")?;
                }
                inner(f, condition)?;
            }
            Ok(())
        };
        match self {
            Self::Any(conditions) => joined(f, conditions, "or"),
            Self::All(conditions) => joined(f, conditions, "and"),
            Self::Not(condition) => {
                f.write_str("not ")?;
                inner(f, condition)
            }
            Self::Exists(key) => write_key(f, key),
            Self::Test(test) => write!(f, "{test}"),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Asked::Field(field) => f.write_str(field.name)?,
            Asked::State(key) => write_key(f, key)?,
        }
        write!(f, " {} ", self.comparison.sign())?;
        match &self.literal {
            Literal::Word(text) => f.write_str(text),
            Literal::Quoted(text) => write_quoted(f, text),
        }
    }
}

fn write_key(f: &mut fmt::Formatter<'_>, key: &str) -> fmt::Result {
    f.write_str("state.")?;
    match lexer::is_word(key) {
        true => f.write_str(key),
        false => write_quoted(f, key),
    }
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

#[cfg(test)]
mod tests;
