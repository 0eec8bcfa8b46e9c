//! Opens the versions of the master key, in files and in a token.
//!
//! Each card keeps the version that its keys come from, and takes up the newest when it is next enrolled, renewed or
//! unblocked; a version is removed only when no card needs it any more.
//! Absent: how versions are added and removed (`administration`).

use super::diversify::{KeyError, MASTER_KEY, MasterKeySource, MasterKeys};
use crate::ca::{self, TokenMac, keyfile};
use crate::secret::{MasterKey, Passphrase, Pin};
use crate::server::data_directory::database::DatabaseError;
use crate::server::data_directory::files::{self, FileError};
use crate::server::data_directory::layout::{DataDirectory, NoDirectory};
use crate::server::data_directory::settings::server_toml::{Settings, SettingsError};
use crate::store::{self, MasterKeyUse};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Bounds the versions.
pub const LAST_VERSION: u32 = 99;

/// Says why the master keys cannot be used, or one was not added or removed.
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

/// Opens all versions, in files and in the token that the settings name; a version's file comes before the token.
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

/// Opens the token that the settings name for master keys and returns it with the label of version 1; `None` where they
/// name none.
pub fn token(settings: &Settings, pin: Option<&Pin>) -> Result<Option<(Arc<TokenMac>, String)>, MasterKeyError> {
    let Some(token) = &settings.master_key.pkcs11 else { return Ok(None) };
    let pin = pin.ok_or(MasterKeyError::NoPin)?;
    let opened = TokenMac::open(token.module.clone(), token.selector(), Pin::new(pin.expose().to_owned()))?;
    Ok(Some((Arc::new(opened), token.key_label.clone())))
}

/// Returns the label of a version in the token: a dot and the number follow from version 2 on.
pub fn labelled(label: &str, version: u32) -> String {
    if version == 1 { label.to_owned() } else { format!("{label}.{version}") }
}

/// Names an existing data directory and reads its settings.
pub fn opened(data_dir: &Path) -> Result<(DataDirectory, Settings), MasterKeyError> {
    let directory = DataDirectory::existing(data_dir)?;
    let settings = Settings::load(&directory)?;
    Ok((directory, settings))
}

/// Returns how many cards need a version.
pub fn cards(uses: &[MasterKeyUse], version: u32) -> u64 {
    uses.iter().find(|used| used.version == version).map_or(0, |used| used.cards)
}
