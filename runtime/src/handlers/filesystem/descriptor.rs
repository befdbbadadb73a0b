//! Descriptors: what is done with an open file or folder. What is done with paths is in `paths`.

use super::Token;
use super::error::{Answer, ErrorCode};
use super::file::OpenFile;
use super::folder::Folder;
use super::listing::Listing;
use super::metadata;
use super::types::{DescriptorFlags, DescriptorStat, DescriptorType, MetadataHash, NewTimestamp};
use cap_primitives::fs::Metadata;
use std::fs::File;
use std::sync::Arc;

/// An open file or folder.
#[derive(Debug)]
pub struct Descriptor {
    pub(super) folder: Arc<Folder>,
    pub(super) object: Object,
    /// Counts it among the open ones.
    _token: Option<Token>,
}

/// What a descriptor stands for.
#[derive(Debug)]
pub(super) enum Object {
    /// A granted folder itself.
    Root,
    /// A folder below it.
    Folder(File),
    /// A file.
    File(Arc<OpenFile>),
}

impl Descriptor {
    /// That of a granted folder.
    pub fn root(folder: Arc<Folder>) -> Self {
        Self { folder, object: Object::Root, _token: None }
    }

    pub(super) fn opened(folder: Arc<Folder>, object: Object, token: Token) -> Self {
        Self { folder, object, _token: Some(token) }
    }

    /// The open object, whatever it is.
    fn handle(&self) -> Answer<&File> {
        match &self.object {
            Object::Root => self.folder.root(),
            Object::Folder(folder) => Ok(folder),
            Object::File(open) => Ok(&open.file),
        }
    }

    /// The open folder from which paths start.
    pub(super) fn start(&self) -> Answer<&File> {
        match &self.object {
            Object::File(_) => Err(ErrorCode::NotDirectory),
            _ => self.handle(),
        }
    }

    /// The open file. `folder` is what a folder answers.
    pub fn file(&self, folder: ErrorCode) -> Answer<&Arc<OpenFile>> {
        match &self.object {
            Object::File(open) => Ok(open),
            _ => Err(folder),
        }
    }

    pub(super) fn metadata(&self) -> Answer<Metadata> {
        Ok(Metadata::from_file(self.handle()?)?)
    }

    /// How it was opened.
    pub fn flags(&self) -> DescriptorFlags {
        match &self.object {
            Object::File(open) => open.flags,
            _ if self.folder.is_writable() => {
                DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY
            }
            _ => DescriptorFlags::READ,
        }
    }

    /// What it is.
    pub fn kind(&self) -> Answer<DescriptorType> {
        Ok(metadata::kind(self.metadata()?.file_type()))
    }

    /// Its attributes.
    pub fn stat(&self) -> Answer<DescriptorStat> {
        Ok(metadata::stat(&self.metadata()?))
    }

    /// A hash of its identity.
    pub fn hash(&self) -> Answer<MetadataHash> {
        Ok(metadata::hash(&self.metadata()?))
    }

    /// Whether both are the same object.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self.metadata(), other.metadata()) {
            (Ok(one), Ok(other)) => metadata::identity(&one) == metadata::identity(&other),
            _ => false,
        }
    }

    /// Sets its times.
    pub fn set_times(&self, accessed: NewTimestamp, modified: NewTimestamp) -> Answer<()> {
        self.folder.check_writable()?;
        metadata::set_times(self.handle()?, accessed, modified)
    }

    /// Waits until its contents are on the disk, and its attributes too unless `data_only`.
    pub fn sync(&self, data_only: bool) -> Answer<()> {
        let file = self.handle()?;
        Ok(if data_only { file.sync_data() } else { file.sync_all() }?)
    }

    /// Lists what the folder holds.
    pub fn list(&self, token: Token) -> Answer<Listing> {
        Listing::read(self.start()?, token)
    }
}
