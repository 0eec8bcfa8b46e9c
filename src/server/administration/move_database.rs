//! `server database move`: all records from the file in a data directory into a PostgreSQL database.
//!
//! In: a data directory that no server runs on, an empty database. Out: the same records there, counted, the log of acts
//! checked by what the server remembers; then, where that is asked for, settings that name the database. The file is read
//! alone, but for the act that says what is done.

use super::audit_trail::{self, AuditTrailError};
use super::records;
use crate::server::audit::deed::{self, Deed};
use crate::server::data_directory::database::{self, DatabaseError};
use crate::server::data_directory::files::{self, FileError};
use crate::server::data_directory::layout::{DataDirectory, NoDirectory};
use crate::server::data_directory::settings::database::DatabaseSettings;
use crate::server::data_directory::settings::server_toml::{Settings, SettingsError};
use crate::store::{self, MoveError, Moving, Standing, Store, TableCount};
use serde::Serialize;
use std::path::Path;
use time::OffsetDateTime;

/// Says where records are to be moved.
#[derive(Clone, Debug)]
pub struct MoveDatabase {
    pub to: DatabaseSettings,
    /// Has the settings name the database at the end.
    pub apply: bool,
}

/// Reports what was moved.
#[derive(Clone, Debug)]
pub struct Moved {
    /// What the other database held before.
    pub standing: Standing,
    pub tables: Vec<TableCount>,
    /// How many acts of the log were checked.
    pub acts: u64,
    /// What stands, or is to stand, in `server.toml`.
    pub lines: String,
}

/// Says why nothing was switched.
#[derive(Debug, thiserror::Error)]
pub enum MoveDatabaseError {
    #[error(transparent)]
    NoDirectory(#[from] NoDirectory),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("the records of this server are in PostgreSQL already")]
    Already,
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the other database holds other records, in {0} first: it must be empty")]
    NotEmpty(String),
    #[error(transparent)]
    Move(#[from] MoveError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the log of acts could not be checked in the other database")]
    Log(#[from] AuditTrailError),
    #[error(
        "the log of acts is not whole in the other database: {faults} faults, {differing} rows that it contradicts"
    )]
    LogUnsound { faults: u64, differing: u64 },
    #[error("the settings could not be written")]
    Spelling(#[from] toml::ser::Error),
}

impl From<store::Error> for MoveDatabaseError {
    fn from(error: store::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Holds what is added to the settings.
#[derive(Serialize)]
struct Added<'a> {
    database: &'a DatabaseSettings,
}

/// Moves all records, counts and checks them, and then has the settings name the database where that is asked for. `done`
/// is told of each table and how many of its rows were written. Cut off, it begins anew, or goes on with the check.
pub fn database_move(
    data_dir: &Path,
    order: MoveDatabase,
    done: &mut dyn FnMut(&str, u64),
) -> Result<Moved, MoveDatabaseError> {
    let directory = DataDirectory::existing(data_dir)?;
    let settings = Settings::load(&directory)?;
    if settings.database.is_some() {
        return Err(MoveDatabaseError::Already);
    }
    let lines = toml::to_string(&Added { database: &order.to })?;
    let place = database::place(&directory, &order.to)?;
    let _lock = files::lock(&directory.lock())?;
    let runtime = database::runtime().map_err(DatabaseError::Runtime)?;
    // Brings the file up to this release, which the other database is of too.
    records::with_store(&directory, &settings, async |_| {})?;
    let before = runtime.block_on(async { Moving::open(&directory.database(), &place).await?.standing().await })?;
    match &before {
        Standing::Others { table } => return Err(MoveDatabaseError::NotEmpty(table.clone())),
        Standing::Same => {}
        Standing::Empty => {
            // It is among the records that are moved, so that the log says there where it comes from.
            let entry = deed::at_the_data_directory(Deed::DatabaseMoved, OffsetDateTime::now_utc());
            let written =
                async |store: &Store| store.write(move |tx| Box::pin(async move { tx.audit(&entry).await })).await;
            records::with_store(&directory, &settings, written)??;
        }
    }
    let (tables, acts) = runtime.block_on(async {
        // Read anew, with the act that was written since.
        let moving = Moving::open(&directory.database(), &place).await?;
        if before == Standing::Empty {
            moving.copy(done).await?;
        }
        let tables = moving.compared().await?;
        let there = Store::connect(&place).await?;
        let report = audit_trail::check_store(&directory, &there).await;
        there.close().await;
        let report = report?;
        match report.is_sound() {
            true => Ok((tables, report.records)),
            false => Err(MoveDatabaseError::LogUnsound { faults: report.faults, differing: report.differing }),
        }
    })?;
    if order.apply {
        let text = files::read(&directory.settings())?;
        files::replace(&directory.settings(), format!("{}\n\n{lines}", text.trim_end()).as_bytes())?;
    }
    Ok(Moved { standing: before, tables, acts, lines })
}
