use super::ActorId;
use crate::wire::{WireError, Writer};
use minicbor::decode::Decoder;

/// An import call that took effect because its turn committed. What was asked for stands in the call; an
/// effect says only what does not.
///
/// It is written as a CBOR array of a word and the number of the call in its turn, and for a message
/// the number of its receiver.
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
}

impl Effect {
    /// The payload of some effects.
    pub fn encode_all(effects: &[Self]) -> Vec<u8> {
        let mut writer = Writer::with_capacity(1 + effects.len() * 12);
        writer.array(effects.len());
        for effect in effects {
            match effect {
                Self::Send { step, to } => {
                    writer.array(3);
                    writer.text("send");
                    writer.unsigned(*step);
                    writer.unsigned(to.0);
                }
                Self::Timer { step } => {
                    writer.array(2);
                    writer.text("timer");
                    writer.unsigned(*step);
                }
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
            effects.push(match (word, parts) {
                ("send", Some(3)) => Self::Send { step, to: ActorId(decoder.u64()?) },
                ("timer", Some(2)) => Self::Timer { step },
                _ => return Err(error(&decoder)),
            });
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
        fn effects_are_read_as_they_were_written(parts in prop::collection::vec((any::<u64>(), prop::option::of(any::<u64>())), 0..20)) {
            let effects: Vec<Effect> = parts
                .into_iter()
                .map(|(step, to)| match to {
                    Some(to) => Effect::Send { step, to: ActorId(to) },
                    None => Effect::Timer { step },
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
