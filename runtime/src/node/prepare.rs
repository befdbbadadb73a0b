//! What has passed every check and could be spawned: compiled once per component, linked once per component and manifest.

use super::Node;
use crate::diagnostic::{Diagnostic, RUN_UNWRITABLE, Result};
use crate::handlers::filesystem;
use crate::manifest::{Child, Manifest};
use crate::trace::{Code, Hash};
use crate::turn::{Compiled, Program};
use crate::world::Binary;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use wasmtime::component::{Type, Val};

/// A component that has passed every check and could be spawned.
#[derive(Debug)]
pub struct Prepared {
    pub(super) manifest: Manifest,
    pub(super) program: Arc<Program>,
    /// Those that start with it, and those that it may ask for.
    pub(super) children: Vec<PreparedChild>,
    pub(super) code: Code,
    binary: Binary,
    /// The manifest as the run has it.
    effective: String,
}

/// A child that goes with it.
#[derive(Debug)]
pub(super) struct PreparedChild {
    pub spec: Child,
    pub prepared: Prepared,
    /// The arguments of its `init`; none yet for one that is started on request.
    pub init: Vec<Val>,
}

impl Prepared {
    /// The parameters of its `init`; none if it has no `init`.
    pub fn init_params(&self) -> &[(String, Type)] {
        self.program.init().map_or(&[], |init| &init.params)
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its component, linked.
    pub fn program(&self) -> &Program {
        &self.program
    }
}

/// What a node has compiled and linked: many actors can have the same code.
#[derive(Debug, Default)]
pub(super) struct Programs {
    compiled: Mutex<HashMap<Hash, Compiled>>,
    linked: Mutex<Linked>,
}

#[derive(Debug, Default)]
struct Linked {
    /// As long as an actor has it, or somebody has prepared it.
    known: HashMap<Code, Weak<Program>>,
    /// At which size those are looked for that nobody has.
    sweep_at: usize,
}

impl Programs {
    fn compiled(&self, hash: &Hash) -> Option<Compiled> {
        lock(&self.compiled).get(hash).cloned()
    }

    /// The program of this code, linked if nobody has it.
    pub fn program<E>(
        &self,
        code: Code,
        link: impl FnOnce() -> Result<Program, E>,
    ) -> Result<Arc<Program>, E> {
        let known = lock(&self.linked).known.get(&code).and_then(Weak::upgrade);
        if let Some(program) = known {
            return Ok(program);
        }
        // Should somebody else link it at the same time, one of the two is forgotten.
        let program = Arc::new(link()?);
        lock(&self.linked).keep(code, &program);
        Ok(program)
    }
}

impl Linked {
    fn keep(&mut self, code: Code, program: &Arc<Program>) {
        if self.known.len() >= self.sweep_at {
            self.known.retain(|_, program| program.strong_count() > 0);
            self.sweep_at = (self.known.len() * 2).max(64);
        }
        self.known.insert(code, Arc::downgrade(program));
    }
}

/// Both maps are only changed in whole steps, so they hold even if a thread died with the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Node {
    /// Checks a component against its manifest, compiles and links it. None of its code runs.
    ///
    /// # Errors
    ///
    /// Everything for which it is refused.
    pub fn prepare(&self, manifest: Manifest, binary: Binary) -> Result<Prepared, Vec<Diagnostic>> {
        if let Some(runs) = self.run().path().parent() {
            filesystem::check_runs(&manifest, runs)?;
        }
        let programs = &self.inner.programs;
        let compiled = match programs.compiled(&binary.hash) {
            Some(compiled) => compiled,
            None => std::thread::scope(|scope| {
                // A large one takes as long to store as to load. What fails here is done, and told, by
                // `Node::spawn`.
                let storing = || drop(self.run().store(&binary.bytes, binary.hash));
                let _ = std::thread::Builder::new().spawn_scoped(scope, storing);
                self.compile(&binary)
            })
            .map_err(|error| vec![*error])?,
        };
        let effective = manifest.effective_toml();
        let code = Code { component: binary.hash, manifest: Hash::of(effective.as_bytes()) };
        let program = programs.program(code, || Program::link(&compiled, &manifest))?;
        Ok(Prepared { manifest, program, children: Vec::new(), binary, effective, code })
    }

    /// Compiles a component, unless this node has compiled it before.
    pub(super) fn compile(&self, binary: &Binary) -> Result<Compiled> {
        let programs = &self.inner.programs;
        if let Some(compiled) = programs.compiled(&binary.hash) {
            return Ok(compiled);
        }
        let compiled = self.inner.compiler.compile(binary)?;
        lock(&programs.compiled).insert(binary.hash, compiled.clone());
        Ok(compiled)
    }

    /// Makes what an actor is to execute part of the run.
    pub(super) fn store(&self, prepared: &Prepared) -> Result<Code> {
        let unwritable = |error| Diagnostic::io(RUN_UNWRITABLE, "write", self.run().path(), &error);
        let Code { component, manifest } = prepared.code;
        self.run().store(&prepared.binary.bytes, component).map_err(unwritable)?;
        self.run()
            .blobs()
            .put_hashed(prepared.effective.as_bytes(), manifest)
            .map_err(unwritable)?;
        Ok(prepared.code)
    }
}
