//! What can be typed in the arguments of an `init`, by their types.

use crate::engine::complete::{Completion, CompletionKind};
use std::ops::Range;
use theater_runtime::call::{Ending, Type, choices, outline, placeholder, type_name};

/// What may stand between two brackets, or between the quotes.
enum Scope {
    /// Values in this order, which may have their names before them.
    Arguments(Vec<(String, Type)>),
    /// Names with their values, in any order.
    Fields(Vec<(String, Type)>),
    /// Values in this order.
    Values(Vec<Type>),
    /// As many values as one likes.
    Repeated(Type),
    /// Names.
    Names(Vec<String>),
}

/// What can be typed at a byte of a manifest, in or in place of a value that is the arguments of an `init` with these
/// parameters.
pub fn completions(
    text: &str,
    value: &Range<usize>,
    offset: usize,
    params: &[(String, Type)],
) -> Vec<Completion> {
    let written = &text[value.clone()];
    let Some(quote) = written.chars().next() else { return whole(params, value) };
    // Where quotes have other rules, bytes of the text are not those of the value.
    let is_plain =
        matches!(quote, '"' | '\'') && !written.starts_with(&quote.to_string().repeat(3));
    let Some(typed) = text.get(value.start + 1..offset).filter(|_| is_plain) else {
        return Vec::new();
    };
    if typed.contains(['\\', quote]) {
        return Vec::new();
    }
    let Some((scope, piece, others)) = place(typed, Scope::Arguments(params.to_vec())) else {
        return Vec::new();
    };
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '%';
    let start = offset - (piece.len() - piece.trim_end_matches(is_word).len());
    let rest = &text[offset..];
    let end = offset + (rest.len() - rest.trim_start_matches(is_word).len());
    let mut found = in_scope(&scope, piece, &others, &(start..end));
    found.retain(|one| !one.insert.contains([quote, '…']));
    found
}

/// All arguments, each with a value to begin with.
fn whole(params: &[(String, Type)], span: &Range<usize>) -> Vec<Completion> {
    let values: Vec<String> = params.iter().map(|(_, ty)| placeholder(ty)).collect();
    let values = values.join(", ");
    if params.is_empty() || values.contains(['\'', '…']) {
        return Vec::new();
    }
    let names: Vec<String> =
        params.iter().map(|(name, ty)| format!("{name}: {}", type_name(ty))).collect();
    let one = Completion::plain(format!("'{values}'"), CompletionKind::Value, span);
    vec![one.detail(names.join(", "))]
}

/// The innermost brackets that are open at the end of a text, the piece that is being typed there, and those before it.
fn place(text: &str, mut scope: Scope) -> Option<(Scope, &str, Vec<&str>)> {
    let (mut from, mut close) = (0, ')');
    loop {
        let found = outline(text, from, Some(close));
        let Ending::Open(open) = found.ending else { return None };
        let mut pieces: Vec<&str> = found.pieces.iter().map(|piece| &text[piece.clone()]).collect();
        let Some(first) = open.first().copied() else {
            let is_new = text[from..].trim_end().ends_with(',') || text[from..].trim().is_empty();
            let piece = if is_new { "" } else { pieces.last().copied().unwrap_or_default() };
            if !is_new || pieces.last() == Some(&"") {
                pieces.pop();
            }
            // Behind a value only a comma can come.
            let is_over = !piece.ends_with(':') && text.ends_with(char::is_whitespace);
            return (is_new || !is_over).then_some((scope, piece, pieces));
        };
        let piece = found.pieces.last()?;
        let before = text.get(piece.start..first)?;
        let ty = scope.type_of(pieces.len() - 1, before)?;
        let name = before.rsplit(':').next().unwrap_or_default().trim();
        (scope, close) = inside(&ty, name, text[first..].chars().next()?)?;
        from = first + 1;
    }
}

/// What may stand behind a bracket in a value of a type, and the bracket that ends it.
fn inside(ty: &Type, case: &str, bracket: char) -> Option<(Scope, char)> {
    let payload = |ty: Option<Type>| Some((Scope::Values(vec![ty?]), ')'));
    match (bracket, ty) {
        ('[', Type::List(list)) => Some((Scope::Repeated(list.ty()), ']')),
        ('[', Type::FixedLengthList(list)) => Some((Scope::Repeated(list.ty()), ']')),
        ('(', Type::Tuple(tuple)) => Some((Scope::Values(tuple.types().collect()), ')')),
        ('{', Type::Record(record)) => {
            let fields = record.fields().map(|field| (field.name.to_owned(), field.ty));
            Some((Scope::Fields(fields.collect()), '}'))
        }
        ('{', Type::Flags(flags)) => {
            Some((Scope::Names(flags.names().map(str::to_owned).collect()), '}'))
        }
        ('(', Type::Option(option)) if case == "some" => payload(Some(option.ty())),
        ('(', Type::Result(result)) if case == "ok" => payload(result.ok()),
        ('(', Type::Result(result)) if case == "err" => payload(result.err()),
        ('(', Type::Variant(variant)) => {
            let case = case.trim_start_matches('%');
            payload(variant.cases().find(|it| it.name == case)?.ty)
        }
        _ => None,
    }
}

impl Scope {
    /// The type of the piece of this number, of which this has been typed.
    fn type_of(&self, number: usize, piece: &str) -> Option<Type> {
        let named = |fields: &[(String, Type)]| {
            let (name, _) = piece.split_once(':')?;
            let name = name.trim().trim_start_matches('%');
            fields.iter().find(|(known, _)| known == name).map(|(_, ty)| ty.clone())
        };
        match self {
            Self::Arguments(params) => {
                named(params).or_else(|| params.get(number).map(|(_, ty)| ty.clone()))
            }
            Self::Fields(fields) => named(fields),
            Self::Values(types) => types.get(number).cloned(),
            Self::Repeated(ty) => Some(ty.clone()),
            Self::Names(_) => None,
        }
    }
}

fn in_scope(scope: &Scope, piece: &str, others: &[&str], span: &Range<usize>) -> Vec<Completion> {
    let there = |name: &str| {
        others.iter().any(|other| other.split(':').next().unwrap_or_default().trim() == name)
    };
    match scope {
        Scope::Names(names) => {
            let new = names.iter().filter(|name| !there(name));
            new.map(|name| Completion::plain(name, CompletionKind::Value, span)).collect()
        }
        Scope::Fields(fields) if !piece.contains(':') => {
            let new = fields.iter().filter(|(name, _)| !there(name));
            let one = |(name, ty): &(String, Type)| {
                Completion::plain(name, CompletionKind::Key, span).detail(type_name(ty)).insert(
                    format!("{name}: {}", placeholder(ty)),
                    "",
                    "",
                )
            };
            new.map(one).collect()
        }
        _ => scope.type_of(others.len(), piece).map_or_else(Vec::new, |ty| values(&ty, span)),
    }
}

/// The values of a type, or one to begin with.
fn values(ty: &Type, span: &Range<usize>) -> Vec<Completion> {
    let mut all = choices(ty);
    if all.is_empty() {
        all.push(placeholder(ty));
    }
    let one = |value| Completion::plain(value, CompletionKind::Value, span).detail(type_name(ty));
    all.into_iter().map(one).collect()
}
