#![allow(clippy::unwrap_used)]

use super::generated::{shape, types, value};
use super::*;
use crate::trace::{CallsReader, Header, Record};
use minicbor::decode::Decoder;
use proptest::prelude::*;
use wasmtime::component::{Resource, Val};

fn encoded(value: &Val, ty: &wasmtime::component::Type) -> Vec<u8> {
    let mut writer = Writer::new();
    encode(&mut writer, value, ty);
    writer.into_bytes()
}

/// Calls as people write them: what is shown, without regard for the width of integers.
fn shown(value: &Val) -> String {
    crate::call::to_wave(value)
}

#[test]
fn the_encoding_is_what_the_table_says() {
    let mut writer = Writer::new();
    Some(7_u64).write(&mut writer);
    assert_eq!(writer.as_bytes(), [0xd9, 0xb8, 0xca, 0x81, 0x07]);
    writer.clear();
    Vec::<u8>::new().write(&mut writer);
    assert_eq!(writer.as_bytes(), [0x40], "an empty list<u8> is an empty byte string");
    writer.clear();
    1.0_f64.write(&mut writer);
    assert_eq!(writer.as_bytes(), [0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0], "never shortened");
    writer.clear();
    ("a".to_owned(), 24_u32).write_values(&mut writer);
    assert_eq!(writer.as_bytes(), [0x82, 0x61, b'a', 0x18, 24]);
    writer.clear();
    Resource::<u8>::new_borrow(70).write(&mut writer);
    assert_eq!(writer.as_bytes(), [0xd9, 0xb8, 0xcc, 0x18, 70]);
    assert_eq!(shown(&decode_any(&mut Decoder::new(writer.as_bytes())).unwrap()), "#70");
}

#[test]
fn results_of_handlers_are_those_of_components() {
    type Answer = Result<(), String>;
    for answer in [Ok(()), Err("no".to_owned())] {
        let mut writer = Writer::new();
        Answer::write(&answer, &mut writer);
        let any = decode_any(&mut Decoder::new(writer.as_bytes())).unwrap();
        assert_eq!(shown(&any), if answer.is_ok() { "ok" } else { "err(\"no\")" });
        assert_eq!(Answer::read(&mut Decoder::new(writer.as_bytes())).unwrap(), answer);
        assert!(Result::<String, ()>::read(&mut Decoder::new(writer.as_bytes())).is_err());
    }
}

wasmtime::component::flags! {
    Access {
        #[component(name = "read")]
        const READ;
        #[component(name = "write")]
        const WRITE;
        #[component(name = "append-only")]
        const APPEND_ONLY;
    }
}

wire_flags!(Access { READ = "read", WRITE = "write", APPEND_ONLY = "append-only" });

#[test]
fn flags_of_handlers_come_back() {
    for flags in [Access::default(), Access::WRITE, Access::APPEND_ONLY | Access::READ] {
        let mut writer = Writer::new();
        flags.write(&mut writer);
        assert!(Access::read(&mut Decoder::new(writer.as_bytes())).unwrap() == flags);
    }
    let mut writer = Writer::new();
    (Access::APPEND_ONLY | Access::READ).write(&mut writer);
    let any = decode_any(&mut Decoder::new(writer.as_bytes())).unwrap();
    assert_eq!(shown(&any), "{read, append-only}");
}

#[test]
fn depth_is_limited() {
    let mut bytes = vec![0x81; 100_000];
    bytes.push(0);
    assert!(decode_any(&mut Decoder::new(&bytes)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_come_back_bit_for_bit(
        (shape, value) in shape().prop_flat_map(|shape| (Just(shape.clone()), value(&shape)))
    ) {
        let ty = &types(&shape)[0].1;
        let bytes = encoded(&value, ty);
        let mut decoder = Decoder::new(&bytes);
        let read = decode(&mut decoder, ty).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(decoder.position(), bytes.len());
        // The bytes are compared, because `==` calls all NaNs equal.
        prop_assert_eq!(&encoded(&read, ty), &bytes);
        let any = decode_any(&mut Decoder::new(&bytes))
            .map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(shown(&any), shown(&value));
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        shape in shape()
    ) {
        let _ = decode(&mut Decoder::new(&bytes), &types(&shape)[0].1);
        let _ = decode_any(&mut Decoder::new(&bytes));
        let _ = decode_any_all(&bytes);
        let _ = Header::decode(&bytes);
        let _ = Record::read(&mut Decoder::new(&bytes));
        let _ = CallsReader::new(&bytes).and_then(CallsReader::all);
        let _ = crate::state::Delta::decode(&bytes);
        let _ = crate::turn::Failure::decode(&bytes);
    }
}
