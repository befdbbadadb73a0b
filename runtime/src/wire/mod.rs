//! How values are written into a trace: deterministic CBOR (RFC 8949, section 4.2.1), directed by
//! the WIT type.
//!
//! The encoding is self-describing, so that a trace can be shown without its components at hand
//! ([`decode_any`]). Start at [`encode`]; [`Wire`] is the same encoding for Rust types, which the
//! handlers use.
//!
//! | WIT | CBOR |
//! |---|---|
//! | bool | true, false |
//! | integers | integer, shortest form |
//! | f32, f64 | 32- or 64-bit float with its exact bits, never shortened |
//! | string | text |
//! | list | array |
//! | list\<u8\> | byte string, also when empty |
//! | char | [`tag::CHAR`] of a text |
//! | tuple | [`tag::TUPLE`] of an array |
//! | record | [`tag::RECORD`] of an array: name, value, name, value …, in declared order |
//! | variant | [`tag::VARIANT`] of an array: case name, and the payload if there is one |
//! | result | [`tag::RESULT`] of the same, the case being `ok` or `err` |
//! | enum | [`tag::ENUM`] of a text |
//! | flags | [`tag::FLAGS`] of an array of texts, in declared order |
//! | option | [`tag::OPTION`] of an array of none or one |
//! | handle of a resource of the host, owned or borrowed | [`tag::HANDLE`] of an integer, its number |
//!
//! Records are no CBOR maps, because a deterministic map is sorted and would lose the order of the
//! fields. A component's own resources, streams and futures have no encoding: functions that use them
//! cannot be called.

mod decode;
mod encode;
#[cfg(test)]
pub(crate) mod generated;
#[cfg(test)]
mod tests;
mod typed;
mod writer;

pub use decode::{WireError, decode, decode_all, decode_any, decode_any_all};
pub use encode::{encode, encode_all};
pub use typed::{Wire, WireList};
pub(crate) use typed::{wire_enum, wire_flags, wire_names, wire_record, wire_variant};
pub use writer::Writer;

/// CBOR tags for the WIT types that CBOR has no own form for. The numbers lie in the range that is
/// first come, first served (RFC 8949, section 9.2).
pub mod tag {
    /// char
    pub const CHAR: u64 = 47_300;
    /// tuple
    pub const TUPLE: u64 = 47_301;
    /// record
    pub const RECORD: u64 = 47_302;
    /// variant
    pub const VARIANT: u64 = 47_303;
    /// enum
    pub const ENUM: u64 = 47_304;
    /// flags
    pub const FLAGS: u64 = 47_305;
    /// option
    pub const OPTION: u64 = 47_306;
    /// result
    pub const RESULT: u64 = 47_307;
    /// handle of a resource of the host
    pub const HANDLE: u64 = 47_308;
}

/// A text as one item.
pub fn text(text: &str) -> Vec<u8> {
    let mut writer = Writer::with_capacity(text.len() + 5);
    writer.text(text);
    writer.into_bytes()
}
