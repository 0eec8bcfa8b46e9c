//! Tells what is in the journal's directory, for people. Nothing there is changed.

use super::journal::{Journal, JournalError, read_as_it_is};
use super::record::Record;
use super::slots::Unread;
use crate::platform::lock::{Lock, LockError};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Is a file of the journal's directory.
#[derive(Debug)]
pub struct Item {
    pub path: PathBuf,
    pub content: Content,
}

/// Says what a file of the journal's directory is.
#[derive(Debug)]
pub enum Content {
    /// Work that is not finished.
    Work(Box<Record>),
    /// No record: the next command on any card sets it aside.
    Damaged { why: String },
    /// Was no record, and was set aside for whoever wants to look at it.
    SetAside,
    /// A record of another version of this program, which alone can go on with it.
    OtherVersion { version: u64 },
    /// The writing of a record was cut off: the record itself is as it was before.
    HalfWritten,
    /// Names keys that work which is over has left on this card; the next work on it may take their places.
    Left { card_id: Uuid, keys: usize },
    /// Keeps two processes from working on this card at a time; `held`: one does now.
    Lock { card_id: Uuid, held: bool },
    /// Nothing of the journal's.
    Foreign,
    /// It cannot be read.
    Unreadable { why: String },
}

impl Journal {
    /// Tells what each file of the directory is, in the order of their names. None stops the others.
    pub fn survey(&self) -> Result<Vec<Item>, JournalError> {
        let files = self.files()?.into_iter();
        Ok(files.filter_map(|path| Some(Item { content: self.content(&path)?, path })).collect())
    }

    /// Tells what a file is; `None` if it was removed meanwhile.
    fn content(&self, path: &Path) -> Option<Content> {
        let named = || path.file_stem()?.to_str()?.parse::<Uuid>().ok();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        Some(match (extension, named()) {
            ("json", _) => match read_as_it_is(path) {
                Ok(None) => return None,
                Ok(Some(Ok(record))) => Content::Work(Box::new(record)),
                Ok(Some(Err(Unread::Version(version)))) => Content::OtherVersion { version },
                Ok(Some(Err(damaged))) => Content::Damaged { why: damaged.to_string() },
                Err(error) => Content::Unreadable { why: with_cause(&error) },
            },
            ("damaged", _) => Content::SetAside,
            ("new", Some(_)) => Content::HalfWritten,
            ("left", Some(card_id)) => match self.left_on(card_id) {
                Ok(keys) => Content::Left { card_id, keys: keys.len() },
                Err(error) => Content::Unreadable { why: with_cause(&error) },
            },
            ("lock", Some(card_id)) => match Lock::take(path, 1) {
                Ok(_) => Content::Lock { card_id, held: false },
                Err(LockError::Held) => Content::Lock { card_id, held: true },
                Err(LockError::Open(source) | LockError::Failed(source)) => {
                    Content::Unreadable { why: source.to_string() }
                }
            },
            _ => Content::Foreign,
        })
    }
}

/// Writes an error with what is underneath.
fn with_cause(error: &JournalError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
