//! Lets one process at a time hold a file; the kernel lets go when the process ends, however it ends.

use super::opening::{Opening, Readers};
use super::system::access;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

/// Sets the wait between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Holds a file against other processes, and against others in this one, until it is dropped.
#[derive(Debug)]
pub struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a child that another thread is just starting holds the file until it becomes its
        // program.
        let _ = self.0.unlock();
    }
}

/// Says why a file is not held.
#[derive(Debug)]
pub enum LockError {
    /// The file could not be opened or made.
    Open(io::Error),
    /// Another holds it.
    Held,
    /// The system could not lock it.
    Failed(io::Error),
}

impl From<LockError> for io::Error {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Open(source) | LockError::Failed(source) => source,
            LockError::Held => access::held(),
        }
    }
}

impl Lock {
    /// Takes the lock of a file, which is made for its owner alone where there is none. While another holds it, it is
    /// asked for `tries` times in all, 20 ms apart. It binds only those who also ask for it (flock(2)).
    ///
    /// Windows: `LockFileEx`, which the standard library calls; it binds others who write, too.
    pub fn take(path: &Path, tries: u32) -> Result<Self, LockError> {
        let mut taken = Self::try_take(path);
        for _ in 1..tries {
            if !matches!(taken, Err(LockError::Held)) {
                break;
            }
            std::thread::sleep(PAUSE);
            taken = Self::try_take(path);
        }
        taken
    }

    /// Asks once.
    fn try_take(path: &Path) -> Result<Self, LockError> {
        let file = access::open(path, Opening::Kept, Readers::Owner).map_err(LockError::Open)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(LockError::Held),
            Err(TryLockError::Error(source)) => Err(LockError::Failed(source)),
        }
    }
}
