//! Looks at what is behind a standard stream, and finds files that the parent process left open.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::PathBuf;

/// Says whether what is written to an open stream is lost, because it is the null device. Rust's runtime opens that in
/// place of a standard stream that a process was started without. False where it cannot be told.
pub fn is_null(stream: impl AsFd) -> bool {
    let device = |file: io::Result<File>| {
        let found = file.and_then(|file| file.metadata()).ok()?;
        found.file_type().is_char_device().then(|| found.rdev())
    };
    let stream = device(stream.as_fd().try_clone_to_owned().map(File::from));
    stream.is_some() && stream == device(File::open("/dev/null"))
}

/// Returns the path of a file that the parent process left open under a descriptor's number.
pub fn inherited(descriptor: i32) -> io::Result<PathBuf> {
    Ok(PathBuf::from(format!("/dev/fd/{descriptor}")))
}
