//! Makes directories that only their owner may enter, and says whether others may.

use super::file::flush_parent;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

/// Lets only the owner list, change and enter a directory (chmod(2)).
const OWNER_ONLY: u32 = 0o700;
/// Marks that group and others may write.
const WRITE_OF_OTHERS: u32 = 0o022;
/// Marks all that group and others may do.
const OF_OTHERS: u32 = 0o077;

/// Makes a directory that only its owner may enter.
///
/// Fails with `AlreadyExists` where something has the name, and with `NotFound` where its parent is missing. Windows: a
/// security descriptor that names the owner alone.
pub fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(OWNER_ONLY).create(path)
}

/// Makes a directory that only its owner may enter, and the missing ones above it; one that is there stays as it is. The
/// names of those that were made are flushed to the disk.
///
/// Windows: as [`make`]; below the user's profile a new directory is the user's without further ado.
pub fn make_with_parents(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|above| !above.exists()).collect();
    DirBuilder::new().recursive(true).mode(OWNER_ONLY).create(path)?;
    for made in missing {
        // Where the directory above may not be listed, the system flushes it in its own time.
        let _ = flush_parent(made);
    }
    Ok(())
}

/// Says whether others than the owner may write into a directory: `Some` holds its twelve mode bits (chmod(2)).
///
/// Windows: would read the access control list; there is no mode to tell.
pub fn writable_by_others(path: &Path) -> io::Result<Option<u32>> {
    let mode = path.metadata()?.permissions().mode() & 0o7777;
    Ok((mode & WRITE_OF_OTHERS != 0).then_some(mode))
}

/// Says whether others than the owner may do anything with a directory: `Some` holds its nine permission bits
/// (chmod(2)).
///
/// Windows: as [`writable_by_others`].
pub fn open_to_others(path: &Path) -> io::Result<Option<u32>> {
    let mode = path.metadata()?.permissions().mode() & 0o777;
    Ok((mode & OF_OTHERS != 0).then_some(mode))
}
