//! The timers of an actor: what they are, and how time and turns change them.

use crate::handlers::timer::{AFTER, CANCEL, EVERY};
use crate::trace::{CallsReader, Cause, Effect, PayloadKind, Record, Step, TurnHeader};
use crate::wire::{Wire, WireError, WireList, Writer, wire_record};
use minicbor::decode::Decoder;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The timers of one actor, by name. Cloning them is cheap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timers(Arc<BTreeMap<String, Timer>>);

/// One timer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// The step that set it.
    pub set: Step,
    /// When the next tick is due, in nanoseconds since 1970.
    pub due: u64,
    /// The time between two ticks, in nanoseconds; none for a single tick.
    pub period: Option<u64>,
}

wire_record!(Timer, 3 { set = "set", due = "due", period = "period" });

impl Wire for Timers {
    fn write(&self, writer: &mut Writer) {
        self.0.write(writer);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        BTreeMap::read(decoder).map(|timers| Self(Arc::new(timers)))
    }
}

/// What a turn does to a timer when it commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimerChange {
    /// One tick after so many nanoseconds.
    After(u64),
    /// A tick each time that so many nanoseconds have passed.
    Every(u64),
    /// No more ticks.
    Cancel,
}

/// The shortest time between two ticks, in nanoseconds.
pub const SHORTEST_PERIOD: u64 = 1_000_000;

impl FromIterator<(String, Timer)> for Timers {
    fn from_iter<T: IntoIterator<Item = (String, Timer)>>(timers: T) -> Self {
        Self(Arc::new(timers.into_iter().collect()))
    }
}

impl Timers {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is one of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The timers, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Timer)> {
        self.0.iter().map(|(name, timer)| (name.as_str(), timer))
    }

    /// The name of the timer that is due next; of several the first by name.
    pub fn next(&self) -> Option<(&str, &Timer)> {
        self.iter().min_by_key(|(_, timer)| timer.due)
    }

    /// Takes over what a step did to a timer, at the time of its commit.
    pub fn change(&mut self, name: &str, change: &TimerChange, set: Step, now: u64) {
        let timers = Arc::make_mut(&mut self.0);
        let (delay, period) = match change {
            TimerChange::Cancel => {
                timers.remove(name);
                return;
            }
            TimerChange::After(delay) => (*delay, None),
            TimerChange::Every(period) => {
                let period = (*period).max(SHORTEST_PERIOD);
                (period, Some(period))
            }
        };
        timers.insert(name.to_owned(), Timer { set, due: now.saturating_add(delay), period });
    }

    /// The tick of the timer that was set in this step is being taken: the next one is due a period later,
    /// or a period from now if that is over already.
    pub fn tick(&mut self, set: Step, now: u64) {
        let Some(name) = self.iter().find(|(_, timer)| timer.set == set).map(|(name, _)| name)
        else {
            return;
        };
        let name = name.to_owned();
        let timers = Arc::make_mut(&mut self.0);
        let Some(timer) = timers.get_mut(&name) else { return };
        match timer.period {
            None => drop(timers.remove(&name)),
            Some(period) => {
                let next = timer.due.saturating_add(period);
                timer.due = if next > now { next } else { now.saturating_add(period) };
            }
        }
    }
}

impl Timers {
    /// Takes over what a recorded turn of their actor was and did.
    ///
    /// # Errors
    ///
    /// When its payloads are unreadable or were removed.
    pub(crate) fn follow(&mut self, turn: &TurnHeader, record: &Record) -> Result<(), WireError> {
        let now = record.header.time;
        if let Cause::Timer(set) = turn.cause {
            self.tick(set, now);
        }
        let Some(effects) = record.payload(PayloadKind::Effects) else { return Ok(()) };
        let timers = |effect: &Effect| match effect {
            Effect::Timer { step } => Some(*step),
            _ => None,
        };
        let steps: Vec<u64> = Effect::decode_all(effects)?.iter().filter_map(timers).collect();
        if steps.is_empty() {
            return Ok(());
        }
        let missing = || WireError { what: "a call that set a timer is missing".into(), offset: 0 };
        let calls = record.payload(PayloadKind::Calls).ok_or_else(missing)?;
        let calls = CallsReader::new(calls)?.all()?;
        for step in steps {
            let index = usize::try_from(step).unwrap_or(usize::MAX).wrapping_sub(1);
            let call = calls.get(index).ok_or_else(missing)?;
            let mut arguments = Decoder::new(&call.arguments);
            let (name, change) = if call.function == CANCEL {
                (<(String,)>::read_values(&mut arguments)?.0, TimerChange::Cancel)
            } else {
                let (name, time) = <(String, u64)>::read_values(&mut arguments)?;
                match call.function.as_str() {
                    AFTER => (name, TimerChange::After(time)),
                    EVERY => (name, TimerChange::Every(time)),
                    _ => return Err(missing()),
                }
            };
            let set = Step { actor: record.header.actor, turn: turn.turn, step };
            self.change(&name, &change, set, now);
        }
        Ok(())
    }
}

impl Timer {
    /// How long it is until the next tick.
    pub fn wait(&self, now: u64) -> Duration {
        Duration::from_nanos(self.due.saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::ActorId;

    const MS: u64 = 1_000_000;

    fn step(step: u64) -> Step {
        Step { actor: ActorId(1), turn: 1, step }
    }

    #[test]
    fn a_timer_takes_the_place_of_the_one_that_had_its_name() {
        let mut timers = Timers::default();
        timers.change("a", &TimerChange::After(5 * MS), step(1), 0);
        timers.change("a", &TimerChange::Every(9 * MS), step(2), 0);
        timers.change("b", &TimerChange::After(7 * MS), step(3), 0);
        assert_eq!(timers.len(), 2);
        assert_eq!(timers.next().map(|(name, timer)| (name, timer.due)), Some(("b", 7 * MS)));
        timers.tick(step(1), 7 * MS);
        assert_eq!(timers.len(), 2, "the tick of a timer that is gone");
    }

    #[test]
    fn a_tick_ends_a_single_one_and_moves_a_periodic_one_on() {
        let mut timers = Timers::default();
        timers.change("once", &TimerChange::After(5 * MS), step(1), 0);
        timers.change("often", &TimerChange::Every(10 * MS), step(2), 0);
        timers.tick(step(1), 5 * MS);
        assert!(!timers.contains("once"));
        let due = |timers: &Timers| timers.next().map(|(_, timer)| timer.due);
        timers.tick(step(2), 12 * MS);
        assert_eq!(due(&timers), Some(20 * MS), "late, but the schedule stays");
        timers.tick(step(2), 47 * MS);
        assert_eq!(due(&timers), Some(57 * MS), "what was missed is not made up for");
        timers.change("often", &TimerChange::Cancel, step(9), 0);
        assert!(timers.is_empty());
    }

    #[test]
    fn no_period_is_shorter_than_a_millisecond() {
        let mut timers = Timers::default();
        timers.change("fast", &TimerChange::Every(0), step(1), 0);
        assert_eq!(timers.next().map(|(_, timer)| timer.period), Some(Some(MS)));
    }
}
