//! The running system: it owns the engine, the log and the actors.
//!
//! [`Node::open`] begins a run or goes on with one; [`Node::spawn`], [`Node::call`] and
//! [`Node::stop`] are what a person or a program does with it. All of it is recorded.

mod application;
mod bonds;
mod enroll;
mod household;
mod index;
mod member;
mod outside;
mod peers;
mod prepare;
mod recover;
mod registry;
mod reload;
mod revive;
mod snapshots;
mod spawned;
mod start;
mod tree;
mod unfinished;
mod waits;

use crate::actor::{Actor, CallError, Control, Post, Slots, WarmInstances};
use crate::cache::Cache;
use crate::diagnostic::{CHILD_FAILED, Diagnostic, NODE_STOPPED, RUN_UNWRITABLE, Result};
use crate::engine::{EngineConfig, KEPT_BYTES, Purpose};
use crate::manifest::Restart;
use crate::surroundings::{self, Group, Running};
use crate::trace::{
    ActorId, Durability, Entry, Kind, Log, LogFailed, Opening, RunDir, Subscription,
};
use crate::turn::Compiler;
use bonds::Bonds;
use enroll::{Place, Plan};
use index::KeptIndex;
use member::Member;
use peers::{PostOffice, Promised};
pub use prepare::Prepared;
use prepare::{PreparedChild, Programs};
use recover::Recovered;
pub(crate) use recover::manifest as recorded_manifest;
use registry::Registry;
pub use reload::{Trial, Tried};
pub use snapshots::{check_snapshots, make_snapshot, recovered};
pub use start::{Beginning, Begun, Loaded, Start, Which, Written};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
pub use tree::Kin;
use unfinished::OpenTurns;
use waits::Waits;
use wasmtime::component::Val;

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
    /// Ends when the turns are done in which a node before this one died.
    open_turns: Mutex<Option<OpenTurns>>,
    /// The node itself, as its actors see each other through it.
    post: Arc<dyn Post>,
    warm: Arc<WarmInstances>,
    index: KeptIndex,
    registry: Mutex<Registry>,
    programs: Programs,
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

impl Node {
    /// Begins a run in an empty folder, or goes on with the one that is there: every actor that
    /// lived when it ended lives again, with its last committed state. Answers wait for what `durability`
    /// says; if it says nothing, for what they waited for before. Compiled components are taken from the
    /// cache, and kept there. What takes long keeps no task from running; dropped while it reads the log, it
    /// gives the run free again.
    ///
    /// # Errors
    ///
    /// When another process writes the run, when it is damaged or cannot be written, or when a
    /// recorded component cannot be loaded any more.
    pub async fn open(run: RunDir, durability: Option<Durability>, cache: Cache) -> Result<Opened> {
        let config = EngineConfig::default();
        let compiler = Compiler::new(config, Purpose::Node, cache)?;
        let (opening, mut recovered) = read(&run).await?;
        let cut = opening.cut();
        let since = opening.since();
        let log = Arc::new(opening.begin(durability)?);
        snapshots::keep(run.clone(), &log, since);
        let index = index::keep(run.clone(), &log, since);
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
        let (left, promises, open_turns) = recovered.take_left();
        let promised = Promised::new(promises);
        let warm = WarmInstances::new(compiler.pool().kept, KEPT_BYTES);
        let inner = Arc::new_cyclic(|node| Inner {
            compiler,
            run,
            log: log.clone(),
            slots: Arc::new(Slots::new()),
            waits: Arc::default(),
            promised,
            open_turns: Mutex::new(Some(open_turns)),
            post: Arc::new(PostOffice { node: node.clone(), log, bonds }),
            warm: Arc::new(warm),
            index,
            registry: Mutex::new(Registry::new(next_id)),
            programs: Programs::default(),
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

    /// What is said when the log was closed under somebody who waited for it.
    fn unwritable(&self) -> Box<Diagnostic> {
        let message = format!("the run {} cannot be written", self.run().path().display());
        Box::new(Diagnostic::error(RUN_UNWRITABLE, message))
    }

    /// Starts an actor under the node's root.
    fn start(&self, registry: &mut Registry, member: Member, ready: member::Ready) {
        let actor = member.actor().clone();
        let member = Box::new(member);
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
        self.finish_open_turns().await;
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
        self.inner.index.finish(self.run()).await;
        Ok(())
    }

    /// Gives the turns some time in which a node before this one died, or that a fork has begun: whom they ask would
    /// end before they are answered.
    async fn finish_open_turns(&self) {
        let open_turns =
            self.inner.open_turns.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut open_turns) = open_turns {
            // Those that take longer are cut off, as all others are.
            let _ = tokio::time::timeout(GRACE, open_turns.recv()).await;
        }
    }

    fn append(&self, actor: ActorId, kind: Kind) -> Result<(), LogFailed> {
        self.inner.post.append(Entry { actor, kind, payloads: Vec::new() }, &[])
    }

    /// The registry is only changed in whole steps, so it holds even if a thread died with the lock.
    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.inner.registry.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Reads a run, as long as somebody waits for it.
async fn read(run: &RunDir) -> Result<(Opening, Recovered)> {
    let waiting = Arc::new(());
    let (run, waits) = (run.clone(), Arc::downgrade(&waiting));
    let reading = move || Opening::fold::<Recovered>(&run, || waits.strong_count() > 0);
    let read = surroundings::in_background(reading).await;
    drop(waiting);
    read.unwrap_or_else(|| Err(Box::new(Diagnostic::error(NODE_STOPPED, "the program is ending"))))
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

/// Whether an actor is another one, or stands below it in the tree.
fn is_within(name: &str, above: &str) -> bool {
    name.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl From<LogFailed> for Box<Diagnostic> {
    fn from(failed: LogFailed) -> Self {
        Box::new(CallError::NotStored(failed).diagnostic())
    }
}
