use super::ActorId;
use super::header::names;
use crate::wire::{WireError, Writer};
use minicbor::decode::Decoder;
use std::fmt;

/// An import call that took effect because its turn committed. What was asked for stands in the call; an
/// effect says only what does not.
///
/// It is written as a CBOR array of a word and the number of the call in its turn, and for all that have
/// to do with another actor, the number of that actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A message was sent.
    Send {
        /// The number of the call, from 1.
        step: u64,
        /// Who gets it.
        to: ActorId,
    },
    /// A timer was set or cancelled.
    Timer {
        /// The number of the call, from 1.
        step: u64,
    },
    /// A child was asked for.
    Spawn {
        /// The number of the call, from 1.
        step: u64,
    },
    /// A child is to be stopped.
    Stop {
        /// The number of the call, from 1.
        step: u64,
        /// The child.
        child: ActorId,
    },
    /// A child is to be restarted.
    Restart {
        /// The number of the call, from 1.
        step: u64,
        /// The child.
        child: ActorId,
    },
    /// The end of another actor has to do with this one, or not any more.
    Watch {
        /// The number of the call, from 1.
        step: u64,
        /// In which way.
        watch: Watch,
        /// The other actor.
        to: ActorId,
    },
}

/// What the end of an actor has to do with another one. The words are Erlang/OTP's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Watch {
    /// The other one is told.
    Monitor,
    /// It is not told any more.
    Demonitor,
    /// Each of the two ends when the other one ends abnormally.
    Link,
    /// They do not any more.
    Unlink,
}

names!(Watch {
    Monitor = "monitor",
    Demonitor = "demonitor",
    Link = "link",
    Unlink = "unlink",
});

impl Effect {
    /// The payload of some effects.
    pub fn encode_all(effects: &[Self]) -> Vec<u8> {
        let mut writer = Writer::with_capacity(1 + effects.len() * 12);
        writer.array(effects.len());
        for effect in effects {
            let (word, step, other) = match effect {
                Self::Send { step, to } => ("send", step, Some(to)),
                Self::Timer { step } => ("timer", step, None),
                Self::Spawn { step } => ("spawn", step, None),
                Self::Stop { step, child } => ("stop", step, Some(child)),
                Self::Restart { step, child } => ("restart", step, Some(child)),
                Self::Watch { step, watch, to } => (watch.name(), step, Some(to)),
            };
            writer.array(2 + usize::from(other.is_some()));
            writer.text(word);
            writer.unsigned(*step);
            if let Some(other) = other {
                writer.unsigned(other.0);
            }
        }
        writer.into_bytes()
    }

    /// Reads a payload of effects.
    ///
    /// # Errors
    ///
    /// When it is no such payload.
    pub fn decode_all(bytes: &[u8]) -> Result<Vec<Self>, WireError> {
        let mut decoder = Decoder::new(bytes);
        let error = |decoder: &Decoder<'_>| WireError::new(decoder, "no effect");
        let count = decoder.array()?.ok_or_else(|| error(&decoder))?;
        let mut effects = Vec::new();
        for _ in 0..count {
            let parts = decoder.array()?;
            let word = decoder.str()?;
            let step = decoder.u64()?;
            let other = match parts {
                Some(2) => None,
                Some(3) => Some(ActorId(decoder.u64()?)),
                _ => return Err(error(&decoder)),
            };
            let effect = match (word, other) {
                ("send", Some(to)) => Some(Self::Send { step, to }),
                ("timer", None) => Some(Self::Timer { step }),
                ("spawn", None) => Some(Self::Spawn { step }),
                ("stop", Some(child)) => Some(Self::Stop { step, child }),
                ("restart", Some(child)) => Some(Self::Restart { step, child }),
                (word, Some(to)) => {
                    Watch::from_name(word).map(|watch| Self::Watch { step, watch, to })
                }
                _ => None,
            };
            effects.push(effect.ok_or_else(|| error(&decoder))?);
        }
        Ok(effects)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn effects_are_read_as_they_were_written(parts in prop::collection::vec((0..8_usize, any::<u64>(), any::<u64>()), 0..20)) {
            let effects: Vec<Effect> = parts
                .into_iter()
                .map(|(kind, step, other)| {
                    let other = ActorId(other);
                    let watch = |watch| Effect::Watch { step, watch, to: other };
                    match kind {
                        0 => Effect::Send { step, to: other },
                        1 => Effect::Timer { step },
                        2 => Effect::Spawn { step },
                        3 => Effect::Stop { step, child: other },
                        4 => Effect::Restart { step, child: other },
                        5 => watch(Watch::Monitor),
                        6 => watch(Watch::Link),
                        _ => watch(Watch::Unlink),
                    }
                })
                .collect();
            prop_assert_eq!(Effect::decode_all(&Effect::encode_all(&effects)), Ok(effects));
        }

        #[test]
        fn bytes_from_outside_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Effect::decode_all(&bytes);
        }
    }
}
