use super::decode::{array_len, expect_tag};
use super::{WireError, Writer, tag};
use minicbor::decode::Decoder;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wasmtime::component::Resource;

/// A Rust type that stands for a WIT type, in the encoding of this module.
pub trait Wire: Sized {
    /// Whether the type stands for no value at all, as the `_` of `result<_, string>`.
    const IS_NOTHING: bool = false;

    /// Writes the value.
    fn write(&self, writer: &mut Writer);

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// When the bytes are not such a value.
    fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError>;

    /// Writes a list of such values. `u8` writes a byte string instead of an array.
    fn write_list(items: &[Self], writer: &mut Writer) {
        writer.array(items.len());
        for item in items {
            item.write(writer);
        }
    }

    /// Reads a list of such values.
    ///
    /// # Errors
    ///
    /// When the bytes are not such a list.
    fn read_list(decoder: &mut Decoder<'_>) -> Result<Vec<Self>, WireError> {
        let len = array_len(decoder)?;
        let mut items = Vec::new();
        for _ in 0..len {
            items.push(Self::read(decoder)?);
        }
        Ok(items)
    }
}

impl Wire for u8 {
    fn write(&self, writer: &mut Writer) {
        writer.unsigned((*self).into());
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        Ok(decoder.u8()?)
    }

    fn write_list(items: &[Self], writer: &mut Writer) {
        writer.bytes(items);
    }

    fn read_list(decoder: &mut Decoder<'_>) -> Result<Vec<Self>, WireError> {
        Ok(decoder.bytes()?.to_vec())
    }
}

macro_rules! scalars {
    ($($ty:ty: $write:ident, $read:ident;)*) => {$(
        impl Wire for $ty {
            fn write(&self, writer: &mut Writer) {
                writer.$write((*self).into());
            }

            fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
                Ok(decoder.$read()?)
            }
        }
    )*};
}

scalars! {
    bool: bool, bool;
    u16: unsigned, u16;
    u32: unsigned, u32;
    u64: unsigned, u64;
    i32: signed, i32;
    i64: signed, i64;
    f64: f64, f64;
}

impl Wire for () {
    const IS_NOTHING: bool = true;

    fn write(&self, _: &mut Writer) {}

    fn read(_: &mut Decoder<'_>) -> Result<Self, WireError> {
        Ok(())
    }
}

/// A handle of a resource of the host, owned or borrowed: its number.
impl<T: 'static> Wire for Resource<T> {
    fn write(&self, writer: &mut Writer) {
        writer.tag(tag::HANDLE);
        writer.unsigned(self.rep().into());
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        expect_tag(decoder, tag::HANDLE)?;
        Ok(Self::new_own(decoder.u32()?))
    }
}

impl<T: Wire, E: Wire> Wire for Result<T, E> {
    fn write(&self, writer: &mut Writer) {
        writer.tag(tag::RESULT);
        match self {
            Ok(value) => write_case(writer, "ok", value),
            Err(error) => write_case(writer, "err", error),
        }
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        expect_tag(decoder, tag::RESULT)?;
        let len = array_len(decoder)?;
        match decoder.str()? {
            "ok" => payload(decoder, len).map(Ok),
            "err" => payload(decoder, len).map(Err),
            other => Err(WireError::new(decoder, format!("unknown case `{other}`"))),
        }
    }
}

fn write_case<T: Wire>(writer: &mut Writer, case: &str, payload: &T) {
    writer.array(1 + usize::from(!T::IS_NOTHING));
    writer.text(case);
    payload.write(writer);
}

/// The payload of a case that was written as an array of `len`.
fn payload<T: Wire>(decoder: &mut Decoder<'_>, len: u64) -> Result<T, WireError> {
    if len != 1 + u64::from(!T::IS_NOTHING) {
        return Err(WireError::new(decoder, "a payload too many or too few"));
    }
    T::read(decoder)
}

impl Wire for String {
    fn write(&self, writer: &mut Writer) {
        writer.text(self);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        Ok(decoder.str()?.to_owned())
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn write(&self, writer: &mut Writer) {
        T::write_list(self, writer);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        T::read_list(decoder)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write(&self, writer: &mut Writer) {
        writer.tag(tag::OPTION);
        writer.array(usize::from(self.is_some()));
        if let Some(value) = self {
            value.write(writer);
        }
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        expect_tag(decoder, tag::OPTION)?;
        match array_len(decoder)? {
            0 => Ok(None),
            1 => Ok(Some(T::read(decoder)?)),
            _ => Err(WireError::new(decoder, "an option of more than one")),
        }
    }
}

impl Wire for Arc<str> {
    fn write(&self, writer: &mut Writer) {
        writer.text(self);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        Ok(decoder.str()?.into())
    }
}

/// An array of keys, each with its value behind it, in the order of the keys.
impl<K: Wire + Ord, V: Wire> Wire for BTreeMap<K, V> {
    fn write(&self, writer: &mut Writer) {
        writer.array(self.len() * 2);
        for (key, value) in self {
            key.write(writer);
            value.write(writer);
        }
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        let len = array_len(decoder)?;
        let mut map = Self::new();
        for _ in 0..len / 2 {
            map.insert(K::read(decoder)?, V::read(decoder)?);
        }
        Ok(map)
    }
}

impl<T: Wire + Ord> Wire for BTreeSet<T> {
    fn write(&self, writer: &mut Writer) {
        writer.array(self.len());
        for item in self {
            item.write(writer);
        }
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        Ok(T::read_list(decoder)?.into_iter().collect())
    }
}

macro_rules! tuples {
    ($(($($ty:ident),*);)*) => {$(
        impl<$($ty: Wire),*> Wire for ($($ty),*) {
            fn write(&self, writer: &mut Writer) {
                writer.tag(tag::TUPLE);
                self.write_values(writer);
            }

            fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
                expect_tag(decoder, tag::TUPLE)?;
                Self::read_values(decoder)
            }
        }
    )*};
}

tuples! {
    (A, B);
    (A, B, C);
}

/// A Rust tuple that stands for the arguments or the results of a function, written as a plain
/// array.
pub trait WireList: Sized {
    /// Writes the values.
    fn write_values(&self, writer: &mut Writer);

    /// Reads the values.
    ///
    /// # Errors
    ///
    /// When the bytes are not such values.
    fn read_values(decoder: &mut Decoder<'_>) -> Result<Self, WireError>;
}

macro_rules! lists {
    ($($len:literal: $($ty:ident $field:tt)*;)*) => {$(
        impl<$($ty: Wire),*> WireList for ($($ty,)*) {
            fn write_values(&self, writer: &mut Writer) {
                writer.array($len);
                $(self.$field.write(writer);)*
            }

            fn read_values(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
                if array_len(decoder)? != $len {
                    return Err(WireError::new(decoder, "another number of values"));
                }
                Ok(($($ty::read(decoder)?,)*))
            }
        }
    )*};
}

lists! {
    0:;
    1: A 0;
    2: A 0 B 1;
    3: A 0 B 1 C 2;
    4: A 0 B 1 C 2 D 3;
    5: A 0 B 1 C 2 D 3 E 4;
    6: A 0 B 1 C 2 D 3 E 4 F 5;
}

/// Implements [`Wire`] for a Rust enum without payloads that stands for a WIT `enum`.
macro_rules! wire_enum {
    ($ty:ident { $($variant:ident = $name:literal),* $(,)? }) => {
        impl $crate::wire::Wire for $ty {
            fn write(&self, writer: &mut $crate::wire::Writer) {
                writer.tag($crate::wire::tag::ENUM);
                writer.text(match self { $(Self::$variant => $name),* });
            }

            fn read(
                decoder: &mut minicbor::decode::Decoder<'_>,
            ) -> Result<Self, $crate::wire::WireError> {
                if decoder.tag()?.as_u64() != $crate::wire::tag::ENUM {
                    return Err($crate::wire::WireError::new(decoder, "no enum"));
                }
                match decoder.str()? {
                    $($name => Ok(Self::$variant),)*
                    other => Err($crate::wire::WireError::new(
                        decoder,
                        format!("unknown case `{other}`"),
                    )),
                }
            }
        }
    };
}

/// Implements [`Wire`] for a Rust struct that stands for a WIT `record`.
macro_rules! wire_record {
    ($ty:ident, $len:literal { $($field:ident = $name:literal),* $(,)? }) => {
        impl $crate::wire::Wire for $ty {
            fn write(&self, writer: &mut $crate::wire::Writer) {
                writer.tag($crate::wire::tag::RECORD);
                writer.array($len * 2);
                $(writer.text($name); self.$field.write(writer);)*
            }

            fn read(
                decoder: &mut minicbor::decode::Decoder<'_>,
            ) -> Result<Self, $crate::wire::WireError> {
                if decoder.tag()?.as_u64() != $crate::wire::tag::RECORD
                    || decoder.array()? != Some($len * 2)
                {
                    return Err($crate::wire::WireError::new(decoder, "another record"));
                }
                $(
                    if decoder.str()? != $name {
                        return Err($crate::wire::WireError::new(decoder, "another field"));
                    }
                    let $field = $crate::wire::Wire::read(decoder)?;
                )*
                Ok(Self { $($field),* })
            }
        }
    };
}

/// Implements [`Wire`] for a type made with `wasmtime::component::flags!`, its flags in declared
/// order.
macro_rules! wire_flags {
    ($ty:ident { $($flag:ident = $name:literal),* $(,)? }) => {
        impl $crate::wire::Wire for $ty {
            fn write(&self, writer: &mut $crate::wire::Writer) {
                let flags = [$((Self::$flag, $name)),*];
                let set = || flags.iter().filter(|(flag, _)| (*self & *flag) == *flag);
                writer.tag($crate::wire::tag::FLAGS);
                writer.array(set().count());
                set().for_each(|(_, name)| writer.text(name));
            }

            fn read(
                decoder: &mut minicbor::decode::Decoder<'_>,
            ) -> Result<Self, $crate::wire::WireError> {
                if decoder.tag()?.as_u64() != $crate::wire::tag::FLAGS {
                    return Err($crate::wire::WireError::new(decoder, "no flags"));
                }
                let mut flags = Self::default();
                for _ in 0..decoder.array()?.unwrap_or_default() {
                    match decoder.str()? {
                        $($name => flags |= Self::$flag,)*
                        other => return Err($crate::wire::WireError::new(
                            decoder,
                            format!("unknown flag `{other}`"),
                        )),
                    }
                }
                Ok(flags)
            }
        }
    };
}

/// Implements [`Wire`] for a Rust enum that stands for a WIT `variant`: first the cases without a
/// payload, then those with one.
macro_rules! wire_variant {
    ($ty:ident { $($bare:ident = $bare_name:literal),* ; $($full:ident = $full_name:literal),* }) => {
        impl $crate::wire::Wire for $ty {
            fn write(&self, writer: &mut $crate::wire::Writer) {
                writer.tag($crate::wire::tag::VARIANT);
                match self {
                    $(Self::$bare => { writer.array(1); writer.text($bare_name); })*
                    $(Self::$full(payload) => {
                        writer.array(2);
                        writer.text($full_name);
                        payload.write(writer);
                    })*
                }
            }

            fn read(
                decoder: &mut minicbor::decode::Decoder<'_>,
            ) -> Result<Self, $crate::wire::WireError> {
                if decoder.tag()?.as_u64() != $crate::wire::tag::VARIANT {
                    return Err($crate::wire::WireError::new(decoder, "no variant"));
                }
                let len = decoder.array()?;
                match (decoder.str()?, len) {
                    $(($bare_name, Some(1)) => Ok(Self::$bare),)*
                    $(($full_name, Some(2)) => {
                        Ok(Self::$full($crate::wire::Wire::read(decoder)?))
                    })*
                    (other, _) => Err($crate::wire::WireError::new(
                        decoder,
                        format!("unknown case `{other}`"),
                    )),
                }
            }
        }
    };
}

/// Implements [`Wire`] for a type whose values have names: as a text.
macro_rules! wire_names {
    ($($ty:ident),* $(,)?) => {$(
        impl $crate::wire::Wire for $ty {
            fn write(&self, writer: &mut $crate::wire::Writer) {
                writer.text(self.name());
            }

            fn read(
                decoder: &mut minicbor::decode::Decoder<'_>,
            ) -> Result<Self, $crate::wire::WireError> {
                let name = decoder.str()?;
                Self::from_name(name).ok_or_else(|| {
                    $crate::wire::WireError::new(decoder, format!("unknown word `{name}`"))
                })
            }
        }
    )*};
}

pub(crate) use {wire_enum, wire_flags, wire_names, wire_record, wire_variant};
