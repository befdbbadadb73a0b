use super::program::unsupported;
use crate::cache::{Cache, Key, Kind};
use crate::diagnostic::{Diagnostic, ENGINE_CANNOT_START, reason};
use crate::engine::{EngineConfig, Pool, Purpose};
use crate::trace::Hash;
use crate::world::{Binary, ComponentInfo};
use std::hash::Hasher;
use std::sync::Arc;
use wasmtime::Engine;
use wasmtime::component::Component;

/// An engine that compiles components, or finds them compiled in a cache.
pub struct Compiler {
    engine: Engine,
    pool: Pool,
    /// All that compiled code depends on beside the component.
    settings: Vec<u8>,
    cache: Cache,
}

/// A compiled component. Cloning it is cheap.
#[derive(Clone)]
pub struct Compiled {
    /// The SHA-256 of the component's bytes.
    pub hash: Hash,
    /// What the component says about itself.
    pub info: Arc<ComponentInfo>,
    pub(super) component: Component,
}

impl std::fmt::Debug for Compiler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiler").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled").field("hash", &self.hash).finish_non_exhaustive()
    }
}

impl Compiler {
    /// Makes the engine.
    ///
    /// # Errors
    ///
    /// When this machine cannot give what the engine reserves.
    pub fn new(
        config: EngineConfig,
        purpose: Purpose,
        cache: Cache,
    ) -> Result<Self, Box<Diagnostic>> {
        let (engine, pool) = config.engine(purpose).map_err(|error| {
            let message = format!("the engine cannot start: {}", reason(&error.root_cause()));
            Diagnostic::error(ENGINE_CANNOT_START, message)
        })?;
        let settings = settings(config, &engine);
        Ok(Self { engine, pool, settings, cache })
    }

    /// What its engine has room for.
    pub fn pool(&self) -> Pool {
        self.pool
    }

    /// The cache.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Compiles a component, unless the cache has it.
    ///
    /// # Errors
    ///
    /// When the engine does not support the component.
    pub fn compile(&self, binary: &Binary) -> Result<Compiled, Box<Diagnostic>> {
        let key = Key::new(Kind::Code, &binary.hash, &self.settings);
        let component = match self.cache.component(&self.engine, &key) {
            Some(component) => component,
            None => {
                let component = Component::from_binary(&self.engine, &binary.bytes)
                    .map_err(|error| unsupported(&error))?;
                // Code that cannot be written out is not kept.
                if let Ok(code) = component.serialize() {
                    self.cache.write(&key, &code);
                }
                component
            }
        };
        Ok(Compiled { hash: binary.hash, info: binary.info.clone(), component })
    }
}

/// Our own settings, some of which are not in wasmtime's, and wasmtime's, which know more of the
/// processor and of the compiler.
fn settings(config: EngineConfig, engine: &Engine) -> Vec<u8> {
    let mut hasher = SettingsHasher(blake3::Hasher::new());
    std::hash::Hash::hash(&engine.precompile_compatibility_hash(), &mut hasher);
    let mut settings = config.to_text().into_bytes();
    settings.extend(hasher.0.finalize().as_bytes());
    settings
}

/// Gives all that is hashed to BLAKE3: 64 bits would be too few to rely on.
struct SettingsHasher(blake3::Hasher);

impl Hasher for SettingsHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let hash = self.0.finalize();
        u64::from_le_bytes(*hash.as_bytes().first_chunk().unwrap_or(&[0; 8]))
    }
}
