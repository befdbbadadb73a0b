use minicbor::data::Tag;
use minicbor::encode::Encoder;

/// Writes CBOR items into memory, one after the other.
///
/// Integers and lengths always take their shortest form, so what is written is deterministic as
/// long as the caller writes no maps out of order.
#[derive(Debug, Default, Clone)]
pub struct Writer {
    bytes: Vec<u8>,
}

const MEMORY: &str = "writing to memory cannot fail";

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty writer with room for this many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What was written so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes were written so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Forgets what was written, but keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    fn encoder(&mut self) -> Encoder<&mut Vec<u8>> {
        Encoder::new(&mut self.bytes)
    }

    /// The head of an array of `len` items, which follow.
    pub fn array(&mut self, len: usize) {
        self.encoder().array(len as u64).expect(MEMORY);
    }

    /// A tag for the item that follows.
    pub fn tag(&mut self, tag: u64) {
        self.encoder().tag(Tag::new(tag)).expect(MEMORY);
    }

    /// An unsigned integer.
    pub fn unsigned(&mut self, value: u64) {
        self.encoder().u64(value).expect(MEMORY);
    }

    /// A signed integer.
    pub fn signed(&mut self, value: i64) {
        self.encoder().i64(value).expect(MEMORY);
    }

    /// A boolean.
    pub fn bool(&mut self, value: bool) {
        self.encoder().bool(value).expect(MEMORY);
    }

    /// A 32-bit float with its exact bits.
    pub fn f32(&mut self, value: f32) {
        self.encoder().f32(value).expect(MEMORY);
    }

    /// A 64-bit float with its exact bits.
    pub fn f64(&mut self, value: f64) {
        self.encoder().f64(value).expect(MEMORY);
    }

    /// A text.
    pub fn text(&mut self, value: &str) {
        self.encoder().str(value).expect(MEMORY);
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) {
        self.encoder().bytes(value).expect(MEMORY);
    }

    /// The value null.
    pub fn null(&mut self) {
        self.encoder().null().expect(MEMORY);
    }

    /// Items that were written elsewhere.
    pub fn raw(&mut self, items: &[u8]) {
        self.bytes.extend_from_slice(items);
    }
}
