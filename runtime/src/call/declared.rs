//! The parameters of a function of which there is only a declaration in WIT.
//!
//! wasmtime gives types only with a component, so one is made that has nothing but an import with these
//! parameters. No code of it is compiled, because it has none.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::OnceLock;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Type};
use wasmtime::{Config, Engine};
use wit_parser::{Function, Resolve, TypeDefKind, TypeId};

/// The import's name, which no type has.
const FUNCTION: &str = "function";

/// The parameters of a declared function, in their order. None if one has a type of which no value can be
/// written: a resource, a stream and the like.
pub fn declared_parameters(resolve: &Resolve, function: &Function) -> Option<Vec<(String, Type)>> {
    let mut types = Types { resolve, text: String::new(), names: HashMap::new() };
    let mut params = String::new();
    for param in &function.params {
        let ty = types.reference(&param.ty)?;
        let _ = write!(params, " (param \"{}\" {ty})", param.name);
    }
    let text = format!("(component {} (import \"{FUNCTION}\" (func{params})))", types.text);
    let engine = engine()?;
    let component = Component::new(engine, wat::parse_str(text).ok()?).ok()?;
    let ty = component.component_type();
    let found = ty.imports(engine).find_map(|(name, item)| match item.ty {
        ComponentItem::ComponentFunc(function) if name == FUNCTION => Some(function),
        _ => None,
    })?;
    Some(found.params().map(|(name, ty)| (name.to_owned(), ty)).collect())
}

fn engine() -> Option<&'static Engine> {
    static ENGINE: OnceLock<Option<Engine>> = OnceLock::new();
    let make = || {
        let mut config = Config::new();
        config.concurrency_support(false);
        Engine::new(&config).ok()
    };
    ENGINE.get_or_init(make).as_ref()
}

/// Types in the text format, each before those that need it.
struct Types<'r> {
    resolve: &'r Resolve,
    text: String,
    names: HashMap<TypeId, String>,
}

impl Types<'_> {
    /// How a type is mentioned: a word, or the name under which it stands in the text.
    fn reference(&mut self, ty: &wit_parser::Type) -> Option<String> {
        use wit_parser::Type as T;
        let word = match ty {
            T::Bool => "bool",
            T::U8 => "u8",
            T::U16 => "u16",
            T::U32 => "u32",
            T::U64 => "u64",
            T::S8 => "s8",
            T::S16 => "s16",
            T::S32 => "s32",
            T::S64 => "s64",
            T::F32 => "f32",
            T::F64 => "f64",
            T::Char => "char",
            T::String => "string",
            T::ErrorContext => return None,
            T::Id(id) => return self.named(*id),
        };
        Some(word.to_owned())
    }

    fn named(&mut self, id: TypeId) -> Option<String> {
        if let Some(name) = self.names.get(&id) {
            return Some(name.clone());
        }
        let resolve = self.resolve;
        let (definition, must_be_imported) = match &resolve.types[id].kind {
            TypeDefKind::Type(ty) => {
                let name = self.reference(ty)?;
                self.names.insert(id, name.clone());
                return Some(name);
            }
            TypeDefKind::List(ty) => (format!("(list {})", self.reference(ty)?), false),
            TypeDefKind::Option(ty) => (format!("(option {})", self.reference(ty)?), false),
            TypeDefKind::Tuple(tuple) => {
                let types: Option<Vec<String>> =
                    tuple.types.iter().map(|ty| self.reference(ty)).collect();
                (format!("(tuple {})", types?.join(" ")), false)
            }
            TypeDefKind::Result(result) => {
                let mut text = "(result".to_owned();
                if let Some(ok) = &result.ok {
                    let _ = write!(text, " {}", self.reference(ok)?);
                }
                if let Some(err) = &result.err {
                    let _ = write!(text, " (error {})", self.reference(err)?);
                }
                (text + ")", false)
            }
            TypeDefKind::Record(record) => {
                let mut text = "(record".to_owned();
                for field in &record.fields {
                    let _ =
                        write!(text, " (field \"{}\" {})", field.name, self.reference(&field.ty)?);
                }
                (text + ")", true)
            }
            TypeDefKind::Variant(variant) => {
                let mut text = "(variant".to_owned();
                for case in &variant.cases {
                    let ty = case.ty.as_ref().map(|ty| self.reference(ty));
                    let ty = ty.map_or(Some(String::new()), |ty| Some(format!(" {}", ty?)))?;
                    let _ = write!(text, " (case \"{}\"{ty})", case.name);
                }
                (text + ")", true)
            }
            TypeDefKind::Enum(cases) => {
                let names = cases.cases.iter().map(|case| format!(" \"{}\"", case.name));
                (format!("(enum{})", names.collect::<String>()), true)
            }
            TypeDefKind::Flags(flags) => {
                let names = flags.flags.iter().map(|flag| format!(" \"{}\"", flag.name));
                (format!("(flags{})", names.collect::<String>()), true)
            }
            _ => return None,
        };
        Some(self.define(id, &definition, must_be_imported))
    }

    /// Records and their like may stand in an import only under a name that is imported as well.
    fn define(&mut self, id: TypeId, definition: &str, must_be_imported: bool) -> String {
        let number = self.names.len();
        let mut name = format!("$t{number}");
        let _ = write!(self.text, "(type {name} {definition}) ");
        if must_be_imported {
            let inner = std::mem::replace(&mut name, format!("$i{number}"));
            let _ = write!(self.text, "(import \"t{number}\" (type {name} (eq {inner}))) ");
        }
        self.names.insert(id, name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::call::signature;
    use crate::diagnostic::Source;
    use crate::world::{Wit, WitFiles};

    fn declared(types: &str, params: &str) -> Option<String> {
        let text = format!("package a:b;\nworld w {{ {types} export init: func({params}); }}");
        let main = vec![Source::new("w.wit", text)];
        let wit = Wit::from_files(&WitFiles { main, deps: Vec::new() }).unwrap();
        let world = &wit.resolve.worlds[wit.world("w").unwrap()];
        let wit_parser::WorldItem::Function(function) = world.exports.values().next().unwrap()
        else {
            panic!("no function")
        };
        Some(signature("init", &declared_parameters(&wit.resolve, function)?, &[]))
    }

    #[test]
    fn every_type_of_values_comes_back_as_it_was_declared() {
        for params in [
            "",
            "a: bool, b: u8, c: s64, d: f32, e: f64, f: char, g: string",
            "a: list<option<tuple<u8, string>>>, b: result<u8, string>, c: result, d: result<_, u8>",
        ] {
            assert_eq!(declared("", params).unwrap(), format!("init: func({params})"));
        }
        let types = "record r { a: u8, b: list<r2> } record r2 { x: option<e> } enum e { p, q } \
                     variant v { one, two(r) } flags f { read, write } type alias = v;";
        assert_eq!(
            declared(types, "a: r, b: alias, c: f, d: list<r>").unwrap(),
            "init: func(a: record { a: u8, b: list<record { x: option<enum { p, q }> }> }, \
             b: variant { one, two(record { a: u8, b: list<record { x: option<enum { p, q }> }> }) }, \
             c: flags { read, write }, \
             d: list<record { a: u8, b: list<record { x: option<enum { p, q }> }> }>)"
        );
    }

    #[test]
    fn what_has_no_values_has_no_parameters() {
        assert_eq!(declared("resource r;", "a: list<r>"), None);
        assert_eq!(declared("", "a: stream<u8>"), None);
    }
}
