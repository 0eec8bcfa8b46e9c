//! Names the kinds of files that belong to a user, and reads the variables that say where they are.

use std::path::PathBuf;

/// Names a kind of files that belong to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Windows: goes with the user from computer to computer, where profiles do.
    Configuration,
    /// What is known from one run to the next. Windows: stays at this computer.
    State,
    /// Windows: stays at this computer.
    Data,
}

/// Returns the directory that a variable names; `None` where it is empty or not set.
pub(super) fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from)
}
