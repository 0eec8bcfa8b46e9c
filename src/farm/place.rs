//! Where one card lies: its lock, and its file, which is replaced as a whole and written to disk before anything relies
//! on it.

use super::sealed::{Seal, SealError};
use super::shelf_error::{MOST_BYTES, ShelfError};
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(20);
const FILE_MODE: u32 = 0o600;

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

    /// Locks the card until the returned file is dropped. It tries for a short time, because a listing holds each lock
    /// for a moment.
    pub fn lock(&self) -> Result<File, ShelfError> {
        let mut locked = self.try_lock();
        for _ in 1..LOCK_TRIES {
            if !matches!(locked, Err(ShelfError::InUse { .. })) {
                break;
            }
            std::thread::sleep(LOCK_PAUSE);
            locked = self.try_lock();
        }
        locked
    }

    /// Locks the card once; [`ShelfError::InUse`] if another process has it.
    pub fn try_lock(&self) -> Result<File, ShelfError> {
        let path = self.beside("lock");
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(FILE_MODE).open(&path);
        let file = opened.map_err(|source| ShelfError::File { path, action: "locked", source })?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(ShelfError::InUse { name: self.name.clone() }),
            Err(error) => Err(self.failed("locked", error.into())),
        }
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
        let fresh = self.beside("new");
        let replace = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(&fresh)?;
            file.write_all(&sealed)?;
            file.sync_all()?;
            std::fs::rename(&fresh, &self.path)?;
            self.sync_directory()
        };
        replace().map_err(|source| self.failed("written", source))
    }

    pub fn sync_directory(&self) -> std::io::Result<()> {
        File::open(self.path.parent().unwrap_or(Path::new("/")))?.sync_all()
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
