//! One line of input: a word with its operands, or a call.

use crate::words::{self, Operand, Word};
use std::ops::Range;
use std::sync::Arc;
use theater_runtime::call::{Call, Ending, Name, outline, parse_call};
use theater_runtime::diagnostic::{Diagnostic, Result, Source, WORD_OPERANDS, WORD_UNKNOWN};
use theater_runtime::manifest::check_name;
use theater_runtime::replay::{Direction, parse_moment};

/// What a line asks for. Names that stand in the line know their place, for errors found later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// An empty line, or a comment.
    Nothing,
    /// A call of an actor's function.
    Call(Call),
    /// `ps`
    Ps,
    /// `spawn`
    Spawn(Spawn),
    /// `stop`
    Stop(Name),
    /// `tree`
    Tree,
    /// `info`
    Info(Name),
    /// `send`: to whom, and the text.
    Send(Name, String),
    /// `kill`
    Kill(Name),
    /// `restart`
    Restart(Name),
    /// `reload`
    Reload(Reload),
    /// `events`: of whom, and the piece of the line with a condition.
    Events(Option<Name>, Option<Range<usize>>),
    /// `trace`
    Trace(Option<Name>),
    /// `at`; without an address, the last turn.
    At(Option<Address>),
    /// `next`
    Next,
    /// `back`
    Back,
    /// `step`
    Step,
    /// `step-back`
    StepBack,
    /// `goto`
    Goto(Target),
    /// `first`
    First,
    /// `last`
    Last,
    /// `follow`
    Follow,
    /// `sender`
    Sender,
    /// `until`, `until-back`: bytes of the line.
    Until(Range<usize>, Direction),
    /// `last-change`, `next-change`: a key.
    Change(String, Direction),
    /// `first-change`: a key.
    FirstChange(String),
    /// `why`; without an address, of the turn at the cursor.
    Why(Option<Address>),
    /// `effects`; without an address, of what is at the cursor.
    Effects(Option<Address>),
    /// `stack`; without an address, of the moment at the cursor.
    Stack(Option<Address>),
    /// `diff`; without a second address, to the cursor.
    Diff(Address, Option<Address>),
    /// `grep`: bytes of the line.
    Grep(Range<usize>),
    /// `state`
    State(Option<Name>),
    /// `fork`
    Fork(Fork),
    /// `live`
    Live,
    /// `view`
    View,
    /// `help`: about a word, a handler, an actor, a code, or about all.
    Help(Option<Name>),
    /// `quit`
    Quit,
}

/// Where `goto` goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The turn with this number.
    Turn(u64),
    /// So many hundredths of the turns.
    Percent(u8),
    /// A time, in nanoseconds since 1970.
    Time(u64),
}

/// What `spawn` is to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spawn {
    /// The project folder, manifest or component, as it was written.
    pub path: Name,
    /// The name after `as`.
    pub name: Option<Name>,
    /// The arguments of `init`, after `with`: bytes of the line.
    pub arguments: Option<Range<usize>>,
}

/// What `reload` is to exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reload {
    /// The actor.
    pub actor: Name,
    /// The project folder, manifest or component, if another one than it was spawned from.
    pub path: Option<Name>,
    /// Whether to do so although recorded turns differ.
    pub anyway: bool,
}

/// From where `fork` goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The turn, or the import call.
    pub address: Address,
    /// What is otherwise there.
    pub otherwise: Otherwise,
}

/// What is otherwise in a forked run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Otherwise {
    /// Nothing.
    Nothing,
    /// The turn has not happened yet.
    Before,
    /// The message of the turn: from this byte of the line on.
    Message(usize),
    /// The answer of the import call: bytes of the line.
    Answer(Range<usize>),
    /// The state: before the turn, or after it.
    State {
        /// Whether that is before the turn.
        before: bool,
        /// What is changed.
        changes: Vec<StateChange>,
    },
}

/// What is changed in a state: bytes of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateChange {
    /// `KEY = VALUE`
    Set(Range<usize>),
    /// A key that is removed.
    Unset(Range<usize>),
}

/// The moment after a turn, `counter#3`, or after a step inside it, `counter#3.2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The actor.
    pub actor: Name,
    /// The turn; 0 is `init`.
    pub turn: u64,
    /// The step inside the turn, from 1.
    pub step: Option<usize>,
    /// The place of the whole address.
    pub span: Range<usize>,
}

/// Reads one statement, which is all of the source.
///
/// # Errors
/// `TH0410` and `TH0411` for words, the errors of [`parse_call`] for calls.
pub fn parse(source: &Arc<Source>) -> Result<Command> {
    let text = source.text.as_str();
    let mut tokens = Tokens { text, at: 0 };
    let Some(first) = tokens.next().transpose().map_err(|span| unclosed(source, span))? else {
        return Ok(Command::Nothing);
    };
    match words::find(&first.text) {
        Some(word) if !first.quoted => parse_word(source, word, tokens),
        _ if first.text.contains(['.', '(']) || goes_on_as_call(tokens.rest()) => {
            parse_call(source).map(Command::Call).map_err(|problem| {
                match word_as_call(&first.text) {
                    Some(word) => {
                        let help =
                            format!("Write `{}` without parentheses: it is a word.", word.name);
                        Box::new(problem.help(help))
                    }
                    None => problem,
                }
            })
        }
        _ => Err(unknown(source, &first)),
    }
}

/// Whether what follows a name makes it a call: `(`, or a dot and a name. Not `./folder`.
fn goes_on_as_call(rest: &str) -> bool {
    let name = |text: &str| text.trim_start().starts_with(|c: char| c.is_ascii_alphabetic());
    rest.starts_with('(') || rest.strip_prefix('.').is_some_and(name)
}

/// The word in `ps()`: the reader of calls cannot know that it is one.
fn word_as_call(text: &str) -> Option<&'static Word> {
    let (name, rest) = text.split_at(text.find(['.', '('])?);
    words::find(name).filter(|_| rest.starts_with('('))
}

fn unknown(source: &Arc<Source>, token: &Token) -> Box<Diagnostic> {
    let help = match words::near(&token.text) {
        Some(near) => format!("Did you mean `{near}`? `help` lists the words."),
        None => {
            "List the words with `help`, or write a call as `actor.function(arguments)`.".to_owned()
        }
    };
    Box::new(
        Diagnostic::error(WORD_UNKNOWN, format!("there is no word `{}`", token.text))
            .at(source, token.span.clone(), "neither a word nor a call")
            .help(help),
    )
}

fn unclosed(source: &Arc<Source>, span: Range<usize>) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(WORD_OPERANDS, "a quoted operand is not closed")
            .at(source, span, "the quotes start here")
            .help("Add the closing `\"`."),
    )
}

fn parse_word(source: &Arc<Source>, word: &'static Word, mut tokens: Tokens) -> Result<Command> {
    let head = tokens.at;
    let is_condition = word.operands == [Operand::Condition];
    if is_condition && (Tokens { text: &source.text, at: head }).next().is_some() {
        let span = head..source.text.len();
        return Ok(match word.name {
            "until" => Command::Until(span, Direction::Forward),
            "until-back" => Command::Until(span, Direction::Backward),
            _ => Command::Grep(span),
        });
    }
    let mut operands: Vec<Token> = Vec::new();
    let mut spawn = None;
    let mut condition = None;
    let mut otherwise = None;
    while let Some(token) = tokens.next().transpose().map_err(|span| unclosed(source, span))? {
        if word.name == "spawn" && token.is_keyword() && !operands.is_empty() {
            spawn = Some(token);
            break;
        }
        if word.name == "fork" && !operands.is_empty() {
            otherwise = otherwise_in(&source.text, &token);
            if otherwise.is_some() {
                break;
            }
        }
        if word.name == "events" && token.is_where() {
            condition = Some(tokens.at..source.text.len());
            break;
        }
        operands.push(token);
        if word.operands.get(operands.len()) == Some(&Operand::Text) {
            operands.extend(tokens.text_to_the_end());
        }
    }
    let says_anyway = |last: &mut Token| !last.quoted && last.text == "anyway";
    let anyway =
        word.name == "reload" && operands.len() > 1 && operands.pop_if(says_anyway).is_some();
    let says_before = |last: &mut Token| !last.quoted && last.text == "before";
    let before =
        word.name == "fork" && operands.len() > 1 && operands.pop_if(says_before).is_some();
    let misuse = |span: Range<usize>, message: String, label: &str| {
        let help = format!("Write `{}`.", word.full_usage());
        Box::new(Diagnostic::error(WORD_OPERANDS, message).at(source, span, label).help(help))
    };
    if let Some(extra) = operands.get(word.operands.len()) {
        let end = operands.last().map_or(extra.span.end, |last| last.span.end);
        let message = match word.operands.len() {
            0 => format!("`{}` stands alone", word.name),
            1 => format!("`{}` takes one operand", word.name),
            count => format!("`{}` takes {count} operands", word.name),
        };
        return Err(misuse(extra.span.start..end, message, "too much"));
    }
    if operands.len() < word.required {
        let start = head - word_length(&source.text[..head]);
        let message = format!("`{}` needs more", word.name);
        return Err(misuse(start..head, message, "something is missing after this"));
    }
    let address = |token: Token| {
        parse_address(&token).ok_or_else(|| {
            let label = "expected an actor and a turn: `counter#3`";
            misuse(token.span, "this is not a turn".to_owned(), label)
        })
    };
    let mut operands = operands.into_iter();
    let first = operands.next();
    let name = first.clone().map(Token::into_name);
    // Operands that are required are there: counted above.
    Ok(match (word.name, first, name) {
        ("ps", ..) => Command::Ps,
        ("spawn", Some(_), Some(path)) => {
            Command::Spawn(parse_spawn(source, path, spawn, tokens, &misuse)?)
        }
        ("stop", _, Some(name)) => Command::Stop(name),
        ("tree", ..) => Command::Tree,
        ("info", _, Some(name)) => Command::Info(name),
        ("send", _, Some(name)) => {
            Command::Send(name, operands.next().map_or(String::new(), |text| text.text))
        }
        ("kill", _, Some(name)) => Command::Kill(name),
        ("restart", _, Some(name)) => Command::Restart(name),
        ("reload", _, Some(actor)) => {
            let path = operands.next().map(Token::into_name);
            Command::Reload(Reload { actor, path, anyway })
        }
        ("events", _, name) => Command::Events(name, condition),
        ("trace", _, name) => Command::Trace(name),
        ("state", _, name) => Command::State(name),
        ("at", token, _) => Command::At(token.map(address).transpose()?),
        ("why", token, _) => Command::Why(token.map(address).transpose()?),
        ("effects", token, _) => Command::Effects(token.map(address).transpose()?),
        ("stack", token, _) => Command::Stack(token.map(address).transpose()?),
        ("diff", Some(from), _) => {
            Command::Diff(address(from)?, operands.next().map(address).transpose()?)
        }
        ("fork", Some(token), _) => {
            let without = if before { Otherwise::Before } else { Otherwise::Nothing };
            let otherwise = match otherwise.unwrap_or(without) {
                Otherwise::State { changes, .. } => Otherwise::State { before, changes },
                otherwise => otherwise,
            };
            Command::Fork(Fork { address: address(token)?, otherwise })
        }
        ("goto", Some(token), _) => Command::Goto(target(&token.text).ok_or_else(|| {
            let message = "this is no turn, no part and no time".to_owned();
            let label = "expected a number, a percentage up to 100%, or a time in UTC";
            misuse(token.span, message, label)
        })?),
        ("first", ..) => Command::First,
        ("last", ..) => Command::Last,
        ("follow", ..) => Command::Follow,
        ("sender", ..) => Command::Sender,
        ("last-change", _, Some(key)) => Command::Change(key.text, Direction::Backward),
        ("next-change", _, Some(key)) => Command::Change(key.text, Direction::Forward),
        ("first-change", _, Some(key)) => Command::FirstChange(key.text),
        ("next", ..) => Command::Next,
        ("back", ..) => Command::Back,
        ("step", ..) => Command::Step,
        ("step-back", ..) => Command::StepBack,
        ("live", ..) => Command::Live,
        ("view", ..) => Command::View,
        ("help", _, topic) => Command::Help(topic),
        _ => Command::Quit,
    })
}

/// What `fork` is told with a keyword and what follows: `with` and a call, or `answer` and a value, or `state` and
/// changes; or `without state` and keys. None if it is no such keyword.
fn otherwise_in(text: &str, keyword: &Token) -> Option<Otherwise> {
    let rest = text[keyword.span.end..].trim_start();
    let behind = |word: &str| {
        let behind = rest.strip_prefix(word)?;
        let is_word = behind.is_empty() || behind.starts_with(char::is_whitespace);
        is_word.then_some(text.len() - behind.len()..text.trim_end().len())
    };
    let state = |unset| {
        let changes = state_changes(text, behind("state")?, unset);
        Some(Otherwise::State { before: false, changes })
    };
    if keyword.is_without() {
        return state(true);
    }
    if !keyword.is_with() {
        return None;
    }
    let answer = || behind("answer").map(Otherwise::Answer);
    let message = || Otherwise::Message(text.len() - rest.len());
    Some(state(false).or_else(answer).unwrap_or_else(message))
}

/// The pieces between the commas. Keys alone are removed if that is said of all, or of one.
fn state_changes(text: &str, span: Range<usize>, unset: bool) -> Vec<StateChange> {
    let start = span.start.min(span.end);
    let outline = outline(&text[..span.end], start, None);
    let mut pieces = match outline.ending {
        Ending::Open(inner) if inner.is_empty() => outline.pieces,
        // Who reads it says what is wrong with it.
        _ => Vec::new(),
    };
    if pieces.is_empty() {
        pieces.push(start..span.end);
    }
    let change = |piece: Range<usize>| {
        let key = text[piece.clone()].strip_prefix("without");
        let key = key.filter(|key| key.starts_with(char::is_whitespace));
        match key.filter(|key| !key.trim_start().starts_with('=')) {
            _ if unset => StateChange::Unset(piece),
            Some(key) => StateChange::Unset(piece.end - key.len()..piece.end),
            None => StateChange::Set(piece),
        }
    };
    pieces.into_iter().map(change).collect()
}

fn parse_spawn(
    source: &Arc<Source>,
    path: Name,
    keyword: Option<Token>,
    mut tokens: Tokens,
    misuse: &impl Fn(Range<usize>, String, &str) -> Box<Diagnostic>,
) -> Result<Spawn> {
    let mut spawn = Spawn { path, name: None, arguments: None };
    let mut keyword = keyword;
    while let Some(token) = keyword.take() {
        if token.text == "with" {
            spawn.arguments = Some(token.span.end..source.text.trim_end().len());
            break;
        }
        let name = tokens.next().transpose().map_err(|span| unclosed(source, span))?;
        let name = name.filter(|name| !name.is_keyword()).ok_or_else(|| {
            let message = "`as` is followed by a name".to_owned();
            misuse(token.span.clone(), message, "a name is missing after this")
        })?;
        if let Err(bad) = check_name(&name.text) {
            let message = format!("`{}` cannot be the name of an actor", name.text);
            return Err(misuse(name.span, message, &bad.reason));
        }
        spawn.name = Some(name.into_name());
        keyword = tokens.next().transpose().map_err(|span| unclosed(source, span))?;
        if let Some(extra) = keyword.as_ref().filter(|token| token.quoted || token.text != "with") {
            let message = "this does not belong to `spawn`".to_owned();
            return Err(misuse(extra.span.clone(), message, "expected `with`, or nothing"));
        }
    }
    Ok(spawn)
}

/// A turn, a part of all turns, or a time.
pub(crate) fn target(text: &str) -> Option<Target> {
    if let Some(percent) = text.strip_suffix('%') {
        return percent.parse().ok().filter(|percent| *percent <= 100).map(Target::Percent);
    }
    text.parse().map(Target::Turn).ok().or_else(|| parse_moment(text).map(Target::Time))
}

fn parse_address(token: &Token) -> Option<Address> {
    let (actor, turn) = token.text.rsplit_once('#')?;
    let (turn, step) = match turn.split_once('.') {
        Some((turn, step)) => (turn, Some(step)),
        None => (turn, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if actor.is_empty() || token.quoted || !digits(turn) || !step.is_none_or(digits) {
        return None;
    }
    let step = step.map(str::parse).transpose().ok()?;
    let span = token.span.start..token.span.start + actor.len();
    let actor = Name { text: actor.to_owned(), span };
    Some(Address { actor, turn: turn.parse().ok()?, step, span: token.span.clone() })
}

/// The length of the last word of a text.
fn word_length(text: &str) -> usize {
    text.len() - text.rfind(char::is_whitespace).map_or(0, |at| at + 1)
}

/// What stands between spaces.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// Without quotes and escapes.
    pub text: String,
    pub span: Range<usize>,
    pub quoted: bool,
}

impl Token {
    fn is_keyword(&self) -> bool {
        !self.quoted && matches!(self.text.as_str(), "as" | "with")
    }

    /// Whether what is otherwise in a fork follows.
    pub fn is_with(&self) -> bool {
        !self.quoted && self.text == "with"
    }

    /// Whether it is told what a fork does not take over.
    pub fn is_without(&self) -> bool {
        !self.quoted && self.text == "without"
    }

    /// Whether a condition follows.
    pub fn is_where(&self) -> bool {
        !self.quoted && self.text == "where"
    }

    fn into_name(self) -> Name {
        Name { text: self.text, span: self.span }
    }
}

/// The tokens of a line, up to a comment. An error is the place of a quoted token that is not closed.
pub(crate) struct Tokens<'a> {
    pub text: &'a str,
    pub at: usize,
}

impl<'a> Tokens<'a> {
    fn rest(&self) -> &'a str {
        self.text[self.at..].trim_start()
    }

    /// All that follows as one token; none if that is nothing, a comment, or begins with quotes.
    fn text_to_the_end(&mut self) -> Option<Token> {
        let rest = self.rest();
        if rest.is_empty() || rest.starts_with("//") || rest.starts_with('"') {
            return None;
        }
        let start = self.text.len() - rest.len();
        let text = rest.trim_end();
        self.at = start + text.len();
        Some(Token { text: text.to_owned(), span: start..self.at, quoted: false })
    }
}

impl Iterator for Tokens<'_> {
    type Item = Result<Token, Range<usize>>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = loop {
            let rest = self.rest();
            self.at = self.text.len() - rest.len();
            if !rest.starts_with("//") {
                break rest;
            }
            self.at += rest.find('\n').unwrap_or(rest.len());
        };
        let start = self.at;
        let mut chars = rest.char_indices();
        let (_, first) = chars.next()?;
        if first != '"' {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            self.at += end;
            let text = rest[..end].to_owned();
            return Some(Ok(Token { text, span: start..self.at, quoted: false }));
        }
        let mut text = String::new();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += at + 1;
                    return Some(Ok(Token { text, span: start..self.at, quoted: true }));
                }
                '\\' => match chars.next() {
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => {}
                },
                _ => text.push(c),
            }
        }
        self.at = self.text.len();
        Some(Err(start..self.at))
    }
}

#[cfg(test)]
mod tests;
