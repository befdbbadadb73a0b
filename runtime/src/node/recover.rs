//! What a run's log says about its actors: the fold with which a node goes on.

use super::peers::Promise;
use super::unfinished::{Left, Post};
use crate::actor::{Life, Timers};
use crate::diagnostic::{Diagnostic, Result, Source, TRACE_DAMAGED};
use crate::manifest::Manifest;
use crate::state::{Delta, State};
use crate::trace::{
    ActorId, Code, ExitReason, Kind, PayloadKind, Record, RunDir, Step, TurnHeader,
};
use crate::world::DEEPEST_TREE;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// An actor as the log leaves it.
#[derive(Debug)]
pub(super) struct Actor {
    pub id: ActorId,
    pub parent: Option<ActorId>,
    pub name: String,
    /// What it executed at last.
    pub code: Code,
    /// Whether that is what it had before a reload whose upgrade was never done.
    pub reverted: bool,
    pub life: Life,
    /// Why it ended, if it does not live.
    pub exit: Option<ExitReason>,
    stopped: bool,
    /// What it had before a reload that holds only if the upgrade commits, which comes next.
    before_upgrade: Option<Code>,
}

/// An actor with its children.
#[derive(Debug)]
pub(super) struct Tree {
    pub actor: Actor,
    pub children: Vec<Tree>,
}

/// All actors of a run.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    actors: BTreeMap<ActorId, Actor>,
    left: Left,
}

impl Recovered {
    /// Takes the next record of the log.
    ///
    /// # Errors
    ///
    /// When the record's changes to the state were removed or are unreadable: the state after it
    /// is unknown.
    pub fn follow(&mut self, run: &RunDir, record: Record) -> Result<()> {
        self.left.follow(&record);
        let id = record.header.actor;
        if let Kind::Spawned { name, component, manifest, parent } = &record.header.kind {
            self.check_parent(run, *parent)?;
            let actor = Actor {
                id,
                parent: *parent,
                name: name.clone(),
                code: Code { component: *component, manifest: *manifest },
                reverted: false,
                life: Life::new(),
                exit: None,
                stopped: false,
                before_upgrade: None,
            };
            self.actors.insert(id, actor);
            return Ok(());
        }
        let Some(actor) = self.actors.get_mut(&id) else { return Ok(()) };
        match &record.header.kind {
            Kind::Turn(turn) => actor.turn(turn, &record).map_err(|what| {
                let message = format!(
                    "the state of `{}` after turn {} cannot be restored from run {}: {what}",
                    actor.name,
                    turn.turn,
                    run.id()
                );
                Box::new(Diagnostic::error(TRACE_DAMAGED, message).help("Start a new run."))
            })?,
            Kind::Reloaded { code, upgrade } => actor.reloaded(*code, *upgrade),
            // What its node or its supervisor ended, lives again with them.
            Kind::Exited { reason, told, .. } => actor.exit = (!told).then_some(*reason),
            Kind::Restarted { incarnation, fresh } => {
                actor.exit = None;
                actor.life.incarnation = *incarnation;
                if *fresh {
                    actor.life.state = State::default();
                    actor.life.timers = Timers::default();
                }
            }
            Kind::Stopped => actor.stopped = true,
            Kind::Opened { .. }
            | Kind::Closed
            | Kind::Spawned { .. }
            | Kind::GaveUp { .. }
            | Kind::Open(_)
            | Kind::Undelivered { .. } => {}
        }
        Ok(())
    }

    /// Whether an actor may be the child of another one.
    fn check_parent(&self, run: &RunDir, parent: Option<ActorId>) -> Result<()> {
        let mut above = parent;
        for _ in 0..=DEEPEST_TREE {
            let Some(id) = above else { return Ok(()) };
            let Some(actor) = self.actors.get(&id) else { break };
            above = actor.parent;
        }
        Err(Box::new(run.damaged("an actor is the child of one that cannot be its parent")))
    }

    /// What the node left undone.
    pub fn take_left(&mut self) -> (Post, HashMap<Step, Promise>) {
        std::mem::take(&mut self.left).settled()
    }

    /// The number for the next actor.
    pub fn next_id(&self) -> u64 {
        self.actors.keys().last().map_or(1, |last| last.0 + 1)
    }

    /// The actors that had not ended for good, with those below them.
    pub fn trees(self) -> Vec<Tree> {
        let mut children: BTreeMap<ActorId, Vec<Tree>> = BTreeMap::new();
        let mut roots = Vec::new();
        // A child has a higher number than its parent.
        let living = self.actors.into_values().rev().filter(|actor| !actor.stopped);
        for actor in living.map(Actor::settled) {
            let children_of_it = children.remove(&actor.id).unwrap_or_default();
            match actor.parent {
                Some(parent) => children
                    .entry(parent)
                    .or_default()
                    .push(Tree { actor, children: children_of_it }),
                None if actor.exit.is_some_and(|exit| exit.is_orderly()) => {}
                None => roots.push(Tree { actor, children: children_of_it }),
            }
        }
        roots.reverse();
        roots
    }
}

impl Tree {
    /// The numbers of all its actors, those of children before their parents'.
    pub fn ids(&self) -> Vec<ActorId> {
        let mut ids: Vec<ActorId> = self.children.iter().flat_map(Tree::ids).collect();
        ids.push(self.actor.id);
        ids
    }
}

impl Actor {
    fn reloaded(&mut self, code: Code, upgrade: bool) {
        let before = self.before_upgrade.take().unwrap_or(self.code);
        self.before_upgrade = upgrade.then_some(before);
        self.code = code;
    }

    /// At the end of the log: an upgrade that is not done is not to be.
    fn settled(mut self) -> Self {
        if let Some(before) = self.before_upgrade.take() {
            self.code = before;
            self.reverted = true;
        }
        self
    }

    fn turn(&mut self, turn: &TurnHeader, record: &Record) -> Result<(), String> {
        self.life.next_turn = self.life.next_turn.max(turn.turn + 1);
        if turn.turn == 0 {
            self.life.initialized = turn.outcome.commits();
        }
        self.life.timers.follow(turn, record).map_err(|error| error.to_string())?;
        if turn.outcome.commits() {
            self.before_upgrade = None;
            self.life.state.apply(delta(record)?);
        }
        Ok(())
    }
}

/// The changes that a record made to its actor's state.
fn delta(record: &Record) -> Result<Delta, String> {
    match record.payload(PayloadKind::Delta) {
        Some(bytes) => Delta::decode(bytes).map_err(|error| error.to_string()),
        None if record.header.payloads.iter().any(|(kind, _)| *kind == PayloadKind::Delta) => {
            Err("its changes were removed from the trace".to_owned())
        }
        None => Ok(Delta::default()),
    }
}

/// The manifest of a recorded actor, from the text that was stored with it.
///
/// # Errors
///
/// When this version of Theater does not accept it any more.
pub(crate) fn manifest(name: &str, bytes: &[u8]) -> Result<Manifest> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let source = Source::new(format!("the recorded manifest of {name}"), text);
    match Manifest::parse(source, Path::new("")).into_result() {
        Ok((manifest, _)) => Ok(manifest),
        Err(mut problems) if !problems.is_empty() => Err(Box::new(problems.swap_remove(0))),
        Err(_) => Err(Box::new(Diagnostic::error(
            TRACE_DAMAGED,
            format!("the recorded manifest of `{name}` cannot be read"),
        ))),
    }
}
