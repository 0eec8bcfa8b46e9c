//! Where one card lies: its lock, and its file, which is replaced as a whole and written to disk before anything relies
//! on it.

use super::sealed::{Seal, SealError};
use super::shelf_error::{MOST_BYTES, ShelfError};
use super::tpm::Tpm;
use crate::platform::file::replace;
use crate::platform::lock::{Lock, LockError};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use zeroize::Zeroizing;

const LOCK_TRIES: u32 = 10;

/// Names a card, and the file it lies in.
pub struct Place {
    pub name: String,
    pub path: PathBuf,
}

impl Place {
    /// Returns the path of an auxiliary file of the card.
    pub fn beside(&self, what: &str) -> PathBuf {
        self.path.with_file_name(format!(".{}.{what}", self.name))
    }

    /// Locks the card until the lock is dropped. It tries for a short time, because a listing holds each lock for a
    /// moment.
    pub fn lock(&self) -> Result<Lock, ShelfError> {
        self.lock_within(LOCK_TRIES)
    }

    /// Locks the card within this many tries; [`ShelfError::InUse`] if another process has it.
    pub fn lock_within(&self, tries: u32) -> Result<Lock, ShelfError> {
        let path = self.beside("lock");
        Lock::take(&path, tries).map_err(|error| match error {
            LockError::Open(source) => ShelfError::File { path, action: "locked", source },
            LockError::Held => ShelfError::InUse { name: self.name.clone() },
            LockError::Failed(source) => self.failed("locked", source),
        })
    }

    /// Starts the TPM whose state lies beside the file.
    pub fn start(&self, key: &[u8]) -> Result<Tpm, ShelfError> {
        Tpm::start(&self.directory(), key).map_err(|source| ShelfError::Tpm { name: self.name.clone(), source })
    }

    /// Removes what a TPM has kept beside the file, if there is anything.
    pub fn remove_directory(&self) -> Result<(), ShelfError> {
        match std::fs::remove_dir_all(self.directory()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.failed("removed", error)),
            _ => Ok(()),
        }
    }

    fn directory(&self) -> PathBuf {
        self.path.with_file_name(format!("{}.tpm", self.name))
    }

    /// Reads the card's sealed file.
    pub fn read(&self) -> Result<Vec<u8>, ShelfError> {
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
        match read {
            Ok(length) if length as u64 > MOST_BYTES => Err(ShelfError::Size { path: self.path.clone() }),
            Ok(_) => Ok(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(ShelfError::Missing { name: self.name.clone() }),
            Err(source) => Err(self.failed("read", source)),
        }
    }

    /// Replaces the file by one with this state. Whoever holds the lock has the temporary file beside it to himself.
    pub fn save(&self, seal: &Seal, state: &[u8]) -> Result<(), ShelfError> {
        let sealed = seal.seal(state).map_err(|source| self.sealed(source))?;
        replace(&self.path, &self.beside("new"), &sealed).map_err(|error| self.failed("written", error.source))
    }

    pub fn sealed(&self, source: SealError) -> ShelfError {
        ShelfError::Sealed { name: self.name.clone(), source }
    }

    pub fn failed(&self, action: &'static str, source: std::io::Error) -> ShelfError {
        ShelfError::File { path: self.path.clone(), action, source }
    }
}

/// Holds the state of a card as it was last saved.
pub type Saved = Zeroizing<Vec<u8>>;
