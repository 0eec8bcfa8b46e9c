//! Says in which ways a file is opened for writing, and what is told of those who may open it.

use std::fmt;

/// Says who may read a new file, before the process's umask takes from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    Owner,
    /// Whoever may read the files of that directory; on Unix everybody.
    Everyone,
}

/// Says what opening a file for writing does where there is one, and where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// Makes it; fails with `AlreadyExists` where something has the name.
    New,
    /// Makes it, or opens it as it is.
    Kept,
}

/// Says what others than the owner may do with a file or directory, in the system's own words: the mode on Unix, a name and
/// a right on Windows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Others(pub(super) String);

impl fmt::Display for Others {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
