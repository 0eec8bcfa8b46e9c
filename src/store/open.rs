//! Opens and closes the store, with either database.

use super::act_key::ActKey;
use super::error::Error;
use super::link::{Answer, Ask, Counts, CountsSeen};
use super::postgres::place::PostgresPlace;
use super::schema::VERSION;
use super::versions::{Versions, Watch, heeded, versions};
use super::writer::{BoxFuture, Tx, Voucher};
use super::{postgres, sqlite};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// Holds the open database; clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    database: Database,
    counts: Arc<Counts>,
    voucher: Voucher,
    instance: Uuid,
    watch: Watch,
}

enum Database {
    Sqlite(sqlite::Database),
    Postgres(postgres::Database),
}

/// Compares the version of a database with what this release works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaAge {
    /// What the database is of; 0 where there is none yet.
    pub found: i64,
    /// What this release makes of it.
    pub known: i64,
}

impl SchemaAge {
    /// Reads the version of an SQLite file, and changes nothing.
    pub fn of_file(path: &Path) -> Result<Self, Error> {
        Ok(Self { found: sqlite::schema::version(path)?, known: VERSION })
    }

    /// Reads the version of a PostgreSQL database, and changes nothing.
    pub async fn of_database(place: &PostgresPlace) -> Result<Self, Error> {
        Ok(Self { found: postgres::Database::version(place).await?, known: VERSION })
    }

    /// Says whether there are records, and of an earlier release.
    pub fn is_behind(self) -> bool {
        (1..self.known).contains(&self.found)
    }
}

impl Store {
    /// Opens the SQLite database at `path`, after making it or bringing its schema up to date; only the owner may read
    /// the file.
    pub async fn open(path: &Path) -> Result<Store, Error> {
        let (counts, voucher, watch) = (Arc::new(Counts::default()), Voucher::default(), Watch::default());
        let (database, instance) = sqlite::Database::open(path, counts.clone(), voucher.clone())?;
        let store = Self(Arc::new(Inner { database: Database::Sqlite(database), counts, voucher, instance, watch }));
        store.fold_names().await?;
        Ok(store)
    }

    /// Connects to a PostgreSQL database, after bringing its schema up to date.
    pub async fn connect(place: &PostgresPlace) -> Result<Store, Error> {
        let (counts, voucher, watch) = (Arc::new(Counts::default()), Voucher::default(), Watch::default());
        let (database, instance) = postgres::Database::open(place, counts.clone(), voucher.clone()).await?;
        let store = Self(Arc::new(Inner { database: Database::Postgres(database), counts, voucher, instance, watch }));
        store.fold_names().await?;
        Ok(store)
    }

    /// Has each act that is written from now on bear a MAC under this key; the first key given counts.
    pub fn vouch(&self, key: ActKey) {
        let _ = self.0.voucher.set(key);
    }

    /// Returns the identity of this database, made when the database was.
    pub fn instance(&self) -> Uuid {
        self.0.instance
    }

    /// Returns the name of the database.
    pub fn kind(&self) -> &'static str {
        match self.0.database {
            Database::Sqlite(_) => "SQLite",
            Database::Postgres(_) => "PostgreSQL",
        }
    }

    /// Returns how much work was done since the store was opened.
    pub fn counts(&self) -> CountsSeen {
        self.0.counts.seen()
    }

    /// Returns how often each act was logged since the store was opened.
    pub fn acts(&self) -> BTreeMap<&'static str, u64> {
        self.0.counts.acts()
    }

    /// Runs `job` as one atomic transaction and answers once it is on disk.
    ///
    /// On SQLite jobs run one after the other, on PostgreSQL in a few lanes side by side; those that wait together share a
    /// commit. A job should read, decide and write, and wait for nothing but its [`Tx`], as other writes wait behind it. On
    /// PostgreSQL one that meets another may be refused with [`Error::Contended`]. With either, a job that returns an
    /// error undoes its own writes only. If the returned future is dropped before the job started, the job may never
    /// run.
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

    /// Returns the versions as they are now, with all that was changed here, and what others changed until
    /// [`super::HEEDED_WITHIN`] ago.
    pub async fn versions(&self) -> Result<Versions, Error> {
        self.0.watch.versions(&self.0.counts, self.ask(versions())).await
    }

    /// Waits until every other program on this database heeds what was changed here.
    pub async fn heeded(&self) {
        heeded(&self.0.counts).await;
    }

    /// Waits for the writes that are queued, then closes every connection; later calls fail with [`Error::Closed`].
    pub async fn close(&self) {
        match &self.0.database {
            Database::Sqlite(database) => database.close().await,
            Database::Postgres(database) => database.close().await,
        }
    }

    /// Answers a question outside any job.
    pub(super) async fn ask<T: Answer>(&self, ask: Ask<'_, T>) -> Result<T, Error> {
        match &self.0.database {
            Database::Sqlite(database) => database.read(ask),
            Database::Postgres(database) => database.read(ask).await,
        }
    }
}
