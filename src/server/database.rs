//! Where a server's records are: the file in its data directory, or the PostgreSQL database that `server.toml` names.

use super::config::{DataDirectory, Settings};
use super::diversify::{KeyError, MasterKeys};
use super::files::{self, FileError};
use crate::ca::CertificateAuthority;
use crate::pkix;
use crate::secret::DatabasePassword;
use crate::store::{self, PostgresPlace, Store};
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tokio::runtime::Runtime;

/// The variable that holds the database's password where no file is named.
pub const PASSWORD_VARIABLE: &str = "CARDWRIGHT_DATABASE_PASSWORD";
const CONNECTIONS: u32 = 16;

/// The `[database]` table; absent: SQLite in the data directory.
///
/// Any number of servers may use one database. Each has a data directory of its own, a copy of the first one's: same
/// master key, same CA, same templates. A server with another master key or CA is refused when it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `postgresql://user@host/database`, or `postgresql:///database?host=/run/postgresql` over a socket; never with a
    /// password.
    pub url: String,
    /// A file whose first line is the password; absent: `CARDWRIGHT_DATABASE_PASSWORD`, if that is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The certificates (PEM) that the database's own must come from; absent: those the system trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_certificates: Option<PathBuf>,
    /// The most connections this server keeps.
    #[serde(default = "connections")]
    pub connections: u32,
}

fn connections() -> u32 {
    CONNECTIONS
}

/// Why the records cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the store cannot be opened")]
    Store(#[from] store::Error),
    #[error("the {0} is not the one that the other servers of this database have: copy their data directory")]
    Other(&'static str),
    #[error("the CA's certificate cannot be read")]
    Pkix(#[from] pkix::Error),
    #[error("the master key cannot be used")]
    MasterKey(#[from] KeyError),
    #[error("no runtime could be started")]
    Runtime(#[source] std::io::Error),
}

/// A runtime for work at the data directory itself, where no server runs.
pub fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Opens the store that the settings name for the length of one piece of work, and gives what came of that.
pub fn with_store<T>(
    directory: &DataDirectory,
    settings: &Settings,
    work: impl AsyncFnOnce(&Store) -> T,
) -> Result<T, DatabaseError> {
    runtime().map_err(DatabaseError::Runtime)?.block_on(async {
        let store = open(directory, settings).await?;
        let done = work(&store).await;
        store.close().await;
        Ok(done)
    })
}

/// Opens the store that the settings name.
pub async fn open(directory: &DataDirectory, settings: &Settings) -> Result<Store, DatabaseError> {
    let Some(database) = &settings.database else { return Ok(Store::open(&directory.database()).await?) };
    let place = PostgresPlace {
        url: database.url.clone(),
        password: password(directory, database)?,
        root_certificates: match &database.root_certificates {
            Some(path) => Some(files::read(&directory.beside(path))?),
            None => None,
        },
        connections: database.connections,
    };
    Ok(Store::connect(&place).await?)
}

fn password(directory: &DataDirectory, database: &DatabaseSettings) -> Result<Option<DatabasePassword>, FileError> {
    let Some(path) = &database.password_file else {
        return Ok(std::env::var(PASSWORD_VARIABLE).ok().map(DatabasePassword::new));
    };
    let text = zeroize::Zeroizing::new(files::read(&directory.beside(path))?);
    Ok(Some(DatabasePassword::new(text.lines().next().unwrap_or_default().to_owned())))
}

/// Refuses a server whose keys are not those of the other servers on the same database; the first one says which.
pub async fn claim(
    store: &Store,
    authority: &dyn CertificateAuthority,
    master_keys: &MasterKeys,
) -> Result<(), DatabaseError> {
    let mut facts = Vec::new();
    if let Some(own) = authority.chain().first() {
        let key = own.public_key()?;
        facts.push(("CA's key", "ca-key".to_owned(), digest(&SHA256, key.spki()).as_ref().to_vec()));
    }
    for version in master_keys.versions() {
        facts.push(("master key", format!("master-key-{version}"), master_keys.fingerprint(version)?));
    }
    for (what, name, mine) in facts {
        let is_mine = store
            .write(move |tx| Box::pin(async move { Ok::<_, store::Error>(tx.first_said(&name, &mine).await? == mine) }))
            .await?;
        if !is_mine {
            return Err(DatabaseError::Other(what));
        }
    }
    Ok(())
}
