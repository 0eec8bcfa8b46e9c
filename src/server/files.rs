//! Files of a data directory: for their owner only, written whole or not at all.

use rustix::fs::{Mode, OFlags};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Key files and certificates are short.
const MAX_FILE_BYTES: u64 = 64 * 1024;
const OWNER_ONLY: u32 = 0o600;

/// A file that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{} could not be {what}", path.display())]
pub struct FileError {
    pub path: PathBuf,
    /// "read" or "written".
    pub what: &'static str,
    #[source]
    pub source: std::io::Error,
}

/// The text of a file, of at most 64 KiB.
pub fn read(path: &Path) -> Result<String, FileError> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE_BYTES).read_to_string(&mut text));
    read.map(|_| text).map_err(|source| FileError { path: path.to_owned(), what: "read", source })
}

/// The text of a file; `None` when there is none.
pub fn read_if_there(path: &Path) -> Result<Option<String>, FileError> {
    match read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.source.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a new file; one that is there is never overwritten.
pub fn create(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(|source| FileError { path: path.to_owned(), what: "written", source })
}

/// Puts a new content in the place of a file's, so that after a crash either the old or the new one is there.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let fresh = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(OWNER_ONLY).open(&fresh)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)?;
        sync_directory(path.parent().unwrap_or(Path::new(".")))
    };
    write().map_err(|source| FileError { path: path.to_owned(), what: "written", source })
}

/// Makes the names in a directory durable.
pub fn sync_directory(directory: &Path) -> std::io::Result<()> {
    let directory = rustix::fs::open(directory, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    Ok(rustix::fs::fsync(directory)?)
}

/// Holds a data directory for one server; the kernel lets go when the process ends, however it ends.
pub fn lock(path: &Path) -> Result<File, FileError> {
    let take = || {
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(OWNER_ONLY).open(path)?;
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)?;
        Ok(file)
    };
    take().map_err(|source| FileError {
        path: path.to_owned(),
        what: "locked; is another server running here?",
        source,
    })
}
