//! The running system: it owns the engine, the log and the actors.
//!
//! [`Node::open`] begins a run or goes on with one; [`Node::spawn`], [`Node::call`] and
//! [`Node::stop`] are what a person or a program does with it. All of it is recorded.

mod application;
mod bonds;
mod enroll;
mod household;
mod member;
mod outside;
mod peers;
mod recover;
mod reload;
mod revive;
mod snapshots;
mod spawned;
mod start;
mod tree;
mod unfinished;
mod waits;

use crate::actor::{Actor, CallError, Control, Handle, Post, Slots, WarmInstances};
use crate::cache::Cache;
use crate::diagnostic::{
    CHILD_FAILED, Diagnostic, NAME_TAKEN, NODE_STOPPED, RUN_UNWRITABLE, Result,
};
use crate::engine::{EngineConfig, KEPT_INSTANCES, KEPT_MEMORY};
use crate::handlers::filesystem;
use crate::manifest::{Child, Manifest, Restart};
use crate::surroundings::{self, Group, Running};
use crate::trace::{
    ActorId, Code, Durability, Entry, Hash, Kind, Log, LogFailed, Opening, RunDir, Step,
    Subscription,
};
use crate::turn::{Compiled, Compiler, Program};
use crate::world::Binary;
use bonds::Bonds;
use enroll::{Place, Plan, Templates};
use member::Member;
use peers::{PostOffice, Promised};
use recover::Recovered;
pub(crate) use recover::manifest as recorded_manifest;
pub use reload::{Trial, Tried};
pub use snapshots::{check_snapshots, make_snapshot, recovered};
pub use start::{Beginning, Begun, Loaded, Start, Which, Written};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::oneshot;
pub use tree::Kin;
use waits::Waits;
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
    slots: Arc<Slots>,
    waits: Arc<Waits>,
    promised: Promised,
    /// The node itself, as its actors see each other through it.
    post: Arc<dyn Post>,
    warm: Arc<WarmInstances>,
    registry: Mutex<Registry>,
    compiled: Mutex<HashMap<Hash, Compiled>>,
}

#[derive(Debug)]
struct Registry {
    living: BTreeMap<Arc<str>, Handle>,
    /// The paths of those that live.
    names: HashMap<ActorId, Arc<str>>,
    /// What supervisors may start on request, by its name.
    templates: HashMap<ActorId, Templates>,
    /// The paths that turns have reserved for children, by the steps that asked.
    reserved: BTreeMap<Step, Arc<str>>,
    /// Children that are recorded, until their supervisors start them.
    newborn: HashMap<Arc<str>, Member>,
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
    /// What kept others from it.
    pub problems: Vec<Diagnostic>,
}

/// A component that has passed every check and could be spawned.
#[derive(Debug)]
pub struct Prepared {
    manifest: Manifest,
    binary: Binary,
    program: Program,
    /// Those that start with it, and those that it may ask for.
    children: Vec<PreparedChild>,
}

/// A child that goes with it.
#[derive(Debug)]
struct PreparedChild {
    spec: Child,
    prepared: Prepared,
    /// The arguments of its `init`; none yet for one that is started on request.
    init: Vec<Val>,
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
    /// lived when it ended lives again, with its last committed state. Answers wait for what `durability`
    /// says; if it says nothing, for what they waited for before. Compiled components are taken from the
    /// cache, and kept there.
    ///
    /// # Errors
    ///
    /// When another process writes the run, when it is damaged or cannot be written, or when a
    /// recorded component cannot be loaded any more.
    pub async fn open(run: RunDir, durability: Option<Durability>, cache: Cache) -> Result<Opened> {
        let config = EngineConfig::default();
        let compiler = Compiler::new(config, cache)?;
        let (opening, mut recovered) = Opening::fold::<Recovered>(&run)?;
        let cut = opening.cut();
        let since = opening.since();
        let log = Arc::new(opening.begin(durability)?);
        snapshots::keep(run.clone(), &log, since);
        while let Some((actor, kind)) = recovered.next_exit() {
            let entry = Entry { actor, kind: kind.clone(), payloads: Vec::new() };
            let position = log.append(entry)?;
            recovered.happened(&run, actor, position, &kind, &[])?;
        }
        let (next_id, bonds) = (recovered.next_id(), Arc::new(Mutex::new(recovered.bonds())));
        let stored_config = run
            .blobs()
            .put(config.to_text().as_bytes())
            .map_err(|error| Diagnostic::io(RUN_UNWRITABLE, "write", run.path(), &error))?;
        let (left, promises) = recovered.take_left();
        let promised = Promised::new(promises);
        let inner = Arc::new_cyclic(|node| Inner {
            compiler,
            run,
            log: log.clone(),
            slots: Arc::new(Slots::new()),
            waits: Arc::default(),
            promised,
            post: Arc::new(PostOffice { node: node.clone(), log, bonds }),
            warm: Arc::new(WarmInstances::new(KEPT_INSTANCES as usize, KEPT_MEMORY)),
            registry: Mutex::new(Registry {
                living: BTreeMap::new(),
                names: HashMap::new(),
                templates: HashMap::new(),
                reserved: BTreeMap::new(),
                newborn: HashMap::new(),
                next_id,
                ending: false,
            }),
            compiled: Mutex::default(),
        });
        let node = Self { inner };
        let kind = Kind::Opened {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            engine: stored_config,
            cut,
            durability: node.inner.log.durability(),
        };
        node.inner.log.append(Entry { actor: ActorId::NODE, kind, payloads: Vec::new() })?;
        let (resumed, problems) = node.resume(recovered, left).await?;
        Ok(Opened { node, cut, resumed, problems })
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
        let compiled = std::thread::scope(|scope| {
            // A large one takes as long to store as to load. What fails here is done, and told, by
            // `Node::spawn`.
            let storing = || drop(self.run().store(&binary.bytes, binary.hash));
            let _ = std::thread::Builder::new().spawn_scoped(scope, storing);
            self.compile(&binary)
        });
        let program = Program::link(&compiled.map_err(|error| vec![*error])?, &manifest)?;
        Ok(Prepared { manifest, binary, program, children: Vec::new() })
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
        let plan = self.plan(prepared, init, origin.as_deref())?;
        let (ready, started) = oneshot::channel();
        let actor = {
            let mut registry = self.registry();
            registry.check_free(name)?;
            let place = Place { path: name.to_owned(), parent: None, request: None };
            let member = self.enroll(&mut registry, plan, place)?;
            let actor = member.actor().clone();
            self.start(&mut registry, member, ready);
            actor
        };
        let started = started.await.unwrap_or_else(|_| Err(self.unwritable()));
        if let Err(problem) = started {
            // Its name is free again when this is told.
            let task = self.registry().take_task(&actor);
            if let Some(task) = task {
                end(self, &actor, task).await;
            }
            return Err(problem);
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
            self.run().store(&prepared.binary.bytes, prepared.binary.hash).map_err(unwritable)?;
        let effective = prepared.manifest.effective_toml();
        let manifest = blobs.put(effective.as_bytes()).map_err(unwritable)?;
        Ok(Code { component, manifest })
    }

    /// What is said when the log was closed under somebody who waited for it.
    fn unwritable(&self) -> Box<Diagnostic> {
        let message = format!("the run {} cannot be written", self.run().path().display());
        Box::new(Diagnostic::error(RUN_UNWRITABLE, message))
    }

    /// Starts an actor under the node's root.
    fn start(&self, registry: &mut Registry, member: Member, ready: member::Ready) {
        let actor = member.actor().clone();
        let weak = Arc::downgrade(&self.inner);
        let task = surroundings::spawn({
            let (node, actor) = (weak.clone(), actor.clone());
            async move {
                member.live_under_root(weak, ready).await;
                if let Some(inner) = node.upgrade() {
                    Self { inner }.registry().forget(&actor);
                }
            }
        });
        if let Some(handle) = registry.living.get_mut(&actor.name) {
            handle.task = Some(task);
        }
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
        registry.get(name).map_or(0, |handle| handle.mailbox.len())
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
        if let Some((parent, child)) = self.parent_of(name)? {
            let (done, stopped) = oneshot::channel();
            self.tell(&parent, Control::StopChild(child, done));
            // Should the supervisor end first, its children have ended, too.
            let _ = stopped.await;
        } else {
            let (task, actor) = {
                let mut registry = self.registry();
                let handle = registry.living.get_mut(name).filter(|handle| handle.is_alive());
                let handle = handle.ok_or_else(|| CallError::NoSuchActor(name.to_owned()))?;
                // If the actor ends in this moment, it is stopped all the same.
                let _ = handle.control.send(Control::Stop);
                (handle.task.take(), handle.actor.clone())
            };
            if let Some(task) = task {
                end(self, &actor, task).await;
            }
        }
        self.inner.log.flush().await?;
        Ok(())
    }

    /// Ends an actor at once, without its last turn; whoever supervises it decides what follows.
    ///
    /// # Errors
    ///
    /// When there is no such actor.
    pub async fn kill(&self, name: &str) -> Result<(), CallError> {
        let actor = self.actor(name).ok_or_else(|| CallError::NoSuchActor(name.to_owned()))?;
        self.tell(&actor, Control::For(actor.incarnation(), Box::new(Control::Kill)));
        actor.cancel_turn();
        Ok(())
    }

    /// Restarts an actor: it ends in order, if it lives, and begins its next incarnation. A child
    /// that had ended is started again.
    ///
    /// # Errors
    ///
    /// When there is no such actor, when it is a temporary child, or when it does not start again.
    pub async fn restart(&self, name: &str) -> Result<()> {
        match self.parent_of(name).map_err(|error| error.diagnostic())? {
            Some((parent, child)) => {
                self.check_restartable(name)?;
                let (done, started) = oneshot::channel();
                self.tell(&parent, Control::RestartChild(child, done));
                // Its supervisor ended meanwhile.
                let ended = || CallError::Ended(parent.name.to_string()).diagnostic();
                started.await.unwrap_or_else(|_| Err(Box::new(ended())))?;
            }
            None => {
                let actor = self.actor(name);
                let actor =
                    actor.ok_or_else(|| CallError::NoSuchActor(name.to_owned()).diagnostic())?;
                let (done, restarted) = oneshot::channel();
                self.tell(&actor, Control::Restart(done));
                let ended = |_| CallError::Ended(name.to_owned()).diagnostic();
                restarted.await.map_err(ended)?;
            }
        }
        self.inner.log.flush().await?;
        Ok(())
    }

    /// Whether a child may be started again, as OTP has it: a supervisor forgets a temporary one with its end.
    fn check_restartable(&self, name: &str) -> Result<()> {
        let registry = self.registry();
        let spec = registry.living.get(name).and_then(|handle| registry.spec_of(handle));
        if spec.is_none_or(|spec| spec.restart != Restart::Temporary) {
            return Ok(());
        }
        let message = format!("`{name}` is temporary: it is never started again");
        let help = "Give it another `restart` under `[[children]]`, or restart its supervisor.";
        Err(Box::new(Diagnostic::error(CHILD_FAILED, message).help(help)))
    }

    /// Ends the node in order: every actor gets its last turn, the run is closed. The actors live
    /// again when the run goes on.
    ///
    /// # Errors
    ///
    /// When the end of the run could not be stored.
    pub async fn shutdown(&self) -> Result<(), CallError> {
        let tasks: Vec<(Arc<Actor>, Running<()>)> = {
            let mut registry = self.registry();
            registry.ending = true;
            // Children are told by their supervisors.
            let handles = registry.living.values_mut().filter(|handle| handle.task.is_some());
            handles
                .filter_map(|handle| {
                    // An actor that has ended does not listen, and need not.
                    let _ = handle.control.send(Control::Shutdown);
                    Some((handle.actor.clone(), handle.task.take()?))
                })
                .collect()
        };
        let mut ends = Group::new();
        for (actor, task) in tasks {
            let node = self.clone();
            ends.spawn(async move { end(&node, &actor, task).await });
        }
        while ends.join_next().await.is_some() {}
        self.append(ActorId::NODE, Kind::Closed)?;
        self.inner.log.flush_to_disk().await?;
        self.inner.log.close();
        Ok(())
    }

    fn append(&self, actor: ActorId, kind: Kind) -> Result<(), LogFailed> {
        self.inner.post.append(Entry { actor, kind, payloads: Vec::new() }, &[])
    }

    /// The registry is only changed in whole steps, so it holds even if a thread died with the lock.
    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.inner.registry.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Waits until an actor that was told to end has ended. Each turn that it still executes, its last
/// one among them, gets some time, and is then cut off.
async fn end(node: &Node, actor: &Actor, mut task: Running<()>) {
    // An actor's task does not panic; if it did, it has ended. The children of a supervisor have the
    // time that it gives them.
    while tokio::time::timeout(GRACE, &mut task).await.is_err() {
        if actor.manifest.supervisor.is_none() || node.children_of(&actor.name).is_empty() {
            actor.cancel_turn();
        }
    }
}

impl Registry {
    /// The task of an actor, for waiting until it has ended.
    fn take_task(&mut self, actor: &Actor) -> Option<Running<()>> {
        let handle = self.living.get_mut(&actor.name)?;
        if handle.actor.id == actor.id { handle.task.take() } else { None }
    }

    /// Takes an actor that has ended off the list, and those below it, unless another one has its
    /// name by now.
    fn forget(&mut self, actor: &Actor) {
        if self.living.get(&actor.name).is_none_or(|handle| handle.actor.id != actor.id) {
            return;
        }
        let below: Vec<Arc<str>> = self
            .below(&actor.name)
            .map(|(path, _)| path.clone())
            .chain([actor.name.clone()])
            .collect();
        for path in below {
            if let Some(handle) = self.living.remove(&path) {
                self.names.remove(&handle.actor.id);
                self.templates.remove(&handle.actor.id);
            }
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

/// Whether an actor is another one, or stands below it in the tree.
fn is_within(name: &str, above: &str) -> bool {
    name.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl From<LogFailed> for Box<Diagnostic> {
    fn from(failed: LogFailed) -> Self {
        Box::new(CallError::NotStored(failed).diagnostic())
    }
}
