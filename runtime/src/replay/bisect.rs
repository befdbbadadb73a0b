//! Where two runs of the same application part.

use super::parting::{Comparing, Point, Told};
use super::replayer::difference;
use super::{ActorHistory, History};
use crate::boundary::Divergence;
use crate::diagnostic::Result;
use crate::trace::{ActorId, Cause, EndedBy, Kind, Location};
use std::collections::{BTreeMap, HashMap};

/// What two runs have in common, and where they part.
#[derive(Debug, Default)]
pub struct Bisection {
    /// The actors of both, in the order in which the first run spawned them; those of the second run alone
    /// come last. An actor of the one is that of the other if it is as manieth of its name.
    pub actors: Vec<Common>,
    /// Where actors part, each once. What led to another one's parting comes before it, and the
    /// earlier before the later.
    pub partings: Vec<Parting>,
    /// How many payloads could not be compared, because they were removed from one of the traces.
    pub unknown: u64,
}

/// What an actor has in common in two runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    /// Its name.
    pub actor: String,
    /// How many of its turns are alike from the beginning.
    pub turns: u64,
    /// Whether it parts then.
    pub parted: bool,
    /// Whether its component is another one. This is no parting in itself.
    pub other_component: bool,
    /// Whether its manifest is another one. This is no parting in itself.
    pub other_manifest: bool,
}

/// The first difference of an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parting {
    /// Its name.
    pub actor: String,
    /// How many of its turns are alike before.
    pub common: u64,
    /// The record in the first run. None if it has no more.
    pub a: Option<Mark>,
    /// The record in the second run. None if it has no more.
    pub b: Option<Mark>,
    /// What differs: expected is what the first run has, actual what the second has.
    pub divergence: Divergence,
    /// The index of the parting from which this one follows: of the actor that sent another message, or gave
    /// another answer.
    pub follows: Option<usize>,
}

/// A record of one of two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Its place in the log.
    pub position: u64,
    /// The number of the turn, if it is one.
    pub turn: Option<u64>,
}

/// Compares two runs actor by actor, up to the first difference of each. What is only the node's, and times, are not
/// compared, nor are answers of import calls with one of the `ignored` texts in their names.
///
/// # Errors
///
/// When a record cannot be read any more.
pub fn bisect(a: &History, b: &History, ignored: &[String]) -> Result<Bisection> {
    let mut comparing = Comparing { ignored, unknown: 0 };
    let (places_a, places_b) = (places(a), places(b));
    let mut found = Bisection::default();
    let mut first: Vec<First> = Vec::new();
    for (one, other) in pairs(a, b) {
        let mut sides = [
            one.map(|actor| Side::new(a, actor, &places_a)),
            other.map(|actor| Side::new(b, actor, &places_b)),
        ];
        let (turns, parted) = walk(&mut sides, &mut comparing)?;
        // Every pair has at least one actor.
        let Some(actor) = one.or(other) else { continue };
        let codes = one.zip(other).map(|(one, other)| (one.code, other.code));
        found.actors.push(Common {
            actor: actor.name.clone(),
            turns,
            parted: parted.is_some(),
            other_component: codes.is_some_and(|(one, other)| one.component != other.component),
            other_manifest: codes.is_some_and(|(one, other)| one.manifest != other.manifest),
        });
        first.extend(parted.map(|(point, marks, divergence)| First {
            actors: [one, other],
            common: turns,
            point,
            marks,
            divergence,
        }));
    }
    found.unknown = comparing.unknown;
    found.partings = in_causal_order([a, b], &first);
    Ok(found)
}

/// The actors of two runs, those beside each other that are the same.
fn pairs<'h>(
    a: &'h History,
    b: &'h History,
) -> Vec<(Option<&'h ActorHistory>, Option<&'h ActorHistory>)> {
    let mut others: BTreeMap<(&str, usize), &ActorHistory> = named(b).collect();
    let mut pairs: Vec<_> =
        named(a).map(|(name, actor)| (Some(actor), others.remove(&name))).collect();
    let mut left: Vec<_> = others.into_values().collect();
    left.sort_by_key(|actor| actor.id);
    pairs.extend(left.into_iter().map(|actor| (None, Some(actor))));
    pairs
}

/// The actors, each with its name and how many had it before.
fn named(history: &History) -> impl Iterator<Item = ((&str, usize), &ActorHistory)> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    history.actors().map(move |actor| {
        let count = seen.entry(&actor.name).or_default();
        *count += 1;
        ((actor.name.as_str(), *count), actor)
    })
}

type Places = HashMap<ActorId, Vec<Location>>;

/// Where the records of each actor stand.
fn places(history: &History) -> Places {
    let mut places = Places::new();
    for (id, location) in history.records(None) {
        places.entry(id).or_default().push(location);
    }
    places
}

/// The records of one actor in one of the runs, as far as they are compared.
struct Side<'h> {
    history: &'h History,
    actor: &'h ActorHistory,
    places: std::slice::Iter<'h, Location>,
    /// The index of its next turn.
    turn: usize,
    /// Whether it has ended otherwise than with its node, so that a restart is not the node's.
    ended: bool,
}

impl<'h> Side<'h> {
    fn new(history: &'h History, actor: &'h ActorHistory, places: &'h Places) -> Self {
        let places = places.get(&actor.id).map_or(&[][..], Vec::as_slice).iter();
        Self { history, actor, places, turn: 0, ended: false }
    }

    /// The next record that is compared.
    fn next(&mut self) -> Result<Option<Told<'h>>> {
        for location in self.places.by_ref() {
            let record = self.history.run().record_at(*location)?;
            let mut with = None;
            match record.header.kind {
                Kind::Turn(_) => {
                    let past = self.actor.turns.get(self.turn);
                    with = past.map(|past| (past.code, past.engine));
                    self.turn += 1;
                }
                Kind::Exited { by: EndedBy::Node, .. } => continue,
                Kind::Exited { .. } => self.ended = true,
                // Its node went on with the run.
                Kind::Restarted { .. } if !self.ended => continue,
                Kind::Restarted { .. } => self.ended = false,
                // All that they say stands in the record of the turn.
                Kind::Open(_) => continue,
                _ => {}
            }
            return Ok(Some(Told { history: self.history, record, with }));
        }
        Ok(None)
    }
}

type Parted = (Point, [Option<Mark>; 2], Divergence);

/// Goes along both sides. Answers how many turns are alike, and with the first difference.
fn walk(
    sides: &mut [Option<Side<'_>>; 2],
    comparing: &mut Comparing<'_>,
) -> Result<(u64, Option<Parted>)> {
    let mut turns = 0;
    loop {
        let mut told = [None, None];
        for (side, told) in sides.iter_mut().zip(&mut told) {
            *told = side.as_mut().map(Side::next).transpose()?.flatten();
        }
        let marks = told.each_ref().map(|told| told.as_ref().map(mark));
        let (point, divergence) = match &told {
            [None, None] => return Ok((turns, None)),
            [Some(a), Some(b)] => match comparing.difference(a, b) {
                Some(found) => found,
                None => {
                    turns += u64::from(a.turn().is_some());
                    continue;
                }
            },
            [a, b] => {
                let words = |side: &Option<Side<'_>>, told: &Option<Told<'_>>| match (side, told) {
                    (None, _) => "no such actor".to_owned(),
                    (_, None) => "nothing more".to_owned(),
                    (_, Some(told)) => told.words(),
                };
                let (x, y) = (words(&sides[0], a), words(&sides[1], b));
                (Point::Message, difference("end", &x, &y))
            }
        };
        return Ok((turns, Some((point, marks, divergence))));
    }
}

fn mark(told: &Told<'_>) -> Mark {
    let header = &told.record.header;
    Mark { position: header.position, turn: header.turn().map(|turn| turn.turn) }
}

/// The first difference of an actor, before it is known from what it follows.
struct First<'h> {
    actors: [Option<&'h ActorHistory>; 2],
    common: u64,
    point: Point,
    marks: [Option<Mark>; 2],
    divergence: Divergence,
}

impl First<'_> {
    /// Whether the actor has parted by this moment of the run of one side.
    fn is_by(&self, side: usize, turn: u64, point: Point) -> bool {
        let parted = self.marks[side].map(|mark| mark.turn);
        match parted {
            Some(Some(at)) => (at, self.point) <= (turn, point),
            // It is behind the turns that are alike.
            Some(None) => turn >= self.common,
            None => true,
        }
    }

    fn position(&self) -> u64 {
        self.marks.iter().flatten().map(|mark| mark.position).next().unwrap_or_default()
    }
}

/// From which of the others a parting follows, if from one.
fn follows(histories: [&History; 2], all: &[First<'_>], this: usize) -> Option<usize> {
    let parting = &all[this];
    let whose = |side: usize, id: ActorId| {
        all.iter().position(|other| other.actors[side].is_some_and(|actor| actor.id == id))
    };
    (0..2).find_map(|side| {
        let (history, actor) = (histories[side], parting.actors[side]?);
        let Some(turn) = parting.marks[side].and_then(|mark| mark.turn) else {
            // Who asked for it has asked, or not.
            let asked = actor.request.filter(|_| parting.actors.iter().any(Option::is_none))?;
            let other = whose(side, asked.actor)?;
            let by = all[other].is_by(side, asked.turn, Point::End);
            return Some(other).filter(|_| by);
        };
        let past = actor.turns.get(actor.index_of(turn).ok()?)?;
        let (id, turn, point) = match (parting.point, past.header.cause) {
            (Point::Message, Cause::Actor(step) | Cause::Timer(step)) => {
                (step.actor, step.turn, Point::Call(step.step, false))
            }
            (Point::Message, Cause::Event(_)) => {
                let (actor, turn) = history.cause(actor, past).after?;
                (actor.id, turn.header.turn, Point::End)
            }
            (Point::Call(step, true), _) => {
                let (_, id, index) = history.caused_by(actor.id, turn, step..=step).next()?;
                (id, history.by_id(id)?.turns.get(index)?.header.turn, Point::End)
            }
            _ => return None,
        };
        let other = whose(side, id).filter(|other| *other != this)?;
        Some(other).filter(|other| all[*other].is_by(side, turn, point))
    })
}

/// The partings, each behind that from which it follows, and else in the order of the first run's log.
fn in_causal_order(histories: [&History; 2], all: &[First<'_>]) -> Vec<Parting> {
    let causes: Vec<_> = (0..all.len()).map(|index| follows(histories, all, index)).collect();
    let mut left: Vec<usize> = (0..all.len()).collect();
    left.sort_by_key(|index| all[*index].position());
    let mut order: Vec<usize> = Vec::new();
    while !left.is_empty() {
        let free = |index: &usize| causes[*index].is_none_or(|cause| order.contains(&cause));
        // A trace that was made up can lead in a circle.
        let next = left.iter().position(free).unwrap_or(0);
        order.push(left.remove(next));
    }
    let told = |index: &usize| {
        let first = &all[*index];
        let actor = first.actors.iter().flatten().next();
        Parting {
            actor: actor.map_or_else(String::new, |actor| actor.name.clone()),
            common: first.common,
            a: first.marks[0],
            b: first.marks[1],
            divergence: first.divergence.clone(),
            follows: causes[*index].and_then(|cause| order.iter().position(|it| *it == cause)),
        }
    };
    order.iter().map(told).collect()
}
