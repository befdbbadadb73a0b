//! `ACTOR`, `ACTOR#TURN` and `ACTOR#TURN.STEP` on the command line.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use theater_runtime::diagnostic;
use theater_runtime::replay::{ActorHistory, Cursor, History};

/// An actor, or one of its turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The actor's name.
    pub actor: String,
    /// The number of the turn.
    pub turn: Option<u64>,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (actor, turn) = match text.split_once('#') {
            None => (text, None),
            Some((actor, turn)) => {
                let number = turn.parse().map_err(|_| {
                    format!("`{turn}` is not the number of a turn; write `{actor}#3`")
                })?;
                (actor, Some(number))
            }
        };
        if actor.is_empty() {
            return Err("the actor's name is missing; write `my-actor` or `my-actor#3`".to_owned());
        }
        Ok(Self { actor: actor.to_owned(), turn })
    }
}

impl Address {
    /// The actor, and the index of the turn: of its last one, if there is no number.
    ///
    /// # Errors
    ///
    /// When there was no such actor or turn.
    pub fn turn<'h>(&self, history: &'h History) -> diagnostic::Result<(&'h ActorHistory, usize)> {
        match self.turn {
            Some(turn) => history.turn(&self.actor, turn),
            None => history.last_turn(&self.actor),
        }
    }

    /// Whether it is no actor, but a file made by `theater trace export`.
    pub fn is_trace_file(&self) -> bool {
        self.turn.is_none() && self.actor.ends_with(".trace") && Path::new(&self.actor).is_file()
    }
}

/// A moment of an actor: after its last turn, after one of its turns, or after an import call in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The actor's name.
    pub actor: String,
    /// The number of the turn.
    pub turn: Option<u64>,
    /// The number of the import call in it, from 1.
    pub step: Option<usize>,
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains('#') {
            let Address { actor, turn } = text.parse()?;
            return Ok(Self { actor, turn, step: None });
        }
        let EventAddress { actor, turn, step } = text.parse()?;
        let step = step.map(usize::try_from).transpose();
        let step = step.map_err(|_| format!("no turn has so many steps: `{text}`"))?;
        Ok(Self { actor, turn: Some(turn), step })
    }
}

impl Moment {
    /// The place in the history of a run.
    ///
    /// # Errors
    ///
    /// When there is no such actor, turn or step.
    pub fn cursor(&self, history: &History) -> diagnostic::Result<Cursor> {
        let cursor = match self.turn {
            Some(turn) => Cursor::at(history, &self.actor, turn)?,
            None => Cursor::last(history, &self.actor)?,
        };
        self.step.map_or(Ok(cursor), |step| cursor.at_step(history, step))
    }
}

/// One turn of an actor, or one import call in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventAddress {
    /// The actor's name.
    pub actor: String,
    /// The number of the turn.
    pub turn: u64,
    /// The number of the import call in it, from 1.
    pub step: Option<u64>,
}

impl FromStr for EventAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no event; write `my-actor#3` or `my-actor#3.2`");
        let (actor, event) = text.split_once('#').ok_or_else(wrong)?;
        let (turn, step) = match event.split_once('.') {
            Some((turn, step)) => (turn, Some(step.parse().map_err(|_| wrong())?)),
            None => (event, None),
        };
        let turn = turn.parse().map_err(|_| wrong())?;
        if actor.is_empty() {
            return Err(wrong());
        }
        Ok(Self { actor: actor.to_owned(), turn, step })
    }
}

impl fmt::Display for EventAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.actor, self.turn)?;
        self.step.map_or(Ok(()), |step| write!(f, ".{step}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read() {
        for text in ["a#0", "a-1#3.2"] {
            assert_eq!(
                text.parse::<EventAddress>().map(|event| event.to_string()).as_deref(),
                Ok(text)
            );
        }
        for wrong in ["", "a", "#1", "a#", "a#x", "a#1.", "a#1.x", "a#-1", "a#1.2.3"] {
            assert!(wrong.parse::<EventAddress>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn moments_are_read() {
        let moment = |turn, step| Ok(Moment { actor: "a/b".to_owned(), turn, step });
        assert_eq!("a/b".parse(), moment(None, None));
        assert_eq!("a/b#3".parse(), moment(Some(3), None));
        assert_eq!("a/b#3.2".parse(), moment(Some(3), Some(2)));
        for wrong in ["", "#1", "a#", "a#x", "a#1.", "a#1.18446744073709551616"] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_are_read() {
        let address = |actor: &str, turn| Ok(Address { actor: actor.to_owned(), turn });
        assert_eq!("a-1".parse(), address("a-1", None));
        assert_eq!("a#0".parse(), address("a", Some(0)));
        assert_eq!(format!("a#{}", u64::MAX).parse(), address("a", Some(u64::MAX)));
        for wrong in ["", "#1", "a#", "a#x", "a#-1", "a#1.2", "a#18446744073709551616"] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }
}
