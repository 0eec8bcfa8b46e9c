//! Names the directories in which a program keeps files (XDG Base Directory Specification).

use crate::platform::kinds::named;
use std::path::PathBuf;

pub use crate::platform::kinds::Kind;

/// Is where an administrator keeps what holds for everybody at this computer.
const EVERYBODYS: &str = "/etc";

/// Returns the user's directory for this kind of files: what the kind's variable names, else one below the home directory;
/// `None` where there is neither.
pub fn own(kind: Kind) -> Option<PathBuf> {
    let (variable, below_home) = match kind {
        Kind::Configuration => ("XDG_CONFIG_HOME", ".config"),
        Kind::State => ("XDG_STATE_HOME", ".local/state"),
        Kind::Data => ("XDG_DATA_HOME", ".local/share"),
    };
    named(variable).or_else(|| Some(home()?.join(below_home)))
}

/// Returns the directory of what holds for everybody at this computer.
pub fn everybodys() -> PathBuf {
    PathBuf::from(EVERYBODYS)
}

/// Returns where programs of these names may be: in the directories of PATH, in their order, name by name.
///
/// Windows: in the folders in which the makers of browsers install them.
pub fn programs(names: &[&str]) -> Vec<PathBuf> {
    let directories: Vec<PathBuf> = std::env::var_os("PATH")
        .iter()
        .flat_map(std::env::split_paths)
        .filter(|directory| directory.is_absolute())
        .collect();
    names.iter().flat_map(|name| directories.iter().map(move |directory| directory.join(name))).collect()
}

/// Returns the user's home directory.
pub fn home() -> Option<PathBuf> {
    named("HOME")
}
