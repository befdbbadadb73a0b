//! Completion and hints: pure functions of the text before the cursor and a snapshot of names.

use crate::line::{Token, Tokens};
use crate::names::{FunctionNames, Names, ParamNames};
use crate::words::{self, Operand, WORDS};
use theater_runtime::call::{Ending, interface_matches, named_argument, outline};
use theater_runtime::replay::FIELDS;
use theater_runtime::trace::key_text;

/// What completion offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// The byte from which on a candidate replaces the text before the cursor.
    pub start: usize,
    /// The candidates, in the order in which they are to be shown.
    pub candidates: Vec<Candidate>,
}

/// One candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What is written.
    pub text: String,
    /// What is shown in the list.
    pub display: String,
}

/// What is shown behind the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The text.
    pub display: String,
    /// What the right arrow key inserts.
    pub insert: Option<String>,
}

/// The entries of a folder, with a `/` after the names of folders. Empty if it cannot be read.
pub type ListFolder<'a> = dyn Fn(&str) -> Vec<String> + 'a;

impl Candidate {
    fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { display: text.clone(), text }
    }

    /// For a function whose parentheses stand behind the cursor already.
    fn strip_parentheses(&mut self) {
        self.text.truncate(self.text.trim_end_matches(['(', ')']).len());
    }
}

/// Where the cursor is.
enum Place<'a> {
    /// In the first word of the line.
    Start { start: usize, prefix: &'a str },
    /// In an operand of a word.
    Operand { word: &'a str, before: Vec<Token>, start: usize, prefix: &'a str },
    /// In the name of an interface or a function.
    Function { actor: &'a str, interface: Option<&'a str>, start: usize, prefix: &'a str },
    /// Directly inside the parentheses of a call.
    Argument(Argument<'a>),
    /// Where nothing can be offered.
    Elsewhere,
}

struct Argument<'a> {
    actor: &'a str,
    interface: Option<&'a str>,
    function: &'a str,
    /// The arguments that are complete, as they were written.
    before: Vec<&'a str>,
    start: usize,
    /// What has been written of the current argument.
    prefix: &'a str,
}

/// What can stand at the cursor, which is at byte `at` of the line.
pub fn complete(names: &Names, line: &str, at: usize, list: &ListFolder) -> Completion {
    let Some(text) = line.get(..at) else { return Completion::default() };
    let (start, candidates) = match place(text) {
        Place::Start { start, prefix } => (start, first_words(names, prefix)),
        Place::Operand { word, before, start, prefix } => {
            operands(names, word, &before, start, prefix, list)
        }
        Place::Function { actor, interface, start, prefix } => {
            let mut candidates = function_names(names, actor, interface, prefix);
            if line[at..].starts_with('(') {
                candidates.iter_mut().for_each(Candidate::strip_parentheses);
            }
            (start, candidates)
        }
        Place::Argument(argument) => argument_values(names, &argument),
        Place::Elsewhere => (at, Vec::new()),
    };
    Completion { start, candidates }
}

/// What to show behind the cursor, if it stands at the end of the line.
pub fn hint(names: &Names, line: &str, at: usize) -> Option<Hint> {
    let text = line.get(..at).filter(|_| at == line.len())?;
    let show = |display: String| Some(Hint { display, insert: None });
    match place(text) {
        Place::Start { prefix, .. } => {
            let candidates = first_words(names, prefix);
            let [only] = &candidates[..] else { return None };
            let rest = only.text.get(prefix.len()..).filter(|_| !prefix.is_empty())?;
            Some(Hint { display: rest.to_owned(), insert: Some(rest.to_owned()) })
        }
        Place::Operand { word, before, prefix: "", .. } if before.is_empty() => {
            show(words::find(word)?.usage.to_owned())
        }
        Place::Function { actor, interface, prefix, .. } => {
            let candidates = function_names(names, actor, interface, prefix);
            let [only] = &candidates[..] else { return None };
            // A name with its interface before it is not shown the way it is typed.
            let display = only.display.strip_prefix(prefix)?.to_owned();
            Some(Hint { display, insert: only.text.get(prefix.len()..).map(str::to_owned) })
        }
        Place::Argument(argument) => show(remaining_params(names, &argument)?),
        _ => None,
    }
    .filter(|hint| !hint.display.is_empty())
}

fn place(text: &str) -> Place<'_> {
    let line = text.trim_start();
    let start = text.len() - line.len();
    if line.starts_with("//") {
        return Place::Elsewhere;
    }
    let Some(end) = line.find(|c: char| c.is_whitespace() || c == '.' || c == '(') else {
        return Place::Start { start, prefix: line };
    };
    if words::find(&line[..end]).is_some() && line[end..].starts_with(char::is_whitespace) {
        return operand_place(text, &line[..end], start + end);
    }
    match line.find('(') {
        Some(open) => argument_place(text, &line[..open], start + open + 1),
        None if line[end..].starts_with('.') => match split_path(line) {
            Some((actor, interface, prefix)) => {
                Place::Function { actor, interface, start: text.len() - prefix.len(), prefix }
            }
            None => Place::Elsewhere,
        },
        None => Place::Elsewhere,
    }
}

/// Splits `actor.interface.function`, where the interface may be missing.
fn split_path(path: &str) -> Option<(&str, Option<&str>, &str)> {
    let (actor, rest) = path.split_once('.')?;
    // The interface may have a version, with dots in it.
    match rest.rsplit_once('.') {
        Some((interface, function)) => Some((actor, Some(interface), function)),
        None => Some((actor, None, rest)),
    }
}

fn operand_place<'a>(text: &'a str, word: &'a str, from: usize) -> Place<'a> {
    let mut before = Vec::new();
    let mut tokens = Tokens { text, at: from };
    loop {
        match tokens.next() {
            Some(Ok(token)) if token.span.end < text.len() => before.push(token),
            Some(Ok(token)) if !token.quoted => {
                let start = token.span.start;
                return Place::Operand { word, before, start, prefix: &text[start..] };
            }
            // A quoted operand that is still being written.
            Some(Err(span)) => {
                return Place::Operand { word, before, start: span.start, prefix: &text[span] };
            }
            Some(Ok(_)) => return Place::Elsewhere,
            None if text[from..].contains("//") && !text.ends_with('\n') && comment(text, from) => {
                return Place::Elsewhere;
            }
            None => return Place::Operand { word, before, start: text.len(), prefix: "" },
        }
    }
}

/// Whether the end of the text, from a byte on, stands in a comment.
fn comment(text: &str, from: usize) -> bool {
    let tokens = Tokens { text, at: from };
    let end = tokens.filter_map(Result::ok).last().map_or(from, |token| token.span.end);
    text[end..].trim_start().starts_with("//")
}

fn argument_place<'a>(text: &'a str, path: &'a str, from: usize) -> Place<'a> {
    let Some((actor, interface, function)) = split_path(path) else { return Place::Elsewhere };
    let outline = outline(text, from, Some(')'));
    if outline.ending != Ending::Open(Vec::new()) {
        return Place::Elsewhere;
    }
    let mut before: Vec<&str> = outline.pieces.iter().map(|piece| &text[piece.clone()]).collect();
    let fresh = text.trim_end().ends_with([',', '(']);
    let prefix = if fresh { "" } else { before.pop().unwrap_or_default() };
    let start = match outline.pieces.last() {
        Some(piece) if !fresh => piece.start,
        _ => text.len(),
    };
    let prefix = if prefix.is_empty() { prefix } else { &text[start..] };
    Place::Argument(Argument { actor, interface, function: function.trim(), before, start, prefix })
}

fn first_words(names: &Names, prefix: &str) -> Vec<Candidate> {
    let fits = |name: &str| name.starts_with(prefix);
    let words = WORDS.iter().map(|word| word.name).filter(|name| fits(name));
    let words = words.map(Candidate::plain);
    let actors = names
        .actors
        .iter()
        .filter(|actor| fits(&actor.name))
        .map(|actor| Candidate { text: format!("{}.", actor.name), display: actor.name.clone() });
    actors.chain(words).collect()
}

fn operands(
    names: &Names,
    word: &str,
    before: &[Token],
    start: usize,
    prefix: &str,
    list: &ListFolder,
) -> (usize, Vec<Candidate>) {
    let none = (start, Vec::new());
    let Some(word) = words::find(word) else { return none };
    let plain = |all: Vec<String>| {
        let fitting = all.into_iter().filter(|text| text.starts_with(prefix));
        (start, fitting.map(Candidate::plain).collect())
    };
    let actors = || names.actors.iter().map(|actor| actor.name.clone());
    if word.name == "events" {
        return match before {
            [] => plain(actors().chain(["where".to_owned()]).collect()),
            _ if before.iter().any(Token::is_where) => (start, condition(names, prefix)),
            _ => plain(vec!["where".to_owned()]),
        };
    }
    if let ("fork", [address, keywords @ ..]) = (word.name, before) {
        return match keywords {
            [] => plain(["before", "with", "without"].map(str::to_owned).to_vec()),
            keywords => otherwise(names, address, keywords, (start, prefix)),
        };
    }
    match word.operands.get(before.len()) {
        Some(Operand::Path) if word.name == "reload" => {
            let (start, mut candidates) = paths(start, prefix, list);
            candidates.extend("anyway".starts_with(prefix).then(|| Candidate::plain("anyway")));
            (start, candidates)
        }
        Some(Operand::Path) => paths(start, prefix, list),
        Some(Operand::Actor) => plain(actors().collect()),
        Some(Operand::Address) => plain(addresses(names, prefix)),
        Some(Operand::Key) => plain(names.keys.iter().map(|key| key_word(key)).collect()),
        Some(Operand::Condition) => (start, condition(names, prefix)),
        Some(Operand::Word) => plain(WORDS.iter().map(|word| word.name.to_owned()).collect()),
        Some(Operand::Target | Operand::Text) => none,
        None if word.operands == [Operand::Condition] => (start, condition(names, prefix)),
        None if word.name == "spawn" => match before {
            [_] => plain(vec!["as".to_owned(), "with".to_owned()]),
            [_, keyword, _] if keyword.text == "as" => plain(vec!["with".to_owned()]),
            _ => none,
        },
        None if word.name == "reload" && before.len() == 2 && before[1].text != "anyway" => {
            plain(vec!["anyway".to_owned()])
        }
        None => none,
    }
}

/// What can stand behind the first keyword of `fork`.
fn otherwise(
    names: &Names,
    address: &Token,
    keywords: &[Token],
    (start, prefix): (usize, &str),
) -> (usize, Vec<Candidate>) {
    let actor = address.text.split('#').next().unwrap_or_default();
    let word = |word: &str| word.starts_with(prefix).then(|| Candidate::plain(word));
    let keywords = match keywords {
        [before, rest @ ..] if !before.quoted && before.text == "before" => rest,
        all => all,
    };
    let candidates = match keywords {
        [] => ["with", "without"].into_iter().filter_map(word).collect(),
        [with] if with.is_with() => {
            let mut candidates = function_names(names, actor, None, prefix);
            candidates.extend(word("answer").filter(|_| address.text.contains('.')));
            candidates.extend(word("state"));
            candidates
        }
        [without] if without.is_without() => word("state").into_iter().collect(),
        [with, state, changes @ ..]
            if (with.is_with() || with.is_without()) && state.text == "state" =>
        {
            let last = changes.last().map(|change| change.text.as_str());
            let unset = with.is_without() || last == Some("without");
            let begins = last.is_none_or(|last| last.ends_with(',') || unset);
            let known = names.actors.iter().filter(|each| begins && each.name == actor);
            let keys = known.flat_map(|actor| &actor.keys).map(|key| key_text(key));
            let keys = keys.filter(|key| key.starts_with(prefix));
            keys.map(|key| Candidate::plain(if unset { key } else { format!("{key} = ") }))
                .collect()
        }
        _ => Vec::new(),
    };
    (start, candidates)
}

/// The names of actors; behind one of them, its last turns, the last one first.
fn addresses(names: &Names, prefix: &str) -> Vec<String> {
    /// Who wants another one knows its number.
    const MOST: usize = 10;
    match prefix.split_once('#') {
        None => names.actors.iter().map(|actor| format!("{}#", actor.name)).collect(),
        Some((_, typed)) if !typed.bytes().all(|byte| byte.is_ascii_digit()) => Vec::new(),
        Some((name, typed)) => {
            let actor = names.actors.iter().find(|actor| actor.name == name);
            let turns = actor.into_iter().flat_map(|actor| (0..=actor.last_turn).rev());
            let turns = turns.map(|turn| turn.to_string()).filter(|turn| turn.starts_with(typed));
            turns.take(MOST).map(|turn| format!("{name}#{turn}")).collect()
        }
    }
}

/// What can begin a comparison.
fn condition(names: &Names, prefix: &str) -> Vec<Candidate> {
    let keys = names.keys.iter().filter(|key| is_plain(key)).map(|key| format!("state.{key}"));
    let fields = FIELDS.iter().map(|field| field.name.to_owned());
    let all = fields.chain(keys).chain(["state.".to_owned()]);
    let fitting = all.filter(|text| text.starts_with(prefix) && !prefix.is_empty());
    fitting.map(Candidate::plain).collect()
}

/// A key as an operand.
fn key_word(key: &str) -> String {
    match is_plain(key) {
        true => key.to_owned(),
        false => format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

fn is_plain(key: &str) -> bool {
    let special = |c: char| c.is_whitespace() || c.is_control() || "\"\\()=!<>~".contains(c);
    !key.is_empty() && !key.contains(special) && !key.starts_with("//")
}

/// Files and folders: of files only those that can be spawned.
fn paths(start: usize, prefix: &str, list: &ListFolder) -> (usize, Vec<Candidate>) {
    let (quoted, path) = match prefix.strip_prefix('"') {
        Some(path) => (true, path),
        None => (false, prefix),
    };
    let (folder, name) = path.split_at(path.rfind('/').map_or(0, |slash| slash + 1));
    let spawnable = |entry: &str| {
        entry.ends_with('/')
            || entry.ends_with(".wasm")
            || entry.ends_with(".wat")
            || entry == "theater.toml"
    };
    let mut entries = list(folder);
    entries.retain(|entry| {
        let hidden = entry.starts_with('.') && !name.starts_with('.');
        entry.starts_with(name) && spawnable(entry) && !hidden && !entry.contains(char::is_control)
    });
    entries.sort();
    let candidates = entries.into_iter().map(|entry| {
        let path = format!("{folder}{entry}");
        let special = |c: char| c.is_whitespace() || c == '"' || c == '\\';
        let text = match quoted || path.contains(special) || path.starts_with("//") {
            // A folder stays open: more is to follow.
            true => {
                let end = if path.ends_with('/') { "" } else { "\"" };
                format!("\"{}{end}", path.replace('\\', "\\\\").replace('"', "\\\""))
            }
            false => path,
        };
        Candidate { text, display: entry }
    });
    (start, candidates.collect())
}

/// The functions of an actor, where the given interface has them.
fn functions<'a>(
    names: &'a Names,
    actor: &str,
    interface: Option<&'a str>,
) -> impl Iterator<Item = &'a FunctionNames> + Clone {
    let actor = names.actors.iter().find(|each| each.name == actor);
    actor.into_iter().flat_map(|actor| &actor.functions).filter(move |function| {
        match (interface, &function.interface) {
            (None, _) => true,
            (Some(wanted), Some(interface)) => interface_matches(interface, wanted),
            (Some(_), None) => false,
        }
    })
}

fn function_names(
    names: &Names,
    actor: &str,
    interface: Option<&str>,
    prefix: &str,
) -> Vec<Candidate> {
    let all = functions(names, actor, interface);
    let candidates = all.clone().map(|function| {
        // The same name in two interfaces: only with the interface it is clear which one is meant.
        let same = |other: &&FunctionNames| other.name == function.name;
        let unclear = function.interface.is_some() && all.clone().filter(same).count() > 1;
        let path = match function.short_interface() {
            Some(short) if unclear && interface.is_none() => {
                let taken = |other: &&FunctionNames| other.short_interface() == Some(short);
                let unique = all.clone().filter(same).filter(taken).count() == 1;
                let full = function.interface.as_deref().unwrap_or(short);
                format!("{}.", if unique { short } else { full })
            }
            _ => String::new(),
        };
        let close = if function.params.is_empty() { ")" } else { "" };
        Candidate {
            text: format!("{path}{}({close}", function.name),
            display: format!("{path}{}", function.signature()),
        }
    });
    candidates.filter(|candidate| candidate.text.starts_with(prefix)).collect()
}

/// The function that is being called, if it is clear which one.
fn called<'a>(names: &'a Names, argument: &Argument<'a>) -> Option<&'a FunctionNames> {
    let mut all = functions(names, argument.actor, argument.interface)
        .filter(|function| function.name == argument.function);
    let first = all.next()?;
    let others: Vec<_> = all.collect();
    let worlds = std::iter::once(first).chain(others.iter().copied());
    if others.is_empty() { Some(first) } else { worlds.into_iter().find(|f| f.interface.is_none()) }
}

/// The parameters that have no argument yet, the positional one first if one may follow.
fn open_params<'a>(function: &'a FunctionNames, before: &[&str]) -> (Vec<&'a ParamNames>, bool) {
    let named: Vec<String> =
        before.iter().filter_map(|text| named_argument(text)).map(|(name, _)| name.text).collect();
    let positional = before.len() - named.len();
    let open = function.params.iter().skip(positional).filter(|p| !named.contains(&p.name));
    (open.collect(), named.is_empty())
}

fn argument_values(names: &Names, argument: &Argument) -> (usize, Vec<Candidate>) {
    let none = (argument.start, Vec::new());
    let Some(function) = called(names, argument) else { return none };
    let (open, positional) = open_params(function, &argument.before);
    let prefix = argument.prefix;
    if let Some((name, value)) = named_argument(prefix) {
        let typed = prefix[value..].trim_start();
        let param = open.iter().find(|param| param.name == name.text);
        let start = argument.start + prefix.len() - typed.len();
        return (start, param.map(|param| values(param, typed)).unwrap_or_default());
    }
    let mut candidates = match open.first() {
        Some(param) if positional => values(param, prefix),
        _ => Vec::new(),
    };
    let fitting = open.iter().filter(|param| param.name.starts_with(prefix));
    candidates.extend(fitting.map(|param| Candidate {
        text: format!("{}: ", param.name),
        display: param.declaration(),
    }));
    (argument.start, candidates)
}

/// The values to offer for a parameter.
fn values(param: &ParamNames, prefix: &str) -> Vec<Candidate> {
    if !param.choices.is_empty() {
        let fitting = param.choices.iter().filter(|choice| choice.starts_with(prefix));
        return fitting.map(Candidate::plain).collect();
    }
    let offered = param.placeholder.starts_with(prefix) && !param.placeholder.contains('…');
    if offered { vec![Candidate::plain(param.placeholder.as_str())] } else { Vec::new() }
}

fn remaining_params(names: &Names, argument: &Argument) -> Option<String> {
    let function = called(names, argument)?;
    let (mut open, _) = open_params(function, &argument.before);
    let prefix = argument.prefix;
    let mut hint = String::new();
    if let Some((name, value)) = named_argument(prefix) {
        let index = open.iter().position(|param| param.name == name.text)?;
        let param = open.remove(index);
        if prefix[value..].trim().is_empty() {
            hint.push_str(&param.ty);
        }
        hint.push_str(if open.is_empty() { "" } else { ", " });
    } else if !prefix.is_empty() {
        if open.is_empty() {
            return None;
        }
        open.remove(0);
        hint.push_str(if open.is_empty() { "" } else { ", " });
    }
    let declared: Vec<String> = open.into_iter().map(ParamNames::declaration).collect();
    Some(format!("{hint}{})", declared.join(", ")))
}

#[cfg(test)]
mod tests;
