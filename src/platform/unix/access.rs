//! Opens files for those who may read them (chmod(2)), tells who may, and makes names durable.

use crate::platform::opening::{Opening, Others, Readers};
use rustix::io::Errno;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

/// Lets only the owner read and write a file.
const OWNER_ONLY: u32 = 0o600;
/// Lets everyone read a file and the owner write it.
const PUBLIC: u32 = 0o644;
/// Lets only the owner list, change and enter a directory.
const OWNERS_DIRECTORY: u32 = 0o700;
/// Marks that group and others may write.
const WRITE_OF_OTHERS: u32 = 0o022;
/// Marks all that the group may do.
const OF_GROUP: u32 = 0o070;
/// Marks all that group and others may do.
const OF_OTHERS: u32 = 0o077;

/// Opens a file for writing; one that is made gets the mode for these readers.
pub fn open(path: &Path, opening: Opening, readers: Readers) -> io::Result<File> {
    let mode = match readers {
        Readers::Owner => OWNER_ONLY,
        Readers::Everyone => PUBLIC,
    };
    let mut options = OpenOptions::new();
    match opening {
        Opening::New => options.create_new(true),
        Opening::Kept => options.create(true).truncate(false),
    };
    options.write(true).mode(mode).open(path)
}

/// Makes an empty file for its owner alone where there is none; takes all permissions from group and others on a file
/// that is there.
pub fn keep_for_owner(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().read(true).append(true).create(true).mode(OWNER_ONLY).open(path)?;
    if file.metadata()?.permissions().mode() & OF_OTHERS != 0 {
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    }
    Ok(())
}

/// Gives an open file to those whom `known` lets read, if that is there: to its group too, where that may do anything.
pub fn give_alike(file: &File, _path: &Path, known: &Path) -> io::Result<()> {
    let Ok(known) = fs::metadata(known) else { return Ok(()) };
    if known.permissions().mode() & OF_GROUP != 0 && known.gid() != file.metadata()?.gid() {
        fchown(file, None, Some(known.gid()))?;
    }
    file.set_permissions(known.permissions())
}

/// Puts a file in the place of another, or of none (rename(2)).
pub fn put_over(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Makes the names in the directory above `path` durable: what was created, renamed or removed there.
pub fn flush_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// Returns what flock(2) says of a file that another holds.
pub fn held() -> io::Error {
    Errno::WOULDBLOCK.into()
}

/// Makes a directory that only its owner may enter.
pub fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(OWNERS_DIRECTORY).create(path)
}

/// Says whether others may write into a file or directory, by its twelve mode bits.
pub fn writable_by_others(path: &Path) -> io::Result<Option<Others>> {
    let mode = path.metadata()?.permissions().mode() & 0o7777;
    Ok((mode & WRITE_OF_OTHERS != 0).then(|| told(mode)))
}

/// Says whether others may do anything with a file or directory, by its nine permission bits.
pub fn open_to_others(path: &Path) -> io::Result<Option<Others>> {
    let mode = path.metadata()?.permissions().mode() & 0o777;
    Ok((mode & OF_OTHERS != 0).then(|| told(mode)))
}

fn told(mode: u32) -> Others {
    Others(format!("mode {mode:o}"))
}

/// Returns the command that takes writing from others.
pub fn closing(path: &Path) -> String {
    format!("chmod go-w {}", path.display())
}
