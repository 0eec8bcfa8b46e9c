//! `server upgrade`: brings the records of a data directory to this release, after a backup.
//!
//! The archive of `server backup` is made first, whole and on disk; then the steps that the database lacks are taken in one
//! transaction, all or none. Records in PostgreSQL are not in the archive: who upgrades says that they are saved.

use super::backup::{self, BackupError, Saved};
use crate::platform::directory;
use crate::secret::Passphrase;
use crate::server::data_directory::database::{self, DatabaseError};
use crate::server::data_directory::files::{self, FileError};
use crate::server::data_directory::layout::{DataDirectory, NoDirectory};
use crate::server::data_directory::settings::server_toml::{Settings, SettingsError};
use crate::store::{self, SchemaAge};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use time::macros::format_description;

/// Says how an upgrade is to be done.
#[derive(Clone, Debug)]
pub struct UpgradeOrder {
    /// Where the archive is put; made if need be, for its owner alone.
    pub backups: PathBuf,
    /// Records in PostgreSQL were saved, by whoever says so.
    pub records_saved: bool,
}

/// Reports what was upgraded.
#[derive(Clone, Debug)]
pub struct Upgraded {
    pub from: SchemaAge,
    /// The archive that was made before.
    pub archive: PathBuf,
    pub saved: Saved,
}

/// Says why the records were not upgraded.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    #[error(transparent)]
    NoDirectory(#[from] NoDirectory),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("a server may be running on the directory; nothing was changed")]
    Lock(#[source] FileError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the records are of a newer release (version {}, and this one knows {}); nothing was changed", .0.found, .0.known)]
    Newer(SchemaAge),
    #[error("the records are in PostgreSQL, which no archive of ours holds; nothing was changed")]
    NotSaved,
    #[error("no backup could be made, so nothing was changed")]
    Backup(#[from] BackupError),
    #[error("the records could not be brought to this release; they are as they were, and the backup made before is {}", archive.display())]
    Migration {
        archive: PathBuf,
        #[source]
        source: DatabaseError,
    },
}

/// Says which version the records of a data directory are of; changes nothing.
pub fn records_age(data_dir: &Path) -> Result<SchemaAge, UpgradeError> {
    let directory = DataDirectory::existing(data_dir)?;
    let age = database::age(&directory, &Settings::load(&directory)?)?;
    if age.found > age.known { Err(UpgradeError::Newer(age)) } else { Ok(age) }
}

/// Saves the data directory, sealed under the passphrase of its key files, and brings its records to this release. No
/// server may run on it. The archive is kept whatever becomes of the records.
pub fn upgrade(data_dir: &Path, order: &UpgradeOrder, passphrase: &Passphrase) -> Result<Upgraded, UpgradeError> {
    let directory = DataDirectory::existing(data_dir)?;
    let _lock = files::lock(&directory.lock()).map_err(UpgradeError::Lock)?;
    let from = records_age(data_dir)?;
    let settings = Settings::load(&directory)?;
    if settings.database.is_some() && !order.records_saved {
        return Err(UpgradeError::NotSaved);
    }
    let archive = archive(&order.backups)?;
    let saved = backup::backup_file(data_dir, &archive, passphrase)?;
    // Nothing is written by this that somebody could have asked for, so nothing vouches for it.
    match database::with_store(&directory, &settings, None, async |_| {}) {
        Ok(()) => Ok(Upgraded { from, archive, saved }),
        Err(source) => Err(UpgradeError::Migration { archive, source }),
    }
}

/// Names the archive by release and time (UTC, to the millisecond: a service may be started twice in a second), in a directory that
/// is made if need be.
fn archive(backups: &Path) -> Result<PathBuf, BackupError> {
    let failed = |source| FileError { path: backups.to_owned(), what: "made", source };
    directory::make_with_parents(backups).map_err(failed)?;
    let shape = format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:3]Z");
    let now = OffsetDateTime::now_utc()
        .format(shape)
        .unwrap_or_else(|_| store::micros(OffsetDateTime::now_utc()).to_string());
    Ok(backups.join(format!("before-{}-{now}.cardwright", env!("CARGO_PKG_VERSION"))))
}
