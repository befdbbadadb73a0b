//! `wasi:filesystem` on cap-std: the folders of a grant, and nothing else of the machine.
//!
//! | file | what it holds |
//! |---|---|
//! | `bind` | the functions of the interfaces |
//! | `descriptor`, `paths` | what is done with open objects, and with paths from them |
//! | `file`, `streams`, `listing`, `metadata` | contents of files, of folders, attributes |
//! | `folder`, `quota` | a granted folder in a turn, and how much it may hold |
//! | `host` | the granted folders on this machine, when an actor is loaded |
//! | `types`, `error` | the types of the contract |
//!
//! The calls to the system block. They run in `tokio::task::block_in_place`, so that the other
//! actors go on meanwhile on another thread; each is short unless the disk is slow.

mod bind;
mod descriptor;
mod error;
mod file;
mod folder;
mod host;
mod listing;
mod metadata;
mod paths;
mod quota;
mod streams;
#[cfg(test)]
mod tests;
mod types;

pub use bind::bind;
pub use host::{check_runs, resolve_folders};

use crate::boundary::{Abort, Resources};
use crate::manifest::FilesystemGrant;
use descriptor::Descriptor;
use folder::Folder;
use std::sync::Arc;
use wasmtime::component::Resource;

/// The numbers of the granted folders begin here.
const FIRST_FOLDER: u32 = 32;

/// How many objects a turn may have open; each holds one of its references.
#[derive(Debug)]
struct Limit {
    max_open: u32,
}

/// One open object more, or several; until it is dropped.
#[derive(Debug)]
pub(super) struct Token(Vec<Arc<Limit>>);

impl Token {
    /// One more of the turn's objects, if it may have one.
    fn of(limit: &Arc<Limit>) -> Option<Self> {
        // The turn itself holds one.
        let open = Arc::strong_count(limit) - 1;
        (open < limit.max_open as usize).then(|| Self(vec![limit.clone()]))
    }

    /// Counts one more with this one. False if that is too many.
    fn grow(&mut self) -> bool {
        match self.0.first().and_then(Self::of) {
            Some(more) => {
                self.0.extend(more.0);
                true
            }
            None => false,
        }
    }
}

/// What a turn has of the file system.
#[derive(Debug)]
pub struct Files {
    /// The guest paths of the granted folders, in the order of their numbers.
    folders: Vec<String>,
    limit: Arc<Limit>,
}

impl Files {
    /// Makes the granted folders known, under numbers of their own: a component that keeps their
    /// handles over turns goes on using them. Nothing is opened.
    pub fn new(grant: Option<&FilesystemGrant>, resources: &mut Resources) -> Self {
        let grants = grant.map_or(&[][..], |grant| &grant.folders);
        for (number, folder) in (FIRST_FOLDER..).zip(grants) {
            resources.place(number, Descriptor::root(Arc::new(Folder::new(folder))));
        }
        Self {
            folders: grants.iter().map(|folder| folder.guest.value.clone()).collect(),
            limit: Arc::new(Limit { max_open: grant.map_or(0, |grant| grant.max_open) }),
        }
    }

    /// The granted folders, as handles and guest paths.
    fn directories(&self) -> Vec<(Resource<Descriptor>, String)> {
        let handles = (FIRST_FOLDER..).map(Resource::new_own);
        handles.zip(self.folders.iter().cloned()).collect()
    }

    /// Room for one more open object.
    fn room(&self) -> Result<Token, Abort> {
        Token::of(&self.limit).ok_or_else(|| {
            Abort::Size(format!(
                "it has {} files and folders open, the `max-open` of its grant `filesystem`, and \
                 asked for one more",
                self.limit.max_open
            ))
        })
    }
}
