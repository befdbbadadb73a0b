//! Writing into the index what was read of the log since.

use super::directory::{Directory, Lengths};
use super::entry::{CAUSED, Entry, Fence, check, encode_caused, encode_record};
use super::page::{TURNS, page};
use super::{FILES, Index, folder};
use crate::replay::History;
use crate::trace::ActorId;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

/// What comes behind each of the files.
#[derive(Default)]
struct Additions {
    records: Vec<u8>,
    chapters: Vec<Entry>,
    pages: Vec<u8>,
    bodies: Vec<u8>,
    caused: Vec<u8>,
    fences: Vec<Fence>,
}

impl History {
    /// Writes into the index what stands in none, and forgets it.
    ///
    /// # Errors
    ///
    /// When the index cannot be written, or another process writes it. Then nothing has changed here.
    pub(in crate::replay) fn seal(&mut self) -> io::Result<()> {
        let Some((_, last)) = self.records.last().copied() else { return Ok(()) };
        let folder = folder(&self.run);
        fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join("lock"))?;
        lock.try_lock()?;
        self.is_the_one_on_disk(&folder)?;
        let additions = self.additions();
        let chapters: Vec<u8> = additions.chapters.iter().flat_map(Entry::encode_checked).collect();
        let fences: Vec<u8> = additions.fences.iter().flat_map(Fence::encode).collect();
        let before = self.lengths;
        if before == Lengths::default() {
            begin_anew(&folder)?;
        }
        let after = Lengths {
            records: append(&folder, "records", before.records, &additions.records)?,
            chapters: append(&folder, "chapters", before.chapters, &chapters)?,
            pages: append(&folder, "pages", before.pages, &additions.pages)?,
            bodies: append(&folder, "bodies", before.bodies, &additions.bodies)?,
            caused: append(&folder, "caused", before.caused, &additions.caused)?,
            fences: append(&folder, "fences", before.fences, &fences)?,
        };
        Directory::of(self, last, after)?.write(&self.run, &folder)?;
        let index = match &self.index {
            Some(index) => index.clone(),
            None => Arc::new(Index::of(&self.run, self.attempt)?),
        };
        self.take_over(index, additions, after);
        Ok(())
    }

    /// Nobody else has made another index meanwhile.
    fn is_the_one_on_disk(&self, folder: &Path) -> io::Result<()> {
        let found = Directory::read(&self.run, folder);
        let lengths = found.map(|directory| directory.lengths);
        match (lengths, &self.index) {
            (None, None) => Ok(()),
            (Some(lengths), Some(index)) if lengths == self.lengths && index.is_in_use() => Ok(()),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn additions(&self) -> Additions {
        let mut additions = Additions::default();
        for (position, (actor, location)) in (self.base..).zip(&self.records) {
            additions.records.extend_from_slice(&encode_record(position, *actor, *location));
        }
        for actor in self.actors.values() {
            let (turns, rows) = actor.turns.unindexed();
            let mut since = actor.turns.since_state();
            let mut is_first = actor.turns.len() == turns.len();
            let mut pages = Vec::new();
            for (turns, rows) in turns.chunks(TURNS).zip(rows.chunks(TURNS)) {
                // A state is written out when the records since the last one have as many bytes: so the index
                // stays smaller than the log, and no more has to be read than twice the state.
                let size = turns[0].before.as_ref().map_or(0, |state| state.size());
                let with_state = is_first || since >= size;
                let at = self.lengths.bodies + additions.bodies.len() as u64;
                let known = (!with_state).then_some(since);
                let Some((entry, body)) = page(actor.id, turns, rows, at, known) else { continue };
                since = entry.since;
                is_first = false;
                additions.bodies.extend(body);
                pages.push(entry);
            }
            let at = self.lengths.pages + additions.pages.len() as u64;
            additions.chapters.extend(Entry::chapter(&pages, at));
            additions.pages.extend(Entry::encode(&pages));
        }
        self.add_caused(&mut additions);
        additions
    }

    fn add_caused(&self, additions: &mut Additions) {
        let mut of_actors: BTreeMap<ActorId, Vec<[u8; CAUSED]>> = BTreeMap::new();
        let mut turns: BTreeMap<ActorId, (u64, u64)> = BTreeMap::new();
        for (step, caused) in &self.caused {
            for (of, index) in caused {
                let bytes = encode_caused(step.actor, (step.turn, step.step, *of, *index));
                of_actors.entry(step.actor).or_default().push(bytes);
            }
            turns.entry(step.actor).or_insert((step.turn, step.turn)).1 = step.turn;
        }
        for (actor, entries) in of_actors {
            let start = (self.lengths.caused + additions.caused.len() as u64) / CAUSED as u64;
            let bytes = entries.as_flattened();
            let turns = turns.get(&actor).copied().unwrap_or_default();
            let count = entries.len() as u64;
            let fence = Fence { actor, turns, start, count, check: check(bytes) };
            additions.caused.extend_from_slice(bytes);
            additions.fences.push(fence);
        }
    }

    fn take_over(&mut self, index: Arc<Index>, additions: Additions, lengths: Lengths) {
        self.base += self.records.len() as u64;
        self.records.clear();
        self.caused.clear();
        self.lengths = lengths;
        for actor in self.actors.values_mut() {
            actor.turns.indexed();
        }
        for entry in additions.chapters {
            if let Some(actor) = self.actors.get_mut(&entry.actor) {
                actor.turns.add_chapter(&index, entry);
            }
        }
        for fence in additions.fences {
            self.fences.entry(fence.actor).or_default().push(fence);
        }
        self.index = Some(index);
    }
}

/// Takes the files of an index of before out of the folder, so that who reads them still reads them as they were.
fn begin_anew(folder: &Path) -> io::Result<()> {
    for name in FILES {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Writes behind what belongs to the index; what stands there already, an earlier attempt has left.
fn append(folder: &Path, name: &str, at: u64, bytes: &[u8]) -> io::Result<u64> {
    let path = folder.join(name);
    let mut file = File::options().write(true).create(true).truncate(false).open(path)?;
    file.set_len(at)?;
    file.seek(SeekFrom::Start(at))?;
    file.write_all(bytes)?;
    Ok(at + bytes.len() as u64)
}
