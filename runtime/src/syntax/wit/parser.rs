//! The machine below the grammar: looks at tokens, builds the tree, remembers what is wrong.

use super::lexer::Lexed;
use super::{SyntaxError, SyntaxKind, is_identifier};
use rowan::{Checkpoint, GreenNode, GreenNodeBuilder};
use std::ops::Range;

/// Reads tokens and builds a tree.
pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Lexed],
    /// The next token that is not in the tree yet, trivia included.
    next: usize,
    builder: GreenNodeBuilder<'static>,
    errors: Vec<SyntaxError>,
    /// The token at which the last error was, of which no second one is told.
    wrong_at: Option<usize>,
}

impl<'t> Parser<'t> {
    pub fn new(text: &'t str, tokens: &'t [Lexed]) -> Self {
        let builder = GreenNodeBuilder::new();
        Self { text, tokens, next: 0, builder, errors: Vec::new(), wrong_at: None }
    }

    pub fn finish(self) -> (GreenNode, Vec<SyntaxError>) {
        (self.builder.finish(), self.errors)
    }

    /// The place of the `n`th token from here that is no trivia.
    fn significant(&self, n: usize) -> usize {
        let rest = self.tokens.iter().enumerate().skip(self.next);
        let mut found = rest.filter(|(_, (kind, _))| !kind.is_trivia());
        found.nth(n).map_or(self.tokens.len(), |(at, _)| at)
    }

    /// The kind of the next token, or of the `n`th behind it.
    pub fn peek(&self, n: usize) -> SyntaxKind {
        self.tokens.get(self.significant(n)).map_or(SyntaxKind::End, |token| token.0)
    }

    pub fn at(&self, kind: SyntaxKind) -> bool {
        self.peek(0) == kind
    }

    pub fn at_any(&self, kinds: &[SyntaxKind]) -> bool {
        kinds.contains(&self.peek(0))
    }

    pub fn at_name(&self) -> bool {
        is_name(self.peek(0))
    }

    /// The text of the next token.
    pub fn word(&self) -> &'t str {
        &self.text[self.span_of(self.significant(0))]
    }

    /// How many tokens are in the tree: what has not grown has made no progress.
    pub fn progress(&self) -> usize {
        self.next
    }

    /// Whether the next token stands on another line than the one before it.
    pub fn on_new_line(&self) -> bool {
        let at = self.significant(0);
        let start = self.span_of(at).start;
        self.text[self.before(at).end..start].contains('\n')
    }

    fn span_of(&self, token: usize) -> Range<usize> {
        let end = self.text.len();
        self.tokens.get(token).map_or(end..end, |token| token.1.clone())
    }

    /// The bytes of the last token that is no trivia before another.
    fn before(&self, token: usize) -> Range<usize> {
        let before = self.tokens[..token].iter().rev().find(|(kind, _)| !kind.is_trivia());
        before.map_or(0..0, |token| token.1.clone())
    }

    /// Puts spaces and comments into the tree.
    pub fn trivia(&mut self) {
        while self.tokens.get(self.next).is_some_and(|token| token.0.is_trivia()) {
            self.push();
        }
    }

    fn push(&mut self) {
        let Some((kind, span)) = self.tokens.get(self.next) else { return };
        self.builder.token(raw(*kind), &self.text[span.clone()]);
        self.next += 1;
    }

    /// Puts the next token into the tree.
    pub fn bump(&mut self) {
        self.trivia();
        self.push();
    }

    pub fn eat(&mut self, kind: SyntaxKind) -> bool {
        let eaten = self.at(kind);
        if eaten {
            self.bump();
        }
        eaten
    }

    /// Takes a token that must stand here. What is missing is told where it belongs: behind the token
    /// before it.
    pub fn expect(&mut self, kind: SyntaxKind) -> bool {
        if self.eat(kind) {
            return true;
        }
        let at = self.significant(0);
        let found = self.peek(0);
        let span = if self.on_new_line() || found == SyntaxKind::End {
            self.before(at)
        } else {
            self.span_of(at)
        };
        self.wrong(at, span, format!("expected {}, found {}", kind.words(), self.found()), "");
        false
    }

    fn found(&self) -> String {
        match self.peek(0) {
            SyntaxKind::Name | SyntaxKind::ExplicitName | SyntaxKind::Integer => {
                format!("`{}`", self.word())
            }
            kind => kind.words().to_owned(),
        }
    }

    /// Tells that something else was expected here.
    pub fn expected(&mut self, what: &str) {
        let at = self.significant(0);
        let message = format!("expected {what}, found {}", self.found());
        let end = self.peek(0) == SyntaxKind::End;
        let span = if end { self.before(at) } else { self.span_of(at) };
        self.wrong(at, span, message, "");
    }

    /// Tells of the next token.
    pub fn error(&mut self, message: impl Into<String>, help: &'static str) {
        let at = self.significant(0);
        self.wrong(at, self.span_of(at), message.into(), help);
    }

    /// Tells of a part that is in the tree already.
    pub fn error_at(&mut self, span: Range<usize>, message: impl Into<String>, help: &'static str) {
        self.errors.push(SyntaxError { span, message: message.into(), help });
    }

    fn wrong(&mut self, at: usize, span: Range<usize>, message: String, help: &'static str) {
        if self.wrong_at != Some(at) {
            self.wrong_at = Some(at);
            self.errors.push(SyntaxError { span, message, help });
        }
    }

    /// Builds a node of what `inside` takes. Spaces and comments before it stay outside.
    pub fn node(&mut self, kind: SyntaxKind, inside: impl FnOnce(&mut Self)) {
        self.trivia();
        self.builder.start_node(raw(kind));
        inside(self);
        self.builder.finish_node();
    }

    /// The whole file, with the spaces and comments at its beginning and end.
    pub fn root(&mut self, inside: impl FnOnce(&mut Self)) {
        self.builder.start_node(raw(SyntaxKind::File));
        inside(self);
        while self.next < self.tokens.len() {
            self.push();
        }
        self.builder.finish_node();
    }

    /// The place before the next token, at which a node can begin later.
    pub fn checkpoint(&mut self) -> Checkpoint {
        self.trivia();
        self.builder.checkpoint()
    }

    /// Builds a node of all since a place, and what `inside` takes.
    pub fn node_from(
        &mut self,
        start: Checkpoint,
        kind: SyntaxKind,
        inside: impl FnOnce(&mut Self),
    ) {
        self.builder.start_node_at(start, raw(kind));
        inside(self);
        self.builder.finish_node();
    }

    /// A name, as a node of this kind. A keyword on the same line is taken for the name that was
    /// meant.
    pub fn name(&mut self, kind: SyntaxKind) -> bool {
        let found = self.peek(0);
        if found.is_keyword() && found != SyntaxKind::Underscore && !self.on_new_line() {
            let message = format!("`{}` is a keyword and no name", self.word());
            self.error(message, "Choose another name, or write `%` before it.");
            self.node(kind, Self::bump);
            return true;
        }
        if !self.at_name() {
            self.expected("a name");
            return false;
        }
        if !is_identifier(self.word().trim_start_matches('%')) {
            let at = self.significant(0);
            let message = format!("`{}` is not a name in WIT", self.word());
            let help = "Write words of lower-case letters and digits, joined by `-`.";
            self.wrong(at, self.span_of(at), message, help);
        }
        self.node(kind, Self::bump);
        true
    }

    /// A version, `1.2.3-rc.1+build`.
    pub fn version(&mut self) {
        use SyntaxKind::{Integer, Minus, Name, Period, Plus};
        let part = |kind| matches!(kind, Name | Integer | Minus);
        self.trivia();
        let start = self.span_of(self.next).start;
        let mut whole = true;
        let mut end = start;
        self.node(SyntaxKind::Version, |p| {
            whole = [Integer, Period, Integer, Period, Integer].iter().all(|kind| p.expect(*kind));
            end = p.before(p.next).end;
            for prefix in [Minus, Plus] {
                if !whole || !p.eat(prefix) {
                    continue;
                }
                while part(p.peek(0)) || p.at(Period) && part(p.peek(1)) {
                    p.eat(Period);
                    p.bump();
                    end = p.before(p.next).end;
                }
            }
        });
        if whole && let Err(error) = semver::Version::parse(&self.text[start..end]) {
            self.error_at(start..end, format!("this is no version: {error}"), "");
        }
    }

    /// Puts what cannot be understood into a node of its own, up to a token of these kinds.
    pub fn skip_until(&mut self, stop: impl Fn(&Self) -> bool) {
        if self.at(SyntaxKind::End) || stop(self) {
            return;
        }
        self.node(SyntaxKind::Error, |p| {
            while !p.at(SyntaxKind::End) && !stop(p) {
                p.bump();
            }
        });
    }

    /// The last token in the tree that is no trivia.
    pub fn last(&self) -> Range<usize> {
        self.before(self.next)
    }
}

/// Whether a token is a name.
pub(super) fn is_name(kind: SyntaxKind) -> bool {
    matches!(kind, SyntaxKind::Name | SyntaxKind::ExplicitName)
}

fn raw(kind: SyntaxKind) -> rowan::SyntaxKind {
    rowan::SyntaxKind(kind as u16)
}
