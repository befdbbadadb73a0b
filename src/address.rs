//! `ACTOR`, `ACTOR#TURN` and `ACTOR#TURN.STEP` on the command line.

use std::fmt;
use std::str::FromStr;

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
