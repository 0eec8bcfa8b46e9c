//! The versions of the master key: opened at the start, added and removed at the data directory itself.
//!
//! Each card keeps the version its keys come from, and takes up the newest at its next contact; a version goes only when
//! no card needs it any more.

use super::audit::{self, Deed};
use super::config::{DataDirectory, NoDirectory, Settings, SettingsError};
use super::database::{DatabaseError, with_store};
use super::diversify::{KeyError, MASTER_KEY, MASTER_KEY_LEN, MasterKeySource, MasterKeys};
use super::files::{self, FileError};
use crate::ca::{self, TokenMac, keyfile};
use crate::platform::file;
use crate::secret::{MasterKey, Passphrase, Pin};
use crate::store::{self, AuditEntry, MasterKeyUse, Store, Tx};
use aws_lc_rs::rand;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// The highest version there can be.
const LAST_VERSION: u32 = 99;

/// Why the master keys cannot be used, or one was not added or removed.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error(transparent)]
    NoDirectory(#[from] NoDirectory),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("a master key is in a token: its PIN is needed")]
    NoPin,
    #[error("a master key cannot be opened or made")]
    Key(#[from] ca::Error),
    #[error("the master keys cannot be used")]
    Keys(#[source] KeyError),
    #[error("the system gave no random bytes")]
    Random,
    #[error("there have been {LAST_VERSION} versions of the master key, and there can be no more")]
    NoMoreVersions,
    #[error("there is no master key of version {0} in a file")]
    NoSuchVersion(u32),
    #[error("version {0} is the newest, which cards are given from now on; add another one first")]
    Newest(u32),
    #[error(
        "{cards} cards still have keys of version {version}; they take up the newest when they are next enrolled, renewed or unblocked"
    )]
    Needed { version: u32, cards: u64 },
    #[error("the store failed")]
    Store(#[from] store::Error),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// A version of the master key, as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterKeyVersion {
    pub version: u32,
    /// In a file of the data directory; otherwise in a token, or gone.
    pub in_file: bool,
    pub cards: u64,
}

/// Opens all versions, in files and in the token that the settings name.
pub fn open(
    directory: &DataDirectory,
    settings: &Settings,
    passphrase: &Passphrase,
    pin: Option<&Pin>,
) -> Result<MasterKeys, MasterKeyError> {
    let token = token(settings, pin)?;
    let mut keys = BTreeMap::new();
    for version in 1..=LAST_VERSION {
        if let Some(sealed) = files::read_if_there(&directory.master_key(version))? {
            let mut key = keyfile::open(MASTER_KEY, &sealed, passphrase)?;
            keys.insert(version, MasterKeySource::Memory(MasterKey::new(std::mem::take(&mut *key))));
        } else if let Some((token, label)) = &token {
            let label = labelled(label, version);
            if token.holds(&label)? {
                keys.insert(version, MasterKeySource::Token(Arc::clone(token), label));
            }
        }
    }
    MasterKeys::by_version(keys).map_err(MasterKeyError::Keys)
}

fn token(settings: &Settings, pin: Option<&Pin>) -> Result<Option<(Arc<TokenMac>, String)>, MasterKeyError> {
    let Some(token) = &settings.master_key.pkcs11 else { return Ok(None) };
    let pin = pin.ok_or(MasterKeyError::NoPin)?;
    let opened = TokenMac::open(token.module.clone(), token.selector(), Pin::new(pin.expose().to_owned()))?;
    Ok(Some((Arc::new(opened), token.key_label.clone())))
}

fn labelled(label: &str, version: u32) -> String {
    if version == 1 { label.to_owned() } else { format!("{label}.{version}") }
}

/// Makes the next version, in the token where the settings name one, else in a file; the server gives it to cards from
/// its next start on.
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
    with_store(&directory, &settings, async |store| said(store, Deed::MasterKeyAdded, version).await)??;
    Ok(version)
}

/// The versions in files and those that cards need, oldest first.
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

/// Removes the file of a version that no card needs; no server may run on the directory meanwhile.
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
        said(store, Deed::MasterKeyRemoved, version).await?;
        Ok(())
    })??;
    let gone = std::fs::remove_file(&path).and_then(|()| file::flush_parent(&path));
    gone.map_err(|source| MasterKeyError::File(FileError { path, what: "removed", source }))
}

fn opened(data_dir: &Path) -> Result<(DataDirectory, Settings), MasterKeyError> {
    let directory = DataDirectory::existing(data_dir)?;
    let settings = Settings::load(&directory)?;
    Ok((directory, settings))
}

fn cards(uses: &[MasterKeyUse], version: u32) -> u64 {
    uses.iter().find(|used| used.version == version).map_or(0, |used| used.cards)
}

async fn said(store: &Store, deed: Deed, version: u32) -> Result<(), store::Error> {
    let entry: AuditEntry = audit::own(deed, OffsetDateTime::now_utc()).with("version", version);
    let job = async move |tx: &mut Tx| tx.audit(&entry).await;
    store.write(move |tx| Box::pin(async move { job(tx).await })).await
}
