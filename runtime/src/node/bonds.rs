//! Whom the life of an actor concerns: its supervisor, those that monitor it, and those that are linked to it.
//!
//! [`Bonds`] follows the log in its order, record by record, and answers with the events that follow from each.
//! The living node and the fold over the log of a dead one use it alike, so both come to the same events.

use crate::actor::{Event, What};
use crate::trace::{ActorId, EndedBy, ExitReason, Kind, Watch};
use crate::wire::{Wire, WireError, Writer, wire_record};
use minicbor::decode::Decoder;
use std::collections::{BTreeMap, BTreeSet};

/// All actors that have not ended for good, and what ties them together.
#[derive(Debug, Default, Clone)]
pub(super) struct Bonds {
    actors: BTreeMap<ActorId, Ties>,
}

#[derive(Debug, Default, Clone)]
struct Ties {
    parent: Option<ActorId>,
    /// Which of its lives it is in.
    incarnation: u32,
    /// Its last exit, if it has ended and not begun again, and if others were told of it.
    ended: Option<(u64, ExitReason)>,
    /// Those that it monitors.
    monitors: BTreeSet<ActorId>,
    /// Those that monitor it.
    monitored_by: BTreeSet<ActorId>,
    links: BTreeSet<ActorId>,
}

wire_record!(Ties, 6 {
    parent = "parent",
    incarnation = "incarnation",
    ended = "ended",
    monitors = "monitors",
    monitored_by = "monitored-by",
    links = "links",
});

impl Wire for Bonds {
    fn write(&self, writer: &mut Writer) {
        self.actors.write(writer);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        Ok(Self { actors: Wire::read(decoder)? })
    }
}

impl Bonds {
    /// Takes the next record of the log: what it tells of its actor, and what a turn that committed changes about
    /// whose ends concern it. Answers with the events that follow.
    pub fn follow(
        &mut self,
        id: ActorId,
        position: u64,
        kind: &Kind,
        watches: &[(Watch, ActorId)],
    ) -> Vec<Event> {
        match kind {
            Kind::Spawned { parent, .. } => {
                let ties = Ties { parent: *parent, incarnation: 1, ..Ties::default() };
                self.actors.insert(id, ties);
                Vec::new()
            }
            Kind::Turn(_) => {
                let change =
                    |(watch, to): &(Watch, ActorId)| self.change(id, position, *watch, *to);
                watches.iter().filter_map(change).collect()
            }
            // It comes back with its node, and nobody need know.
            Kind::Exited { by: EndedBy::Node, .. } => Vec::new(),
            Kind::Exited { reason, .. } => self.exited(id, position, *reason),
            Kind::Restarted { incarnation, fresh } => {
                if *fresh {
                    self.forget_ties(id);
                }
                let told = self.actors.get_mut(&id).is_some_and(|ties| {
                    ties.incarnation = *incarnation;
                    ties.ended.take().is_some()
                });
                let what = told.then_some(What::Restarted(*incarnation));
                what.and_then(|what| self.to_parent(id, position, what)).into_iter().collect()
            }
            Kind::Started { .. } => {
                self.to_parent(id, position, What::Started).into_iter().collect()
            }
            Kind::GaveUp { child, restarts } => {
                let what = What::GaveUp { child: child.clone(), restarts: *restarts };
                self.to_parent(id, position, what).into_iter().collect()
            }
            Kind::Stopped => {
                self.forget_ties(id);
                self.actors.remove(&id);
                Vec::new()
            }
            Kind::Opened { .. }
            | Kind::Closed
            | Kind::Forked { .. }
            | Kind::Template { .. }
            | Kind::Reloaded { .. }
            | Kind::Open(_)
            | Kind::Undelivered { .. } => Vec::new(),
        }
    }

    fn to_parent(&self, of: ActorId, position: u64, what: What) -> Option<Event> {
        let to = self.actors.get(&of)?.parent?;
        Some(Event { to, of, position, what })
    }

    /// An end uses up what waits for it.
    fn exited(&mut self, of: ActorId, position: u64, reason: ExitReason) -> Vec<Event> {
        let Some(ties) = self.actors.get_mut(&of) else { return Vec::new() };
        ties.ended = Some((position, reason));
        let monitored_by = std::mem::take(&mut ties.monitored_by);
        let links = std::mem::take(&mut ties.links);
        let mut events: Vec<Event> =
            self.to_parent(of, position, What::Exited(reason)).into_iter().collect();
        for to in monitored_by {
            if let Some(ties) = self.actors.get_mut(&to) {
                ties.monitors.remove(&of);
            }
            events.push(Event { to, of, position, what: What::Down(reason) });
        }
        for to in links {
            let Some(ties) = self.actors.get_mut(&to) else { continue };
            ties.links.remove(&of);
            if reason != ExitReason::Normal {
                let what = What::Linked(reason, ties.incarnation);
                events.push(Event { to, of, position, what });
            }
        }
        events
    }

    /// A turn at this position has changed what concerns its actor. Answers with the event, if the other actor has
    /// ended already.
    fn change(&mut self, from: ActorId, position: u64, watch: Watch, to: ActorId) -> Option<Event> {
        if matches!(watch, Watch::Demonitor | Watch::Unlink) {
            self.untie(from, watch, to);
            return None;
        }
        let incarnation = self.actors.get(&from).map_or(1, |ties| ties.incarnation);
        let event = |reason, position| {
            let what = match watch {
                Watch::Link => What::Linked(reason, incarnation),
                _ => What::Down(reason),
            };
            Some(Event { to: from, of: to, position, what })
        };
        match self.actors.get_mut(&to) {
            // As OTP's `noproc`.
            None => return event(ExitReason::NoSuchActor, position),
            Some(Ties { ended: Some((position, reason)), .. }) => return event(*reason, *position),
            Some(ties) if watch == Watch::Link => drop(ties.links.insert(from)),
            Some(ties) => drop(ties.monitored_by.insert(from)),
        }
        if let Some(ties) = self.actors.get_mut(&from) {
            let own = if watch == Watch::Link { &mut ties.links } else { &mut ties.monitors };
            own.insert(to);
        }
        None
    }

    fn untie(&mut self, from: ActorId, watch: Watch, to: ActorId) {
        let links = watch == Watch::Unlink;
        if let Some(ties) = self.actors.get_mut(&from) {
            if links {
                ties.links.remove(&to)
            } else {
                ties.monitors.remove(&to)
            };
        }
        if let Some(ties) = self.actors.get_mut(&to) {
            if links {
                ties.links.remove(&from)
            } else {
                ties.monitored_by.remove(&from)
            };
        }
    }

    /// The actor begins without state, or has ended for good.
    fn forget_ties(&mut self, id: ActorId) {
        let Some(ties) = self.actors.get(&id) else { return };
        let (monitors, links) = (ties.monitors.clone(), ties.links.clone());
        for to in monitors {
            self.untie(id, Watch::Demonitor, to);
        }
        for to in links {
            self.untie(id, Watch::Unlink, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Cause, Hash, TurnHeader};
    use crate::turn::OutcomeKind;

    const A: ActorId = ActorId(1);
    const B: ActorId = ActorId(2);
    const NOBODY: ActorId = ActorId(9);

    /// Bonds with their own log.
    #[derive(Default)]
    struct Scene {
        bonds: Bonds,
        next: u64,
    }

    impl Scene {
        /// A supervises B.
        fn new() -> Self {
            let mut scene = Self::default();
            for (id, parent) in [(A, None), (B, Some(A))] {
                let (name, hash) = (String::new(), Hash([0; 32]));
                let kind =
                    Kind::Spawned { name, component: hash, manifest: hash, parent, request: None };
                assert_eq!(scene.follow(id, kind), []);
            }
            scene
        }

        fn follow(&mut self, id: ActorId, kind: Kind) -> Vec<(u64, ActorId, What)> {
            self.with(id, kind, &[])
        }

        fn with(
            &mut self,
            id: ActorId,
            kind: Kind,
            watches: &[(Watch, ActorId)],
        ) -> Vec<(u64, ActorId, What)> {
            let events = self.bonds.follow(id, self.next, &kind, watches);
            self.next += 1;
            events.into_iter().map(|event| (event.to.0, event.of, event.what)).collect()
        }

        fn watch(&mut self, id: ActorId, watch: Watch, to: ActorId) -> Vec<(u64, ActorId, What)> {
            let turn = TurnHeader {
                turn: 1,
                incarnation: 1,
                instance: None,
                cause: Cause::Outside,
                function: String::new(),
                outcome: OutcomeKind::Returned,
                fuel: 0,
                elapsed: 0,
            };
            self.with(id, Kind::Turn(turn), &[(watch, to)])
        }

        fn exit(&mut self, id: ActorId, reason: ExitReason) -> Vec<(u64, ActorId, What)> {
            self.follow(id, Kind::Exited { incarnation: 1, reason, by: EndedBy::Itself })
        }

        fn restart(&mut self, id: ActorId, fresh: bool) -> Vec<(u64, ActorId, What)> {
            self.follow(id, Kind::Restarted { incarnation: 2, fresh })
        }
    }

    #[test]
    fn an_end_uses_up_monitors_and_links() {
        use ExitReason::{Normal, Trap};
        let mut scene = Scene::new();
        assert_eq!(scene.watch(A, Watch::Monitor, B), []);
        assert_eq!(scene.watch(A, Watch::Monitor, B), [], "several are one");
        assert_eq!(scene.watch(A, Watch::Link, B), []);
        let events = [What::Exited(Trap), What::Down(Trap), What::Linked(Trap, 1)];
        assert_eq!(scene.exit(B, Trap), events.map(|what| (1, B, what)));
        assert_eq!(scene.restart(B, false), [(1, B, What::Restarted(2))]);
        assert_eq!(scene.exit(B, Normal), [(1, B, What::Exited(Normal))]);
    }

    #[test]
    fn links_are_mutual_and_do_not_mind_a_normal_end() {
        let mut scene = Scene::new();
        scene.watch(A, Watch::Link, B);
        let linked = (2, A, What::Linked(ExitReason::Shutdown, 1));
        assert_eq!(scene.exit(A, ExitReason::Shutdown), [linked]);
        scene.restart(A, false);
        scene.watch(B, Watch::Link, A);
        assert_eq!(scene.exit(A, ExitReason::Normal), []);
        scene.restart(A, false);
        assert_eq!(scene.exit(A, ExitReason::Trap), [], "it was used up");
    }

    #[test]
    fn who_has_ended_is_told_of_at_once() {
        let mut scene = Scene::new();
        let gone = What::Down(ExitReason::NoSuchActor);
        assert_eq!(scene.watch(A, Watch::Monitor, NOBODY), [(1, NOBODY, gone)]);
        scene.exit(B, ExitReason::Limit);
        let events = scene.bonds.follow(A, 7, &Kind::Closed, &[]);
        assert_eq!(events, []);
        assert_eq!(scene.watch(A, Watch::Link, B), [(1, B, What::Linked(ExitReason::Limit, 1))]);
    }

    #[test]
    fn what_is_taken_back_and_what_begins_without_state_is_not_told() {
        for (watch, back) in [(Watch::Monitor, Watch::Demonitor), (Watch::Link, Watch::Unlink)] {
            let mut scene = Scene::new();
            scene.watch(B, watch, A);
            scene.watch(B, back, A);
            assert_eq!(scene.exit(A, ExitReason::Trap), []);
            scene.restart(A, false);
            scene.watch(B, watch, A);
            scene.restart(B, true);
            assert_eq!(scene.exit(A, ExitReason::Trap), []);
        }
    }

    #[test]
    fn the_end_of_the_node_is_nobodys() {
        let mut scene = Scene::new();
        scene.watch(A, Watch::Monitor, B);
        let kind = Kind::Exited { incarnation: 1, reason: ExitReason::Shutdown, by: EndedBy::Node };
        assert_eq!(scene.follow(B, kind), []);
        assert_eq!(scene.restart(B, false), []);
        let events = [What::Exited(ExitReason::Trap), What::Down(ExitReason::Trap)];
        assert_eq!(scene.exit(B, ExitReason::Trap), events.map(|what| (1, B, what)));
    }
}
