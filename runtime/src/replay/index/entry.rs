//! What the index says in a few bytes of fixed length, so that it can be found without reading what
//! stands before it. Numbers stand with their lowest byte first.

use crate::trace::{ActorId, Hash, Location};

/// How many bytes tell of a record: its actor (8), segment (4), offset (4), length (4), and a check (4) over
/// these and its position.
pub(super) const RECORD: u64 = 24;

/// How many bytes of an entry say which keys of the state may have changed.
const KEYS: usize = 128;

/// How many bytes tell of a page: eleven numbers, and the keys.
pub(super) const PAGE: usize = 11 * 8 + KEYS;

/// How many bytes tell of a chapter: the same, and a check (8) over it.
pub(super) const CHAPTER: usize = PAGE + 8;

/// How many bytes tell which turns the steps of one actor have caused in one part of the log.
pub(super) const FENCE: usize = 56;

/// How many bytes tell of one turn that was caused.
pub(super) const CAUSED: usize = 40;

/// Some consecutive turns of an actor: a page, or the pages of a chapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::replay) struct Entry {
    pub actor: ActorId,
    /// The number of its first turn.
    pub first_turn: u64,
    /// How many turns it has.
    pub count: u64,
    /// Where its first turn's record stands.
    pub first: (u64, u64),
    /// The earliest time at which one of its turns ended.
    pub earliest: u64,
    /// Where a page's body stands, or the entries of a chapter's pages, and the first bytes of the hash of that.
    pub body: (u64, u64),
    pub check: u64,
    /// The bytes of the records since the last state that stands in the index, up to its end.
    pub since: u64,
    /// Whether the state and the timers before its first turn stand in the body of its first page.
    pub has_state: bool,
    /// Whether the state before or after one of its turns is unknown.
    pub unknown: bool,
    pub keys: Keys,
}

/// Which keys may be among some: a Bloom filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::replay) struct Keys([u8; KEYS]);

impl Default for Keys {
    fn default() -> Self {
        Self([0; KEYS])
    }
}

impl Keys {
    pub fn add(&mut self, key: u64) {
        for bit in bits(key) {
            self.0[bit / 8] |= 1 << (bit % 8);
        }
    }

    fn add_all(&mut self, others: &Self) {
        self.0.iter_mut().zip(others.0).for_each(|(all, other)| *all |= other);
    }

    pub fn may_have(&self, key: u64) -> bool {
        bits(key).into_iter().all(|bit| self.0[bit / 8] & (1 << (bit % 8)) != 0)
    }
}

fn bits(key: u64) -> [usize; 4] {
    let bits = (KEYS * 8) as u64;
    // The parts of a hash are independent, so that no further hashing is needed.
    [0, 16, 32, 48].map(|shift| ((key >> shift) % bits) as usize)
}

/// The number that stands for a key of the state.
pub(in crate::replay) fn key_number(key: &str) -> u64 {
    short(&Hash::of(key.as_bytes()))
}

/// The first bytes of a hash.
pub(in crate::replay) fn short(hash: &Hash) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash.0[..8]);
    u64::from_le_bytes(bytes)
}

/// The check over some bytes.
pub(super) fn check(bytes: &[u8]) -> u64 {
    short(&Hash::of(bytes))
}

/// Reads numbers of fixed length. A caller looks at the length of the whole first.
struct Numbers<'b>(&'b [u8]);

impl Numbers<'_> {
    fn next(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*number))
    }
}

impl Entry {
    /// The entry of a chapter, from those of its pages and where they stand. None if it has none.
    pub(super) fn chapter(pages: &[Self], at: u64) -> Option<Self> {
        let (first, last) = (pages.first()?, pages.last()?);
        let bytes = Self::encode(pages);
        let mut keys = Keys::default();
        pages.iter().for_each(|page| keys.add_all(&page.keys));
        Some(Self {
            count: count(pages),
            earliest: pages.iter().map(|page| page.earliest).min().unwrap_or_default(),
            body: (at, bytes.len() as u64),
            check: check(&bytes),
            since: last.since,
            unknown: pages.iter().any(|page| page.unknown),
            keys,
            ..first.clone()
        })
    }

    /// The entries of pages, one behind the other.
    pub(super) fn encode(pages: &[Self]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(pages.len() * PAGE);
        pages.iter().for_each(|page| page.write(&mut bytes));
        bytes
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        let flags = u64::from(self.has_state) | (u64::from(self.unknown) << 1);
        let numbers = [
            self.actor.0,
            self.first_turn,
            self.count,
            self.first.0,
            self.first.1,
            self.earliest,
            self.body.0,
            self.body.1,
            self.check,
            self.since,
            flags,
        ];
        numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
        bytes.extend_from_slice(&self.keys.0);
    }

    /// Reads the entry of a page, whose bytes the check of its chapter covers.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut numbers = Numbers(bytes);
        let mut next = || numbers.next();
        let (actor, first_turn, count) = (ActorId(next()?), next()?, next()?);
        let (first, earliest) = ((next()?, next()?), next()?);
        let (body, check, since, flags) = ((next()?, next()?), next()?, next()?, next()?);
        let keys = Keys(numbers.0.try_into().ok()?);
        let (has_state, unknown) = (flags & 1 != 0, flags & 2 != 0);
        Some(Self {
            actor,
            first_turn,
            count,
            first,
            earliest,
            body,
            check,
            since,
            has_state,
            unknown,
            keys,
        })
    }

    /// The entry of a chapter with the check over it.
    pub(super) fn encode_checked(&self) -> Vec<u8> {
        let mut bytes = Self::encode(std::slice::from_ref(self));
        let check = check(&bytes);
        bytes.extend_from_slice(&check.to_le_bytes());
        bytes
    }

    pub(super) fn decode_checked(bytes: &[u8]) -> Option<Self> {
        let (covered, stored) = bytes.split_last_chunk()?;
        (u64::from_le_bytes(*stored) == check(covered)).then(|| Self::decode(covered)).flatten()
    }
}

/// How many turns pages have.
pub(super) fn count(pages: &[Entry]) -> u64 {
    // A damaged index can claim anything.
    pages.iter().fold(0, |count, page| count.saturating_add(page.count))
}

/// Where what the steps of one actor have caused stands, in one part of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::replay) struct Fence {
    pub actor: ActorId,
    /// The turns of the first and the last of these steps.
    pub turns: (u64, u64),
    /// How many such entries stand before, and how many these are.
    pub start: u64,
    pub count: u64,
    pub check: u64,
}

impl Fence {
    pub fn encode(&self) -> [u8; FENCE] {
        let Self { actor, turns, start, count, check } = self;
        let numbers = [actor.0, turns.0, turns.1, *start, *count, *check].map(u64::to_le_bytes);
        let mut bytes = [0; FENCE];
        let (covered, stored) = bytes.split_at_mut(FENCE - 8);
        covered.copy_from_slice(numbers.as_flattened());
        stored.copy_from_slice(&self::check(covered).to_le_bytes());
        bytes
    }

    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (covered, stored) = bytes.split_last_chunk()?;
        if u64::from_le_bytes(*stored) != check(covered) {
            return None;
        }
        let mut numbers = Numbers(covered);
        let mut next = || numbers.next();
        let (actor, turns) = (ActorId(next()?), (next()?, next()?));
        Some(Self { actor, turns, start: next()?, count: next()?, check: next()? })
    }
}

/// A turn that a step of a turn has caused: `turn.step`, and the actor and the index of the caused turn.
pub(in crate::replay) type Caused = (u64, u64, ActorId, usize);

pub(super) fn encode_caused(actor: ActorId, (turn, step, of, index): Caused) -> [u8; CAUSED] {
    let numbers = [actor.0, turn, step, of.0, index as u64].map(u64::to_le_bytes);
    let mut bytes = [0; CAUSED];
    bytes.copy_from_slice(numbers.as_flattened());
    bytes
}

pub(super) fn decode_caused(bytes: &[u8]) -> Option<Caused> {
    let mut numbers = Numbers(bytes);
    let mut next = || numbers.next();
    next()?;
    Some((next()?, next()?, ActorId(next()?), usize::try_from(next()?).ok()?))
}

/// What the index says of a record.
pub(super) fn encode_record(position: u64, actor: ActorId, at: Location) -> [u8; RECORD as usize] {
    let mut bytes = [0; RECORD as usize];
    bytes[..8].copy_from_slice(&actor.0.to_le_bytes());
    for (number, place) in [at.segment, at.offset, at.len].into_iter().zip(bytes[8..].chunks_mut(4))
    {
        // Segments have fewer bytes, and runs fewer segments; else the check says that it is no place.
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        place.copy_from_slice(&number.to_le_bytes());
    }
    let check = record_check(position, &bytes[..20]);
    bytes[20..].copy_from_slice(&check);
    bytes
}

pub(super) fn decode_record(position: u64, bytes: &[u8]) -> Option<(ActorId, Location)> {
    let bytes: &[u8; RECORD as usize] = bytes.try_into().ok()?;
    if bytes[20..] != record_check(position, &bytes[..20]) {
        return None;
    }
    let actor = ActorId(u64::from_le_bytes(*bytes.first_chunk()?));
    let mut numbers = bytes[8..20]
        .chunks(4)
        .map(|four| four.try_into().map_or(0, |four: [u8; 4]| u64::from(u32::from_le_bytes(four))));
    let mut next = || numbers.next();
    Some((actor, Location { segment: next()?, offset: next()?, len: next()? }))
}

fn record_check(position: u64, bytes: &[u8]) -> [u8; 4] {
    let hash = Hash::salted(&padded(position), bytes);
    [hash.0[0], hash.0[1], hash.0[2], hash.0[3]]
}

fn padded(position: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&position.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_was_changed_is_not() {
        let mut keys = Keys::default();
        keys.add(key_number("count"));
        let entry = Entry {
            actor: ActorId(3),
            first_turn: 4,
            count: 5,
            first: (1, 600),
            earliest: 7,
            body: (8, 9),
            check: 10,
            since: 11,
            has_state: true,
            unknown: false,
            keys,
        };
        let bytes = entry.encode_checked();
        assert_eq!(bytes.len(), CHAPTER);
        assert_eq!(Entry::decode_checked(&bytes), Some(entry.clone()));
        for at in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1;
            assert_eq!(Entry::decode_checked(&wrong), None, "{at}");
        }
        assert_eq!(Entry::decode(&bytes[..PAGE]), Some(entry.clone()));
        assert_eq!(Entry::decode(&bytes), None);
        assert!(entry.keys.may_have(key_number("count")));
        assert!(!entry.keys.may_have(key_number("other")));
        let mut keys = Keys::default();
        keys.add(key_number("other"));
        let later =
            Entry { first_turn: 9, earliest: 6, since: 2, unknown: true, keys, ..entry.clone() };
        let chapter = Entry::chapter(&[entry.clone(), later], 500).unwrap();
        assert_eq!((chapter.first_turn, chapter.count, chapter.earliest), (4, 10, 6));
        assert_eq!((chapter.body, chapter.since), ((500, 2 * PAGE as u64), 2));
        assert!(chapter.has_state && chapter.unknown);
        assert!(["count", "other"].into_iter().all(|key| chapter.keys.may_have(key_number(key))));
        assert!(!chapter.keys.may_have(key_number("neither")));
        let fence = Fence { actor: ActorId(1), turns: (2, 3), start: 4, count: 5, check: 6 };
        assert_eq!(Fence::decode(&fence.encode()), Some(fence));
        let caused = (1, 2, ActorId(3), 4);
        assert_eq!(decode_caused(&encode_caused(ActorId(9), caused)), Some(caused));
        let at = Location { segment: 2, offset: 300, len: 40 };
        let bytes = encode_record(77, ActorId(5), at);
        assert_eq!(decode_record(77, &bytes), Some((ActorId(5), at)));
        assert_eq!(decode_record(78, &bytes), None);
    }
}
