//! What stands in a file: packages, interfaces, worlds and what is in them.

use super::SyntaxKind;
use super::parser::{Parser, is_name};
use super::types::{func_type, params, result, ty};
use super::view::plain;
use SyntaxKind::*;

/// How deep packages may be nested.
const MAX_PACKAGES: usize = 100;

/// How many tokens are looked at to tell a package's header from a nested package.
const LONGEST_HEADER: usize = 1000;

/// The words with which something at the top begins.
const TOP: &[SyntaxKind] = &[Package, Interface, World, Use];
/// The words with which a type begins.
const TYPES: &[SyntaxKind] = &[Type, Record, Variant, Enum, Flags, Resource];

pub(super) fn file(p: &mut Parser) {
    p.root(|p| {
        if p.at(Package) && header_is_closed(p) {
            p.node(PackageHeader, |p| {
                p.bump();
                package_name(p);
                p.expect(Semicolon);
            });
        }
        declarations(p, 0);
    });
}

/// What stands in a file from the beginning of an item on.
pub(super) fn rest_of_file(p: &mut Parser) {
    p.root(|p| declarations(p, 0));
}

/// Whether `package` begins a header and not a nested package, as far as can be told.
fn header_is_closed(p: &Parser) -> bool {
    let ends = |kind| matches!(kind, LeftBrace | Semicolon | RightBrace | End);
    let end = (1..LONGEST_HEADER).map(|n| p.peek(n)).find(|kind| ends(*kind) || TOP.contains(kind));
    end != Some(LeftBrace)
}

fn declarations(p: &mut Parser, depth: usize) {
    loop {
        if p.at(End) || depth > 0 && p.at(RightBrace) {
            return;
        }
        let start = p.checkpoint();
        let gates = gates(p);
        match p.peek(0) {
            Interface => {
                no_external_id(p, &gates, "interface declarations");
                p.node_from(start, InterfaceItem, |p| {
                    p.bump();
                    p.name(Declared);
                    body(p, interface_member);
                });
            }
            World => {
                no_external_id(p, &gates, "world declarations");
                p.node_from(start, WorldItem, |p| {
                    p.bump();
                    p.name(Declared);
                    body(p, world_member);
                });
            }
            Use => p.node_from(start, TopUse, |p| {
                p.bump();
                path(p);
                if p.eat(As) {
                    p.name(Declared);
                }
                end_item(p);
            }),
            Package => {
                if !gates.is_empty() {
                    p.error("a nested package has no attributes", "Remove the attribute.");
                }
                if depth >= MAX_PACKAGES {
                    p.error("packages are nested too deeply", "");
                    p.skip_until(|_| false);
                    return;
                }
                p.node_from(start, NestedPackage, |p| {
                    p.bump();
                    package_name(p);
                    if p.expect(LeftBrace) {
                        declarations(p, depth + 1);
                        p.expect(RightBrace);
                    } else {
                        p.eat(Semicolon);
                    }
                });
            }
            _ => {
                p.expected("`interface`, `world`, `use` or `package`");
                p.skip_until(|p| p.at_any(TOP) || depth > 0 && p.at(RightBrace));
            }
        }
    }
}

/// `{ ... }`: members up to the closing brace. A word that only begins something at the top ends it as
/// well, because then it is the brace that is missing.
fn body(p: &mut Parser, member: fn(&mut Parser)) {
    if !p.at(LeftBrace) {
        p.expect(LeftBrace);
        p.eat(Semicolon);
        return;
    }
    p.node(Body, |p| {
        p.bump();
        loop {
            if p.eat(RightBrace) {
                return;
            }
            if p.at_any(&[End, Interface, World, Package]) {
                p.expect(RightBrace);
                return;
            }
            let progress = p.progress();
            member(p);
            if p.progress() == progress {
                p.node(Error, Parser::bump);
            }
        }
    });
}

fn interface_member(p: &mut Parser) {
    let start = p.checkpoint();
    gates(p);
    match p.peek(0) {
        kind if TYPES.contains(&kind) => type_item(p, start),
        Use => p.node_from(start, UseItem, use_item),
        kind if is_name(kind) => p.node_from(start, FuncItem, |p| {
            p.name(Declared);
            if p.expect(Colon) {
                func_type(p);
            }
            end_item(p);
        }),
        _ => skip_member(p, "a type, a function or `use`"),
    }
}

fn world_member(p: &mut Parser) {
    let start = p.checkpoint();
    let gates = gates(p);
    match p.peek(0) {
        kind if TYPES.contains(&kind) => type_item(p, start),
        Use => p.node_from(start, UseItem, use_item),
        Import => p.node_from(start, ImportItem, extern_item),
        Export => p.node_from(start, ExportItem, extern_item),
        Include => {
            no_external_id(p, &gates, "include statements");
            p.node_from(start, IncludeItem, include_item);
        }
        _ => skip_member(p, "`import`, `export`, `include`, `use` or a type"),
    }
}

fn resource_member(p: &mut Parser) {
    let start = p.checkpoint();
    gates(p);
    match p.peek(0) {
        Constructor => p.node_from(start, ConstructorItem, |p| {
            p.bump();
            params(p);
            result(p);
            end_item(p);
        }),
        kind if is_name(kind) => p.node_from(start, FuncItem, |p| {
            p.name(Declared);
            if p.expect(Colon) {
                p.eat(Static);
                func_type(p);
            }
            end_item(p);
        }),
        _ => skip_member(p, "`constructor` or a function"),
    }
}

fn starts_member(kind: SyntaxKind) -> bool {
    TOP.contains(&kind)
        || TYPES.contains(&kind)
        || matches!(kind, Import | Export | Include | At | Constructor)
}

/// Tells what was expected, and goes to where the next member begins, with at least one token.
fn skip_member(p: &mut Parser, what: &str) {
    p.expected(what);
    if !p.at_any(&[RightBrace, Semicolon, Interface, World, Package, End]) {
        p.node(Error, |p| {
            let mut depth = usize::from(p.at(LeftBrace));
            p.bump();
            while !p.at(End) && !(member_ends(p) && (depth == 0 || !p.at(RightBrace))) {
                match p.peek(0) {
                    LeftBrace => depth += 1,
                    RightBrace => depth -= 1,
                    _ => {}
                }
                p.bump();
            }
        });
    }
    p.eat(Semicolon);
}

/// Whether what is being skipped ends before the next token.
fn member_ends(p: &Parser) -> bool {
    let kind = p.peek(0);
    p.on_new_line() && (starts_member(kind) || is_name(kind))
        || matches!(kind, RightBrace | Semicolon | Interface | World)
}

/// Goes to where the next member begins.
fn rest_of_member(p: &mut Parser) {
    p.skip_until(member_ends);
    p.eat(Semicolon);
}

/// The semicolon that ends an item. What stands before it and has no place there is skipped, but never
/// what begins on a new line.
fn end_item(p: &mut Parser) {
    if p.expect(Semicolon) || p.on_new_line() || p.at_any(&[RightBrace, End]) {
        return;
    }
    rest_of_member(p);
}

fn use_item(p: &mut Parser) {
    p.bump();
    path(p);
    if p.expect(Period) && p.at(LeftBrace) {
        p.node(UseList, |p| {
            _ = list(p, RightBrace, |p| {
                p.node(UseName, |p| {
                    p.name(Reference);
                    if p.eat(As) {
                        p.name(Declared);
                    }
                });
            });
        });
    } else {
        p.expect(LeftBrace);
    }
    end_item(p);
}

fn include_item(p: &mut Parser) {
    p.bump();
    path(p);
    if !p.eat(With) {
        return end_item(p);
    }
    if !p.at(LeftBrace) {
        p.expect(LeftBrace);
        return rest_of_member(p);
    }
    p.node(IncludeList, |p| {
        _ = list(p, RightBrace, |p| {
            p.node(IncludeName, |p| {
                p.name(Reference);
                p.expect(As);
                p.name(Declared);
            });
        });
    });
}

/// An import or export: a function, an interface in place, or the name of an interface, alone or
/// behind a label.
fn extern_item(p: &mut Parser) {
    p.bump();
    let labelled = is_name(p.peek(0)) && p.peek(1) == Colon;
    if !labelled {
        path(p);
        return end_item(p);
    }
    match p.peek(2) {
        Func | Async => {}
        Interface => {
            p.name(Declared);
            p.bump();
            p.bump();
            return body(p, interface_member);
        }
        Name if p.peek(3) == LeftParen => {}
        kind if is_name(kind) && p.peek(3) == Slash => {
            path(p);
            return end_item(p);
        }
        _ => {
            p.name(Declared);
            p.bump();
            if p.at_name() {
                path(p);
            } else {
                p.expected("`func`, `interface` or the name of an interface");
            }
            return end_item(p);
        }
    }
    p.name(Declared);
    p.bump();
    func_type(p);
    end_item(p);
}

fn type_item(p: &mut Parser, start: rowan::Checkpoint) {
    match p.peek(0) {
        Type => p.node_from(start, AliasItem, |p| {
            p.bump();
            p.name(Declared);
            if p.expect(Equals) {
                ty(p, 0);
            }
            end_item(p);
        }),
        Resource => p.node_from(start, ResourceItem, |p| {
            p.bump();
            p.name(Declared);
            match p.at(LeftBrace) {
                true => body(p, resource_member),
                false => end_item(p),
            }
        }),
        Record => p.node_from(start, RecordItem, |p| {
            members(p, |p| {
                p.node(Field, |p| {
                    p.name(Declared);
                    if p.expect(Colon) {
                        ty(p, 0);
                    }
                });
            });
        }),
        Variant => p.node_from(start, VariantItem, |p| {
            members(p, |p| {
                p.node(VariantCase, |p| {
                    p.name(Declared);
                    if p.eat(LeftParen) {
                        ty(p, 0);
                        p.expect(RightParen);
                    }
                });
            });
        }),
        Enum => p.node_from(start, EnumItem, |p| {
            members(p, |p| p.node(EnumCase, |p| _ = p.name(Declared)));
        }),
        _ => p.node_from(start, FlagsItem, |p| {
            members(p, |p| p.node(Flag, |p| _ = p.name(Declared)));
        }),
    }
}

/// The keyword and name of a type, and its members in braces.
fn members(p: &mut Parser, member: fn(&mut Parser)) {
    p.bump();
    p.name(Declared);
    if !p.at(LeftBrace) {
        p.expect(LeftBrace);
        p.eat(Semicolon);
        return;
    }
    let mut closed = false;
    p.node(Body, |p| closed = list(p, RightBrace, member));
    if !closed {
        p.eat(Semicolon);
    }
}

/// Members with commas between them, and the brackets around them. False if the closing bracket is
/// missing: then it ends before what cannot be a member.
pub(super) fn list(p: &mut Parser, close: SyntaxKind, member: fn(&mut Parser)) -> bool {
    p.bump();
    loop {
        if p.eat(close) {
            return true;
        }
        let progress = p.progress();
        member(p);
        if p.eat(Comma) {
            continue;
        }
        if p.eat(close) {
            return true;
        }
        if close == RightBrace && p.progress() != progress && comma_was_forgotten(p) {
            p.expect(Comma);
            continue;
        }
        p.expect(close);
        p.skip_until(|p| {
            let kind = p.peek(0);
            p.at_any(&[Comma, close, RightBrace, Semicolon, Interface, World])
                || p.on_new_line() && (starts_member(kind) || is_name(kind))
        });
        if !p.eat(Comma) {
            return p.eat(close);
        }
    }
}

/// Whether the next line goes on with another member.
fn comma_was_forgotten(p: &Parser) -> bool {
    let function = p.peek(1) == Colon && matches!(p.peek(2), Func | Async | Static);
    let member = matches!(p.peek(1), Comma | Colon | RightBrace | LeftParen | As);
    p.on_new_line() && p.at_name() && member && !function
}

/// `name`, or `namespace:package/name@version`.
fn path(p: &mut Parser) {
    p.node(Path, |p| {
        if !p.name(Reference) || !p.eat(Colon) {
            return;
        }
        if p.name(Reference) && p.expect(Slash) && p.name(Reference) && p.eat(At) {
            p.version();
        }
    });
}

fn package_name(p: &mut Parser) {
    p.node(PackageName, |p| {
        if p.name(Reference) && p.expect(Colon) && p.name(Reference) && p.eat(At) {
            p.version();
        }
    });
}

/// Attributes, `@since(version = 1.0.0)` and the like. Gives the place of each `@external-id`, and an
/// empty one of each other.
fn gates(p: &mut Parser) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    while p.at(At) {
        let mut external = 0..0;
        p.node(Gate, |p| {
            p.bump();
            let word = plain(p.word());
            let known = ["since", "unstable", "deprecated", "external-id"];
            if p.at_name() && !known.contains(&word) {
                p.error(format!("there is no attribute `{word}`"), KNOWN_GATES);
            }
            if !p.name(Reference) || !known.contains(&word) {
                return;
            }
            if word == "external-id" {
                external = p.last();
            }
            if !p.expect(LeftParen) {
                return;
            }
            gate_value(p, word);
            if !p.expect(RightParen) && !p.on_new_line() {
                p.skip_until(|p| p.on_new_line() || p.at_any(&[RightParen, RightBrace]));
                p.eat(RightParen);
            }
        });
        found.push(external);
    }
    found
}

const KNOWN_GATES: &str = "There are `@since`, `@unstable`, `@deprecated` and `@external-id`.";

fn gate_value(p: &mut Parser, word: &str) {
    if word == "external-id" {
        p.expect(Text);
        return;
    }
    let key = if word == "unstable" { "feature" } else { "version" };
    if plain(p.word()) != key {
        p.expected(&format!("`{key}`"));
        if p.on_new_line() {
            return;
        }
    }
    if !p.at_name() || !p.name(Reference) || !p.expect(Equals) {
        return;
    }
    match key {
        "feature" => _ = p.name(Reference),
        _ => p.version(),
    }
}

fn no_external_id(p: &mut Parser, gates: &[std::ops::Range<usize>], what: &str) {
    for gate in gates.iter().filter(|gate| !gate.is_empty()) {
        let message = format!("@external-id is not allowed on {what}");
        p.error_at(gate.clone(), message, "Remove it.");
    }
}
