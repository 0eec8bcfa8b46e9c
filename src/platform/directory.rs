//! Makes directories that only their owner may enter, and says whether others may.

use super::system::access;
use std::io;
use std::path::Path;

pub use super::opening::Others;

/// Makes a directory that only its owner may enter.
///
/// Fails with `AlreadyExists` where something has the name, and with `NotFound` where its parent is missing. Windows: an
/// access control list that names the owner alone, and that what is made in the directory inherits.
pub fn make(path: &Path) -> io::Result<()> {
    access::make_directory(path)
}

/// Makes a directory that only its owner may enter, and the missing ones above it; one that is there stays as it is. The
/// names of those that were made are flushed to the disk.
///
/// Windows: as [`make`]; names are not flushed, see [`super::file::flush_parent`].
pub fn make_with_parents(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|above| !above.exists()).collect();
    if missing.is_empty() && !path.is_dir() {
        return make(path);
    }
    for made in missing.iter().rev().filter(|above| !above.as_os_str().is_empty()) {
        match make(made) {
            // Another process was as fast.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && made.is_dir() => {}
            made => made?,
        }
    }
    for made in missing {
        // Where the directory above may not be listed, the system flushes it in its own time.
        let _ = access::flush_parent(made);
    }
    Ok(())
}

/// Says whether others than the owner may write into a file or directory.
///
/// Windows: by the access control list; administrators and the system itself are no others, for they may everything. A file
/// that belongs to somebody else is writable to that one.
pub fn writable_by_others(path: &Path) -> io::Result<Option<Others>> {
    access::writable_by_others(path)
}

/// Says whether others than the owner may do anything with a directory.
///
/// Windows: as [`writable_by_others`].
pub fn open_to_others(path: &Path) -> io::Result<Option<Others>> {
    access::open_to_others(path)
}

/// Returns the command with which others are kept from writing there, as people type it.
///
/// Windows: `icacls`, which takes everything from them.
pub fn closing(path: &Path) -> String {
    access::closing(path)
}
