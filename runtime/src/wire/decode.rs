use super::tag;
use minicbor::data::Type as Major;
use minicbor::decode::Decoder;
use wasmtime::component::{Type, Val};

/// How deep values may be nested in one another. WIT types are finite, but bytes from outside can
/// claim any depth.
const MAX_DEPTH: u32 = 100;

/// Bytes that are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} (at byte {offset})")]
pub struct WireError {
    /// What is wrong.
    pub what: String,
    /// Where, counted from the start of the value.
    pub offset: usize,
}

impl WireError {
    /// An error at the decoder's present position.
    pub fn new(decoder: &Decoder<'_>, what: impl Into<String>) -> Self {
        Self { what: what.into(), offset: decoder.position() }
    }
}

impl From<minicbor::decode::Error> for WireError {
    fn from(error: minicbor::decode::Error) -> Self {
        Self { what: error.to_string(), offset: error.position().unwrap_or_default() }
    }
}

/// Reads a value of the given type.
///
/// # Errors
///
/// When the bytes are not such a value.
pub fn decode(decoder: &mut Decoder<'_>, ty: &Type) -> Result<Val, WireError> {
    Ok(match ty {
        Type::Bool => Val::Bool(decoder.bool()?),
        Type::S8 => Val::S8(decoder.i8()?),
        Type::U8 => Val::U8(decoder.u8()?),
        Type::S16 => Val::S16(decoder.i16()?),
        Type::U16 => Val::U16(decoder.u16()?),
        Type::S32 => Val::S32(decoder.i32()?),
        Type::U32 => Val::U32(decoder.u32()?),
        Type::S64 => Val::S64(decoder.i64()?),
        Type::U64 => Val::U64(decoder.u64()?),
        Type::Float32 => Val::Float32(decoder.f32()?),
        Type::Float64 => Val::Float64(decoder.f64()?),
        Type::Char => Val::Char(char(decoder)?),
        Type::String => Val::String(decoder.str()?.to_owned()),
        Type::List(list) => Val::List(items(decoder, &list.ty())?),
        Type::Record(record) => Val::Record(record_fields(decoder, record)?),
        Type::Tuple(tuple) => {
            let types: Vec<Type> = tuple.types().collect();
            expect_tag(decoder, tag::TUPLE)?;
            Val::Tuple(decode_all(decoder, &types)?)
        }
        Type::Variant(variant) => {
            expect_tag(decoder, tag::VARIANT)?;
            let (case, has_payload) = case(decoder)?;
            let Some(ty) = variant.cases().find(|c| c.name == case).map(|c| c.ty) else {
                return Err(WireError::new(decoder, format!("unknown case `{case}`")));
            };
            Val::Variant(case, payload(decoder, has_payload, ty.as_ref())?)
        }
        Type::Result(result) => {
            expect_tag(decoder, tag::RESULT)?;
            let (case, has_payload) = case(decoder)?;
            Val::Result(match case.as_str() {
                "ok" => Ok(payload(decoder, has_payload, result.ok().as_ref())?),
                "err" => Err(payload(decoder, has_payload, result.err().as_ref())?),
                _ => return Err(WireError::new(decoder, format!("unknown case `{case}`"))),
            })
        }
        Type::Enum(cases) => {
            expect_tag(decoder, tag::ENUM)?;
            let case = decoder.str()?;
            if !cases.names().any(|name| name == case) {
                return Err(WireError::new(decoder, format!("unknown case `{case}`")));
            }
            Val::Enum(case.to_owned())
        }
        Type::Option(option) => {
            expect_tag(decoder, tag::OPTION)?;
            let has_payload = array_len(decoder)? == 1;
            Val::Option(payload(decoder, has_payload, has_payload.then(|| option.ty()).as_ref())?)
        }
        Type::Flags(flags) => {
            expect_tag(decoder, tag::FLAGS)?;
            let len = array_len(decoder)?;
            let mut names = Vec::new();
            for _ in 0..len {
                let name = decoder.str()?;
                if !flags.names().any(|known| known == name) {
                    return Err(WireError::new(decoder, format!("unknown flag `{name}`")));
                }
                names.push(name.to_owned());
            }
            Val::Flags(names)
        }
        Type::Map(_)
        | Type::Own(_)
        | Type::Borrow(_)
        | Type::Future(_)
        | Type::Stream(_)
        | Type::ErrorContext
        | Type::FixedLengthList(_) => {
            return Err(WireError::new(decoder, "a value of a type that has no encoding"));
        }
    })
}

/// Reads an array of values of the given types.
///
/// # Errors
///
/// When the bytes are not such an array.
pub fn decode_all(decoder: &mut Decoder<'_>, types: &[Type]) -> Result<Vec<Val>, WireError> {
    let len = array_len(decoder)?;
    if len != types.len() as u64 {
        return Err(WireError::new(decoder, format!("{len} values instead of {}", types.len())));
    }
    types.iter().map(|ty| decode(decoder, ty)).collect()
}

/// Reads a value without knowing its type, for showing it. Integers come as `s64` or `u64`, handles
/// as an enum whose case is `#` and their number.
///
/// # Errors
///
/// When the bytes are not a value in this encoding.
pub fn decode_any(decoder: &mut Decoder<'_>) -> Result<Val, WireError> {
    any(decoder, 0)
}

/// Reads an array of values without knowing their types: arguments or results.
///
/// # Errors
///
/// When the bytes are not such an array.
pub fn decode_any_all(bytes: &[u8]) -> Result<Vec<Val>, WireError> {
    let mut decoder = Decoder::new(bytes);
    let len = array_len(&mut decoder)?;
    let mut values = Vec::new();
    for _ in 0..len {
        values.push(any(&mut decoder, 0)?);
    }
    Ok(values)
}

fn any(decoder: &mut Decoder<'_>, depth: u32) -> Result<Val, WireError> {
    if depth > MAX_DEPTH {
        return Err(WireError::new(decoder, "nested too deep"));
    }
    let depth = depth + 1;
    Ok(match decoder.datatype()? {
        Major::Bool => Val::Bool(decoder.bool()?),
        Major::U8 | Major::U16 | Major::U32 | Major::U64 => Val::U64(decoder.u64()?),
        Major::I8 | Major::I16 | Major::I32 | Major::I64 => Val::S64(decoder.i64()?),
        Major::F32 => Val::Float32(decoder.f32()?),
        Major::F64 => Val::Float64(decoder.f64()?),
        Major::String => Val::String(decoder.str()?.to_owned()),
        Major::Bytes => Val::List(decoder.bytes()?.iter().copied().map(Val::U8).collect()),
        Major::Array => Val::List(any_items(decoder, depth)?),
        Major::Tag => any_tagged(decoder, depth)?,
        other => return Err(WireError::new(decoder, format!("{other} has no place in a value"))),
    })
}

fn any_tagged(decoder: &mut Decoder<'_>, depth: u32) -> Result<Val, WireError> {
    Ok(match decoder.tag()?.as_u64() {
        tag::CHAR => Val::Char(one_char(decoder)?),
        tag::TUPLE => Val::Tuple(any_items(decoder, depth)?),
        tag::RECORD => {
            let len = array_len(decoder)?;
            let mut fields = Vec::new();
            for _ in 0..len / 2 {
                fields.push((decoder.str()?.to_owned(), any(decoder, depth)?));
            }
            Val::Record(fields)
        }
        tag::VARIANT => {
            let (case, payload) = any_case(decoder, depth)?;
            Val::Variant(case, payload)
        }
        tag::RESULT => match any_case(decoder, depth)? {
            (case, payload) if case == "ok" => Val::Result(Ok(payload)),
            (case, payload) if case == "err" => Val::Result(Err(payload)),
            (case, _) => return Err(WireError::new(decoder, format!("unknown case `{case}`"))),
        },
        tag::ENUM => Val::Enum(decoder.str()?.to_owned()),
        // No case of an enum has such a name: it cannot be mistaken for one.
        tag::HANDLE => Val::Enum(format!("#{}", decoder.u32()?)),
        tag::FLAGS => {
            let len = array_len(decoder)?;
            let mut names = Vec::new();
            for _ in 0..len {
                names.push(decoder.str()?.to_owned());
            }
            Val::Flags(names)
        }
        tag::OPTION => {
            let some = array_len(decoder)? == 1;
            Val::Option(if some { Some(Box::new(any(decoder, depth)?)) } else { None })
        }
        other => return Err(WireError::new(decoder, format!("unknown tag {other}"))),
    })
}

fn any_case(
    decoder: &mut Decoder<'_>,
    depth: u32,
) -> Result<(String, Option<Box<Val>>), WireError> {
    let (case, has_payload) = case(decoder)?;
    let payload = if has_payload { Some(Box::new(any(decoder, depth)?)) } else { None };
    Ok((case, payload))
}

fn any_items(decoder: &mut Decoder<'_>, depth: u32) -> Result<Vec<Val>, WireError> {
    let len = array_len(decoder)?;
    let mut items = Vec::new();
    for _ in 0..len {
        items.push(any(decoder, depth)?);
    }
    Ok(items)
}

fn items(decoder: &mut Decoder<'_>, ty: &Type) -> Result<Vec<Val>, WireError> {
    if matches!(ty, Type::U8) {
        return Ok(decoder.bytes()?.iter().copied().map(Val::U8).collect());
    }
    let len = array_len(decoder)?;
    let mut items = Vec::new();
    for _ in 0..len {
        items.push(decode(decoder, ty)?);
    }
    Ok(items)
}

fn record_fields(
    decoder: &mut Decoder<'_>,
    record: &wasmtime::component::types::Record,
) -> Result<Vec<(String, Val)>, WireError> {
    expect_tag(decoder, tag::RECORD)?;
    let len = array_len(decoder)?;
    if len != record.fields().len() as u64 * 2 {
        return Err(WireError::new(decoder, "a record with other fields"));
    }
    let mut fields = Vec::new();
    for field in record.fields() {
        let name = decoder.str()?;
        if name != field.name {
            return Err(WireError::new(
                decoder,
                format!("field `{name}` where `{}` is declared", field.name),
            ));
        }
        fields.push((name.to_owned(), decode(decoder, &field.ty)?));
    }
    Ok(fields)
}

fn char(decoder: &mut Decoder<'_>) -> Result<char, WireError> {
    expect_tag(decoder, tag::CHAR)?;
    one_char(decoder)
}

fn one_char(decoder: &mut Decoder<'_>) -> Result<char, WireError> {
    let text = decoder.str()?;
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(WireError::new(decoder, "a char that is not one character")),
    }
}

fn case(decoder: &mut Decoder<'_>) -> Result<(String, bool), WireError> {
    let has_payload = case_len(decoder)?;
    Ok((decoder.str()?.to_owned(), has_payload))
}

fn case_len(decoder: &mut Decoder<'_>) -> Result<bool, WireError> {
    match array_len(decoder)? {
        1 => Ok(false),
        2 => Ok(true),
        _ => Err(WireError::new(decoder, "a variant needs a name and at most one payload")),
    }
}

fn payload(
    decoder: &mut Decoder<'_>,
    present: bool,
    ty: Option<&Type>,
) -> Result<Option<Box<Val>>, WireError> {
    match (present, ty) {
        (true, Some(ty)) => Ok(Some(Box::new(decode(decoder, ty)?))),
        (false, None) => Ok(None),
        _ => Err(WireError::new(decoder, "a payload where none is declared, or none where one is")),
    }
}

/// The length of an array that follows.
///
/// # Errors
///
/// When no array of known length follows.
pub(super) fn array_len(decoder: &mut Decoder<'_>) -> Result<u64, WireError> {
    decoder.array()?.ok_or_else(|| WireError::new(decoder, "an array without a length"))
}

/// Reads over a tag.
///
/// # Errors
///
/// When another one follows, or none.
pub(super) fn expect_tag(decoder: &mut Decoder<'_>, tag: u64) -> Result<(), WireError> {
    let found = decoder.tag()?.as_u64();
    if found == tag {
        Ok(())
    } else {
        Err(WireError::new(decoder, format!("tag {found} where {tag} is declared")))
    }
}
