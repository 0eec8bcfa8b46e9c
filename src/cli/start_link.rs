//! The file of a start link, by which one browser of this workstation is let in.

use super::failure::{Exit, Failure};
use crate::kiosk::GiveLink;
use crate::platform::file;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Writes the link into a file for its owner alone, in place of an earlier one; returns the file's name for people.
pub fn write(path: &Path, link: &str) -> Result<String, Failure> {
    file::replace(path, &beside(path), text(link).as_bytes()).map_err(|error| {
        let message = format!("{} cannot be written: {}", path.display(), error.source);
        Failure::new("start-link", Exit::Usage, message).remedy("Name a file in a directory of your own.")
    })?;
    Ok(path.display().to_string())
}

/// Writes further links into the file, for whoever may read the one that is there.
pub fn giver(path: PathBuf) -> GiveLink {
    Box::new(move |link| Ok(file::replace_alike(&path, &beside(&path), text(link).as_bytes())?))
}

fn beside(path: &Path) -> PathBuf {
    path.with_extension("new")
}

fn text(link: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("{link}\n"))
}

/// Takes the file away, if there is one: used or not, the link opens nothing any more.
pub fn take_away(path: Option<&Path>) {
    if let Some(path) = path {
        let _ = std::fs::remove_file(path);
    }
}
