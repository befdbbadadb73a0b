//! One WAVE value, read as a type says.

use super::type_name;
use crate::diagnostic::{
    Code, Diagnostic, Result, Source, VALUE_RANGE, VALUE_SYNTAX, VALUE_TYPE, did_you_mean,
};
use std::collections::HashMap;
use std::fmt::{Display, LowerExp};
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;
use wasmtime::component::wasm_wave::ast::{Node, NodeType};
use wasmtime::component::wasm_wave::lex::Keyword;
use wasmtime::component::wasm_wave::parser::{ParserError, ParserErrorKind};
use wasmtime::component::wasm_wave::untyped::UntypedValue;
use wasmtime::component::{Type, Val};

/// Reads the value in `span`, which is meant for the parameter `param`.
pub(crate) fn read_value(
    source: &Arc<Source>,
    span: Range<usize>,
    param: &str,
    ty: &Type,
) -> Result<Val> {
    let text = &source.text[span.clone()];
    let mut reader = Reader { source, text, offset: span.start, param, root: 0..0 };
    if text.trim().is_empty() {
        let message = format!("`{param}` has no value");
        return Err(reader.error(VALUE_SYNTAX, 0..text.len(), message, &expected(ty)));
    }
    let parsed = UntypedValue::parse(text).map_err(|error| reader.syntax(&error))?;
    reader.root = parsed.node().span();
    reader.value(parsed.node(), ty)
}

/// Whether there is a value in `span`, whatever its type.
pub(super) fn check_value(source: &Arc<Source>, span: Range<usize>) -> Result<()> {
    let text = &source.text[span.clone()];
    let reader = Reader { source, text, offset: span.start, param: "", root: 0..0 };
    if text.trim().is_empty() {
        return Err(reader.error(VALUE_SYNTAX, 0..text.len(), "a value is missing".into(), "here"));
    }
    UntypedValue::parse(text).map(drop).map_err(|error| reader.syntax(&error))
}

/// A label that says which type is expected.
fn expected(ty: &Type) -> String {
    format!("expected `{}`", type_name(ty))
}

const EXAMPLES: &str = "Write values in WAVE: \
    5, 1.5, true, 'c', \"text\", [1, 2], {field: 1}, some(1).";

struct Reader<'a> {
    source: &'a Arc<Source>,
    text: &'a str,
    /// Where the text stands in the source.
    offset: usize,
    param: &'a str,
    /// The whole value.
    root: Range<usize>,
}

impl Reader<'_> {
    fn value(&self, node: &Node, ty: &Type) -> Result<Val> {
        Ok(match ty {
            Type::Bool => Val::Bool(node.as_bool().map_err(|_| self.mismatch(node, ty))?),
            Type::S8 => Val::S8(self.integer(node, ty, i8::MIN, i8::MAX)?),
            Type::U8 => Val::U8(self.integer(node, ty, u8::MIN, u8::MAX)?),
            Type::S16 => Val::S16(self.integer(node, ty, i16::MIN, i16::MAX)?),
            Type::U16 => Val::U16(self.integer(node, ty, u16::MIN, u16::MAX)?),
            Type::S32 => Val::S32(self.integer(node, ty, i32::MIN, i32::MAX)?),
            Type::U32 => Val::U32(self.integer(node, ty, u32::MIN, u32::MAX)?),
            Type::S64 => Val::S64(self.integer(node, ty, i64::MIN, i64::MAX)?),
            Type::U64 => Val::U64(self.integer(node, ty, u64::MIN, u64::MAX)?),
            Type::Float32 => Val::Float32(self.float(node, ty, f32::is_infinite, f32::MAX)?),
            Type::Float64 => Val::Float64(self.float(node, ty, f64::is_infinite, f64::MAX)?),
            Type::Char if node.ty() == NodeType::Char => {
                Val::Char(node.as_char(self.text).map_err(|error| self.syntax(&error))?)
            }
            Type::String if matches!(node.ty(), NodeType::String | NodeType::MultilineString) => {
                let text = node.as_str(self.text).map_err(|error| self.syntax(&error))?;
                Val::String(text.into_owned())
            }
            Type::List(list) => Val::List(self.elements(node, ty, &list.ty(), None)?),
            Type::FixedLengthList(list) => {
                Val::FixedLengthList(self.elements(node, ty, &list.ty(), Some(list.len()))?)
            }
            Type::Record(_) => self.record(node, ty)?,
            Type::Tuple(_) => self.tuple(node, ty)?,
            Type::Variant(_) => self.variant(node, ty)?,
            Type::Enum(_) => self.enumeration(node, ty)?,
            Type::Option(option) => self.option(node, ty, &option.ty())?,
            Type::Result(_) => self.result(node, ty)?,
            Type::Flags(_) => self.flags(node, ty)?,
            Type::Char | Type::String => return Err(self.mismatch(node, ty)),
            Type::Own(_)
            | Type::Borrow(_)
            | Type::Map(_)
            | Type::Future(_)
            | Type::Stream(_)
            | Type::ErrorContext => {
                let message = format!("a value of the type `{}` cannot be written", type_name(ty));
                return Err(self.error(VALUE_TYPE, node.span(), message, "not possible here"));
            }
        })
    }

    fn integer<T: FromStr + Display>(
        &self,
        node: &Node,
        ty: &Type,
        least: T,
        greatest: T,
    ) -> Result<T> {
        let text = &self.text[node.span()];
        let digits = text.strip_prefix('-').unwrap_or(text);
        let whole = node.ty() == NodeType::Number && digits.bytes().all(|b| b.is_ascii_digit());
        if !whole {
            return Err(self.mismatch(node, ty));
        }
        node.as_number(self.text).map_err(|_| {
            let message = format!("{} is out of range for `{}`", short(text), type_name(ty));
            let label = format!("must be from {least} to {greatest}");
            self.error(VALUE_RANGE, node.span(), message, &label)
        })
    }

    fn float<T: FromStr + LowerExp + Copy>(
        &self,
        node: &Node,
        ty: &Type,
        is_infinite: fn(T) -> bool,
        greatest: T,
    ) -> Result<T> {
        let value = node.as_number(self.text).map_err(|_| self.mismatch(node, ty))?;
        let text = &self.text[node.span()];
        if is_infinite(value) && !text.ends_with("inf") {
            let message = format!("{} is out of range for `{}`", short(text), type_name(ty));
            let label = format!("must be from -{greatest:e} to {greatest:e}");
            return Err(self.error(VALUE_RANGE, node.span(), message, &label));
        }
        Ok(value)
    }

    fn elements(&self, node: &Node, ty: &Type, of: &Type, length: Option<u32>) -> Result<Vec<Val>> {
        let nodes = node.as_list().map_err(|_| self.mismatch(node, ty))?;
        let given = nodes.len();
        if let Some(length) = length.filter(|length| usize::try_from(*length) != Ok(given)) {
            let message = format!("a list of {length} values is needed, this has {given}");
            return Err(self.error(VALUE_TYPE, node.span(), message, &expected(ty)));
        }
        nodes.map(|node| self.value(node, of)).collect()
    }

    fn tuple(&self, node: &Node, ty: &Type) -> Result<Val> {
        let types: Vec<Type> = ty.unwrap_tuple().types().collect();
        let nodes = node.as_tuple().map_err(|_| self.mismatch(node, ty))?;
        if nodes.len() != types.len() {
            let (wanted, given) = (types.len(), nodes.len());
            let message = format!("a tuple of {wanted} values is needed, this has {given}");
            return Err(self.error(VALUE_TYPE, node.span(), message, &expected(ty)));
        }
        let values = nodes.zip(&types).map(|(node, ty)| self.value(node, ty));
        Ok(Val::Tuple(values.collect::<Result<_>>()?))
    }

    fn record(&self, node: &Node, ty: &Type) -> Result<Val> {
        let record = ty.unwrap_record();
        let mut given: HashMap<&str, &Node> = match node.ty() {
            // `{}` reads as flags, but nobody who writes it for a record means that.
            NodeType::Flags if node.span().len() == 2 => HashMap::new(),
            _ => node.as_record(self.text).map_err(|_| self.mismatch(node, ty))?.collect(),
        };
        let mut fields = Vec::new();
        let mut missing = Vec::new();
        let mut problem = None;
        for field in record.fields() {
            match (given.remove(field.name), &field.ty) {
                (Some(node), ty) => match self.value(node, ty) {
                    Ok(value) => fields.push((field.name.to_owned(), value)),
                    Err(error) => problem = problem.or(Some(error)),
                },
                (None, Type::Option(_)) => {
                    fields.push((field.name.to_owned(), Val::Option(None)));
                }
                (None, ty) => missing.push(format!("`{}: {}`", field.name, type_name(ty))),
            }
        }
        // An unknown field comes first: it is often the misspelt missing one.
        if let Some((name, _)) = given.iter().min_by_key(|(name, _)| self.place(name).start) {
            let names = record.fields().map(|field| field.name);
            return Err(self.unknown(self.place(name), name, "field", names.collect(), ty));
        }
        if let Some(problem) = problem {
            return Err(problem);
        }
        if !missing.is_empty() {
            let what = if missing.len() == 1 { "the field" } else { "the fields" };
            let message = format!("the record lacks {what} {}", missing.join(", "));
            return Err(self.error(VALUE_TYPE, node.span(), message, &expected(ty)));
        }
        Ok(Val::Record(fields))
    }

    fn variant(&self, node: &Node, ty: &Type) -> Result<Val> {
        let (name, payload) = node.as_variant(self.text).map_err(|_| self.mismatch(node, ty))?;
        let cases = ty.unwrap_variant();
        let Some(case) = cases.cases().find(|case| case.name == name) else {
            let names = cases.cases().map(|case| case.name).collect();
            return Err(self.unknown(self.place(name), name, "case", names, ty));
        };
        let payload = self.payload(node, name, payload, case.ty)?;
        Ok(Val::Variant(name.to_owned(), payload))
    }

    fn enumeration(&self, node: &Node, ty: &Type) -> Result<Val> {
        let name = node.as_enum(self.text).map_err(|_| self.mismatch(node, ty))?;
        let names: Vec<&str> = ty.unwrap_enum().names().collect();
        if !names.contains(&name) {
            return Err(self.unknown(self.place(name), name, "case", names, ty));
        }
        Ok(Val::Enum(name.to_owned()))
    }

    fn flags(&self, node: &Node, ty: &Type) -> Result<Val> {
        let names: Vec<&str> = ty.unwrap_flags().names().collect();
        let mut given = Vec::new();
        for written in node.as_flags(self.text).map_err(|_| self.mismatch(node, ty))? {
            let name = written.trim_start_matches('%');
            if !names.contains(&name) {
                return Err(self.unknown(self.place(written), name, "flag", names, ty));
            }
            given.push(name);
        }
        // In the declared order, so that equal values are written equally.
        let set = names.into_iter().filter(|name| given.contains(name));
        Ok(Val::Flags(set.map(str::to_owned).collect()))
    }

    fn option(&self, node: &Node, ty: &Type, some: &Type) -> Result<Val> {
        Ok(Val::Option(match (node.ty(), node.as_option()) {
            (_, Ok(None)) => None,
            (_, Ok(Some(payload))) => Some(Box::new(self.value(payload, some)?)),
            _ if can_stand_alone(some) => Some(Box::new(self.value(node, some)?)),
            _ => return Err(self.mismatch(node, ty)),
        }))
    }

    fn result(&self, node: &Node, ty: &Type) -> Result<Val> {
        let types = ty.unwrap_result();
        Ok(Val::Result(match (node.as_result(), types.ok()) {
            (Ok(Ok(payload)), ok) => Ok(self.payload(node, "ok", payload, ok)?),
            (Ok(Err(payload)), _) => Err(self.payload(node, "err", payload, types.err())?),
            (Err(_), Some(ok)) if can_stand_alone(&ok) => {
                Ok(Some(Box::new(self.value(node, &ok)?)))
            }
            (Err(_), _) => return Err(self.mismatch(node, ty)),
        }))
    }

    fn payload(
        &self,
        node: &Node,
        case: &str,
        payload: Option<&Node>,
        ty: Option<Type>,
    ) -> Result<Option<Box<Val>>> {
        match (payload, ty) {
            (Some(payload), Some(ty)) => Ok(Some(Box::new(self.value(payload, &ty)?))),
            (None, None) => Ok(None),
            (None, Some(ty)) => {
                let message = format!("`{case}` needs a value of the type `{}`", type_name(&ty));
                let label = format!("write `{case}(..)`");
                Err(self.error(VALUE_TYPE, node.span(), message, &label))
            }
            (Some(payload), None) => {
                let message = format!("`{case}` takes no value");
                Err(self.error(
                    VALUE_TYPE,
                    payload.span(),
                    message,
                    &format!("write `{case}` alone"),
                ))
            }
        }
    }
}

/// The problems.
impl Reader<'_> {
    /// An error at a place in the text, which is moved to whole characters.
    fn error(
        &self,
        code: &'static Code,
        span: Range<usize>,
        message: String,
        label: &str,
    ) -> Box<Diagnostic> {
        let end = self.text.len();
        let mut span = span.start.min(end)..span.end.clamp(span.start.min(end), end);
        while !self.text.is_char_boundary(span.start) {
            span.start -= 1;
        }
        while !self.text.is_char_boundary(span.end) {
            span.end += 1;
        }
        let span = span.start + self.offset..span.end + self.offset;
        Box::new(Diagnostic::error(code, message).at(self.source, span, label))
    }

    /// The place of a name that was read from the text.
    fn place(&self, name: &str) -> Range<usize> {
        let start = (name.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        start..start + name.len()
    }

    fn mismatch(&self, node: &Node, ty: &Type) -> Box<Diagnostic> {
        let subject = if node.span() == self.root { "" } else { "a value in " };
        let text = &self.text[node.span()];
        let found = match node.ty() {
            NodeType::BoolTrue | NodeType::BoolFalse => "a bool",
            NodeType::Number if text.contains(['.', 'e', 'E']) => "a number with a fraction",
            NodeType::Number => "a number",
            NodeType::Char => "a char",
            NodeType::String | NodeType::MultilineString => "a string",
            NodeType::Tuple => "a tuple",
            NodeType::List => "a list",
            NodeType::Record => "a record",
            NodeType::Label => "a name",
            NodeType::VariantWithPayload => "a case with a value",
            NodeType::OptionSome | NodeType::OptionNone => "an option",
            NodeType::ResultOk | NodeType::ResultErr => "a result",
            NodeType::Flags => "flags",
        };
        let message = format!(
            "{subject}`{}` must be `{}`, but `{}` is {found}",
            self.param,
            type_name(ty),
            short(text)
        );
        let error = self.error(VALUE_TYPE, node.span(), message, &expected(ty));
        match advice(node, text, ty) {
            Some(advice) => Box::new(error.help(advice)),
            None => error,
        }
    }

    fn unknown(
        &self,
        at: Range<usize>,
        name: &str,
        what: &str,
        all: Vec<&str>,
        ty: &Type,
    ) -> Box<Diagnostic> {
        let message = format!("there is no {what} `{}`", short(name));
        let help = match did_you_mean(name, all.iter().copied()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("Its {what}s are {}.", all.join(", ")),
        };
        Box::new(self.error(VALUE_TYPE, at, message, &expected(ty)).help(help))
    }

    fn syntax(&self, error: &ParserError) -> Box<Diagnostic> {
        let span = error.span();
        let start = span.start.min(self.text.len());
        let found = self.text.get(start..).unwrap_or_default();
        let (message, label) = match error.kind() {
            ParserErrorKind::InvalidToken if found.starts_with(['"', '\'']) => {
                return self.literal(start);
            }
            ParserErrorKind::InvalidEscape => return self.literal(start),
            ParserErrorKind::UnexpectedEnd => ("the value ends too early", "more is needed here"),
            ParserErrorKind::TrailingCharacters => {
                ("there is more text after the value", "not part of the value")
            }
            ParserErrorKind::EmptyTuple => ("a tuple has at least one value", "empty"),
            ParserErrorKind::DuplicateField => ("a field is given twice", "given again here"),
            ParserErrorKind::DuplicateFlag => ("a flag is given twice", "given again here"),
            ParserErrorKind::NestingTooDeep => {
                ("the value is nested too deeply", "more than 100 levels")
            }
            ParserErrorKind::InvalidMultilineString => (
                "a string of several lines has a wrong shape",
                "`\"\"\"` is followed by a new line, and ends on a line of its own",
            ),
            _ => ("this is not a value", "not expected here"),
        };
        let problem = self.error(VALUE_SYNTAX, span, message.to_owned(), label);
        let number = |c: char| c.is_ascii_digit() || "+-.".contains(c);
        Box::new(match error.kind() {
            ParserErrorKind::InvalidToken
            | ParserErrorKind::UnexpectedToken
            | ParserErrorKind::TrailingCharacters
            | ParserErrorKind::UnexpectedEnd => {
                problem.help(match self.text.trim_start().starts_with(number) {
                    true => "Write numbers in decimal, without `_`, `+` or leading zeros.",
                    false => EXAMPLES,
                })
            }
            _ => return problem,
        })
    }

    /// What is wrong inside a string or char literal.
    fn literal(&self, start: usize) -> Box<Diagnostic> {
        let rest = self.text.get(start..).unwrap_or_default();
        if let Some(escape) = bad_escape(rest) {
            let message = "this escape is not known".to_owned();
            let span = start + escape.start..start + escape.end;
            let help = r#"The escapes are \n, \r, \t, \\, \", \' and \u{1F600}."#;
            return Box::new(self.error(VALUE_SYNTAX, span, message, "not an escape").help(help));
        }
        if rest.starts_with('\'') {
            let message = "a char is exactly one character between single quotes".to_owned();
            let error = self.error(VALUE_SYNTAX, start..start + 1, message, "starts here");
            return Box::new(error.help("Write strings between double quotes: \"text\"."));
        }
        self.error(
            VALUE_SYNTAX,
            start..self.text.len(),
            "a string is not closed".to_owned(),
            "starts here",
        )
    }
}

/// The first escape of a literal, or of the rest of a string, that is none.
fn bad_escape(literal: &str) -> Option<Range<usize>> {
    // The parser may point at the escape itself: then it stands in a string.
    let quote = literal.chars().next().filter(|c| *c != '\\');
    let mut chars = literal.char_indices().skip(usize::from(quote.is_some()));
    let quote = quote.unwrap_or('"');
    while let Some((at, c)) = chars.next() {
        if c == quote || c == '\n' {
            return None;
        }
        if c != '\\' {
            continue;
        }
        let (after, kind) = chars.next()?;
        let end = after + kind.len_utf8();
        match kind {
            'n' | 'r' | 't' | '\\' | '"' | '\'' => {}
            'u' => {
                let digits = literal[end..].strip_prefix('{').and_then(|rest| rest.split_once('}'));
                let value = digits.and_then(|(digits, _)| {
                    let short = digits.len() <= 6;
                    u32::from_str_radix(digits, 16).ok().filter(|_| short).and_then(char::from_u32)
                });
                if value.is_none() {
                    let braced = digits.map_or(0, |(digits, _)| digits.len() + 2);
                    return Some(at..end + if braced <= 12 { braced } else { 0 });
                }
            }
            _ => return Some(at..end),
        }
    }
    None
}

/// Whether a value of the type may be written without its `some(..)` or `ok(..)`.
fn can_stand_alone(ty: &Type) -> bool {
    !matches!(ty, Type::Option(_) | Type::Result(_))
}

/// A text of the user, cut to what fits into a message.
fn short(text: &str) -> String {
    const LIMIT: usize = 32;
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if line.len() < text.len() => format!("{line}…"),
        None => line.to_owned(),
    }
}

/// How to write a value that was probably meant.
fn advice(node: &Node, text: &str, ty: &Type) -> Option<String> {
    let is_case = |name: &str| match ty {
        Type::Enum(cases) => cases.names().any(|case| case == name),
        Type::Variant(cases) => cases.cases().any(|case| case.name == name),
        _ => false,
    };
    let inner = text.trim_matches('"');
    let word = text.split('(').next().unwrap_or_default();
    match (ty, node.ty()) {
        (Type::String, NodeType::Label) => Some(format!("Quote strings: \"{text}\".")),
        (Type::String, NodeType::Char) => {
            Some("Write strings between double quotes: \"text\".".to_owned())
        }
        (Type::Char, NodeType::String) => {
            Some("Write a char between single quotes: 'c'.".to_owned())
        }
        (_, NodeType::String) if is_case(inner) => {
            Some(format!("Write it without quotes: `{}`.", escaped(inner)))
        }
        _ if Keyword::decode(word).is_some() && is_case(word) => {
            Some(format!("Write `%{word}`: without the `%` it means something else in WAVE."))
        }
        (Type::Flags(_), NodeType::Label) => Some(format!("Write flags in braces: `{{{text}}}`.")),
        (Type::Option(_), _) => Some("Write `some(..)` or `none`.".to_owned()),
        (Type::Result(_), _) => Some("Write `ok(..)` or `err(..)`.".to_owned()),
        _ => None,
    }
}

/// A case as WAVE writes it: words with a meaning of their own get a `%`.
pub(super) fn escaped(case: &str) -> String {
    if Keyword::decode(case).is_some() { format!("%{case}") } else { case.to_owned() }
}
