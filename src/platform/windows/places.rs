//! Names the directories in which a program keeps files: those of the user's profile, and the one of all users.

use std::path::PathBuf;

/// Is where the variable of all users' files points by default.
const EVERYBODYS: &str = r"C:\ProgramData";

/// Names a kind of files that belong to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Goes with the user from computer to computer, where profiles do.
    Configuration,
    /// What is known from one run to the next; stays at this computer.
    State,
    /// Stays at this computer.
    Data,
}

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

fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from)
}
