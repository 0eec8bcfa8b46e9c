//! The file of a start link, by which one browser of this workstation is let in.

use super::failure::{Exit, Failure};
use crate::platform::file;
use std::path::Path;

/// Writes the link into a file for its owner alone, in place of an earlier one; returns the file's name for people.
pub fn write(path: &Path, link: &str) -> Result<String, Failure> {
    let beside = path.with_extension("new");
    file::replace(path, &beside, format!("{link}\n").as_bytes()).map_err(|error| {
        let message = format!("{} cannot be written: {}", path.display(), error.source);
        Failure::new("start-link", Exit::Usage, message).remedy("Name a file in a directory of your own.")
    })?;
    Ok(path.display().to_string())
}

/// Takes the file away, if there is one: used or not, the link opens nothing any more.
pub fn take_away(path: Option<&Path>) {
    if let Some(path) = path {
        let _ = std::fs::remove_file(path);
    }
}
