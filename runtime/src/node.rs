//! The running system: it owns the engine, the log and the actors.
//!
//! [`Node::open`] begins a run or goes on with one; [`Node::spawn`], [`Node::call`] and
//! [`Node::stop`] are what a person or a program does with it. All of it is recorded.

mod recover;
mod reload;
mod start;

use crate::actor::{Actor, Call, CallError, Control, Handle, Life, Reply, Task, WarmInstances};
use crate::boundary::export::INIT;
use crate::cache::Cache;
use crate::diagnostic::{Diagnostic, NAME_TAKEN, NODE_STOPPED, RUN_UNWRITABLE, Result};
use crate::engine::{EngineConfig, KEPT_INSTANCES, KEPT_MEMORY, TURNS_AT_ONCE};
use crate::handlers::filesystem;
use crate::manifest::Manifest;
use crate::state::State;
use crate::trace::{
    ActorId, Cause, Code, Durability, Entry, Hash, Kind, Log, LogFailed, RunDir, Subscription,
};
use crate::turn::{Compiled, Compiler, Program};
use crate::world::Binary;
use recover::Recovered;
pub(crate) use recover::manifest as recorded_manifest;
pub use reload::{Trial, Tried};
pub use start::{Beginning, Begun, Loaded, Start, Which, Written};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use wasmtime::component::{Type, Val};

/// How long an actor that is told to end may go on with its present turn: OTP's default.
const GRACE: Duration = Duration::from_secs(5);

/// A running system of actors. Cloning it gives another hand on the same node.
#[derive(Debug, Clone)]
pub struct Node {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    compiler: Compiler,
    run: RunDir,
    log: Arc<Log>,
    slots: Arc<Semaphore>,
    warm: Arc<WarmInstances>,
    registry: Mutex<Registry>,
    compiled: Mutex<HashMap<Hash, Compiled>>,
}

#[derive(Debug)]
struct Registry {
    living: BTreeMap<Arc<str>, Handle>,
    next_id: u64,
    ending: bool,
}

/// What opening a run found.
#[derive(Debug)]
pub struct Opened {
    /// The node.
    pub node: Node,
    /// How many bytes of a torn record, left by a crash, were cut off and set aside.
    pub cut: u64,
    /// The actors that live again, by name.
    pub resumed: Vec<Arc<Actor>>,
}

/// A component that has passed every check and could be spawned.
#[derive(Debug)]
pub struct Prepared {
    manifest: Manifest,
    binary: Binary,
    program: Program,
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

impl Node {
    /// Begins a run in an empty folder, or goes on with the one that is there: every actor that
    /// lived when it ended lives again, with its last committed state. Compiled components are taken
    /// from the cache, and kept there.
    ///
    /// # Errors
    ///
    /// When another process writes the run, when it is damaged or cannot be written, or when a
    /// recorded component cannot be loaded any more.
    pub async fn open(run: RunDir, durability: Durability, cache: Cache) -> Result<Opened> {
        let config = EngineConfig::default();
        let compiler = Compiler::new(config, cache)?;
        let mut recovered = Recovered::default();
        let opening = Log::open(&run, durability, |_, record| recovered.follow(&run, record))?;
        let stored_config = run
            .blobs()
            .put(config.to_text().as_bytes())
            .map_err(|error| Diagnostic::io(RUN_UNWRITABLE, "write", run.path(), &error))?;
        let node = Self {
            inner: Arc::new(Inner {
                compiler,
                run,
                log: Arc::new(opening.log),
                slots: Arc::new(Semaphore::new(TURNS_AT_ONCE as usize)),
                warm: Arc::new(WarmInstances::new(KEPT_INSTANCES as usize, KEPT_MEMORY)),
                registry: Mutex::new(Registry {
                    living: BTreeMap::new(),
                    next_id: recovered.next_id(),
                    ending: false,
                }),
                compiled: Mutex::default(),
            }),
        };
        let kind = Kind::Opened {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            engine: stored_config,
            cut: opening.cut,
        };
        node.append(ActorId::NODE, kind)?;
        let mut resumed = Vec::new();
        for actor in recovered.living() {
            resumed.extend(node.resume(actor)?);
        }
        resumed.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Opened { node, cut: opening.cut, resumed })
    }

    /// The run that the node writes.
    pub fn run(&self) -> &RunDir {
        &self.inner.run
    }

    /// Where compiled components are kept.
    pub fn cache(&self) -> &Cache {
        self.inner.compiler.cache()
    }

    /// Checks a component against its manifest, compiles and links it. None of its code runs.
    ///
    /// # Errors
    ///
    /// Everything for which it is refused.
    pub fn prepare(&self, manifest: Manifest, binary: Binary) -> Result<Prepared, Vec<Diagnostic>> {
        if let Some(runs) = self.run().path().parent() {
            filesystem::check_runs(&manifest, runs)?;
        }
        let compiled = self.compile(&binary).map_err(|error| vec![*error])?;
        let program = Program::link(&compiled, &manifest)?;
        Ok(Prepared { manifest, binary, program })
    }

    /// Compiles a component, unless this node has compiled it before.
    fn compile(&self, binary: &Binary) -> Result<Compiled> {
        let known = || self.inner.compiled.lock().unwrap_or_else(|p| p.into_inner());
        if let Some(compiled) = known().get(&binary.hash) {
            return Ok(compiled.clone());
        }
        let compiled = self.inner.compiler.compile(binary)?;
        known().insert(binary.hash, compiled.clone());
        Ok(compiled)
    }

    /// Spawns an actor: it is recorded, its `init` runs as turn 0, and it takes messages.
    /// `init` are the arguments of its `init`, of its types. `origin` are the words with which
    /// somebody outside asked for it.
    ///
    /// # Errors
    ///
    /// When the name is taken, when the actor refuses to start or its `init` aborts, or when the
    /// run cannot be written.
    pub async fn spawn(
        &self,
        prepared: Prepared,
        name: &str,
        init: Vec<Val>,
        origin: Option<String>,
    ) -> Result<Arc<Actor>> {
        let Code { component, manifest: manifest_hash } = self.store(&prepared)?;
        let Prepared { manifest, program, .. } = prepared;
        let init_message = program.init().map(|function| function.encode_arguments(&init));

        let (actor, mailbox) = {
            let mut registry = self.registry();
            registry.check_free(name)?;
            let id = ActorId(registry.next_id);
            registry.next_id += 1;
            let kind = Kind::Spawned { name: name.to_owned(), component, manifest: manifest_hash };
            self.append(id, kind)?;
            let life = Life { incarnation: 1, next_turn: 1, state: State::default() };
            let actor = Arc::new(Actor::new(name.into(), id, manifest, program, &life));
            let mailbox = self.start(&mut registry, actor.clone(), life);
            (actor, mailbox)
        };
        if let Some(encoded) = init_message {
            let (reply, answer) = oneshot::channel();
            let call = Call {
                function: INIT.to_owned(),
                generation: 0,
                arguments: init,
                encoded,
                cause: Cause::Runtime,
                origin,
                reply,
            };
            // The mailbox is new and empty; should the node end just now, the answer says so.
            let _ = mailbox.try_send(call);
            let answer = answer.await.unwrap_or_else(|_| Err(CallError::Ended(name.to_owned())));
            if let Err(error) = answer {
                // Its name is free again when this is told.
                let task = self.registry().take_task(&actor);
                if let Some(task) = task {
                    end(&actor, task).await;
                }
                return Err(Box::new(error.diagnostic()));
            }
        }
        // Without an `init` there was no answer to wait for.
        self.inner.log.flush().await?;
        Ok(actor)
    }

    /// Makes what an actor is to execute part of the run.
    fn store(&self, prepared: &Prepared) -> Result<Code> {
        let unwritable = |error| Diagnostic::io(RUN_UNWRITABLE, "write", self.run().path(), &error);
        let blobs = self.run().blobs();
        let component =
            blobs.put_hashed(&prepared.binary.bytes, prepared.binary.hash).map_err(unwritable)?;
        let effective = prepared.manifest.effective_toml();
        let manifest = blobs.put(effective.as_bytes()).map_err(unwritable)?;
        Ok(Code { component, manifest })
    }

    /// An actor of a run that goes on; none if its `init` had not yet run when the node died.
    fn resume(&self, found: recover::Actor) -> Result<Option<Arc<Actor>>> {
        let blobs = self.run().blobs();
        let read = |what: &str, hash: &Hash| {
            blobs.get(hash).map_err(|error| {
                let path = blobs.path(hash);
                let action = format!("read the {what} of `{}` from", found.name);
                Diagnostic::io(crate::diagnostic::TRACE_DAMAGED, &action, &path, &error)
            })
        };
        let manifest = recorded_manifest(&found.name, &read("manifest", &found.code.manifest)?)?;
        let bytes = read("component", &found.code.component)?;
        let binary = Binary::with_hash(bytes, found.code.component, self.cache())?;
        let compiled = self.compile(&binary)?;
        let program = Program::link(&compiled, &manifest).map_err(|mut problems| {
            // Linking reports at least one problem when it fails.
            problems.swap_remove(0)
        })?;
        if program.init().is_some() && !found.initialized {
            // Nobody was told that it lives.
            self.append(found.id, Kind::Stopped)?;
            return Ok(None);
        }
        if found.reverted {
            // The node died before its upgrade was done.
            self.append(found.id, Kind::Reloaded { code: found.code, upgrade: false })?;
        }
        let life = Life { incarnation: found.life.incarnation + 1, ..found.life };
        self.append(found.id, Kind::Restarted { incarnation: life.incarnation })?;
        let actor = Arc::new(Actor::new(found.name.into(), found.id, manifest, program, &life));
        self.start(&mut self.registry(), actor.clone(), life);
        Ok(Some(actor))
    }

    fn start(&self, registry: &mut Registry, actor: Arc<Actor>, life: Life) -> mpsc::Sender<Call> {
        let (mailbox, messages) = mpsc::channel(actor.manifest.limits.mailbox.max(1) as usize);
        let (control, commands) = mpsc::unbounded_channel();
        let task = Task {
            actor: actor.clone(),
            life,
            log: self.inner.log.clone(),
            slots: self.inner.slots.clone(),
            warm: self.inner.warm.clone(),
            mailbox: messages,
            control: commands,
        };
        let name = actor.name.clone();
        let task = tokio::spawn({
            let (node, actor) = (Arc::downgrade(&self.inner), actor.clone());
            async move {
                task.run().await;
                if let Some(inner) = node.upgrade() {
                    Self { inner }.registry().forget(&actor);
                }
            }
        });
        let handle = Handle { actor, mailbox: mailbox.clone(), control, task: Some(task) };
        registry.living.insert(name, handle);
        mailbox
    }

    /// Calls an exported function of an actor, by its full name, with arguments of its types, and
    /// waits for the answer to be stored. `origin` are the words of the call, for the trace.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn call(
        &self,
        actor: &str,
        function: &str,
        arguments: Vec<Val>,
        origin: Option<String>,
    ) -> Result<Reply, CallError> {
        let (target, mailbox) = {
            let registry = self.registry();
            let handle =
                registry.get(actor).ok_or_else(|| CallError::NoSuchActor(actor.to_owned()))?;
            (handle.actor.clone(), handle.mailbox.clone())
        };
        let encoded = target.encode_message(function, &arguments)?;
        let (reply, answer) = oneshot::channel();
        let function = function.to_owned();
        let (cause, generation) = (Cause::Outside, target.generation());
        let call = Call { function, generation, arguments, encoded, cause, origin, reply };
        mailbox.try_send(call).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CallError::Overloaded(actor.to_owned()),
            mpsc::error::TrySendError::Closed(_) => CallError::Ended(actor.to_owned()),
        })?;
        answer.await.unwrap_or_else(|_| Err(CallError::Ended(actor.to_owned())))
    }

    /// The living actors, by name.
    pub fn actors(&self) -> Vec<Arc<Actor>> {
        let registry = self.registry();
        registry.living.values().filter(|h| h.is_alive()).map(|h| h.actor.clone()).collect()
    }

    /// The living actor of this name.
    pub fn actor(&self, name: &str) -> Option<Arc<Actor>> {
        self.registry().get(name).map(|handle| handle.actor.clone())
    }

    /// How many messages wait for an actor.
    pub fn waiting(&self, name: &str) -> usize {
        let registry = self.registry();
        registry
            .get(name)
            .map_or(0, |handle| handle.mailbox.max_capacity() - handle.mailbox.capacity())
    }

    /// Tells of records from now on, as they are stored.
    pub fn subscribe(&self) -> Subscription {
        self.inner.log.subscribe()
    }

    /// Stops an actor for good: it gets its last turn, and its name is free again.
    ///
    /// # Errors
    ///
    /// When there is no such actor.
    pub async fn stop(&self, name: &str) -> Result<(), CallError> {
        let (task, actor) = {
            let mut registry = self.registry();
            let handle = registry.living.get_mut(name).filter(|handle| handle.is_alive());
            let handle = handle.ok_or_else(|| CallError::NoSuchActor(name.to_owned()))?;
            // If the actor ends in this moment, it is stopped all the same.
            let _ = handle.control.send(Control::Stop);
            (handle.task.take(), handle.actor.clone())
        };
        if let Some(task) = task {
            end(&actor, task).await;
        }
        self.inner.log.flush().await?;
        Ok(())
    }

    /// Ends the node in order: every actor gets its last turn, the run is closed. The actors live
    /// again when the run goes on.
    ///
    /// # Errors
    ///
    /// When the end of the run could not be stored.
    pub async fn shutdown(&self) -> Result<(), CallError> {
        let tasks: Vec<_> = {
            let mut registry = self.registry();
            registry.ending = true;
            let handles = registry.living.values_mut();
            handles
                .filter_map(|handle| {
                    // An actor that has ended does not listen, and need not.
                    let _ = handle.control.send(Control::Shutdown);
                    Some((handle.actor.clone(), handle.task.take()?))
                })
                .collect()
        };
        let mut ends: tokio::task::JoinSet<()> =
            tasks.into_iter().map(|(actor, task)| async move { end(&actor, task).await }).collect();
        while ends.join_next().await.is_some() {}
        self.append(ActorId::NODE, Kind::Closed)?;
        self.inner.log.flush().await?;
        self.inner.log.close();
        Ok(())
    }

    fn append(&self, actor: ActorId, kind: Kind) -> Result<u64, LogFailed> {
        self.inner.log.append(Entry { actor, kind, payloads: Vec::new() })
    }

    /// The registry is only changed in whole steps, so it holds even if a thread died with the lock.
    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.inner.registry.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Waits until an actor that was told to end has ended. Each turn that it still executes, its last
/// one among them, gets some time, and is then cut off.
async fn end(actor: &Actor, mut task: JoinHandle<()>) {
    // An actor's task does not panic; if it did, it has ended.
    while tokio::time::timeout(GRACE, &mut task).await.is_err() {
        actor.cancel_turn();
    }
}

impl Registry {
    /// The task of an actor, for waiting until it has ended.
    fn take_task(&mut self, actor: &Actor) -> Option<JoinHandle<()>> {
        let handle = self.living.get_mut(&actor.name)?;
        if handle.actor.id == actor.id { handle.task.take() } else { None }
    }

    /// Takes an actor that has ended off the list, unless another one has its name by now.
    fn forget(&mut self, actor: &Actor) {
        if self.living.get(&actor.name).is_some_and(|handle| handle.actor.id == actor.id) {
            self.living.remove(&actor.name);
        }
    }

    /// Takes over an actor that was reloaded, unless it was again in the meantime.
    fn exchange(&mut self, actor: &Arc<Actor>) {
        if let Some(handle) = self.living.get_mut(&actor.name)
            && handle.actor.id == actor.id
            && handle.actor.generation() < actor.generation()
        {
            handle.actor = actor.clone();
        }
    }

    fn get(&self, name: &str) -> Option<&Handle> {
        self.living.get(name).filter(|handle| handle.is_alive())
    }

    fn check_free(&self, name: &str) -> Result<()> {
        if self.ending {
            return Err(Box::new(Diagnostic::error(NODE_STOPPED, "the node is ending")));
        }
        if self.get(name).is_some() {
            let message = format!("an actor `{name}` is running already");
            return Err(Box::new(
                Diagnostic::error(NAME_TAKEN, message)
                    .help(format!("Give it another name, or `stop {name}` first.")),
            ));
        }
        Ok(())
    }
}

impl From<LogFailed> for Box<Diagnostic> {
    fn from(failed: LogFailed) -> Self {
        Box::new(CallError::NotStored(failed).diagnostic())
    }
}
