//! Writes files that only their owner may read, and files that a crash leaves whole: the one place that writes durably.

use super::opening::Opening;
use super::system::{access, stream};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

pub use super::opening::Readers;
pub use super::system::stream::is_null;

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

/// Opens a new file for writing that only its owner may read or write.
///
/// Fails with `AlreadyExists` where something has the name. Windows: `CREATE_NEW` with an access control list that names
/// the owner alone and inherits nothing from the directory.
pub fn open_new(path: &Path) -> io::Result<File> {
    access::open(path, Opening::New, Readers::Owner)
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
    let written = access::open(beside, Opening::New, readers)
        .and_then(|file| fill(file, content))
        .and_then(|()| fs::hard_link(beside, path));
    let removed = fs::remove_file(beside);
    written.and(removed).and_then(|()| flush_parent(path))
}

/// Replaces the content of a file, or makes the file: `beside` is written for its owner alone and flushed, renamed to
/// `path`, and the directory is flushed. After a crash either the old or the new content is there.
///
/// `beside` must be a name in the same directory; a file of that name, which a crash may have left, is removed first.
/// Windows: `MoveFileExW` with `MOVEFILE_REPLACE_EXISTING` and `MOVEFILE_WRITE_THROUGH` in place of rename and flush.
pub fn replace(path: &Path, beside: &Path, content: &[u8]) -> Result<(), ReplaceError> {
    put(path, beside, content, |_| Ok(()))
}

/// Likewise, for those whom the file lets read that is there; without one, for its owner alone.
///
/// Windows: the new file gets the old one's access control list.
pub fn replace_alike(path: &Path, beside: &Path, content: &[u8]) -> Result<(), ReplaceError> {
    put(path, beside, content, |file| access::give_alike(file, beside, path))
}

/// Returns what no [`replace`] could put anything in the place of.
pub fn obstacle<'p>(path: &'p Path, beside: &'p Path) -> Option<&'p Path> {
    let is_directory = |path: &&Path| fs::symlink_metadata(path).is_ok_and(|there| there.is_dir());
    [path, beside].into_iter().find(is_directory)
}

/// Does what [`replace`] does, or if `alike` [`replace_alike`], but for the move, and leaves nothing: `tried` is made and removed. It
/// must be a name in the same directory that nobody else uses.
pub fn rehearse(path: &Path, tried: &Path, alike: bool) -> io::Result<()> {
    let file = open_fresh(tried)?;
    let given = if alike { access::give_alike(&file, tried, path) } else { Ok(()) };
    drop(file);
    given.and(fs::remove_file(tried))
}

/// Opens a new file for its owner alone, in the place of whatever a crash has left there, or somebody has put there to read what is
/// written next.
fn open_fresh(path: &Path) -> io::Result<File> {
    match open_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            open_new(path)
        }
        opened => opened,
    }
}

fn put(
    path: &Path,
    beside: &Path,
    content: &[u8],
    give: impl FnOnce(&File) -> io::Result<()>,
) -> Result<(), ReplaceError> {
    let at = |step| move |source| ReplaceError { step, source };
    let mut file = open_fresh(beside).map_err(at(Step::Write))?;
    give(&file).and_then(|()| file.write_all(content)).map_err(at(Step::Write))?;
    file.sync_all().map_err(at(Step::Flush))?;
    // Windows moves no file that is open without leave, and this one is whole.
    drop(file);
    access::put_over(beside, path).map_err(at(Step::Rename))?;
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
    drop(file);
    fs::remove_file(path)?;
    flush_parent(path)
}

/// Makes the names in the directory above `path` durable: what was created, renamed or removed there.
///
/// Windows: does nothing, for a directory cannot be flushed there; the move itself is written through, see [`replace`], and
/// NTFS keeps names in a log of its own, which lets them be whole after a power cut, but not always the last ones.
pub fn flush_parent(path: &Path) -> io::Result<()> {
    access::flush_parent(path)
}

/// Makes an empty file for its owner alone where there is none; takes all permissions from group and others on a file
/// that is there.
///
/// Windows: gives it an access control list that names the owner alone and inherits nothing.
pub fn keep_for_owner(path: &Path) -> io::Result<()> {
    access::keep_for_owner(path)
}

/// Returns the path of a file that the parent process left open under a descriptor's number.
///
/// Whether there is one shows when it is opened. Windows: fails with `Unsupported`, for it has no such numbers.
pub fn inherited(descriptor: i32) -> io::Result<PathBuf> {
    stream::inherited(descriptor)
}

/// Writes the content and flushes it to the disk.
fn fill(mut file: File, content: &[u8]) -> io::Result<()> {
    file.write_all(content)?;
    file.sync_all()
}
