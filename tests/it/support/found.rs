//! Where a program is.

use std::ffi::OsStr;
use std::path::PathBuf;

/// The program's path. For a bare name in an environment of its own the standard library forks, and a fork copies the
/// page tables of all that the tests of this process hold in memory; a path it spawns.
pub fn found(program: impl AsRef<OsStr>) -> PathBuf {
    let name = PathBuf::from(program.as_ref());
    let places = std::env::var_os("PATH").unwrap_or_default();
    let mut paths = std::env::split_paths(&places).map(|place| place.join(&name));
    paths.find(|path| path.is_file()).unwrap_or(name)
}
