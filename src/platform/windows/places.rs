//! Names the directories in which a program keeps files: those of the user's profile, and the one of all users.

use crate::platform::kinds::named;
use std::path::PathBuf;

pub use crate::platform::kinds::Kind;

/// Is where the variable of all users' files points by default.
const EVERYBODYS: &str = r"C:\ProgramData";

/// Returns the user's directory for this kind of files, which Windows names in a variable; `None` where that is missing.
pub fn own(kind: Kind) -> Option<PathBuf> {
    named(match kind {
        Kind::Configuration => "APPDATA",
        Kind::State | Kind::Data => "LOCALAPPDATA",
    })
}

/// Returns the directory of what holds for everybody at this computer.
pub fn everybodys() -> PathBuf {
    named("ProgramData").unwrap_or_else(|| PathBuf::from(EVERYBODYS))
}

/// Returns the user's home directory.
pub fn home() -> Option<PathBuf> {
    named("USERPROFILE")
}
