//! How a world is changed so that it exports an interface.

use super::Wit;
use crate::catalog::same_interface;
use crate::diagnostic::Edit;
use crate::syntax::wit::is_keyword;
use std::borrow::Cow;
use wit_parser::{Interface, WorldId};

impl Wit {
    /// The change of a world that exports an interface, as a world names it. None if the world has no text.
    pub(super) fn export_edit(&self, world: WorldId, interface: &str) -> Option<Edit> {
        let (source, name) = self.place(self.resolve.worlds[world].span)?;
        let brace = name.end + source.text[name.end..].find('{')? + 1;
        let end = if source.text[brace..].starts_with('}') { "\n" } else { "" };
        let text = format!("\n    export {interface};{end}");
        Some(Edit { source, span: brace..brace, text })
    }

    /// An interface that this WIT has in a compatible version, and what a world calls it.
    pub(super) fn known(&self, world: WorldId, interface: &str) -> Option<(String, &Interface)> {
        let mut all = self.resolve.interfaces.iter();
        let is_it =
            |id| self.resolve.id_of(id).is_some_and(|name| same_interface(&name, interface));
        let (id, found) = all.find(|(id, _)| is_it(*id))?;
        let name = match found.package == self.resolve.worlds[world].package {
            true => escaped(found.name.as_deref()?).into_owned(),
            false => self.resolve.id_of(id)?,
        };
        Some((name, found))
    }
}

/// A name as WIT has to write it.
fn escaped(name: &str) -> Cow<'_, str> {
    match is_keyword(name) {
        true => format!("%{name}").into(),
        false => name.into(),
    }
}
