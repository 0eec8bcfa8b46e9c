//! Writes files that only their owner may read, and files that a crash leaves whole: the one place that writes durably.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Lets only the owner read and write a file (chmod(2)).
pub(super) const OWNER_ONLY: u32 = 0o600;
/// Lets everyone read a file and the owner write it.
const PUBLIC: u32 = 0o644;
/// Marks all that group and others may do.
const OF_OTHERS: u32 = 0o077;

/// Says who may read a new file, before the process's umask takes from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    Owner,
    Everyone,
}

/// Says how far [`replace`] or [`overwrite`] had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The file could not be opened or filled; by [`replace`] the old one stands.
    Write,
    /// The file could not be flushed to the disk; by [`replace`] the old one stands.
    Flush,
    /// The file beside could not take the old one's place; the old one stands.
    Rename,
    /// The directory could not be flushed: the new content is there, but may not survive a power cut.
    FlushDirectory,
}

/// Says why a file was not replaced or overwritten durably.
#[derive(Debug)]
pub struct ReplaceError {
    pub step: Step,
    pub source: io::Error,
}

impl From<ReplaceError> for io::Error {
    fn from(error: ReplaceError) -> Self {
        error.source
    }
}

/// Says whether what is written to an open stream is lost, because it is the null device. Rust's runtime opens that in
/// place of a standard stream that a process was started without.
///
/// False where it cannot be told. Windows: `GetFileType`, and the name `NUL`.
pub fn is_null(stream: impl AsFd) -> bool {
    let device = |file: io::Result<File>| {
        let found = file.and_then(|file| file.metadata()).ok()?;
        found.file_type().is_char_device().then(|| found.rdev())
    };
    let stream = device(stream.as_fd().try_clone_to_owned().map(File::from));
    stream.is_some() && stream == device(File::open("/dev/null"))
}

/// Opens a new file for writing that only its owner may read or write.
///
/// Fails with `AlreadyExists` where something has the name. Windows: `CREATE_NEW` with a security descriptor that names
/// the owner alone.
pub fn open_new(path: &Path) -> io::Result<File> {
    open_new_for(path, Readers::Owner)
}

/// Writes a new file for its owner alone and flushes it to the disk, but not its directory.
///
/// Fails with `AlreadyExists` where something has the name, and never overwrites it. A crash may leave half a file.
/// Windows: as [`open_new`]; flushing is `FlushFileBuffers`, which the standard library calls.
pub fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    fill(open_new(path)?, content)
}

/// Writes a new file whole and durably: `beside` is written and flushed, linked to `path`, and removed; then the
/// directory is flushed.
///
/// A link, unlike a rename, fails with `AlreadyExists` where something has the name `path`. `beside` must be a name in
/// the same directory that nobody else uses. Windows: `CreateHardLinkW`, which the standard library calls; a directory
/// cannot be flushed there.
pub fn place_new(path: &Path, beside: &Path, content: &[u8], readers: Readers) -> io::Result<()> {
    let written =
        open_new_for(beside, readers).and_then(|file| fill(file, content)).and_then(|()| fs::hard_link(beside, path));
    let removed = fs::remove_file(beside);
    written.and(removed).and_then(|()| flush_parent(path))
}

/// Replaces the content of a file, or makes the file: `beside` is written for its owner alone and flushed, renamed to
/// `path`, and the directory is flushed. After a crash either the old or the new content is there.
///
/// `beside` must be a name in the same directory; a file of that name, which a crash may have left, is overwritten.
/// Windows: `MoveFileExW` with `MOVEFILE_REPLACE_EXISTING` and `MOVEFILE_WRITE_THROUGH` in place of rename and flush.
pub fn replace(path: &Path, beside: &Path, content: &[u8]) -> Result<(), ReplaceError> {
    put(path, beside, content, None)
}

/// Likewise, for those whom the file lets read that is there; without one, for its owner alone.
///
/// Windows: the new file gets the old one's security descriptor.
pub fn replace_alike(path: &Path, beside: &Path, content: &[u8]) -> Result<(), ReplaceError> {
    put(path, beside, content, fs::metadata(path).ok().map(|known| known.permissions()))
}

fn put(path: &Path, beside: &Path, content: &[u8], readers: Option<Permissions>) -> Result<(), ReplaceError> {
    let at = |step| move |source| ReplaceError { step, source };
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(OWNER_ONLY).open(beside);
    let mut file = opened.map_err(at(Step::Write))?;
    readers.map_or(Ok(()), |readers| file.set_permissions(readers)).map_err(at(Step::Write))?;
    file.write_all(content).map_err(at(Step::Write))?;
    file.sync_all().map_err(at(Step::Flush))?;
    fs::rename(beside, path).map_err(at(Step::Rename))?;
    flush_parent(path).map_err(at(Step::FlushDirectory))
}

/// Overwrites a part of a file, which is long enough, and flushes it to the disk if `flush`. Neither length nor name
/// change, so that no directory has to be flushed. A crash may leave any of the part's bytes old and others new.
///
/// Fails with `NotFound` in [`Step::Write`] where there is no such file. Windows: as here; the standard library calls
/// `FlushFileBuffers`.
pub fn overwrite(path: &Path, offset: usize, part: &[u8], flush: bool) -> Result<(), ReplaceError> {
    let at = |step| move |source| ReplaceError { step, source };
    let mut file = OpenOptions::new().write(true).open(path).map_err(at(Step::Write))?;
    file.seek(SeekFrom::Start(offset as u64)).and_then(|_| file.write_all(part)).map_err(at(Step::Write))?;
    if flush { file.sync_data().map_err(at(Step::Flush)) } else { Ok(()) }
}

/// Overwrites the first `length` bytes of a file with zeros, flushes them to the disk, and removes the file durably.
///
/// A disk that writes elsewhere than it is told to (flash, copy on write) may keep the old bytes for a while. Windows:
/// as here; a directory cannot be flushed there.
pub fn wipe(path: &Path, length: usize) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(&vec![0; length])?;
    file.sync_all()?;
    fs::remove_file(path)?;
    flush_parent(path)
}

/// Makes the names in the directory above `path` durable: what was created, renamed or removed there.
///
/// Windows: a directory cannot be flushed; the move itself is written through, see [`replace`].
pub fn flush_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// Makes an empty file for its owner alone where there is none; takes all permissions from group and others on a file
/// that is there.
///
/// Windows: sets a security descriptor that names the owner alone.
pub fn keep_for_owner(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().read(true).append(true).create(true).mode(OWNER_ONLY).open(path)?;
    if file.metadata()?.permissions().mode() & OF_OTHERS != 0 {
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    }
    Ok(())
}

/// Returns the path of a file that the parent process left open under a descriptor's number.
///
/// Whether there is one shows when it is opened. Windows: has no such numbers; a pipe's name would be given instead.
pub fn inherited(descriptor: i32) -> PathBuf {
    PathBuf::from(format!("/dev/fd/{descriptor}"))
}

/// Opens a new file for writing, with the mode for these readers.
fn open_new_for(path: &Path, readers: Readers) -> io::Result<File> {
    let mode = match readers {
        Readers::Owner => OWNER_ONLY,
        Readers::Everyone => PUBLIC,
    };
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

/// Writes the content and flushes it to the disk.
fn fill(mut file: File, content: &[u8]) -> io::Result<()> {
    file.write_all(content)?;
    file.sync_all()
}
