//! Types, and the types of functions.

use super::SyntaxKind;
use super::grammar::list;
use super::parser::Parser;
use SyntaxKind::*;

/// How deep types may be nested.
const MAX_DEPTH: usize = 100;

/// A type. What cannot be one stays where it is.
pub(super) fn ty(p: &mut Parser, depth: usize) {
    if depth >= MAX_DEPTH {
        p.error("types are nested too deeply", "Give the inner type a name of its own.");
        return;
    }
    match p.peek(0) {
        Name | ExplicitName => p.node(TypeRef, |p| _ = p.name(Reference)),
        U8 | U16 | U32 | U64 | S8 | S16 | S32 | S64 | F32 | F64 | Char | Bool | StringType
        | ErrorContext => p.node(TypeRef, Parser::bump),
        Tuple => p.node(TypeRef, |p| {
            p.bump();
            if p.expect(LessThan) {
                arguments(p, depth);
            }
        }),
        List => generic(p, true, |p| {
            ty(p, depth + 1);
            if p.eat(Comma) {
                length(p);
            }
        }),
        Map => generic(p, true, |p| {
            ty(p, depth + 1);
            if p.expect(Comma) {
                ty(p, depth + 1);
            }
        }),
        OptionType => generic(p, true, |p| ty(p, depth + 1)),
        Future | Stream => generic(p, false, |p| ty(p, depth + 1)),
        Own | Borrow => generic(p, true, |p| _ = p.name(Reference)),
        ResultType => generic(p, false, |p| {
            let without = p.eat(Underscore);
            if !without {
                ty(p, depth + 1);
            }
            if without && p.expect(Comma) || !without && p.eat(Comma) {
                ty(p, depth + 1);
            }
        }),
        _ => p.expected("a type"),
    }
}

/// A type with arguments in `<` and `>`.
fn generic(p: &mut Parser, needed: bool, arguments: impl FnOnce(&mut Parser)) {
    p.node(TypeRef, |p| {
        p.bump();
        let open = if needed { p.expect(LessThan) } else { p.eat(LessThan) };
        if open {
            arguments(p);
            p.expect(GreaterThan);
        }
    });
}

fn arguments(p: &mut Parser, depth: usize) {
    while !p.eat(GreaterThan) {
        ty(p, depth + 1);
        if !p.eat(Comma) {
            p.expect(GreaterThan);
            return;
        }
    }
}

/// The length of a list that always has the same.
fn length(p: &mut Parser) {
    if p.at(Integer) && p.word().parse::<u32>().is_err() {
        p.error("the length is too large", "Write a number below 4294967296.");
    }
    p.expect(Integer);
}

/// `async func(...) -> ...`, or the `get(...)` and `set(...)` of a property.
pub(super) fn func_type(p: &mut Parser) {
    p.node(FuncType, |p| {
        let is_async = p.eat(Async);
        let accessor = matches!(p.word(), "get" | "set") && p.peek(1) == LeftParen;
        if !is_async && accessor {
            p.bump();
        } else if !p.expect(Func) {
            return;
        }
        params(p);
        result(p);
    });
}

/// The parameters of a function, in parentheses.
pub(super) fn params(p: &mut Parser) {
    if !p.at(LeftParen) {
        p.expect(LeftParen);
        return;
    }
    p.node(ParamList, |p| {
        _ = list(p, RightParen, |p| {
            if !p.at_name() && (p.on_new_line() || !p.peek(0).is_keyword()) {
                return p.expected("a parameter's name or `)`");
            }
            p.node(Param, |p| {
                p.name(Declared);
                if p.expect(Colon) {
                    ty(p, 0);
                }
            });
        });
    });
}

/// What a function returns, if it returns something.
pub(super) fn result(p: &mut Parser) {
    if p.eat(Arrow) {
        ty(p, 0);
    }
}
