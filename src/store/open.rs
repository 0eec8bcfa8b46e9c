//! Opening and closing, whichever the database.

use super::error::Error;
use super::link::{Answer, Ask, Counts, CountsSeen};
use super::postgres::place::PostgresPlace;
use super::writer::{BoxFuture, Tx};
use super::{postgres, sqlite};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// The database; clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    database: Database,
    counts: Arc<Counts>,
    instance: Uuid,
}

enum Database {
    Sqlite(sqlite::Database),
    Postgres(postgres::Database),
}

impl Store {
    /// Opens the SQLite database at `path`, made and brought up to date where needed; only its owner may read the file.
    pub async fn open(path: &Path) -> Result<Store, Error> {
        let counts = Arc::new(Counts::default());
        let (database, instance) = sqlite::Database::open(path, counts.clone())?;
        Ok(Self::over(Database::Sqlite(database), counts, instance))
    }

    /// Connects to a PostgreSQL database and brings its schema up to date where needed.
    pub async fn connect(place: &PostgresPlace) -> Result<Store, Error> {
        let counts = Arc::new(Counts::default());
        let (database, instance) = postgres::Database::open(place, counts.clone()).await?;
        Ok(Self::over(Database::Postgres(database), counts, instance))
    }

    fn over(database: Database, counts: Arc<Counts>, instance: Uuid) -> Self {
        Self(Arc::new(Inner { database, counts, instance }))
    }

    /// The identity of this database, made when the file was.
    pub fn instance(&self) -> Uuid {
        self.0.instance
    }

    /// How much work was done since the store was opened.
    pub fn counts(&self) -> CountsSeen {
        self.0.counts.seen()
    }

    /// How often each act was logged since the store was opened.
    pub fn acts(&self) -> BTreeMap<&'static str, u64> {
        self.0.counts.acts()
    }

    /// Runs `job` as one atomic transaction and answers once it is on disk.
    ///
    /// On SQLite jobs run one after the other, and those that wait together share a commit: a job should read, decide
    /// and write, and wait for nothing but its [`Tx`], for all other writes wait behind it. On PostgreSQL they run side
    /// by side, and one that meets another may be refused with [`Error::Contended`]. Either way a job that returns an
    /// error takes back its own writes only. Dropping the returned future before the job started may leave it undone.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        E: From<Error> + Send + 'static,
        T: Send + 'static,
    {
        match &self.0.database {
            Database::Sqlite(database) => database.write(job).await,
            Database::Postgres(database) => database.write(job).await,
        }
    }

    /// Waits for the writes already queued, then closes every connection; later calls fail with [`Error::Closed`].
    pub async fn close(&self) {
        match &self.0.database {
            Database::Sqlite(database) => database.close().await,
            Database::Postgres(database) => database.close().await,
        }
    }

    pub(super) async fn ask<T: Answer>(&self, ask: Ask<'_, T>) -> Result<T, Error> {
        match &self.0.database {
            Database::Sqlite(database) => database.read(ask),
            Database::Postgres(database) => database.read(ask).await,
        }
    }
}
