//! What a run's log says about its actors: the fold with which a node goes on.

use super::bonds::Bonds;
use super::peers::Promise;
use super::unfinished::{Left, OpenTurns, Post};
use crate::actor::{Birth, Event, Life, Timers, What, recorded_arguments};
use crate::boundary::export::is_upgrade;
use crate::diagnostic::{Diagnostic, Result, Source, TRACE_DAMAGED};
use crate::handlers::supervisor::SPAWN;
use crate::manifest::Manifest;
use crate::state::{Delta, State};
use crate::trace::{
    ActorId, Cause, Code, Effect, EndedBy, ExitReason, Fold, Hash, Kind, PayloadKind, Record,
    RunDir, Step, TurnHeader, Watch,
};
use crate::wire::{Wire, WireError, Writer, wire_record};
use crate::world::DEEPEST_TREE;
use minicbor::decode::Decoder;
use std::collections::{BTreeMap, BTreeSet, HashMap};
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
    /// What asked for it, if something did.
    pub birth: Option<Birth>,
    /// Whether it has started, for one that was asked for.
    pub started: bool,
    /// What it may ask for, by the paths from it.
    pub templates: BTreeMap<String, Code>,
    /// The exit that its last turn, or a link, demands, and that is not recorded.
    due: Option<(ExitReason, EndedBy)>,
    stopped: bool,
    /// What it had before a reload that holds only if the upgrade commits, which comes next.
    before_upgrade: Option<Code>,
}

/// An actor with its children.
#[derive(Debug)]
pub(super) struct Tree {
    pub actor: Actor,
    /// The last one first.
    pub children: Vec<Tree>,
    /// Children that it has asked for and that are not recorded.
    pub unborn: Vec<Birth>,
    /// Whether its supervisor has asked for its end, and it was asked for.
    pub stopping: bool,
}

/// All actors of a run.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    actors: BTreeMap<ActorId, Actor>,
    left: Left,
    bonds: Bonds,
    /// Events of which nobody has heard yet, by their records and whom they concern.
    untold: BTreeMap<(u64, ActorId, bool), Event>,
    /// Children that were asked for and are not recorded.
    unborn: BTreeMap<Step, Birth>,
    /// Children on request that are to be stopped.
    stopping: BTreeSet<ActorId>,
    /// Which manifests are those of actors that may hear of their children.
    hearing: HashMap<Hash, bool>,
}

wire_record!(Actor, 13 {
    id = "id",
    parent = "parent",
    name = "name",
    code = "code",
    reverted = "reverted",
    life = "life",
    exit = "exit",
    birth = "birth",
    started = "started",
    templates = "templates",
    due = "due",
    stopped = "stopped",
    before_upgrade = "before-upgrade",
});

impl Wire for Recovered {
    fn write(&self, writer: &mut Writer) {
        // What `hearing` holds stands in the manifests.
        let Self { actors, left, bonds, untold, unborn, stopping, hearing: _ } = self;
        writer.array(6);
        actors.write(writer);
        left.write(writer);
        bonds.write(writer);
        untold.write(writer);
        unborn.write(writer);
        stopping.write(writer);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        if decoder.array()? != Some(6) {
            return Err(WireError::new(decoder, "another fold"));
        }
        Ok(Self {
            actors: Wire::read(decoder)?,
            left: Wire::read(decoder)?,
            bonds: Wire::read(decoder)?,
            untold: Wire::read(decoder)?,
            unborn: Wire::read(decoder)?,
            stopping: Wire::read(decoder)?,
            hearing: HashMap::new(),
        })
    }
}

impl Fold for Recovered {
    /// Takes the next record of the log.
    ///
    /// # Errors
    ///
    /// When the record's changes to the state were removed or are unreadable: the state after it
    /// is unknown.
    fn follow(&mut self, run: &RunDir, record: Record) -> Result<()> {
        self.record(run, record)
    }
}

impl Recovered {
    fn record(&mut self, run: &RunDir, record: Record) -> Result<()> {
        self.left.follow(&record);
        let id = record.header.actor;
        let effects = match &record.header.kind {
            Kind::Turn(turn) if turn.outcome.commits() => effects(&record),
            _ => Vec::new(),
        };
        self.takes_effect(&record, &effects);
        let watches: Vec<(Watch, ActorId)> = effects.iter().filter_map(watched).collect();
        self.happened(run, id, record.header.position, &record.header.kind, &watches)?;
        if let Kind::Spawned { name, component, manifest, parent, request } = &record.header.kind {
            self.check_parent(run, *parent)?;
            let asked = |request: &crate::trace::Request| {
                let unknown = || Birth {
                    step: request.step,
                    template: request.template.clone(),
                    name: name.rsplit_once('/').map_or("", |(_, name)| name).to_owned(),
                    init: None,
                };
                self.unborn.remove(&request.step).unwrap_or_else(unknown)
            };
            let birth = request.as_ref().map(asked);
            let actor = Actor {
                id,
                parent: *parent,
                name: name.clone(),
                code: Code { component: *component, manifest: *manifest },
                reverted: false,
                life: Life::new(),
                exit: None,
                birth,
                started: false,
                templates: BTreeMap::new(),
                due: None,
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
            Kind::Template { name, code } => drop(actor.templates.insert(name.clone(), *code)),
            Kind::Started { .. } => actor.started = true,
            Kind::Restarted { incarnation, fresh } => {
                actor.exit = None;
                actor.due = None;
                actor.life.incarnation = *incarnation;
                if *fresh {
                    actor.life.state = State::default();
                    actor.life.timers = Timers::default();
                }
            }
            Kind::Stopped => {
                actor.stopped = true;
                // Nobody asks for them any more.
                actor.life.state = State::default();
                actor.life.timers = Timers::default();
            }
            Kind::Opened { .. }
            | Kind::Closed
            | Kind::Forked { .. }
            | Kind::Spawned { .. }
            | Kind::Exited { .. }
            | Kind::GaveUp { .. }
            | Kind::Open(_)
            | Kind::Undelivered { .. } => {}
        }
        Ok(())
    }

    /// Follows what the commit of a turn wants to take place.
    fn takes_effect(&mut self, record: &Record, effects: &[Effect]) {
        let Kind::Turn(turn) = &record.header.kind else { return };
        if let Cause::Event(position) = turn.cause {
            self.untold.remove(&(position, record.header.actor, tells_down(&turn.function)));
        }
        for effect in effects {
            match effect {
                Effect::Spawn { step } => {
                    let arguments = recorded_arguments(record, *step, SPAWN);
                    let Some((template, name, init)) = arguments else { continue };
                    let step = Step { actor: record.header.actor, turn: turn.turn, step: *step };
                    self.unborn.insert(step, Birth { step, template, name, init });
                }
                Effect::Stop { child, .. } => {
                    let asked = self.actors.get(child).is_some_and(|child| child.birth.is_some());
                    if asked {
                        self.stopping.insert(*child);
                    }
                }
                Effect::Send { .. }
                | Effect::Timer { .. }
                | Effect::Restart { .. }
                | Effect::Watch { .. } => {}
            }
        }
    }

    /// Something happened to an actor: notes whom it concerns, and what it demands.
    ///
    /// # Errors
    ///
    /// When the manifest of one whom it concerns cannot be read.
    pub fn happened(
        &mut self,
        run: &RunDir,
        id: ActorId,
        position: u64,
        kind: &Kind,
        watches: &[(Watch, ActorId)],
    ) -> Result<()> {
        if let Some(actor) = self.actors.get_mut(&id)
            && let Kind::Exited { reason, by, .. } = kind
        {
            // What its node or its supervisor ended, lives again with them.
            actor.exit = by.is_own().then_some(*reason);
            actor.due = None;
        }
        for event in self.bonds.follow(id, position, kind, watches) {
            let to = self.actors.get_mut(&event.to);
            match (&event.what, to) {
                (_, None) => {}
                (What::Linked(reason, _), Some(to)) => {
                    if to.exit.is_none() {
                        to.due.get_or_insert((*reason, EndedBy::Link(event.position)));
                    }
                }
                (What::Down(_), Some(_)) => {
                    self.untold.insert((event.position, event.to, true), event);
                }
                (_, Some(to)) => {
                    let manifest = to.code.manifest;
                    if self.hears(run, manifest)? {
                        self.untold.insert((event.position, event.to, false), event);
                    }
                }
            }
        }
        if *kind == Kind::Stopped {
            self.untold.retain(|_, event| event.to != id);
            self.unborn.retain(|step, _| step.actor != id);
            self.stopping.remove(&id);
        }
        Ok(())
    }

    /// Whether actors with this manifest may hear of their children.
    fn hears(&mut self, run: &RunDir, code: Hash) -> Result<bool> {
        if let Some(hears) = self.hearing.get(&code) {
            return Ok(*hears);
        }
        // One that is not there, or that this version does not accept, is told of where it is needed.
        let text = run.blobs().get(&code).ok();
        let read = text.and_then(|text| manifest("", &text).ok());
        let hears = read.is_none_or(|manifest| manifest.handlers.supervisor.is_some());
        self.hearing.insert(code, hears);
        Ok(hears)
    }

    /// Forgets what it has read in manifests, which is no part of the log.
    pub fn forget_manifests(&mut self) {
        self.hearing.clear();
    }

    /// The next exit that the log demands and that a dead node did not record.
    pub fn next_exit(&mut self) -> Option<(ActorId, Kind)> {
        let mut actors = self.actors.values_mut().filter(|actor| !actor.stopped);
        actors.find_map(|actor| {
            let (reason, by) = actor.due.take()?;
            let incarnation = actor.life.incarnation;
            Some((actor.id, Kind::Exited { incarnation, reason, by }))
        })
    }

    /// What ties the actors together.
    pub fn bonds(&self) -> Bonds {
        self.bonds.clone()
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

    /// What the node left undone, and what ends when its turns are done.
    pub fn take_left(&mut self) -> (Post, HashMap<Step, Promise>, OpenTurns) {
        let (mut post, promises, open_turns) = std::mem::take(&mut self.left).settled();
        // A turn that is not done has heard of it.
        self.untold.retain(|(position, to, down), _| !post.tells(*position, *to, *down));
        post.untold = std::mem::take(&mut self.untold).into_values().collect();
        (post, promises, open_turns)
    }

    /// The number for the next actor.
    pub fn next_id(&self) -> u64 {
        self.actors.keys().last().map_or(1, |last| last.0 + 1)
    }

    /// The actors that had not ended for good, with those below them.
    pub fn trees(self) -> Vec<Tree> {
        let mut children: BTreeMap<ActorId, Vec<Tree>> = BTreeMap::new();
        let mut roots = Vec::new();
        let mut unborn: BTreeMap<ActorId, Vec<Birth>> = BTreeMap::new();
        for (step, birth) in self.unborn {
            unborn.entry(step.actor).or_default().push(birth);
        }
        let stopping = self.stopping;
        // A child has a higher number than its parent.
        let living = self.actors.into_values().rev().filter(|actor| !actor.stopped);
        for actor in living.map(Actor::settled) {
            let tree = Tree {
                children: children.remove(&actor.id).unwrap_or_default(),
                unborn: unborn.remove(&actor.id).unwrap_or_default(),
                stopping: stopping.contains(&actor.id),
                actor,
            };
            match tree.actor.parent {
                Some(parent) => children.entry(parent).or_default().push(tree),
                None if tree.actor.exit.is_some_and(|exit| exit.is_orderly()) => {}
                None => roots.push(tree),
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
            // A fork's change of the state is no upgrade.
            self.before_upgrade.take_if(|_| turn.cause != Cause::Fork);
            self.life.state.apply(delta(record)?);
        }
        // After those two it goes on, or ends for another reason.
        let has_own_end = is_upgrade(&turn.function) || turn.function.ends_with("#terminate");
        let due = turn.outcome.exit_reason().filter(|_| !has_own_end);
        self.due = due.map(|reason| (reason, EndedBy::Itself)).or(self.due);
        Ok(())
    }
}

/// Whether a function is told that a watched actor has ended, and not of a child.
pub(super) fn tells_down(function: &str) -> bool {
    function.contains("/monitor-callback@")
}

/// What else a turn made happen.
fn effects(record: &Record) -> Vec<Effect> {
    // What is unreadable, replay tells of the turn itself.
    let effects = record.payload(PayloadKind::Effects);
    effects.and_then(|bytes| Effect::decode_all(bytes).ok()).unwrap_or_default()
}

fn watched(effect: &Effect) -> Option<(Watch, ActorId)> {
    match effect {
        Effect::Watch { watch, to, .. } => Some((*watch, *to)),
        _ => None,
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
