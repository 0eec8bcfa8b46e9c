//! `server masterkey`: adds, lists and removes versions of the master key at the data directory.

use super::records::with_store;
use crate::ca::keyfile;
use crate::platform::file;
use crate::secret::{Passphrase, Pin};
use crate::server::audit::deed::{self, Deed};
use crate::server::data_directory::files::{self, FileError};
use crate::server::keys::diversify::{MASTER_KEY, MASTER_KEY_LEN};
use crate::server::keys::master_keys::{LAST_VERSION, MasterKeyError, cards, labelled, open, opened, token};
use crate::store::{self, AuditEntry, Store, Tx};
use aws_lc_rs::rand;
use std::path::Path;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// Says where a version of the master key is, and how many cards need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterKeyVersion {
    pub version: u32,
    /// In a file of the data directory; otherwise in a token, or gone.
    pub in_file: bool,
    /// Cards whose keys come from it.
    pub cards: u64,
}

/// Makes the next version, in the token where the settings name one, else in a file; returns its number. The server
/// derives cards' keys from it from its next start on.
pub fn add(data_dir: &Path, passphrase: &Passphrase, pin: Option<&Pin>) -> Result<u32, MasterKeyError> {
    let (directory, settings) = opened(data_dir)?;
    let version = open(&directory, &settings, passphrase, pin)?.current_version() + 1;
    if version > LAST_VERSION {
        return Err(MasterKeyError::NoMoreVersions);
    }
    match token(&settings, pin)? {
        Some((token, label)) => token.make(&labelled(&label, version))?,
        None => {
            let mut key = Zeroizing::new([0; MASTER_KEY_LEN]);
            rand::fill(key.as_mut_slice()).map_err(|_| MasterKeyError::Random)?;
            let sealed = keyfile::seal(MASTER_KEY, key.as_slice(), passphrase)?;
            keyfile::write_new(&directory.master_key(version), &sealed)?;
        }
    }
    with_store(&directory, &settings, async |store| log_act(store, Deed::MasterKeyAdded, version).await)??;
    Ok(version)
}

/// Lists the versions that are in files or that cards need, oldest first.
pub fn versions(data_dir: &Path) -> Result<Vec<MasterKeyVersion>, MasterKeyError> {
    let (directory, settings) = opened(data_dir)?;
    let uses = with_store(&directory, &settings, async |store| store.master_key_uses().await)??;
    let mut versions = Vec::new();
    for version in 1..=LAST_VERSION {
        let (in_file, cards) = (directory.master_key(version).is_file(), cards(&uses, version));
        if in_file || cards > 0 {
            versions.push(MasterKeyVersion { version, in_file, cards });
        }
    }
    Ok(versions)
}

/// Removes the file of a version that no card needs, unless it is the newest; no server may run on the directory
/// meanwhile.
pub fn remove(data_dir: &Path, version: u32) -> Result<(), MasterKeyError> {
    let (directory, settings) = opened(data_dir)?;
    let _lock = files::lock(&directory.lock())?;
    let path = directory.master_key(version);
    if version == 0 || !path.is_file() {
        return Err(MasterKeyError::NoSuchVersion(version));
    }
    if !(version + 1..=LAST_VERSION).any(|later| directory.master_key(later).is_file()) {
        return Err(MasterKeyError::Newest(version));
    }
    with_store(&directory, &settings, async |store| {
        let cards = cards(&store.master_key_uses().await?, version);
        if cards > 0 {
            return Err(MasterKeyError::Needed { version, cards });
        }
        log_act(store, Deed::MasterKeyRemoved, version).await?;
        Ok(())
    })??;
    let gone = std::fs::remove_file(&path).and_then(|()| file::flush_parent(&path));
    gone.map_err(|source| MasterKeyError::File(FileError { path, what: "removed", source }))
}

/// Writes an act about a version of the master key into the log.
async fn log_act(store: &Store, deed: Deed, version: u32) -> Result<(), store::Error> {
    let entry: AuditEntry = deed::own(deed, OffsetDateTime::now_utc()).with("version", version);
    let job = async move |tx: &mut Tx| tx.audit(&entry).await;
    store.write(move |tx| Box::pin(async move { job(tx).await })).await
}
