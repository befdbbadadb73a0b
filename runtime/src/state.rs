//! An actor's state: an ordered map from text keys to values, kept as a persistent map, so that
//! every past version is at hand at the price of what changed.

use crate::wire::{Wire, WireError, Writer, wire_variant};
use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use minicbor::decode::Decoder;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;
use wasmtime::component::{ComponentType, Lift, Lower, Val};

/// `theater:host/state.value`.
#[derive(Debug, Clone, PartialEq, ComponentType, Lift, Lower)]
#[component(variant)]
#[expect(missing_docs, reason = "the cases are documented in the contract")]
pub enum Value {
    #[component(name = "bool")]
    Bool(bool),
    #[component(name = "s64")]
    S64(i64),
    #[component(name = "u64")]
    U64(u64),
    #[component(name = "f64")]
    F64(f64),
    #[component(name = "text")]
    Text(String),
    #[component(name = "bytes")]
    Bytes(Vec<u8>),
}

wire_variant!(Value {
    ;
    Bool = "bool",
    S64 = "s64",
    U64 = "u64",
    F64 = "f64",
    Text = "text",
    Bytes = "bytes"
});

impl Value {
    /// The value without its case, for showing it to a person.
    pub fn to_val(&self) -> Val {
        match self {
            Self::Bool(v) => Val::Bool(*v),
            Self::S64(v) => Val::S64(*v),
            Self::U64(v) => Val::U64(*v),
            Self::F64(v) => Val::Float64(*v),
            Self::Text(v) => Val::String(v.clone()),
            Self::Bytes(v) => Val::List(v.iter().copied().map(Val::U8).collect()),
        }
    }

    /// The name of its case, which is the name of its type.
    pub fn case(&self) -> &'static str {
        match self {
            Self::Bool(_) => "bool",
            Self::S64(_) => "s64",
            Self::U64(_) => "u64",
            Self::F64(_) => "f64",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
        }
    }

    /// Whether it is the same one, also where it is no number.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::F64(a), Self::F64(b)) => a.to_bits() == b.to_bits(),
            _ => self == other,
        }
    }

    fn size(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Bytes(bytes) => bytes.len() as u64,
            _ => 8,
        }
    }
}

/// A key whose value differs between two versions of a state.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The key.
    pub key: String,
    /// The value in the earlier version, if it had the key.
    pub before: Option<Value>,
    /// The value in the later version, if it has the key.
    pub after: Option<Value>,
}

fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.is(b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

/// What an entry counts beside its key and its value, in bytes.
const ENTRY_SIZE: u64 = 32;

/// One version of an actor's state. Cloning it is cheap.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    entries: OrdMap<Arc<str>, Arc<Value>>,
    size: u64,
}

/// The array of all keys, each with its value behind it.
impl Wire for State {
    fn write(&self, writer: &mut Writer) {
        writer.array(self.entries.len() * 2);
        for (key, value) in &self.entries {
            writer.text(key);
            value.write(writer);
        }
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        let len = decoder.array()?.ok_or_else(|| WireError::new(decoder, "no state"))?;
        let mut state = Self::default();
        for _ in 0..len / 2 {
            let key = decoder.str()?;
            state.set(key, Value::read(decoder)?);
        }
        Ok(state)
    }
}

impl State {
    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.get(key).map(Arc::as_ref)
    }

    /// All keys and values, in the order of the keys' UTF-8 bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, value)| (key.as_ref(), value.as_ref()))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How large it is, in bytes: keys, values, and 32 bytes an entry.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Keys that begin with `prefix` and come after `after`, at most `limit` of them.
    pub fn keys(&self, prefix: &str, after: Option<&str>, limit: usize) -> Vec<String> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        self.entries
            .range::<(Bound<&str>, Bound<&str>), str>((start, Bound::Unbounded))
            .map(|(key, _)| key.as_ref())
            .take_while(|key| key.starts_with(prefix))
            .take(limit)
            .map(str::to_owned)
            .collect()
    }

    /// What is another one in a later version, by key, in the order of the keys. What the two share is
    /// not looked at.
    pub fn changes_to(&self, later: &Self) -> Vec<Change> {
        let change = |key: &Arc<str>, before: Option<&Arc<Value>>, after: Option<&Arc<Value>>| {
            let value = |value: Option<&Arc<Value>>| value.map(|value| Value::clone(value));
            Change { key: key.to_string(), before: value(before), after: value(after) }
        };
        let all = self.entries.diff(&later.entries).map(|item| match item {
            DiffItem::Add(key, after) => change(key, None, Some(after)),
            DiffItem::Update { old: (_, before), new: (key, after) } => {
                change(key, Some(before), Some(after))
            }
            DiffItem::Remove(key, before) => change(key, Some(before), None),
        });
        all.filter(|change| !same(change.before.as_ref(), change.after.as_ref())).collect()
    }

    /// Whether a key has the same value in another version, or is in neither of them.
    pub fn agrees(&self, other: &Self, key: &str) -> bool {
        same(self.get(key), other.get(key))
    }

    fn set(&mut self, key: &str, value: Value) {
        self.size += key.len() as u64 + value.size() + ENTRY_SIZE;
        if let Some(old) = self.entries.insert(key.into(), Arc::new(value)) {
            self.size -= key.len() as u64 + old.size() + ENTRY_SIZE;
        }
    }

    fn delete(&mut self, key: &str) -> bool {
        let Some(old) = self.entries.remove(key) else { return false };
        self.size -= key.len() as u64 + old.size() + ENTRY_SIZE;
        true
    }

    /// Makes the changes of a committed turn.
    pub fn apply(&mut self, delta: Delta) {
        for (key, value) in delta.0 {
            match value {
                Some(value) => self.set(&key, value),
                None => {
                    self.delete(&key);
                }
            }
        }
    }
}

/// What a turn changed: keys in order, each with its new value, or none if it was deleted.
///
/// It is written as a CBOR array of pairs; the value of a deleted key is null.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delta(pub Vec<(String, Option<Value>)>);

impl Delta {
    /// The changes in their encoding; empty if there is none.
    pub fn encode(&self) -> Vec<u8> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let mut writer = Writer::new();
        writer.array(self.0.len());
        for (key, value) in &self.0 {
            writer.array(2);
            writer.text(key);
            match value {
                Some(value) => value.write(&mut writer),
                None => writer.null(),
            }
        }
        writer.into_bytes()
    }

    /// Reads changes.
    ///
    /// # Errors
    ///
    /// When the bytes are not in this encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut decoder = Decoder::new(bytes);
        let len = decoder.array()?.ok_or_else(|| WireError::new(&decoder, "no changes"))?;
        let mut changes = Vec::new();
        for _ in 0..len {
            if decoder.array()? != Some(2) {
                return Err(WireError::new(&decoder, "a change has a key and a value"));
            }
            let key = decoder.str()?.to_owned();
            let value = if decoder.datatype()? == minicbor::data::Type::Null {
                decoder.null()?;
                None
            } else {
                Some(Value::read(&mut decoder)?)
            };
            changes.push((key, value));
        }
        Ok(Self(changes))
    }
}

/// The state as one turn sees and changes it.
#[derive(Debug)]
pub struct Transaction {
    state: State,
    changed: BTreeSet<String>,
    max_size: u64,
}

/// The state would grow beyond what its grant allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge {
    /// What it would grow to, in bytes.
    pub size: u64,
    /// What is allowed, in bytes.
    pub max: u64,
}

impl Transaction {
    /// Begins with the committed state.
    pub fn new(state: State, max_size: u64) -> Self {
        Self { state, changed: BTreeSet::new(), max_size }
    }

    /// The state with the changes made so far.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Stores a value.
    ///
    /// # Errors
    ///
    /// When the state would grow too large; then nothing is changed.
    pub fn set(&mut self, key: String, value: Value) -> Result<(), TooLarge> {
        let old = self.state.get(&key).map_or(0, |old| key.len() as u64 + old.size() + ENTRY_SIZE);
        let size = self.state.size - old + key.len() as u64 + value.size() + ENTRY_SIZE;
        if size > self.max_size {
            return Err(TooLarge { size, max: self.max_size });
        }
        self.state.set(&key, value);
        self.changed.insert(key);
        Ok(())
    }

    /// Removes a key. Answers whether it was there.
    pub fn delete(&mut self, key: String) -> bool {
        let deleted = self.state.delete(&key);
        if deleted {
            self.changed.insert(key);
        }
        deleted
    }

    /// What was changed, and the new state.
    pub fn finish(self) -> (Delta, State) {
        let Self { state, changed, .. } = self;
        let changes = changed.into_iter().map(|key| {
            let value = state.get(&key).cloned();
            (key, value)
        });
        (Delta(changes.collect()), state)
    }
}
