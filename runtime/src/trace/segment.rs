use super::Hash;
use crate::wire::{WireError, Writer};
use minicbor::decode::Decoder;

/// The words with which every segment begins.
const MAGIC: &str = "theater trace segment";

/// The version of the format. A reader refuses a version that it does not know.
const VERSION: u64 = 1;

/// The first item of a segment file: a CBOR array of the magic words, the format's version, the
/// run's id, the segment's number, the position of its first record, and the first 8 bytes of the
/// hash of all that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentHead {
    /// The run that the segment belongs to.
    pub run: String,
    /// The segment's number, from 1.
    pub number: u64,
    /// The position of the first record.
    pub first: u64,
}

impl SegmentHead {
    /// The bytes of the head.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.array(6);
        writer.text(MAGIC);
        writer.unsigned(VERSION);
        writer.text(&self.run);
        writer.unsigned(self.number);
        writer.unsigned(self.first);
        let check = Hash::of(writer.as_bytes());
        writer.bytes(&check.0[..8]);
        writer.into_bytes()
    }

    /// Reads a head.
    ///
    /// # Errors
    ///
    /// When the bytes do not begin with one, or with one of an unknown version.
    pub fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        let start = decoder.position();
        if decoder.array().ok().flatten() != Some(6) || decoder.str().ok() != Some(MAGIC) {
            return Err(WireError {
                what: "this is not a trace segment".to_owned(),
                offset: start,
            });
        }
        let version = decoder.u64()?;
        if version != VERSION {
            return Err(WireError::new(
                decoder,
                format!("format version {version}; this Theater reads version {VERSION}"),
            ));
        }
        let head =
            Self { run: decoder.str()?.to_owned(), number: decoder.u64()?, first: decoder.u64()? };
        let covered = &decoder.input()[start..decoder.position()];
        if decoder.bytes()? != &Hash::of(covered).0[..8] {
            return Err(WireError::new(decoder, "the segment's head does not fit its check bytes"));
        }
        Ok(head)
    }
}
