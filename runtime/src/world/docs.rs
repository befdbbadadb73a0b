//! Comments of a component. Components carry none, so `theater build` appends the project's WIT.

use super::Wit;
use super::wit::builtin;
use crate::diagnostic;
use wasmparser::{Parser, Payload};
use wit_component::DecodedWasm;
use wit_parser::{InterfaceId, Resolve, WorldItem, WorldKey};

/// The custom section that holds the encoded WIT package.
const SECTION: &str = "theater-wit";

/// A larger section is not read.
const MAX_SECTION: usize = 4 << 20;

/// The component with the project's WIT appended, comments included. An older copy is replaced.
///
/// # Errors
/// A package that has no binary form.
pub fn with_docs(component: &[u8], wit: &Wit) -> diagnostic::Result<Vec<u8>> {
    let package = wit.encode()?;
    let mut bytes = without_section(component);
    bytes.push(0);
    let mut content = Vec::with_capacity(package.len() + SECTION.len() + 8);
    write_length(&mut content, SECTION.len());
    content.extend_from_slice(SECTION.as_bytes());
    content.extend_from_slice(&package);
    write_length(&mut bytes, content.len());
    bytes.extend_from_slice(&content);
    Ok(bytes)
}

/// An unsigned LEB128 number.
fn write_length(bytes: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
}

/// The component without our section, if it ends with one.
fn without_section(component: &[u8]) -> Vec<u8> {
    let end = component.len() as u64;
    let ours =
        Parser::new(0).parse_all(component).map_while(Result::ok).find_map(
            |payload| match payload {
                Payload::CustomSection(section) if section.name() == SECTION => {
                    let range = section.range();
                    (range.end == end).then_some(range.start as usize)
                }
                _ => None,
            },
        );
    let Some(content) = ours else { return component.to_vec() };
    // Before the section's content stand its length, of unknown width, and the id 0.
    let length = component.len() - content;
    let mut header = vec![0];
    write_length(&mut header, length);
    match component[..content].strip_suffix(header.as_slice()) {
        Some(rest) => rest.to_vec(),
        None => component.to_vec(),
    }
}

/// Comments, from the appended WIT and from what Theater itself knows.
pub(super) struct Docs {
    own: Option<(Resolve, wit_parser::PackageId)>,
}

impl Docs {
    /// Reads the appended WIT. What cannot be read means no comments, and nothing worse.
    pub(super) fn read(section: Option<&[u8]>) -> Self {
        let own = section.and_then(|section| match wit_component::decode(section) {
            Ok(DecodedWasm::WitPackage(resolve, package)) => Some((resolve, package)),
            _ => None,
        });
        Self { own }
    }

    /// The content of a component's section with the appended WIT.
    pub(super) fn section(component: &[u8]) -> Option<&[u8]> {
        let mut depth = 0usize;
        let mut found = None;
        for payload in Parser::new(0).parse_all(component) {
            match payload {
                Ok(Payload::ModuleSection { .. } | Payload::ComponentSection { .. }) => depth += 1,
                Ok(Payload::End(_)) => depth = depth.saturating_sub(1),
                Ok(Payload::CustomSection(section))
                    if depth == 0
                        && section.name() == SECTION
                        && section.data().len() <= MAX_SECTION =>
                {
                    found = Some(section.data());
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        found
    }

    pub(super) fn of_interface(&self, interface: &str) -> Option<String> {
        let (resolve, id) = self.find(interface)?;
        resolve.interfaces[id].docs.contents.clone()
    }

    pub(super) fn of_type(&self, interface: &str, name: &str) -> Option<String> {
        let (resolve, id) = self.find(interface)?;
        let ty = resolve.interfaces[id].types.get(name)?;
        resolve.types[*ty].docs.contents.clone()
    }

    /// The comment of a function of an interface, or, without one, of a world's own function.
    pub(super) fn of_function(&self, interface: Option<&str>, name: &str) -> Option<String> {
        if let Some(interface) = interface {
            let (resolve, id) = self.find(interface)?;
            return resolve.interfaces[id].functions.get(name)?.docs.contents.clone();
        }
        let (resolve, package) = self.own.as_ref()?;
        let key = WorldKey::Name(name.to_string());
        resolve.packages[*package].worlds.values().find_map(|world| {
            let world = &resolve.worlds[*world];
            match world.exports.get(&key).or_else(|| world.imports.get(&key))? {
                WorldItem::Function(function) => function.docs.contents.clone(),
                _ => None,
            }
        })
    }

    fn find(&self, interface: &str) -> Option<(&Resolve, InterfaceId)> {
        let own = self.own.as_ref().and_then(|(resolve, package)| {
            let interfaces = &resolve.packages[*package].interfaces;
            let id =
                interfaces.values().find(|id| resolve.id_of(**id).as_deref() == Some(interface))?;
            Some((resolve, *id))
        });
        own.or_else(|| known(interface).map(|id| (builtin(), id)))
    }
}

/// The interface of Theater's contract that an import or export means.
pub(super) fn known(name: &str) -> Option<InterfaceId> {
    let (_, interface) =
        crate::catalog::by_import(name).or_else(|| crate::catalog::by_export(name))?;
    let id = interface.id();
    builtin()
        .interfaces
        .iter()
        .find(|(key, _)| builtin().id_of(*key).as_deref() == Some(&*id))
        .map(|(id, _)| id)
}
