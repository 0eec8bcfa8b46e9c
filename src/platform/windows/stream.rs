//! Looks at what is behind a standard stream.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle};
use std::path::PathBuf;
use windows_sys::Win32::Storage::FileSystem::{FILE_TYPE_CHAR, GetFileType};
use windows_sys::Win32::System::Console::GetConsoleMode;

/// Says whether what is written to an open stream is lost: there is none, or it is a device that is no console, such as
/// `NUL`.
pub fn is_null(stream: impl AsHandle) -> bool {
    let stream = stream.as_handle().as_raw_handle();
    let mut mode = 0;
    // SAFETY: the handle is borrowed for as long as this runs; both calls take one that is NULL, and say that it is none.
    stream.is_null() || unsafe { GetFileType(stream) == FILE_TYPE_CHAR && GetConsoleMode(stream, &mut mode) == 0 }
}

/// Says that there are no such files.
pub fn inherited(_descriptor: i32) -> io::Result<PathBuf> {
    let why = "Windows gives no numbers to files that a program is started with";
    Err(io::Error::new(io::ErrorKind::Unsupported, why))
}
