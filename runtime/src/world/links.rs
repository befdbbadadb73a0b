//! How the actors of an application fit together: whom their links mean, and whether the two ends agree.

mod ends;
mod types;

use self::ends::Ends;
use super::actor_world;
use super::wit::key_name;
use super::{ComponentInfo, Wit, meaning_of_name};
use crate::catalog::{self, same_interface};
use crate::diagnostic::{
    Code, Diagnostic, Edit, LINK_CYCLE, LINK_TYPES, LINK_UNKNOWN, MESSENGER_UNHEARD,
    PATTERN_UNMATCHED, did_you_mean,
};
use crate::manifest::{Link, Manifest};
use wit_parser::{Function, Interface, Resolve, WorldId, WorldItem};

/// Where messages arrive.
const INBOX: &str = "theater:actor/inbox@0.1.0";

/// One actor of an application, as far as others have to do with it.
pub(crate) struct Member<'a> {
    /// Its path in the tree: `shop/orders`.
    pub path: String,
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// What it imports and exports, if that is known.
    pub face: Option<Face<'a>>,
    /// Whether it is a template: actors like it may come, under other names.
    pub is_template: bool,
}

/// What an actor imports and exports: by its component, or by its world.
#[derive(Clone, Copy)]
pub(crate) struct Face<'a> {
    resolve: &'a Resolve,
    world: WorldId,
    /// Where the world stands.
    wit: Option<&'a Wit>,
}

impl<'a> Face<'a> {
    /// That of a component.
    pub fn of_component(info: &'a ComponentInfo) -> Self {
        Self { resolve: &info.resolve, world: info.world, wit: None }
    }

    /// That of the world that a manifest names, if there is one.
    pub fn of_world(manifest: &Manifest, wit: &'a Wit) -> Option<Self> {
        let world = actor_world(manifest, wit).ok()?;
        Some(Self { resolve: &wit.resolve, world, wit: Some(wit) })
    }

    fn interfaces(self, exported: bool) -> impl Iterator<Item = (String, &'a Interface)> + use<'a> {
        let world = &self.resolve.worlds[self.world];
        let items = if exported { &world.exports } else { &world.imports };
        items.iter().filter_map(move |(key, item)| match item {
            WorldItem::Interface { id, .. } => {
                Some((key_name(self.resolve, key), &self.resolve.interfaces[*id]))
            }
            _ => None,
        })
    }

    /// The interface of this name that it exports.
    fn exported(self, name: &str) -> Option<&'a Interface> {
        let mut all = self.interfaces(true);
        all.find(|(found, _)| same_interface(found, name)).map(|(_, interface)| interface)
    }

    /// The change of its world that exports an interface, and the interface, if its WIT knows one of this name.
    fn to_export(self, name: &str) -> Option<(Edit, &'a Interface)> {
        let wit = self.wit?;
        let (name, interface) = wit.known(self.world, name)?;
        Some((wit.export_edit(self.world, &name)?, interface))
    }

    fn has_inbox(self) -> bool {
        self.interfaces(true).any(|(name, _)| {
            catalog::by_export(&name).is_some_and(|(_, interface)| interface.name == "inbox")
        })
    }

    /// A place in the other actor's WIT, or else in its manifest.
    fn point(self, to: &Member, function: &Function, words: &str) -> Diagnostic {
        let place = self.wit.and_then(|wit| wit.place(function.span));
        let problem = Diagnostic::error(LINK_TYPES, words);
        match place {
            Some((source, span)) => problem.at(&source, span, "the other end"),
            None => problem.at(&to.manifest.source, to.manifest.actor.name.span.clone(), words),
        }
    }
}

/// Everything that does not fit between the actors of an application. An actor alone has nothing to
/// fit: others may come.
pub(crate) fn check_links(members: &[Member]) -> Vec<Diagnostic> {
    if members.len() < 2 {
        return Vec::new();
    }
    let tree = Tree { members };
    let mut problems: Vec<Diagnostic> = Vec::new();
    for member in members {
        for link in &member.manifest.links {
            problems.extend(tree.check_link(member, link));
        }
        problems.extend(tree.unheard(member));
    }
    problems.extend(tree.cycles());
    // Several children may be made of one project.
    let mut known: Vec<Diagnostic> = Vec::new();
    for problem in problems {
        if !known.contains(&problem) {
            known.push(problem);
        }
    }
    known
}

struct Tree<'m, 'a> {
    members: &'m [Member<'a>],
}

impl<'m, 'a> Tree<'m, 'a> {
    /// Whom a name means to an actor, by the rule that holds at run time.
    fn meant(&self, from: &Member, name: &str) -> Option<&'m Member<'a>> {
        let named = |path: &str| {
            self.members.iter().find(|member| member.path == path && !member.is_template)
        };
        let path = meaning_of_name(&from.path, name, |path| named(path).is_some())?;
        named(&path)
    }

    /// Whether actors may come whose names nobody knows yet.
    fn is_open(&self) -> bool {
        self.members.iter().any(|member| member.is_template)
    }

    /// The names of all others as the actor may say them.
    fn names(&self, from: &Member) -> Vec<&'m str> {
        let around = |above: &str| format!("{above}/");
        let prefixes: Vec<String> =
            from.path.match_indices('/').map(|(at, _)| around(&from.path[..at])).collect();
        let own = around(&from.path);
        let prefixes: Vec<String> = prefixes.into_iter().chain([own, String::new()]).collect();
        let named = self.members.iter().filter(|member| !member.is_template);
        named
            .flat_map(|member| {
                prefixes.iter().filter_map(|prefix| member.path.strip_prefix(prefix.as_str()))
            })
            .collect()
    }

    /// The name of another actor that somebody meant who wrote something near it.
    fn near(&self, from: &Member, name: &str) -> Option<&'m str> {
        did_you_mean(name, self.names(from))
    }

    /// The nearest name, or all that there are.
    fn help(&self, from: &Member, name: &str) -> String {
        let names = self.names(from);
        match self.near(from, name) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => {
                let mut siblings: Vec<&str> =
                    names.into_iter().filter(|name| !name.contains('/')).collect();
                siblings.dedup();
                format!(
                    "The actors that `{}` can name are: {}. What they are called stands under \
                     `[[children]]` of their supervisor.",
                    own_name(from),
                    siblings.join(", ")
                )
            }
        }
    }

    fn check_link(&self, from: &'m Member<'a>, link: &'m Link) -> Vec<Diagnostic> {
        let source = &from.manifest.source;
        let (me, name) = (own_name(from), &link.actor.value);
        let Some(to) = self.meant(from, name) else {
            if self.is_open() {
                return Vec::new();
            }
            let message = format!("`{me}` is linked to `{name}`, which this application has not");
            let problem = Diagnostic::error(LINK_UNKNOWN, message)
                .at(source, link.actor.span.clone(), "there is no such actor")
                .help(self.help(from, name));
            return vec![match self.near(from, name) {
                Some(near) => problem.fix(
                    format!("Write `{near}`"),
                    source,
                    link.actor.span.clone(),
                    format!("\"{near}\""),
                ),
                None => problem,
            }];
        };
        if to.path == from.path {
            let message = format!("`{me}` is linked to itself, and would wait for itself");
            let problem = Diagnostic::error(LINK_CYCLE, message)
                .at(source, link.actor.span.clone(), "this is the actor itself")
                .help("Call the function within the component, or name another actor.");
            return vec![problem];
        }
        let Some(face) = from.face else { return Vec::new() };
        let answered = face
            .interfaces(false)
            .filter(|(import, interface)| !interface.functions.is_empty() && link.answers(import));
        answered
            .flat_map(|(import, wanted)| {
                let ends = Ends { from, link, to, import: &import };
                ends.problems(wanted, self.only_answer(ends, wanted))
            })
            .collect()
    }

    /// The name of the only other actor that answers what is imported, unless it waits for this one.
    fn only_answer(&self, ends: Ends<'m, 'a>, wanted: &Interface) -> Option<&'m str> {
        let Ends { from, import, .. } = ends;
        let answers = |it: &&Member| {
            it.path != from.path && it.face.is_some_and(|face| face.exported(import).is_some())
        };
        let mut found = self.members.iter().filter(|it| !it.is_template).filter(answers);
        let (only, None) = (found.next()?, found.next()) else { return None };
        if self.waits(only, from) || !(Ends { to: only, ..ends }).problems(wanted, None).is_empty()
        {
            return None;
        }
        let is_only = |name: &&str| self.meant(from, name).is_some_and(|it| it.path == only.path);
        self.names(from).into_iter().find(is_only)
    }

    /// Whether links lead from an actor to another one.
    fn waits(&self, from: &Member, to: &Member) -> bool {
        let mut todo = vec![from.path.as_str()];
        let mut seen: Vec<&str> = Vec::new();
        while let Some(path) = todo.pop() {
            let Some(member) = self.members.iter().find(|it| it.path == path) else { continue };
            seen.push(path);
            let next = member.manifest.links.iter();
            let next = next.filter_map(|link| self.meant(member, &link.actor.value));
            todo.extend(next.map(|it| it.path.as_str()).filter(|path| !seen.contains(path)));
        }
        seen.contains(&to.path.as_str())
    }

    /// Names in the grant of `messenger` that mean nobody, or somebody who hears nothing.
    fn unheard(&self, from: &Member) -> Vec<Diagnostic> {
        let Some(grant) = &from.manifest.handlers.messenger else { return Vec::new() };
        // The grant of a supervisor without a component is only the ceiling of its children.
        if from.manifest.is_supervisor_only() {
            return Vec::new();
        }
        let problem = |to: &String| {
            let Unheard { code, message, help, near, export } = self.unheard_name(from, to)?;
            let problem = Diagnostic::warning(code, message).help(help);
            let Some(span) = from.manifest.handlers.spans.get("messenger") else {
                return Some(problem);
            };
            let place = text_within(from.manifest, span, to);
            let source = &from.manifest.source;
            let problem = problem.at(source, place.clone(), "nobody hears it");
            let near = near.filter(|near| place != *span && !grant.to.contains(near));
            let problem = match near {
                Some(near) => {
                    let text = format!("\"{near}\"");
                    problem.fix(format!("Write `{near}`"), source, place, text)
                }
                None => problem,
            };
            Some(problem.maybe_fix(format!("Export `{INBOX}` from `{to}`"), export))
        };
        grant.to.iter().filter_map(problem).collect()
    }

    /// What is wrong with one name, or with the beginning of one and a `*`.
    fn unheard_name(&self, from: &Member, to: &str) -> Option<Unheard> {
        let me = own_name(from);
        if let Some(prefix) = to.strip_suffix('*') {
            let names = self.names(from);
            if self.is_open() || names.iter().any(|name| name.starts_with(prefix)) {
                return None;
            }
            let message = format!("`{me}` may write to `{to}`, and no actor here has such a name");
            let near = near_pattern(prefix, &names);
            let help = match &near {
                Some(near) => format!("Did you mean `{near}`?"),
                None => self.help(from, prefix),
            };
            return Some(Unheard { code: PATTERN_UNMATCHED, message, help, near, export: None });
        }
        let mut export = None;
        let (message, help) = match self.meant(from, to) {
            None if self.is_open() => return None,
            None => {
                let message = format!("`{me}` may write to `{to}`, which this application has not");
                (message, self.help(from, to))
            }
            Some(found) if found.face.is_some_and(|face| !face.has_inbox()) => {
                let message = format!("`{me}` may write to `{to}`, which has no inbox");
                let face = found.face;
                export = face.and_then(|face| face.wit?.export_edit(face.world, INBOX));
                (message, format!("Let it export `{INBOX}`, or take it from the grant."))
            }
            Some(_) => return None,
        };
        let near = self.near(from, to).map(str::to_owned);
        Some(Unheard { code: MESSENGER_UNHEARD, message, help, near, export })
    }

    /// A warning for each circle of links.
    fn cycles(&self) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        let mut done: Vec<&str> = Vec::new();
        for member in self.members {
            if let Some(cycle) = self.cycle_through(member, &done) {
                done.extend(cycle.iter().map(|(member, _)| member.path.as_str()));
                problems.push(circle(&cycle));
            }
        }
        problems
    }

    /// The shortest circle through an actor that touches none of those.
    fn cycle_through(
        &self,
        start: &'m Member<'a>,
        done: &[&str],
    ) -> Option<Vec<(&'m Member<'a>, &'m Link)>> {
        let mut paths: Vec<Vec<(&'m Member<'a>, &'m Link)>> = vec![Vec::new()];
        let mut seen: Vec<&str> = Vec::new();
        while !paths.is_empty() {
            let mut longer = Vec::new();
            for path in paths {
                let from = match path.last() {
                    None => start,
                    Some((from, link)) => self.meant(from, &link.actor.value)?,
                };
                for link in &from.manifest.links {
                    let Some(to) = self.meant(from, &link.actor.value) else { continue };
                    let mut path = path.clone();
                    path.push((from, link));
                    if to.path == start.path && path.len() > 1 {
                        return Some(path);
                    }
                    let fresh = !seen.contains(&to.path.as_str()) && to.path != from.path;
                    if fresh && !done.contains(&to.path.as_str()) && to.path != start.path {
                        seen.push(&to.path);
                        longer.push(path);
                    }
                }
            }
            paths = longer;
        }
        None
    }
}

/// A name in the grant of `messenger` that nobody hears.
struct Unheard {
    code: &'static Code,
    message: String,
    help: String,
    /// What was probably meant.
    near: Option<String>,
    /// What gives the actor that is meant an inbox.
    export: Option<Edit>,
}

/// The pattern that somebody meant who wrote the beginning of a name near one of these, as far as a word or a path goes.
fn near_pattern(prefix: &str, names: &[&str]) -> Option<String> {
    let beginnings = names.iter().flat_map(|name| {
        name.match_indices(['-', '/']).map(|(at, joint)| &name[..at + joint.len()])
    });
    Some(format!("{}*", did_you_mean(prefix, beginnings)?))
}

/// What an actor is called by its siblings.
fn own_name<'m>(member: &'m Member) -> &'m str {
    member.path.rsplit('/').next().unwrap_or(&member.path)
}

/// The report of a circle of links.
fn circle(cycle: &[(&Member, &Link)]) -> Diagnostic {
    let names = cycle.iter().map(|(member, _)| own_name(member));
    let first = cycle.first().map_or("", |(member, _)| own_name(member));
    let shown = names.chain([first]).collect::<Vec<_>>().join(" -> ");
    let mut problem = Diagnostic::warning(LINK_CYCLE, format!("links form a circle: {shown}"));
    for (index, (member, link)) in cycle.iter().enumerate() {
        let place = |problem: Diagnostic| {
            problem.at(&member.manifest.source, link.actor.span.clone(), "a link of the circle")
        };
        problem = match index {
            0 => place(problem),
            _ => {
                let message = format!("`{}` is part of it", own_name(member));
                problem.related(place(Diagnostic::warning(LINK_CYCLE, message)))
            }
        };
    }
    problem.help(
        "A call that would wait for its own caller is refused when it is made. Let one of them send a \
         message instead, or make sure that no function on the way calls back.",
    )
}

/// Where a text stands within a part of a manifest, or that part.
fn text_within(
    manifest: &Manifest,
    span: &std::ops::Range<usize>,
    text: &str,
) -> std::ops::Range<usize> {
    let quoted = format!("\"{text}\"");
    // The span may be that of the key: the value follows on the same line or on those after it.
    let from = span.start;
    match manifest.source.text[from..].find(&quoted) {
        Some(at) => from + at..from + at + quoted.len(),
        None => span.clone(),
    }
}
