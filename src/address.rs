//! `ACTOR` and `ACTOR#TURN` on the command line.

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

#[cfg(test)]
mod tests {
    use super::*;

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
