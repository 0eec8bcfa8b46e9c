//! The file of a start link, by which one browser of this workstation is let in.

use super::failure::{Exit, Failure};
use crate::kiosk::{GiveLink, link_beside, refuses_readers};
use crate::platform::file;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use zeroize::Zeroizing;

/// Writes the link into a file, in place of an earlier one: for its owner alone, or (`alike`) for whoever may read the one that is
/// there. Returns the file's name for people.
pub fn write(path: &Path, link: &str, alike: bool) -> Result<String, Failure> {
    let failed = |why: String, remedy: &str| {
        Failure::new("start-link", Exit::Usage, format!("{} cannot be written: {why}", path.display())).remedy(remedy)
    };
    if alike && let Some((why, remedy)) = refuses_readers(path) {
        return Err(failed(why, remedy));
    }
    let write = if alike { file::replace_alike } else { file::replace };
    write(path, &link_beside(path), text(link).as_bytes())
        .map_err(|error| failed(error.source.to_string(), "Name a file in a directory of your own."))?;
    Ok(path.display().to_string())
}

/// Writes further links into the file, for whoever may read the one that is there. It is tried again and again; `tell` is told once
/// that it cannot be done.
pub fn giver(path: PathBuf, tell: impl Fn(&str) + Send + Sync + 'static) -> GiveLink {
    let told = AtomicBool::new(false);
    Box::new(move |link| {
        let written = file::replace_alike(&path, &link_beside(&path), text(link).as_bytes());
        if let Err(error) = &written
            && !told.load(Ordering::Relaxed)
        {
            tell(&format!(
                "no new link can be given ({}: {}): the browser stays as it was left",
                path.display(),
                error.source
            ));
        }
        told.store(written.is_err(), Ordering::Relaxed);
        Ok(written?)
    })
}

fn text(link: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("{link}\n"))
}

/// Takes the file away, if there is one, or (`alike`) what stands in it: used or not, the link opens nothing any more.
pub fn take_away(path: Option<&Path>, alike: bool) {
    match path {
        Some(path) if alike => drop(file::replace_alike(path, &link_beside(path), b"")),
        Some(path) => drop(std::fs::remove_file(path)),
        None => {}
    }
}
