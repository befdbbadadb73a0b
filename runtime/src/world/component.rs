//! What a component's bytes say about themselves.

use super::docs::Docs;
use super::wit::key_name;
use super::{leftover, signature};
use crate::diagnostic::{self, Diagnostic};
use wasmparser::{ComponentTypeRef, Parser, Payload, Validator, WasmFeatures};
use wit_component::DecodedWasm;
use wit_parser::{Function, InterfaceId, Resolve, WorldId, WorldItem};

/// The largest component that is read, in bytes.
pub const MAX_COMPONENT_BYTES: usize = 256 << 20;

/// The imports and exports of a component, with their types and comments.
#[derive(Debug, Clone)]
pub struct ComponentInfo {
    /// Its types, as WIT.
    pub resolve: Resolve,
    /// The world that its imports and exports form.
    pub world: WorldId,
    /// What it needs.
    pub imports: Vec<Extern>,
    /// What it offers.
    pub exports: Vec<Extern>,
}

/// One import or export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extern {
    /// An interface.
    Interface(InterfaceInfo),
    /// A function of the world itself.
    Function(FunctionInfo),
    /// A type of the world itself.
    Type(TypeInfo),
}

/// An imported or exported interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceInfo {
    /// The full name, for example `theater:host/state@0.1.0`.
    pub name: String,
    /// Its comment, if the component carries it or Theater knows the interface.
    pub docs: Option<String>,
    /// The types that it defines.
    pub types: Vec<TypeInfo>,
    /// Its functions. Of an import, those that the component uses.
    pub functions: Vec<FunctionInfo>,
}

/// A function of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionInfo {
    /// The full name of its interface; none if it belongs to the world itself.
    pub interface: Option<String>,
    /// Its name.
    pub name: String,
    /// Name and type as WIT: `increment: func(by: u32) -> u32`.
    pub signature: String,
    /// Its comment.
    pub docs: Option<String>,
    /// Why it cannot be called, if it cannot. Always none for an import.
    pub obstacle: Option<String>,
}

/// A named type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeInfo {
    /// Its name.
    pub name: String,
    /// Its definition as WIT, on one line.
    pub definition: String,
    /// Its comment.
    pub docs: Option<String>,
}

impl Extern {
    /// The name under which it is imported or exported.
    pub fn name(&self) -> &str {
        match self {
            Self::Interface(interface) => &interface.name,
            Self::Function(function) => &function.name,
            Self::Type(ty) => &ty.name,
        }
    }
}

impl ComponentInfo {
    /// Reads a component in its binary form.
    ///
    /// # Errors
    /// Bytes that are not a component of WASI 0.2, each kind with a report of its own: empty, not
    /// WebAssembly, truncated or damaged, a core module, a WIT package, a component of WASI 0.3.
    pub fn read(bytes: &[u8]) -> diagnostic::Result<Self> {
        check_header(bytes)?;
        validate(bytes)?;
        Self::read_valid(bytes)
    }

    /// Reads a component that is known to be valid.
    pub(super) fn read_valid(bytes: &[u8]) -> diagnostic::Result<Self> {
        if let Some(name) = import_without_wit(bytes) {
            return Err(no_wit_form(&format!("its import `{name}` is no function or interface")));
        }
        let decoded = wit_component::decode(bytes).map_err(|error| no_wit_form(&chain(&error)))?;
        match decoded {
            DecodedWasm::Component(resolve, world) => {
                Ok(Self::new(resolve, world, &Docs::read(Docs::section(bytes))))
            }
            DecodedWasm::WitPackage(..) => Err(Diagnostic::error(
                diagnostic::WIT_PACKAGE,
                "the file is a WIT package: it describes types and holds no code",
            )
            .help("Name the component that was built from it.")
            .into()),
        }
    }

    pub(super) fn new(resolve: Resolve, world: WorldId, docs: &Docs) -> Self {
        let externs = |items: &wit_parser::IndexMap<_, WorldItem>, exported: bool| {
            let one = |(key, item): (&_, &WorldItem)| match item {
                WorldItem::Interface { id, .. } => {
                    let name = key_name(&resolve, key);
                    Extern::Interface(interface(&resolve, *id, name, exported, docs))
                }
                WorldItem::Function(item) => {
                    Extern::Function(function(&resolve, item, None, exported, docs))
                }
                WorldItem::Type { id, .. } => {
                    let name = key_name(&resolve, key);
                    let definition = signature::definition(&resolve, *id);
                    Extern::Type(TypeInfo { name, definition, docs: None })
                }
            };
            items.iter().map(one).collect()
        };
        let imports = externs(&resolve.worlds[world].imports, false);
        let exports = externs(&resolve.worlds[world].exports, true);
        Self { resolve, world, imports, exports }
    }

    /// Every exported function, those that cannot be called among them.
    pub fn functions(&self) -> impl Iterator<Item = &FunctionInfo> {
        functions(&self.exports)
    }

    /// A warning about a component that exports nothing that could be called.
    pub fn nothing_to_call(&self) -> Option<Diagnostic> {
        if self.functions().any(|function| function.obstacle.is_none()) {
            return None;
        }
        let message = match self.functions().count() {
            0 => "the component exports no function, so nothing can be asked of it".to_string(),
            1 => "the only function that the component exports cannot be called".to_string(),
            count => {
                format!("none of the {count} functions that the component exports can be called")
            }
        };
        let warning = Diagnostic::warning(diagnostic::NOTHING_TO_CALL, message);
        Some(match self.functions().find_map(|f| Some((&f.name, f.obstacle.as_ref()?))) {
            Some((name, obstacle)) => warning.help(format!("`{name}`: {obstacle}.")),
            None => warning.help("Export an interface from its world, and build it again."),
        })
    }
}

fn functions(externs: &[Extern]) -> impl Iterator<Item = &FunctionInfo> {
    externs.iter().flat_map(|item| match item {
        Extern::Interface(interface) => interface.functions.as_slice(),
        Extern::Function(function) => std::slice::from_ref(function),
        Extern::Type(_) => &[],
    })
}

fn interface(
    resolve: &Resolve,
    id: InterfaceId,
    name: String,
    exported: bool,
    docs: &Docs,
) -> InterfaceInfo {
    let interface = &resolve.interfaces[id];
    let types = interface.types.iter().map(|(ty, id)| TypeInfo {
        name: ty.clone(),
        definition: signature::definition(resolve, *id),
        docs: docs.of_type(&name, ty),
    });
    // In the order in which WIT has them, which components need not keep: each resource's own, then the
    // free ones.
    let mut functions: Vec<&Function> = interface.functions.values().collect();
    functions.sort_by_cached_key(|function| match function.kind.resource() {
        Some(resource) => interface.types.values().position(|id| *id == resource),
        None => Some(interface.types.len()),
    });
    let functions = functions.into_iter();
    InterfaceInfo {
        docs: docs.of_interface(&name),
        types: types.collect(),
        functions: functions.map(|f| function(resolve, f, Some(&name), exported, docs)).collect(),
        name,
    }
}

fn function(
    resolve: &Resolve,
    function: &Function,
    interface: Option<&str>,
    exported: bool,
    docs: &Docs,
) -> FunctionInfo {
    let params = function.params.iter().map(|param| param.name.as_str());
    let obstacle = || {
        leftover(interface, &function.name, params)
            .or_else(|| signature::obstacle(resolve, function))
    };
    FunctionInfo {
        interface: interface.map(str::to_string),
        name: function.name.clone(),
        signature: signature::function(resolve, function),
        docs: docs.of_function(interface, &function.name),
        obstacle: exported.then(obstacle).flatten(),
    }
}

fn no_wit_form(reason: &str) -> Box<Diagnostic> {
    let message = format!("the component cannot be described in WIT: {reason}");
    Diagnostic::error(diagnostic::NO_WIT_FORM, message)
        .help("Build it with the component tools of its language.")
        .into()
}

/// The name of an import that decoding would leave out silently: a module, component or value.
fn import_without_wit(component: &[u8]) -> Option<String> {
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(component).map_while(Result::ok) {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports.into_iter().map_while(Result::ok) {
                    use ComponentTypeRef::{Func, Instance, Type};
                    if !matches!(import.ty, Func(_) | Instance(_) | Type(_)) {
                        return Some(import.name.name.to_string());
                    }
                }
            }
            _ => {}
        }
    }
    None
}

/// Tells apart what the first eight bytes can tell apart.
fn check_header(bytes: &[u8]) -> diagnostic::Result<()> {
    let not_wasm = |message: &str, help: &str| {
        Err(Diagnostic::error(diagnostic::NOT_WASM, message).help(help).into())
    };
    if bytes.is_empty() {
        return not_wasm("the file is empty", "Build the component again.");
    }
    if bytes.len() > MAX_COMPONENT_BYTES {
        return not_wasm(
            "the file is larger than 256 MiB",
            "Strip the component of its debug information.",
        );
    }
    if Parser::is_component(bytes) {
        return Ok(());
    }
    if Parser::is_core_wasm(bytes) {
        return Err(Diagnostic::error(
            diagnostic::CORE_MODULE,
            "the file is a core WebAssembly module and not a component",
        )
        .help(
            "Turn it into a component: `theater build` does it if the module carries its world, as \
             those of wit-bindgen do; otherwise use `wasm-tools component new`.",
        )
        .into());
    }
    let magic = b"\0asm";
    if bytes.starts_with(magic) {
        let message = match bytes.len() {
            0..8 => "the file ends within the first eight bytes",
            _ => "the file is WebAssembly of a version that is not known",
        };
        return Err(Diagnostic::error(diagnostic::INVALID_WASM, message)
            .help("Build the component again, with current tools.")
            .into());
    }
    if magic.starts_with(bytes) {
        return not_wasm("the file ends within the first four bytes", "Build the component again.");
    }
    not_wasm(
        "the file is not WebAssembly: it does not begin with the bytes 00 61 73 6d",
        "Name a component, a file that normally ends in .wasm.",
    )
}

fn validate(bytes: &[u8]) -> diagnostic::Result<()> {
    let Err(refused) = Validator::new_with_features(supported()).validate_all(bytes) else {
        return Ok(());
    };
    if Validator::new_with_features(WasmFeatures::all()).validate_all(bytes).is_ok() {
        return Err(Diagnostic::error(
            diagnostic::COMPONENT_TOO_NEW,
            format!(
                "the component needs a part of WebAssembly that is not supported yet: {}",
                refused.message()
            ),
        )
        .help("Build it for WASI 0.2 (async, streams and futures came with WASI 0.3).")
        .into());
    }
    let message = refused.message();
    let text = if message.contains("unexpected end") {
        format!("the component is cut off: it ends at byte {}, within a section", bytes.len())
    } else {
        format!(
            "the component is not valid at byte {}: {}",
            refused.offset(),
            message.replace('\n', " ")
        )
    };
    Err(Diagnostic::error(diagnostic::INVALID_WASM, text)
        .help("Correct what it is built from if need be, and build it again.")
        .into())
}

/// What components may use: everything but the parts of the component model that came after
/// WASI 0.2. Which instructions the engine accepts is the engine's matter.
fn supported() -> WasmFeatures {
    WasmFeatures::all()
        - WasmFeatures::CM_VALUES
        - WasmFeatures::CM_NESTED_NAMES
        - WasmFeatures::CM_ASYNC
        - WasmFeatures::CM_ASYNC_STACKFUL
        - WasmFeatures::CM_MORE_ASYNC_BUILTINS
        - WasmFeatures::CM_THREADING
        - WasmFeatures::CM_ERROR_CONTEXT
        - WasmFeatures::CM_FIXED_LENGTH_LISTS
        - WasmFeatures::CM_GC
        - WasmFeatures::CM_MAP
        - WasmFeatures::CM64
        - WasmFeatures::CM_IMPLEMENTS
        - WasmFeatures::CM_CANON_NAMES
        - WasmFeatures::CUSTOM_DESCRIPTORS
}

/// An error with its causes, on one line.
pub(super) fn chain(error: &impl std::fmt::Display) -> String {
    format!("{error:#}").replace('\n', " ")
}
