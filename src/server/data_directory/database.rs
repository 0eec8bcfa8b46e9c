//! Opens the store with a server's records: the file in its data directory, or the PostgreSQL database that
//! `server.toml` names.

use super::files::{self, FileError};
use super::layout::DataDirectory;
use super::settings::database::DatabaseSettings;
use super::settings::server_toml::Settings;
use crate::secret::DatabasePassword;
use crate::store::{self, ActKey, PostgresPlace, SchemaAge, Store};
use std::path::PathBuf;
use tokio::runtime::Runtime;

/// Names the variable that holds the database's password where no file is named.
pub const PASSWORD_VARIABLE: &str = "CARDWRIGHT_DATABASE_PASSWORD";

/// Says why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the store cannot be opened")]
    Store(#[from] store::Error),
    #[error(
        "{} is missing, without which an act that is done here looks like one that somebody else has put into the \
         database: start the server, which writes the file anew", .0.display()
    )]
    NoActKey(PathBuf),
    #[error("no runtime could be started")]
    Runtime(#[source] std::io::Error),
}

/// Makes a runtime for work at the data directory itself, outside of a running server.
pub fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Opens the store that the settings name, does one piece of work, whose acts `key` vouches for, and closes it; returns
/// the result of the work once every server on the records heeds it.
pub fn with_store<T>(
    directory: &DataDirectory,
    settings: &Settings,
    key: Option<ActKey>,
    work: impl AsyncFnOnce(&Store) -> T,
) -> Result<T, DatabaseError> {
    runtime().map_err(DatabaseError::Runtime)?.block_on(async {
        let store = open(directory, settings).await?;
        if let Some(key) = key {
            store.vouch(key);
        }
        let done = work(&store).await;
        store.heeded().await;
        store.close().await;
        Ok(done)
    })
}

/// Says which version the records are of that the settings name; changes nothing.
pub fn age(directory: &DataDirectory, settings: &Settings) -> Result<SchemaAge, DatabaseError> {
    match &settings.database {
        None => Ok(SchemaAge::of_file(&directory.database())?),
        Some(database) => {
            let place = place(directory, database)?;
            let read = runtime().map_err(DatabaseError::Runtime)?.block_on(SchemaAge::of_database(&place));
            Ok(read?)
        }
    }
}

/// Opens the store that the settings name.
pub async fn open(directory: &DataDirectory, settings: &Settings) -> Result<Store, DatabaseError> {
    match &settings.database {
        None => Ok(Store::open(&directory.database()).await?),
        Some(database) => Ok(Store::connect(&place(directory, database)?).await?),
    }
}

/// Says where the PostgreSQL database of the settings is.
pub fn place(directory: &DataDirectory, database: &DatabaseSettings) -> Result<PostgresPlace, FileError> {
    Ok(PostgresPlace {
        url: database.url.clone(),
        password: password(directory, database)?,
        root_certificates: match &database.root_certificates {
            Some(path) => Some(files::read(&directory.beside(path))?),
            None => None,
        },
        connections: database.connections,
    })
}

/// Reads the database's password: the first line of the file that the settings name, or else the variable.
fn password(directory: &DataDirectory, database: &DatabaseSettings) -> Result<Option<DatabasePassword>, FileError> {
    let Some(path) = &database.password_file else {
        return Ok(std::env::var(PASSWORD_VARIABLE).ok().map(DatabasePassword::new));
    };
    let text = zeroize::Zeroizing::new(files::read(&directory.beside(path))?);
    Ok(Some(DatabasePassword::new(text.lines().next().unwrap_or_default().to_owned())))
}
