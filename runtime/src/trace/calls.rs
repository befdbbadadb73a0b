use super::Hash;
use crate::wire::{WireError, Writer};
use minicbor::decode::Decoder;

/// One call of an import, as the payload [`super::PayloadKind::Calls`] holds it: a CBOR array of
/// the function's name, the array of its arguments, and the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportCall {
    /// Interface and function, such as `theater:host/state@0.1.0#get`.
    pub function: String,
    /// The arguments, an encoded array.
    pub arguments: Vec<u8>,
    /// What came back.
    pub answer: Answer,
}

/// What an import call got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The results, an encoded array.
    Returned(Vec<u8>),
    /// The hash of the results: they follow from the recorded state, and replay computes them.
    Digest(Hash),
    /// No answer: the turn aborted in this call.
    None,
}

/// Answers of up to this length are written out even if replay could compute them: the digest
/// would be longer.
const DIGEST_FROM: usize = 33;

/// Writes the calls of one turn.
#[derive(Debug, Default)]
pub struct CallsWriter {
    count: usize,
    items: Writer,
    /// Whether the last call has no answer yet.
    open: bool,
    /// Where the last call begins.
    last: usize,
    /// Which calls [`CallsWriter::since_mark`] leaves out: their number, and where they end.
    mark: (usize, usize),
}

impl CallsWriter {
    /// How many calls were begun.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many bytes the calls take so far.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there was no call.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Begins a call. `arguments` is an encoded array.
    pub fn begin(&mut self, function: &str, arguments: &[u8]) {
        if self.count == 0 {
            // Most turns need no more, and growing in small steps costs time.
            self.items = Writer::with_capacity(256);
        }
        self.count += 1;
        self.open = true;
        self.last = self.items.len();
        self.items.array(3);
        self.items.text(function);
        self.items.raw(arguments);
    }

    /// Ends the call with its results, an encoded array. `computable` says that replay can compute
    /// them from the recorded state.
    pub fn answer(&mut self, results: &[u8], computable: bool) {
        self.open = false;
        if computable && results.len() >= DIGEST_FROM {
            self.items.bytes(&Hash::of(results).0);
        } else {
            self.items.raw(results);
        }
    }

    /// The payload of calls that were read.
    pub fn of(calls: &[ImportCall]) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.array(calls.len());
        for call in calls {
            writer.array(3);
            writer.text(&call.function);
            writer.raw(&call.arguments);
            match &call.answer {
                Answer::Returned(results) => writer.raw(results),
                Answer::Digest(hash) => writer.bytes(&hash.0),
                Answer::None => writer.null(),
            }
        }
        writer.into_bytes()
    }

    /// Everything so far stands in other records.
    pub fn mark(&mut self) {
        self.mark = (self.count, self.items.len());
    }

    /// The payload of the calls since the mark; the last one has no answer. That one is the first behind
    /// the next mark, because its answer is still to come.
    pub fn since_mark(&mut self) -> Vec<u8> {
        let (marked, from) = self.mark;
        let mut writer = Writer::with_capacity(self.items.len() - from + 10);
        writer.array(self.count - marked);
        writer.raw(&self.items.as_bytes()[from..]);
        writer.null();
        self.mark = (self.count - 1, self.last);
        writer.into_bytes()
    }

    /// The payload. A call without an answer gets [`Answer::None`].
    pub fn finish(mut self) -> Vec<u8> {
        if self.open {
            self.items.null();
        }
        let mut writer = Writer::with_capacity(self.items.len() + 9);
        writer.array(self.count);
        writer.raw(self.items.as_bytes());
        writer.into_bytes()
    }
}

/// Reads the calls of one turn, one after the other.
#[derive(Debug, Clone)]
pub struct CallsReader {
    bytes: Vec<u8>,
    offset: usize,
    left: u64,
}

impl CallsReader {
    /// Reads a payload of calls; none for an empty slice.
    ///
    /// # Errors
    ///
    /// When it is no such payload.
    pub fn new(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.is_empty() {
            return Ok(Self { bytes: Vec::new(), offset: 0, left: 0 });
        }
        let mut decoder = Decoder::new(bytes);
        let left =
            decoder.array()?.ok_or_else(|| WireError::new(&decoder, "calls without a number"))?;
        Ok(Self { bytes: bytes.to_vec(), offset: decoder.position(), left })
    }

    /// How many calls are left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The next call, or none after the last.
    ///
    /// # Errors
    ///
    /// When the bytes are not a call.
    pub fn next_call(&mut self) -> Result<Option<ImportCall>, WireError> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut decoder = Decoder::new(&self.bytes);
        decoder.set_position(self.offset);
        if decoder.array()? != Some(3) {
            return Err(WireError::new(&decoder, "a call has a name, arguments and an answer"));
        }
        let function = decoder.str()?.to_owned();
        let arguments = skipped(&mut decoder)?;
        let answer = match decoder.datatype()? {
            minicbor::data::Type::Bytes => {
                let hash = decoder.bytes()?.try_into().map(Hash);
                Answer::Digest(hash.map_err(|_| WireError::new(&decoder, "no digest"))?)
            }
            minicbor::data::Type::Null => {
                decoder.null()?;
                Answer::None
            }
            _ => Answer::Returned(skipped(&mut decoder)?),
        };
        self.offset = decoder.position();
        self.left -= 1;
        Ok(Some(ImportCall { function, arguments, answer }))
    }

    /// All calls that are left.
    ///
    /// # Errors
    ///
    /// When the bytes are not calls.
    pub fn all(mut self) -> Result<Vec<ImportCall>, WireError> {
        let mut calls = Vec::new();
        while let Some(call) = self.next_call()? {
            calls.push(call);
        }
        Ok(calls)
    }
}

/// Steps over one item and returns its bytes.
fn skipped(decoder: &mut Decoder<'_>) -> Result<Vec<u8>, WireError> {
    let start = decoder.position();
    decoder.skip()?;
    Ok(decoder.input()[start..decoder.position()].to_vec())
}
