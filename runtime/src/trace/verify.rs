use super::{
    ActorId, Cause, Hash, Header, Kind, Location, Problem, Reader, Record, RunDir, WhatChanged,
};
use crate::diagnostic::Result;
use crate::wire::{Wire, WireError, WireList, Writer};
use minicbor::decode::Decoder;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

/// The end of each actor's chain, and of the whole log: what the next record must fit.
#[derive(Debug, Default, Clone)]
pub(crate) struct Chain {
    /// The position of the next record.
    pub next: u64,
    /// The hash of the last header in the log.
    pub last: Option<Hash>,
    /// Per actor, the sequence number of its next record and the hash of its last header.
    actors: HashMap<ActorId, (u64, Hash)>,
}

impl Wire for Chain {
    fn write(&self, writer: &mut Writer) {
        let actors: BTreeMap<ActorId, (u64, Hash)> =
            self.actors.iter().map(|(actor, end)| (*actor, *end)).collect();
        (self.next, self.last, actors).write_values(writer);
    }

    fn read(decoder: &mut Decoder<'_>) -> std::result::Result<Self, WireError> {
        type Actors = BTreeMap<ActorId, (u64, Hash)>;
        let (next, last, actors) = <(u64, Option<Hash>, Actors)>::read_values(decoder)?;
        Ok(Self { next, last, actors: actors.into_iter().collect() })
    }
}

impl Chain {
    /// The sequence number and the previous hash of an actor's next record.
    pub fn link(&self, actor: ActorId) -> (u64, Option<Hash>) {
        self.actors.get(&actor).map_or((0, None), |(next, hash)| (*next, Some(*hash)))
    }

    /// The end of each actor's chain: the sequence number of its next record, and the hash of its last
    /// header.
    pub fn ends(&self) -> BTreeMap<ActorId, (u64, Hash)> {
        self.actors.iter().map(|(actor, end)| (*actor, *end)).collect()
    }

    /// A chain that ends so.
    pub fn from_ends(
        next: u64,
        last: Option<Hash>,
        ends: impl IntoIterator<Item = (ActorId, (u64, Hash))>,
    ) -> Self {
        Self { next, last, actors: ends.into_iter().collect() }
    }

    /// Takes a record that follows, whether it fits or not.
    pub fn advance(&mut self, position: u64, actor: ActorId, sequence: u64, hash: Hash) {
        self.next = position + 1;
        self.last = Some(hash);
        self.actors.insert(actor, (sequence + 1, hash));
    }

    /// What is wrong with a record that should follow, in the order in which it explains most.
    fn misfit(&self, record: &Record) -> Option<String> {
        let header = &record.header;
        let (sequence, previous) = self.link(header.actor);
        if header.position > self.next {
            let missing = header.position - self.next;
            return Some(format!("{missing} record(s) are missing before it"));
        }
        if header.position < self.next {
            return Some("it stands here a second time, or out of order".to_owned());
        }
        if header.sequence != sequence {
            return Some(format!(
                "it is number {} of its actor where number {sequence} should follow",
                header.sequence
            ));
        }
        if header.previous != previous {
            return Some("it does not refer to its actor's previous record".to_owned());
        }
        None
    }

    /// Whether the log has as many records as were stored.
    ///
    /// # Errors
    ///
    /// When the last ones are missing.
    pub fn holds(&self, stored: u64, run: &RunDir) -> Result<()> {
        if self.next >= stored {
            return Ok(());
        }
        let what = format!("{stored} records were stored, and {} are there", self.next);
        Err(Box::new(run.damaged(&what)))
    }

    /// Checks a record and takes it.
    pub fn follow(&mut self, record: &Record) -> Option<String> {
        let misfit = self.misfit(record);
        let header = &record.header;
        self.advance(header.position, header.actor, header.sequence, record.hash);
        misfit
    }
}

/// What checking a whole run found.
#[derive(Debug, Default)]
pub struct Verification {
    /// How many records were read.
    pub records: u64,
    /// How many of them are turns.
    pub turns: u64,
    /// How many actors they are of.
    pub actors: u64,
    /// How many payloads were removed on purpose: their digests are still vouched for.
    pub removed_payloads: u64,
    /// In words, what was asked for, if this is a part of a run.
    pub part: Option<String>,
    /// How many components and manifests a part of a run was to have none of, and has none of.
    pub left_out_blobs: u64,
    /// Bytes of a record at the end that a crash left unfinished, or that is being written now.
    pub torn: u64,
    /// Everything that is wrong, each a sentence that names the place.
    pub findings: Vec<String>,
}

/// Checks a whole run: every record in itself, every chain, every blob, and the end of the log
/// against the file `head`. Goes on after a finding as far as the log can still be read.
pub fn verify(run: &RunDir) -> Verification {
    let mut check = Check {
        run,
        chain: Chain::default(),
        announced: None,
        found: Verification::default(),
        names: BTreeMap::new(),
        blobs: BTreeSet::new(),
        reached: BTreeMap::new(),
    };
    // Read before the log: what it promises is on disk by then.
    let head = run.head();
    check.log();
    check.end(head);
    check.blobs();
    check.found.actors = check.names.len() as u64;
    check.found
}

struct Check<'r> {
    run: &'r RunDir,
    chain: Chain,
    /// The turn with which a fork changes a state, if the last record says that it comes next.
    announced: Option<(ActorId, u64)>,
    found: Verification,
    names: BTreeMap<ActorId, String>,
    blobs: BTreeSet<(Hash, String)>,
    /// The hash of the header at each position that `head` may ask for: the last one is enough,
    /// but the log may have grown since `head` was read.
    reached: BTreeMap<u64, Hash>,
}

impl Check<'_> {
    fn log(&mut self) {
        let mut reader = Reader::new(self.run);
        let mut segment = 0;
        loop {
            match reader.next_record() {
                Ok(None) => break,
                Ok(Some((location, record))) => {
                    if location.segment != segment {
                        segment = location.segment;
                        self.segment_head(&reader, &record);
                    }
                    self.record(location, &record);
                }
                Err(problem) => {
                    self.problem(&problem);
                    reader.skip_segment();
                }
            }
        }
    }

    fn segment_head(&mut self, reader: &Reader, first: &Record) {
        let Some(head) = reader.head() else { return };
        let segment = reader.position().0;
        if head.run != self.run.id() {
            self.found.findings.push(format!("segment {segment} belongs to the run {}", head.run));
        }
        if head.number != segment {
            self.found.findings.push(format!("segment {segment} was segment {}", head.number));
        }
        if head.first != first.header.position {
            self.found.findings.push(format!(
                "segment {segment} should begin with record {}, and begins with record {}",
                head.first, first.header.position
            ));
        }
    }

    fn record(&mut self, location: Location, record: &Record) {
        let header = &record.header;
        self.found.records += 1;
        self.found.removed_payloads += (header.payloads.len() - record.payloads.len()) as u64;
        match &header.kind {
            Kind::Turn(_) => self.found.turns += 1,
            Kind::Spawned { name, component, manifest, .. } => {
                self.names.insert(header.actor, name.clone());
                self.blobs.insert((*component, format!("the component of {name}")));
                self.blobs.insert((*manifest, format!("the manifest of {name}")));
            }
            Kind::Template { name: template, code } => {
                let name = self.names.get(&header.actor).map_or("", String::as_str);
                self.blobs.insert((code.component, format!("the component of {name}/{template}")));
                self.blobs.insert((code.manifest, format!("the manifest of {name}/{template}")));
            }
            Kind::Reloaded { code, .. } => {
                let name = self.names.get(&header.actor).map_or("", String::as_str);
                self.blobs.insert((code.component, format!("a component of {name}")));
                self.blobs.insert((code.manifest, format!("a manifest of {name}")));
            }
            Kind::Opened { engine, .. } => {
                self.blobs.insert((*engine, "the engine's configuration".to_owned()));
            }
            _ => {}
        }
        let misfit = self.chain.follow(record);
        for misfit in misfit.into_iter().chain(self.unannounced(header)) {
            let place = self.place(location, record);
            self.found.findings.push(format!("{place}: {misfit}"));
        }
        self.reached.insert(header.position, record.hash);
        if self.reached.len() > 100_000 {
            self.reached.pop_first();
        }
    }

    /// What is wrong with a change of the state that nobody can execute again: the record before it must tell of it.
    fn unannounced(&mut self, header: &Header) -> Option<String> {
        let announced = self.announced.take();
        if let Kind::Forked { changed: Some(changed), .. } = &header.kind
            && changed.what == WhatChanged::State
        {
            self.announced = Some((changed.actor, changed.turn));
        }
        let turn = header.turn().filter(|turn| turn.cause == Cause::Fork)?;
        let is_told = announced == Some((header.actor, turn.turn));
        (!is_told).then(|| "it changes the state, and no fork before it tells of that".to_owned())
    }

    fn place(&self, location: Location, record: &Record) -> String {
        let header = &record.header;
        let what = match (self.names.get(&header.actor), header.turn()) {
            (Some(name), Some(turn)) => format!("{name}#{}", turn.turn),
            (Some(name), None) => format!("{name}, {}", header.kind.name()),
            (None, _) => header.kind.name().to_owned(),
        };
        format!(
            "record {} ({what}; segment {}, byte {})",
            header.position, location.segment, location.offset
        )
    }

    fn problem(&mut self, problem: &Problem) {
        let promised = self.run.head().map_or(0, |(count, _)| count);
        if problem.torn && self.chain.next >= promised {
            self.found.torn = problem.rest;
            return;
        }
        self.found.findings.push(format!(
            "record {} (segment {}, byte {}): {}",
            self.chain.next, problem.segment, problem.offset, problem.what
        ));
    }

    fn end(&mut self, head: Option<(u64, Hash)>) {
        let Some((count, hash)) = head else {
            if self.chain.next > 0 && !self.run.is_locked() {
                self.found.findings.push("the file `head` is missing or unreadable".to_owned());
            }
            return;
        };
        if self.chain.next < count {
            self.found.findings.push(format!(
                "the log ends after record {}, but {count} records were stored: the last {} are missing",
                self.chain.next.saturating_sub(1),
                count - self.chain.next
            ));
        } else if count > 0 && self.reached.get(&(count - 1)).is_some_and(|found| *found != hash) {
            self.found
                .findings
                .push(format!("record {} is not the one that was stored", count - 1));
        }
    }

    fn blobs(&mut self) {
        let blobs = self.run.blobs();
        let part = self.run.part().unwrap_or_else(|error| {
            self.found.findings.push(format!("the file `part`: {error}"));
            None
        });
        let mut left_out = BTreeSet::new();
        for (hash, what) in &self.blobs {
            if let Err(error) = blobs.get(hash) {
                let expected = part.as_ref().is_some_and(|part| part.left_out.contains(hash));
                if expected && error.kind() == io::ErrorKind::NotFound {
                    left_out.insert(*hash);
                    continue;
                }
                let path = blobs.path(hash);
                self.found.findings.push(format!("{what} ({}): {error}", path.display()));
            }
        }
        self.found.left_out_blobs = left_out.len() as u64;
        self.found.part = part.map(|part| part.about);
    }
}
