//! The two ends of a link: whether the actor that is meant answers what the other imports.

use super::{Face, Member, own_name, types};
use crate::diagnostic::{
    Code, Diagnostic, Edit, LINK_NOT_EXPORTED, LINK_TYPES, LINK_VERSION, did_you_mean,
};
use crate::manifest::Link;
use crate::world::signature;
use wit_parser::{Function, Interface};

/// One import that a link sends to another actor.
#[derive(Clone, Copy)]
pub(super) struct Ends<'m, 'a> {
    /// Who imports.
    pub from: &'m Member<'a>,
    /// By which link.
    pub link: &'m Link,
    /// Who is meant.
    pub to: &'m Member<'a>,
    /// The name of the imported interface.
    pub import: &'m str,
}

impl Ends<'_, '_> {
    /// What does not fit between what is imported and what the actor that is meant exports. `other`: the name of another
    /// actor with which it would fit.
    pub fn problems(self, wanted: &Interface, other: Option<&str>) -> Vec<Diagnostic> {
        let Some(face) = self.to.face else {
            let silent = self.to.manifest.is_supervisor_only();
            let problem = silent.then(|| self.only_supervises());
            return problem.map(|problem| self.instead(problem, other)).into_iter().collect();
        };
        let Some(offered) = face.exported(self.import) else {
            let names: Vec<String> = face.interfaces(true).map(|(name, _)| name).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let problem = self.instead(self.not_exported(&names), other);
            return vec![match problem.code == LINK_NOT_EXPORTED {
                true => self.exporting(problem, face, wanted),
                false => problem,
            }];
        };
        self.functions_differ(wanted, face, offered)
    }

    /// What does not fit between the functions that are called and those of an interface of the other actor.
    fn functions_differ(
        self,
        wanted: &Interface,
        face: Face,
        offered: &Interface,
    ) -> Vec<Diagnostic> {
        let Some(own) = self.from.face else { return Vec::new() };
        let functions = wanted.functions.iter();
        functions
            .filter_map(|(name, wanted)| match offered.functions.get(name) {
                None => Some(self.missing((own, wanted))),
                Some(offered) => self.differs((own, wanted), (face, offered)),
            })
            .collect()
    }

    /// With the fix that links to another actor.
    fn instead(self, problem: Diagnostic, other: Option<&str>) -> Diagnostic {
        let Some(other) = other else { return problem };
        let (source, span) = (self.from.manifest.source.clone(), self.link.actor.span.clone());
        let edit = Edit { source, span, text: format!("\"{other}\"") };
        problem.maybe_fix(format!("Link to `{other}`"), Some(edit))
    }

    /// With the fix that lets the other actor export the interface, if it has the one that is called.
    fn exporting(self, problem: Diagnostic, face: Face, wanted: &Interface) -> Diagnostic {
        let Some((edit, found)) = face.to_export(self.import) else { return problem };
        if !self.functions_differ(wanted, face, found).is_empty() {
            return problem;
        }
        let title = format!("Export `{}` from `{}`", self.import, own_name(self.to));
        problem.maybe_fix(title, Some(edit))
    }

    /// The other actor is a supervisor without a component.
    fn only_supervises(self) -> Diagnostic {
        let Self { import, .. } = self;
        let (me, other) = self.names();
        self.problem(
            LINK_NOT_EXPORTED,
            format!("`{me}` calls `{import}` of `{other}`, which has no functions"),
        )
        .related(self.there(LINK_NOT_EXPORTED, "it only supervises others"))
        .help(format!("Link to one of its children, such as `{other}/NAME`."))
    }

    /// It exports the interface in another version, or not at all.
    fn not_exported(self, exports: &[&str]) -> Diagnostic {
        let Self { import, .. } = self;
        let (me, other) = self.names();
        let other_version = exports.iter().find(|name| unversioned(name) == unversioned(import));
        if let Some(exported) = other_version {
            return self
                .problem(
                    LINK_VERSION,
                    format!("`{me}` imports `{import}`, and `{other}` exports `{exported}`"),
                )
                .related(self.there(LINK_VERSION, &format!("it exports `{exported}`")))
                .help(
                    "Let both ends use compatible versions: the same major one, for 0.x the same \
                     minor one.",
                );
        }
        let own: Vec<&str> = exports.iter().map(|name| unversioned(name)).collect();
        let help = match did_you_mean(unversioned(import), own.iter().copied()) {
            Some(near) => format!("It exports `{near}`: rename one of the two."),
            None if own.is_empty() => "It exports no interface.".to_owned(),
            None => format!("It exports: {}.", own.join(", ")),
        };
        self.problem(
            LINK_NOT_EXPORTED,
            format!("`{me}` calls `{import}` of `{other}`, which does not export it"),
        )
        .related(self.there(LINK_NOT_EXPORTED, "the actor that is meant"))
        .help(help)
    }

    /// The interface of the other actor lacks a function.
    fn missing(self, (own, wanted): (Face, &Function)) -> Diagnostic {
        let Self { import, .. } = self;
        let (me, other) = self.names();
        let name = &wanted.name;
        self.problem(
            LINK_TYPES,
            format!("`{me}` calls `{name}` of `{import}`, which `{other}` does not export"),
        )
        .related(self.there(LINK_TYPES, &format!("it has no `{name}`")))
        .help(format!("Used by `{me}`: {}", signature::function(own.resolve, wanted)))
    }

    /// A function has other types at the other end.
    fn differs(
        self,
        (own, wanted): (Face, &Function),
        (face, offered): (Face, &Function),
    ) -> Option<Diagnostic> {
        let (left, right) = types::differ((own.resolve, wanted), (face.resolve, offered))?;
        let Self { import, .. } = self;
        let (me, other) = self.names();
        let name = &wanted.name;
        let mut help = format!(
            "Used by `{me}`: {}\nFound in `{other}`: {}",
            signature::function(own.resolve, wanted),
            signature::function(face.resolve, offered)
        );
        if left != right {
            help += &format!("\nThey differ in: {left}\nagainst: {right}");
        }
        let message =
            format!("`{me}` and `{other}` have different types for `{name}` of `{import}`");
        let problem = self.problem(LINK_TYPES, message);
        let there = face.point(self.to, offered, &format!("`{name}` of `{other}`"));
        Some(problem.related(there).help(help))
    }

    fn names(&self) -> (&str, &str) {
        (own_name(self.from), own_name(self.to))
    }

    /// A problem at the link.
    fn problem(&self, code: &'static Code, message: String) -> Diagnostic {
        let place = self.link.actor.span.clone();
        Diagnostic::error(code, message).at(&self.from.manifest.source, place, "linked here")
    }

    /// The other actor, as a place that has to do with it.
    fn there(&self, code: &'static Code, words: &str) -> Diagnostic {
        let manifest = &self.to.manifest;
        let place = manifest.actor.name.span.clone();
        Diagnostic::error(code, words).at(&manifest.source, place, words)
    }
}

/// The name of an interface without its version.
fn unversioned(name: &str) -> &str {
    name.split('@').next().unwrap_or_default()
}
