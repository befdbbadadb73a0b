//! What a run's log says about its actors: the fold with which a node goes on.

use crate::actor::Life;
use crate::diagnostic::{Diagnostic, Result, Source, TRACE_DAMAGED};
use crate::manifest::Manifest;
use crate::state::{Delta, State};
use crate::trace::{ActorId, Code, ExitReason, Kind, PayloadKind, Record, RunDir, TurnHeader};
use std::collections::BTreeMap;
use std::path::Path;

/// An actor as the log leaves it.
#[derive(Debug)]
pub(super) struct Actor {
    pub id: ActorId,
    pub name: String,
    /// What it executed at last.
    pub code: Code,
    /// Whether that is what it had before a reload whose upgrade was never done.
    pub reverted: bool,
    pub life: Life,
    /// Whether its `init` has run and committed.
    pub initialized: bool,
    ended: bool,
    /// What it had before a reload that holds only if the upgrade commits, which comes next.
    before_upgrade: Option<Code>,
}

/// All actors of a run.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    actors: BTreeMap<ActorId, Actor>,
}

impl Recovered {
    /// Takes the next record of the log.
    ///
    /// # Errors
    ///
    /// When the record's changes to the state were removed or are unreadable: the state after it
    /// is unknown.
    pub fn follow(&mut self, run: &RunDir, record: Record) -> Result<()> {
        let id = record.header.actor;
        if let Kind::Spawned { name, component, manifest } = &record.header.kind {
            let actor = Actor {
                id,
                name: name.clone(),
                code: Code { component: *component, manifest: *manifest },
                reverted: false,
                life: Life { incarnation: 1, next_turn: 1, state: State::default() },
                initialized: false,
                ended: false,
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
            Kind::Exited { reason, .. } => {
                actor.ended = reason.is_orderly() && *reason != ExitReason::Shutdown;
            }
            Kind::Restarted { incarnation } => actor.life.incarnation = *incarnation,
            Kind::Stopped => actor.ended = true,
            Kind::Opened { .. } | Kind::Closed | Kind::Spawned { .. } => {}
        }
        Ok(())
    }

    /// The number for the next actor.
    pub fn next_id(&self) -> u64 {
        self.actors.keys().last().map_or(1, |last| last.0 + 1)
    }

    /// The actors that had not ended for good.
    pub fn living(self) -> impl Iterator<Item = Actor> {
        self.actors.into_values().filter(|actor| !actor.ended).map(Actor::settled)
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
            self.initialized = turn.outcome.commits();
            self.ended = !self.initialized;
        }
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
