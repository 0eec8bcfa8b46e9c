//! Writes private keys that the server sends into PKCS#12 files that only their owner may read.

use crate::cli::args::KeyArgs;
use crate::cli::failure::Failure;
use crate::cli::secrets;
use crate::enrollment::KeyReceiver;
use std::fs::OpenOptions;
use std::io::{Error, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Gives the files' mode: only the owner may read and write.
const MODE: u32 = 0o600;

/// Returns what writes the keys to the files that `--pfx-to` names; `None` without that option. Reads the password.
///
/// A file that exists is never overwritten, because it may hold the only copy of a key.
pub fn receiver(args: &KeyArgs) -> Result<Option<KeyReceiver<'static>>, Failure> {
    let Some(path) = args.pfx_to.clone() else { return Ok(None) };
    let password = secrets::pfx_password(args.pfx_password_from.as_ref())?;
    let mut count = 0;
    Ok(Some(KeyReceiver {
        password,
        keep: Box::new(move |key| {
            count += 1;
            let path = numbered(&path, count);
            let written = write(&path, key.pfx);
            written.map_err(|error| Error::new(error.kind(), format!("{}: {error}", path.display())))
        }),
    }))
}

/// Names the file of the key with this number: FILE, FILE.2, FILE.3 and so on.
fn numbered(path: &Path, count: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if count > 1 {
        name.push(format!(".{count}"));
    }
    name.into()
}

fn write(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
