//! Tokens to conditions.

use super::lexer::{Token, lex};
use super::{Asked, Comparison, Condition, FIELDS, Field, FieldKind, Literal, Test, evaluate};
use crate::diagnostic::{
    CONDITION_FIELD, CONDITION_SYNTAX, CONDITION_VALUE, Code, Diagnostic, Result, Source,
    did_you_mean,
};
use std::ops::Range;
use std::sync::Arc;

/// How deep parentheses and `not` may be nested: far more than anybody writes, and far less than the
/// stack of a thread holds.
const DEEPEST: usize = 64;

pub(super) fn parse(source: &Arc<Source>, span: Range<usize>) -> Result<Condition> {
    let tokens = lex(&source.text, span.clone()).map_err(|unread| {
        let problem = Diagnostic::error(CONDITION_SYNTAX, unread.message);
        Box::new(problem.at(source, unread.span, "here").help(unread.help))
    })?;
    // What is missing is missing behind the last token.
    let end = tokens.last().map_or(span.start, |(_, place)| place.end);
    let mut parser = Parser { source, tokens: tokens.into_iter().peekable(), end };
    let condition = parser.any(0)?;
    match parser.tokens.next() {
        None => Ok(condition),
        Some((Token::Close, place)) => {
            Err(parser.syntax(place, "a parenthesis is closed that was not opened", "too much"))
        }
        Some((_, place)) => {
            let message = "a condition goes on without `and` or `or`";
            let problem = parser.syntax(place, message, "expected `and`, `or`, or nothing");
            let help = "Join two conditions with `and` or `or`. A text of several words stands between \
                        double quotes.";
            Err(Box::new(problem.help(help)))
        }
    }
}

struct Parser<'s> {
    source: &'s Arc<Source>,
    tokens: std::iter::Peekable<std::vec::IntoIter<(Token, Range<usize>)>>,
    end: usize,
}

impl Parser<'_> {
    fn any(&mut self, depth: usize) -> Result<Condition> {
        let first = self.all(depth)?;
        let mut conditions = vec![first];
        while self.eat_word("or") {
            conditions.push(self.all(depth)?);
        }
        Ok(single(conditions).unwrap_or_else(Condition::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Condition> {
        let first = self.one(depth)?;
        let mut conditions = vec![first];
        while self.eat_word("and") {
            conditions.push(self.one(depth)?);
        }
        Ok(single(conditions).unwrap_or_else(Condition::All))
    }

    fn one(&mut self, depth: usize) -> Result<Condition> {
        let (token, place) = self.next("a condition is missing")?;
        if depth == DEEPEST {
            let message = "a condition is nested too deeply";
            return Err(self.syntax(place, message, "this is too deep"));
        }
        match token {
            Token::Open => {
                let inner = self.any(depth + 1)?;
                match self.tokens.next() {
                    Some((Token::Close, _)) => Ok(inner),
                    Some((_, place)) => {
                        let message = "a parenthesis is not closed where it should be";
                        Err(self.syntax(place, message, "expected `)`, `and` or `or`"))
                    }
                    None => Err(self.syntax(place, "a parenthesis is not closed", "opened here")),
                }
            }
            Token::Word(word) if word == "not" => {
                Ok(Condition::Not(Box::new(self.one(depth + 1)?)))
            }
            Token::Word(word) if !is_joint(&word) => self.test(word, place),
            _ => Err(self.syntax(place, "a condition is missing", "expected the name of a field")),
        }
    }

    /// What begins with the name of a field or of a key.
    fn test(&mut self, word: String, mut place: Range<usize>) -> Result<Condition> {
        let subject = match word.strip_prefix("state.") {
            Some("") => {
                let key = self.tokens.next_if(|(token, next)| {
                    matches!(token, Token::Quoted(_)) && next.start == place.end
                });
                let Some((Token::Quoted(key), next)) = key else {
                    return Err(self.syntax(place, "the name of a key is missing", "which key?"));
                };
                place.end = next.end;
                Asked::State(key)
            }
            Some(key) => Asked::State(key.to_owned()),
            None => Asked::Field(Field::find(&word).ok_or_else(|| self.unknown(&word, &place))?),
        };
        let sign = self.tokens.next_if(|(token, _)| matches!(token, Token::Sign(_)));
        let Some((Token::Sign(comparison), sign)) = sign else {
            return match subject {
                Asked::State(key) => Ok(Condition::Exists(key)),
                Asked::Field(field) => Err(self.unsigned(field, place)),
            };
        };
        let (token, value) = self.next("a value is missing")?;
        let literal = match token {
            Token::Word(word) if !is_joint(&word) && word != "not" => Literal::Word(word),
            Token::Quoted(text) => Literal::Quoted(text),
            _ => return Err(self.syntax(value, "a value is missing", "expected a value")),
        };
        if let Asked::Field(field) = subject {
            self.check(field, comparison, &literal, sign, value)?;
        }
        Ok(Condition::Test(Test { subject, comparison, literal }))
    }

    /// Whether the field can be compared so.
    fn check(
        &self,
        field: &Field,
        comparison: Comparison,
        literal: &Literal,
        sign: Range<usize>,
        value: Range<usize>,
    ) -> Result<()> {
        use Comparison::{AtLeast, AtMost, Contains, Equal, Greater, Lacks, Less, NotEqual};
        let possible: &[Comparison] = match field.kind {
            FieldKind::Choice(_) => &[Equal, NotEqual],
            FieldKind::Name => &[Equal, NotEqual, Contains, Lacks],
            FieldKind::Text => &[Contains, Lacks],
            FieldKind::Number => &[Equal, NotEqual, Less, AtMost, Greater, AtLeast],
            FieldKind::Time | FieldKind::Value => {
                &[Equal, NotEqual, Less, AtMost, Greater, AtLeast, Contains, Lacks]
            }
        };
        if !possible.contains(&comparison) {
            let signs: Vec<_> = possible.iter().map(|each| format!("`{}`", each.sign())).collect();
            let message =
                format!("`{}` cannot be compared with `{}`", field.name, comparison.sign());
            let label = format!("expected {}", signs.join(", "));
            return Err(self.wrong(CONDITION_VALUE, sign, message, label, example(field)));
        }
        let text = literal.text();
        let fault = match field.kind {
            FieldKind::Choice(words) => return self.check_choice(field, &words(), text, value),
            FieldKind::Number if evaluate::number(literal).is_none() => "a number",
            FieldKind::Time
                if !matches!(comparison, Contains | Lacks)
                    && evaluate::parse_moment(text).is_none() =>
            {
                "a moment in UTC, such as 2026-11-23 or 2026-11-23T05:17:10"
            }
            _ => return Ok(()),
        };
        let message = format!("`{text}` is no value of `{}`", field.name);
        let label = format!("expected {fault}");
        Err(self.wrong(CONDITION_VALUE, value, message, label, example(field)))
    }

    fn check_choice(
        &self,
        field: &Field,
        words: &[&str],
        text: &str,
        value: Range<usize>,
    ) -> Result<()> {
        if words.contains(&text) {
            return Ok(());
        }
        let message = format!("`{text}` is no value of `{}`", field.name);
        let help = match did_you_mean(text, words.iter().copied()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("It is one of {}.", listed(words.iter().copied())),
        };
        Err(self.wrong(CONDITION_VALUE, value, message, "no such word".to_owned(), help))
    }

    fn unknown(&self, word: &str, place: &Range<usize>) -> Box<Diagnostic> {
        let names = || FIELDS.iter().map(|field| field.name);
        let help = match (did_you_mean(word, names()), self.source.text[place.end..].trim_start()) {
            (Some(near), _) => {
                format!("Did you mean `{near}`? Keys of the state are written `state.{word}`.")
            }
            (None, rest) if rest.starts_with(['=', '<', '>', '!', '~']) => {
                let names = listed(names().chain(["state.KEY"]));
                format!("Write `state.{word}` if it is a key of the state. The fields are {names}.")
            }
            (None, _) => "To search for a text, write `text ~ \"…\"`.".to_owned(),
        };
        let message = format!("records have no `{word}`");
        self.wrong(CONDITION_FIELD, place.clone(), message, "no such field".to_owned(), help)
    }

    fn unsigned(&self, field: &Field, place: Range<usize>) -> Box<Diagnostic> {
        let end = place.end;
        let place = self.tokens.clone().next().map_or(end..end, |(_, next)| next);
        let message = format!("`{}` is compared with nothing", field.name);
        let label = "expected `=`, `<`, `~`, …".to_owned();
        self.wrong(CONDITION_SYNTAX, place, message, label, example(field))
    }

    fn next(&mut self, missing: &str) -> Result<(Token, Range<usize>)> {
        let end = self.end..self.end;
        self.tokens.next().ok_or_else(|| self.syntax(end, missing, "something is missing here"))
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let is_it = |(token, _): &(Token, _)| matches!(token, Token::Word(next) if next == word);
        self.tokens.next_if(is_it).is_some()
    }

    fn syntax(&self, place: Range<usize>, message: &str, label: &str) -> Box<Diagnostic> {
        let help = "A condition looks like `outcome = trap`, or `state.count > 5 and not function = reset`.";
        self.wrong(CONDITION_SYNTAX, place, message.to_owned(), label.to_owned(), help.to_owned())
    }

    fn wrong(
        &self,
        code: &'static Code,
        place: Range<usize>,
        message: String,
        label: String,
        help: String,
    ) -> Box<Diagnostic> {
        Box::new(Diagnostic::error(code, message).at(self.source, place, label).help(help))
    }
}

/// The only one of them, or all.
fn single(mut conditions: Vec<Condition>) -> Result<Condition, Vec<Condition>> {
    match conditions.pop() {
        Some(only) if conditions.is_empty() => Ok(only),
        last => {
            conditions.extend(last);
            Err(conditions)
        }
    }
}

fn is_joint(word: &str) -> bool {
    matches!(word, "and" | "or")
}

fn example(field: &Field) -> String {
    format!("Write for example `{}`.", field.example)
}

/// Words for a sentence.
fn listed<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
