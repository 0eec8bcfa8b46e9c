//! Reads and writes the files of a data directory: for their owner only, made whole or not at all.

use crate::platform::lock::Lock;
use crate::platform::{directory, file};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use uuid::Uuid;

/// Bounds what is read of a file, in bytes: key files, certificates and settings are short.
const MAX_FILE_BYTES: u64 = 64 * 1024;
/// Bounds how often a lock is asked for, within a second: between fork and exec a child holds its parent's locks, and a
/// server that ends holds its own until it has ended.
const LOCK_TRIES: u32 = 50;

/// Says that something which is never overwritten is there already.
#[derive(Debug, thiserror::Error)]
#[error("{} exists already; nothing was changed", .0.display())]
pub struct Exists(pub PathBuf);

/// Says that a file or directory could not be read, written or made.
#[derive(Debug, thiserror::Error)]
#[error("{} could not be {what}", path.display())]
pub struct FileError {
    pub path: PathBuf,
    /// A word such as "read" or "written".
    pub what: &'static str,
    #[source]
    pub source: std::io::Error,
}

/// Reads the text of a file; what is beyond 64 KiB is left out.
pub fn read(path: &Path) -> Result<String, FileError> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE_BYTES).read_to_string(&mut text));
    read.map(|_| text).map_err(|source| FileError { path: path.to_owned(), what: "read", source })
}

/// Refuses directories that others than their owner may write, or that hold a file or directory that others may write;
/// none is looked into further.
pub fn check_directories(directories: &[PathBuf]) -> Result<(), FileError> {
    for directory in directories {
        let unreadable = |source| FileError { path: directory.clone(), what: "read", source };
        check_writers(directory)?;
        for entry in std::fs::read_dir(directory).map_err(unreadable)? {
            check_writers(&entry.map_err(unreadable)?.path())?;
        }
    }
    Ok(())
}

/// Refuses a file or directory that others than its owner may write; one that is not there is none.
pub fn check_writers(path: &Path) -> Result<(), FileError> {
    match directory::writable_by_others(path) {
        Ok(None) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Ok(Some(_)) => Err(FileError {
            path: path.to_owned(),
            what: "used, for others than its owner may write it; take that from them (chmod go-w)",
            source: ErrorKind::PermissionDenied.into(),
        }),
        Err(source) => Err(FileError { path: path.to_owned(), what: "read", source }),
    }
}

/// Reads a file of at most `limit` bytes; what is beyond is cut to one byte more, which readers refuse.
pub fn read_bytes(path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|source| FileError { path: path.to_owned(), what: "read", source })
}

/// Returns when a file was changed last.
pub fn modified(path: &Path) -> Result<SystemTime, FileError> {
    let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified());
    modified.map_err(|source| FileError { path: path.to_owned(), what: "read", source })
}

/// Reads the text of a file as [`read`] does; `None` when there is no file.
pub fn read_if_there(path: &Path) -> Result<Option<String>, FileError> {
    match read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.source.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a new file for its owner alone; never overwrites one that is there.
pub fn create(path: &Path, content: &[u8]) -> Result<(), FileError> {
    file::create(path, content).map_err(|source| FileError { path: path.to_owned(), what: "written", source })
}

/// Replaces the content of a file, so that after a crash either the old or the new content is there.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let replaced = file::replace(path, &path.with_extension("new"), content);
    replaced.map_err(|error| FileError { path: path.to_owned(), what: "written", source: error.source })
}

/// Makes a directory that only its owner may enter.
pub fn make_directory(path: &Path) -> Result<(), FileError> {
    directory::make(path).map_err(|source| FileError { path: path.to_owned(), what: "made", source })
}

/// Makes a directory with all that `fill` puts into it; never touches one that exists.
///
/// It is made under another name and renamed at the end: after a failure nothing is left in its place.
pub fn make_whole<T, E: From<Exists> + From<FileError>>(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<T, E>,
) -> Result<T, E> {
    let is_free = || if path.symlink_metadata().is_ok() { Err(Exists(path.to_owned())) } else { Ok(()) };
    let failed = |source| FileError { path: path.to_owned(), what: "made", source };
    is_free()?;
    let name = path.file_name().ok_or_else(|| failed(ErrorKind::InvalidFilename.into()))?;
    let draft = path.with_file_name(format!(".{}.{}", name.to_string_lossy(), Uuid::new_v4().simple()));
    make_directory(&draft)?;
    let made = fill(&draft).and_then(|made| {
        // A rename onto an empty directory would succeed, so it is asked again that nothing is there.
        is_free()?;
        std::fs::rename(&draft, path).and_then(|()| file::flush_parent(path)).map_err(failed)?;
        Ok(made)
    });
    if made.is_err() {
        // Best effort: the first error is the one to report.
        let _ = std::fs::remove_dir_all(&draft);
    }
    made
}

/// Holds a data directory for one server until the lock is dropped; fails after a second where another server holds it.
/// The kernel lets go when the process ends, however it ends.
pub fn lock(path: &Path) -> Result<Lock, FileError> {
    Lock::take(path, LOCK_TRIES).map_err(|error| FileError {
        path: path.to_owned(),
        what: "locked; is another server running here?",
        source: error.into(),
    })
}
