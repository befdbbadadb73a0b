/// Writes CBOR items into memory, one after the other.
///
/// Integers and lengths always take their shortest form, so what is written is deterministic as
/// long as the caller writes no maps out of order.
#[derive(Debug, Default, Clone)]
pub struct Writer {
    bytes: Vec<u8>,
}

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

    /// The head of an item: its major type and a number in its shortest form (RFC 8949, section 3).
    fn head(&mut self, major: u8, number: u64) {
        let major = major << 5;
        let bytes = number.to_be_bytes();
        match number {
            0..=23 => self.bytes.push(major | bytes[7]),
            24..=0xff => self.bytes.extend_from_slice(&[major | 24, bytes[7]]),
            0x100..=0xffff => self.bytes.extend_from_slice(&[major | 25, bytes[6], bytes[7]]),
            0x1_0000..=0xffff_ffff => {
                self.bytes.push(major | 26);
                self.bytes.extend_from_slice(&bytes[4..]);
            }
            _ => {
                self.bytes.push(major | 27);
                self.bytes.extend_from_slice(&bytes);
            }
        }
    }

    /// The head of an array of `len` items, which follow.
    pub fn array(&mut self, len: usize) {
        self.head(4, len as u64);
    }

    /// A tag for the item that follows.
    pub fn tag(&mut self, tag: u64) {
        self.head(6, tag);
    }

    /// An unsigned integer.
    pub fn unsigned(&mut self, value: u64) {
        self.head(0, value);
    }

    /// A signed integer. A negative one is written as -1 minus it.
    pub fn signed(&mut self, value: i64) {
        let major = u8::from(value < 0);
        self.head(major, if value < 0 { !value as u64 } else { value as u64 });
    }

    /// A boolean.
    pub fn bool(&mut self, value: bool) {
        self.bytes.push(if value { 0xf5 } else { 0xf4 });
    }

    /// A 32-bit float with its exact bits.
    pub fn f32(&mut self, value: f32) {
        self.bytes.push(0xfa);
        self.bytes.extend_from_slice(&value.to_bits().to_be_bytes());
    }

    /// A 64-bit float with its exact bits.
    pub fn f64(&mut self, value: f64) {
        self.bytes.push(0xfb);
        self.bytes.extend_from_slice(&value.to_bits().to_be_bytes());
    }

    /// A text.
    pub fn text(&mut self, value: &str) {
        self.head(3, value.len() as u64);
        self.bytes.extend_from_slice(value.as_bytes());
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) {
        self.head(2, value.len() as u64);
        self.bytes.extend_from_slice(value);
    }

    /// The value null.
    pub fn null(&mut self) {
        self.bytes.push(0xf6);
    }

    /// Items that were written elsewhere.
    pub fn raw(&mut self, items: &[u8]) {
        self.bytes.extend_from_slice(items);
    }
}

#[cfg(test)]
mod tests {
    use super::Writer;
    use minicbor::Encoder;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_what_minicbor_writes(
            unsigned in any::<u64>(), shift in 0..64_u32, signed in any::<i64>(),
            text in any::<String>(), bytes in any::<Vec<u8>>(), float in any::<f64>(), single in any::<f32>()
        ) {
            let (unsigned, signed) = (unsigned >> shift, signed >> shift);
            let mut ours = Writer::new();
            ours.array(7);
            ours.tag(unsigned);
            ours.unsigned(unsigned);
            ours.signed(signed);
            ours.text(&text);
            ours.bytes(&bytes);
            ours.f64(float);
            ours.f32(single);
            ours.bool(float > 0.0);
            ours.null();
            let mut theirs = Encoder::new(Vec::new());
            theirs.array(7)?.tag(minicbor::data::Tag::new(unsigned))?.u64(unsigned)?.i64(signed)?;
            theirs.str(&text)?.bytes(&bytes)?.f64(float)?.f32(single)?.bool(float > 0.0)?.null()?;
            prop_assert_eq!(ours.into_bytes(), theirs.into_writer());
        }
    }
}
