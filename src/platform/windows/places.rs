//! Names the directories in which a program keeps files: those of the user's profile, and the one of all users.

use crate::platform::kinds::named;
use std::path::PathBuf;

pub use crate::platform::kinds::Kind;

/// Is where the variable of all users' files points by default.
const EVERYBODYS: &str = r"C:\ProgramData";
/// Is where the makers of browsers install them, below the folders of programs.
const MAKERS: [&str; 3] = [r"Chromium\Application", r"Google\Chrome\Application", r"Microsoft\Edge\Application"];

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

/// Returns the directory of Windows' own libraries.
pub fn system() -> PathBuf {
    named("SystemRoot").unwrap_or_else(|| PathBuf::from(r"C:\Windows")).join("System32")
}

/// Returns where programs of these names may be: in the folders in which the makers of browsers install them for everybody. PATH is
/// not followed, which a user may lead elsewhere.
pub fn programs(names: &[&str]) -> Vec<PathBuf> {
    let folders: Vec<PathBuf> = ["ProgramFiles", "ProgramFiles(x86)"].into_iter().filter_map(named).collect();
    let places = || folders.iter().flat_map(|folder| MAKERS.iter().map(|maker| folder.join(maker)));
    names.iter().flat_map(|name| places().map(move |place| place.join(name).with_extension("exe"))).collect()
}

/// Returns the user's home directory.
pub fn home() -> Option<PathBuf> {
    named("USERPROFILE")
}
