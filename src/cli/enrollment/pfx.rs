//! Writes private keys that the server sends into PKCS#12 files that only their owner may read.

use crate::cli::args::KeyArgs;
use crate::cli::failure::{Exit, Failure};
use crate::cli::secrets;
use crate::enrollment::KeyReceiver;
use crate::platform::file;
use crate::secret::WeakPassphrase;
use std::io::Error;
use std::path::{Path, PathBuf};

/// Returns what writes the keys to the files that `--pfx-to` names; `None` without that option. Reads the password.
///
/// A file that exists is never overwritten, because it may hold the only copy of a key; it is refused before anything
/// begins, like a folder that is not there.
pub fn receiver(args: &KeyArgs) -> Result<Option<KeyReceiver<'static>>, Failure> {
    let Some(path) = args.pfx_to.clone() else { return Ok(None) };
    check(&path)?;
    let password = secrets::passphrase(args.pfx_password_from.as_ref(), secrets::PFX_PASSWORD, true)?;
    // How long it must be, the server says before anything begins.
    if let Err(weak @ WeakPassphrase::GuessedFirst) = password.judge() {
        return Err(secrets::weak(secrets::PFX_PASSWORD, weak));
    }
    let mut count = 0;
    Ok(Some(KeyReceiver {
        password,
        keep: Box::new(move |key| {
            count += 1;
            let path = numbered(&path, count);
            let written = file::create(&path, key.pfx);
            written.map_err(|error| Error::new(error.kind(), format!("{}: {error}", path.display())))
        }),
    }))
}

/// Refuses a file that cannot be made.
fn check(path: &Path) -> Result<(), Failure> {
    let refused = |message| {
        Failure::new("key-not-kept", Exit::LocalState, message)
            .remedy("Name a new file in a folder that exists (--pfx-to).")
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        _ if path.symlink_metadata().is_ok() => Err(refused(format!("{} exists already", path.display()))),
        Some(folder) if !folder.is_dir() => Err(refused(format!("{} is no folder", folder.display()))),
        _ => Ok(()),
    }
}

/// Names the file of the key with this number: FILE, FILE.2, FILE.3 and so on.
fn numbered(path: &Path, count: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if count > 1 {
        name.push(format!(".{count}"));
    }
    name.into()
}
