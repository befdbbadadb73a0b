//! Core modules into components.

use crate::codes;
use theater_runtime::diagnostic::{self, Diagnostic};
use theater_runtime::world::Wit;
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::WorldId;

/// Turns a core module into a component, by the world that is embedded in it or else by the
/// project's own. Anything else is handed back as it is.
pub(crate) fn componentize(
    bytes: Vec<u8>,
    world: Option<(&Wit, WorldId)>,
) -> diagnostic::Result<Vec<u8>> {
    if !Parser::is_core_wasm(&bytes) {
        return Ok(bytes);
    }
    let mut module = bytes;
    if !carries_world(&module) {
        let Some((wit, world)) = world else {
            return Err(Diagnostic::error(
                codes::BUILD_OUTPUT,
                "the build made a core module that carries no world, and the project has none either",
            )
            .help("Describe the world in wit/world.wit, and name it as `world` under `[actor]`.")
            .into());
        };
        wit_component::embed_component_metadata(
            &mut module,
            &wit.resolve,
            world,
            StringEncoding::UTF8,
            false,
        )
        .map_err(|error| refused(&error))?;
    }
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| refused(&error))
}

/// Whether the module has a section that describes its world.
fn carries_world(module: &[u8]) -> bool {
    Parser::new(0).parse_all(module).map_while(Result::ok).any(|payload| {
        matches!(payload, Payload::CustomSection(section)
            if section.name().starts_with("component-type"))
    })
}

fn refused(error: &impl std::fmt::Display) -> Box<Diagnostic> {
    let causes = format!("{error:#}").replace('\n', " ");
    let problem = Diagnostic::error(
        codes::BUILD_OUTPUT,
        format!("the core module cannot be turned into a component: {causes}"),
    );
    match causes.contains("wasi_snapshot_preview1") {
        true => problem.help(
            "It was built for WASI 0.1; build it for `wasm32-unknown-unknown`, or let its own tools \
             make the component.",
        ),
        false => problem.help("Give its imports and exports the names and types of its world."),
    }
    .into()
}
